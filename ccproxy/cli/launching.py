"""Launching a program that asks ccproxy, and being gone when it is."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from types import FrameType

import click

from ccproxy.cli.process.home import home
from ccproxy.cli.process.order import Order
from ccproxy.cli.process.starting import NotStarted
from ccproxy.cli.process.using import in_use
from ccproxy.cli.surroundings import for_any, for_claude

PASSED_ON = (signal.SIGTERM, signal.SIGHUP)
"""Signals that are meant for the program."""

FROM_TERMINAL = (signal.SIGINT, signal.SIGQUIT)
"""Signals that the program gets by itself, if it was a terminal that sent them."""

NOT_FOUND = 127
NOT_EXECUTABLE = 126
"""The exit statuses that shells have for it."""


class Verbatim(click.Command):
    """A command whose arguments are another program's: none of them is ours, whatever it looks like."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take them as they are. A `--` before them only says so."""
        own_help = args[:1] in (["-h"], ["--help"]) and self.add_help_option
        if own_help:
            return super().parse_args(ctx, args)
        ctx.params["arguments"] = tuple(args[1:] if args[:1] == ["--"] else args)
        return []


def launch(command: Sequence[str], is_claude: bool) -> int:
    """Run the command beside a daemon, to its end. Gives the exit status for the shell."""
    if which(command[0]) is None and not Path(command[0]).exists():
        return _not_there(command[0])  # No daemon need be started for it.
    order = Order.of(None, {})
    if is_claude:
        command = [command[0], *order.settings.claude_args, *command[1:]]
    try:
        with in_use(home(os.environ), order) as daemon:
            if not daemon.url:
                listens = ", ".join(daemon.listen)
                raise click.ClickException(f"ccproxy listens at no port, but at {listens}: no client finds it there")
            settings = order.settings
            if settings.has_keys and not settings.apikey and not os.environ.get("ANTHROPIC_AUTH_TOKEN"):
                click.echo("ccproxy: clients have keys of their own: export yours as ANTHROPIC_AUTH_TOKEN", err=True)
            if (there := of_this_directory(daemon.config)) is not None:
                # Whoever wrote it, perhaps the author of what was cloned, decides where all that is said goes.
                click.echo(f"ccproxy: configured by {there}, in this directory", err=True)
            around = for_claude if is_claude else for_any
            return _run(command, around(settings, daemon.url, os.environ).around(os.environ))
    except NotStarted as error:
        click.echo(str(error), err=True)
        return error.status


def of_this_directory(config: str) -> Path | None:
    """A configuration that belongs to the directory where one works, as seen from there; None for any other."""
    here, own = Path.cwd(), home(os.environ).directory
    path = Path(config)
    if not config or not path.is_relative_to(here) or path.is_relative_to(own):
        return None
    return path.relative_to(here)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    try:
        with _signals() as launched, subprocess.Popen(command, env=environment) as process:
            launched.append(process)
            status = process.wait()
    except FileNotFoundError:
        return _not_there(command[0])
    except PermissionError:
        click.echo(f"ccproxy: {command[0]!r} cannot be run: permission denied", err=True)
        return NOT_EXECUTABLE
    return 128 - status if status < 0 else status


def _not_there(program: str) -> int:
    click.echo(f"ccproxy: there is no program {program!r}", err=True)
    return NOT_FOUND


@contextmanager
def _signals() -> "Iterator[list[subprocess.Popen[bytes]]]":
    """Before a program is launched and while it runs, signals are its own: it decides what they mean, and we end when
    it does. What is launched is put into the list."""
    launched: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        for process in launched:
            process.send_signal(number)

    def leave_alone(_number: int, _frame: FrameType | None) -> None:
        """The terminal has told the program as well. (What we ignored, the program would ignore, too.)"""

    former = {number: signal.signal(number, pass_on) for number in PASSED_ON}
    former |= {number: signal.signal(number, leave_alone) for number in FROM_TERMINAL}
    try:
        yield launched
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
