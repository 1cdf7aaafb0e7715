"""`ccproxy`, the console script: its commands, side by side.

A command is loaded when it is run, so that none pays for what another needs. Where the command's name is missing, the
command is `code`: `ccproxy -p "hi"` asks Claude Code.
"""

import gc
import os
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click

import ccproxy

SECTIONS: Mapping[str, Mapping[str, str]] = {
    "Clients": {
        "code": "Launch Claude Code on ccproxy.",
        "run": "Run any command with the variables by which clients find ccproxy.",
        "statusline": "Show a line about a session of Claude Code: who answers, tokens, cost.",
        "env": "Show the variables by which clients find ccproxy, for a shell to take over.",
    },
    "The daemon": {
        "start": "Start the daemon.",
        "server": "Serve in the foreground, as `ccproxy start --foreground` does.",
        "stop": "Stop the daemon.",
        "restart": "Stop the daemon and start it again.",
        "reload": "Have the daemon read its configuration again.",
        "status": "Show whether the daemon runs, and how it does.",
        "logs": "Show the daemon's log.",
    },
    "What it did": {
        "tail": "Follow exchanges as they happen, one line each.",
        "show": "Show one exchange: where it went and why, how long what took, and what it cost.",
        "replay": "Send a captured request once more, and compare the answers.",
        "usage": "Show what was used, and what it cost.",
    },
    "The configuration": {
        "init": "Write a configuration.",
        "install": "Write a configuration to begin with, and ask nothing.",
        "check": "Check the configuration, and show what it comes to.",
        "import": "Turn another program's configuration into ccproxy's own.",
        "route": "Tell where a request would go, and why, without sending it.",
    },
    "Providers and models": {
        "providers": "Show the providers that are configured, and the vendors that are known by name.",
        "models": "Show the models that clients can ask for by name, and who answers.",
        "ask": "Ask one question, and show the answer as it comes.",
        "translate": "Translate a request or an answer into another dialect, without asking anybody.",
    },
    "More": {
        "doctor": "Look for whatever keeps clients from getting answers.",
        "key": "Make a key for a client, and the hash of it for the configuration.",
        "tokens": "Count tokens as tiktoken does, instead of by an estimate.",
        "completion": "Print what makes a shell complete ccproxy's commands and options.",
        "help": "Explain a command, or list them all.",
        "version": "Show the version, with Python's and Twisted's.",
    },
}
"""All commands and what each does: the module `ccproxy.cli.NAME` has the command NAME, with the same words."""

OWN_OPTION = "--config-dir"
OWN_SWITCHES = ("-h", "--help", "--version")
"""What is ours before a command. All else that looks like an option is Claude Code's."""

COMMANDS = {name: words for section in SECTIONS.values() for name, words in section.items()}

MEANT = {"claude": "code"}
"""Other words for commands. Programs of this name have or had the one; none of them in its help."""

DIRECTORY_VARIABLE = "CCPROXY_CONFIG_DIR"


def _use_directory(_context: click.Context, _parameter: click.Parameter, directory: str | None) -> None:
    if directory:
        os.environ[DIRECTORY_VARIABLE] = directory


GARBAGE = 50_000
"""Objects that are made before any is looked for that nobody needs any more: a command makes fewer, and ends."""


class Commands(click.Group):
    """Finds commands by name, and loads the one that is asked for."""

    def invoke(self, ctx: click.Context) -> Any:
        gc.set_threshold(GARBAGE)
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.filename is None:
                raise
            # Nobody foresaw it, but it is no fault of the program's: a place that is another user's, say.
            cure = f"make it yours, or name another place: {OWN_OPTION}"
            raise click.ClickException(f"{error.filename} cannot be used: {error.strerror}. Try to {cure}") from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All of them, as `--help` shows them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in COMMANDS:
            return None
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command: click.Command = getattr(import_module(f"ccproxy.cli.{name}"), name)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What begins with no command of ours is Claude Code's: an option that we do not have, or a prompt in
        quotes."""
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)  # A shell completes a command that is not typed yet.
        start = 0
        while start < len(args) and args[start].startswith(OWN_OPTION):
            start += 1 if "=" in args[start] else 2
        rest = args[start:]
        if start > len(args):
            return super().parse_args(ctx, args)  # An option of ours lacks its value.
        if not rest or (rest[0] not in OWN_SWITCHES and (rest[0].startswith("-") or " " in rest[0])):
            args = [*args[:start], "code", *rest]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant, and its arguments."""
        if args and args[0] in MEANT:
            args = [MEANT[args[0]], *args[1:]]
        if args and args[0] not in COMMANDS:
            ctx.fail(_unknown(args[0]))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, which loads none of them."""
        width = max(map(len, COMMANDS))
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name.ljust(width), words) for name, words in commands.items()])


def _unknown(name: str) -> str:
    near = get_close_matches(name, COMMANDS, n=1)
    meant = f"did you mean `ccproxy {near[0]}`?" if near else "`ccproxy --help` lists them"
    return f"there is no command {name!r}; {meant} (`ccproxy -- {name}` gives it to Claude Code.)"


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    OWN_OPTION,
    metavar="DIRECTORY",
    expose_value=False,
    is_eager=True,
    callback=_use_directory,
    help=f"Where configuration, pid file and log are, as {DIRECTORY_VARIABLE} says it; else ~/.ccproxy.",
)
@click.version_option(ccproxy.__version__, message="ccproxy %(version)s")
def main() -> None:
    """Any LLM provider behind the API that Claude Code and other clients already speak.

    Without a command, `code` is meant: ccproxy starts its daemon if none runs, and launches Claude Code with all
    arguments. `ccproxy -p "hi"` has it answer one prompt.
    """
