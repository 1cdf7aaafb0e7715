"""The manual pages, made from the program by `make man`: ccproxy(1) from its commands, ccproxy.json(5) from the
reference configuration.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

import ccproxy
from ccproxy.cli.main import main

REFERENCE = Path(__file__).parents[1] / "etc" / "ccproxy" / "config.json"

COMMENT = re.compile(r"\s*// ?(.*)")
OPTION = re.compile(r'\s*"([^"]+)": ?(.*)')

FILES = (
    ("/etc/ccproxy/config.json", "The configuration of the system's daemon; see ccproxy.json(5)."),
    ("/etc/ccproxy/keys/", "Keys of providers, a file each, which the configuration names."),
    ("/etc/ccproxy/NAME.json", "The configuration of ccproxy@NAME.service."),
    ("~/.ccproxy/", "Configuration, process id and log of a daemon that a user starts."),
    ("/usr/share/doc/ccproxy/administration.md", "Running the system's daemon, from installing to upgrading."),
    ("/usr/share/ccproxy/tiktoken/", "The table by which tokens are counted."),
)

STATUSES = (
    ("0", "All went well."),
    ("1", "It did not; a message says why."),
    ("2", "The command line was not understood."),
    ("78", "The configuration is wrong; a message names file, line, key and cure."),
)


def roff(text: str) -> str:
    """Text that no formatter takes for a request or changes a character of."""
    text = (
        text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga").replace('"', "\\(dq")
    )
    return re.sub(r"^\.", r"\\&.", text, flags=re.MULTILINE)


def head(name: str, section: int, date: str, about: str) -> list[str]:
    """The first lines of a page."""
    title = f'.TH {roff(name.upper())} {section} "{date}" "ccproxy {ccproxy.__version__}"'
    return [title, ".nh", ".ad l", ".SH NAME", f"{roff(name)} \\- {roff(about)}"]


def items(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A list of terms, each with what it means."""
    for term, text in pairs:
        yield from (".TP", f".B {roff(term)}", roff(text))


def command_page(date: str) -> str:
    """ccproxy(1)."""
    lines = head("ccproxy", 1, date, "any LLM provider behind the API that Claude Code and others speak")
    lines += [".SH SYNOPSIS", ".B ccproxy", ".RI [ OPTIONS ]", ".RI [ COMMAND ]", ".RI [ ARGUMENTS ]"]
    lines += [".SH DESCRIPTION", *paragraphs(main.help or "")]
    lines += items(options(main, click.Context(main, info_name="ccproxy")))
    lines += [".SH COMMANDS"]
    for path, command, context in sorted(commands(main, None, "ccproxy"), key=lambda found: found[0]):
        lines += [f".SS {roff(path)} {roff(' '.join(command.collect_usage_pieces(context)))}"]
        lines += paragraphs(command.help or "")
        lines += items(options(command, context))
    lines += [".SH FILES", *items(FILES)]
    lines += [".SH EXIT STATUS", *items(STATUSES)]
    lines += [".SH SEE ALSO", ".BR ccproxy.json (5),", ".BR systemctl (1),", ".BR journalctl (1)"]
    return "\n".join(lines) + "\n"


def commands(
    group: click.Command, parent: click.Context | None, name: str
) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every command that does something itself, with the words that call it."""
    context = click.Context(group, info_name=name, parent=parent)
    if parent is not None and not (isinstance(group, click.Group) and not group.invoke_without_command):
        yield context.command_path, group, context
    if isinstance(group, click.Group):
        for word in group.list_commands(context):
            command = group.get_command(context, word)
            if command is not None and not command.hidden:
                yield from commands(command, context, word)


def options(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    """The options of a command, as its own help tells them."""
    for parameter in command.get_params(context):
        if (record := parameter.get_help_record(context)) is not None:
            yield record


def paragraphs(text: str) -> list[str]:
    """Prose; a line of its own begins each paragraph."""
    pieces = re.split(r"\n\s*\n", text.replace("\b", "").strip())
    return [line for piece in pieces for line in (".PP", roff(" ".join(piece.split())))]


def reference_page(date: str, reference: str) -> str:
    """ccproxy.json(5): what the comments of the reference configuration say of every option, in its order."""
    lines = head("ccproxy.json", 5, date, "what ccproxy does")
    lines += [".SH DESCRIPTION"]
    comment: list[str] = []
    begun = False
    for line in reference.splitlines():
        if found := COMMENT.fullmatch(line):
            comment.append(found[1])
            continue
        text = paragraphs("\n".join(comment))
        comment = []
        if found := OPTION.fullmatch(line):
            name, value = found[1], found[2].rstrip(",")
            opens = value[-1:] in ("{", "[")
            lines += [".TP", f".B {roff(name)}" + ("" if opens else f"\\fR: {roff(value)}"), *text[1:]]
            lines += [".RS"] if opens else []
        elif line.strip() == "{" and not begun:
            begun = True
            lines += [*text, ".SH OPTIONS"]
        elif line.strip() in ("{", "["):
            lines += [*text, ".RS"]
        elif line.strip().rstrip(",") in ("}", "]"):
            lines += [*text, ".RE"]
        elif text or line.strip():
            lines += [*text, *paragraphs(line)]
    lines.pop()  # The last brace closes what OPTIONS began.
    lines += [".SH FILES", *items(FILES[:3]), ".SH SEE ALSO", ".BR ccproxy (1)"]
    return "\n".join(lines) + "\n"


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--date", default="", help="The date that the pages bear.")
def write(directory: Path, date: str) -> None:
    """Write the manual pages into DIRECTORY."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "ccproxy.1").write_text(command_page(date), encoding="utf-8")
    (directory / "ccproxy.json.5").write_text(reference_page(date, REFERENCE.read_text()), encoding="utf-8")


if __name__ == "__main__":
    write()
