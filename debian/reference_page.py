"""ccproxy.json(5), made from the reference configuration: what its comments say of every option, in its order.

python3 debian/reference_page.py etc/ccproxy/config.json YYYY-MM-DD > ccproxy.json.5
"""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

COMMENT = re.compile(r"\s*// ?(.*)")
HEADING = re.compile(r"\s*// ===== (.*) =====")
OPTION = re.compile(r'\s*"([^"]+)": ?(.*)')
ROFF = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", '"': "\\(dq"}

FILES = (
    ("/etc/ccproxy/config.json", "The configuration of the system's daemon."),
    ("/etc/ccproxy/keys/", "Keys of providers, a file each, which the configuration names."),
    ("/etc/ccproxy/NAME.json", "The configuration of ccproxy@NAME.service."),
    ("/usr/share/doc/ccproxy/administration.md", "Running the system's daemon, from installing to upgrading."),
    ("/usr/share/doc/ccproxy/examples/config.json", "What this page was made from."),
)


def roff(text: str) -> str:
    """Text that no formatter takes for a request or changes a character of."""
    text = "".join(ROFF.get(character, character) for character in text)
    return re.sub(r"^\.", r"\\&.", text, flags=re.MULTILINE)


def paragraphs(text: str) -> list[str]:
    """Prose; a line of its own begins each paragraph."""
    pieces = re.split(r"\n\s*\n", text.strip())
    return [line for piece in pieces if piece for line in (".PP", roff(" ".join(piece.split())))]


def items(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A list of terms, each with what it means."""
    for term, text in pairs:
        yield from (".TP", f".B {roff(term)}", roff(text))


def page(reference: str, date: str) -> str:
    """The whole page."""
    lines = [f'.TH CCPROXY.JSON 5 "{date}" ccproxy', ".nh", ".ad l"]
    lines += [".SH NAME", "ccproxy.json \\- what ccproxy does", ".SH DESCRIPTION"]
    comment: list[str] = []
    begun = False
    for line in reference.splitlines():
        if found := HEADING.fullmatch(line):
            lines += [f".SS {roff(found[1])}"]
            continue
        if found := COMMENT.fullmatch(line):
            comment.append(found[1])
            continue
        text = paragraphs("\n".join(comment))
        comment = []
        if found := OPTION.fullmatch(line):
            name, value = found[1], found[2].rstrip(",")
            opens = value[-1:] in ("{", "[")
            # Behind the term its text begins without a paragraph of its own.
            lines += [".TP", f".B {roff(name)}" + ("" if opens else f"\\fR: {roff(value)}"), *text[1:]]
            lines += [".RS"] if opens else []
        elif line.strip() == "{" and not begun:
            begun = True
            lines += [*text, ".SH OPTIONS"]
        elif line.strip() in ("{", "["):
            lines += [*text, ".RS"]
        elif line.strip().rstrip(",") in ("}", "]"):
            lines += [*text, ".RE"]
        else:
            lines += [*text, *paragraphs(line)]
    lines.pop()  # The last brace closes what OPTIONS began.
    return "\n".join([*lines, ".SH FILES", *items(FILES), ".SH SEE ALSO", ".BR ccproxy (1)"]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(Path(sys.argv[1]).read_text(encoding="utf-8"), sys.argv[2]))
