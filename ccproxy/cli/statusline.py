"""`ccproxy statusline`: Claude Code's status line, and how it gets there."""

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import click

from ccproxy.cli import line
from ccproxy.cli.claude import settings_directory
from ccproxy.cli.terminal import at_home
from ccproxy.wholefiles import write_whole

MODULE = "ccproxy.cli.line"
"""What Claude Code runs: not `ccproxy statusline`, which takes three times as long to start."""


@click.group(invoke_without_command=True)
@click.pass_context
def statusline(context: click.Context) -> None:
    """Show a line about a session of Claude Code: who answers, tokens, cost.

    Claude Code tells of the session on standard input. `ccproxy statusline install` makes it do so.
    """
    if context.invoked_subcommand is None:
        line.main()


@statusline.command()
@click.option("--force", is_flag=True, help="Replace another status line.")
def install(force: bool) -> None:
    """Have Claude Code show it. All else in its settings stays as it is."""
    path, settings = _settings()
    there = settings.get("statusLine")
    if there is not None and not _is_ours(there) and not force:
        raise click.ClickException(f"{path} has another status line: --force replaces it")
    command = f"{shlex.quote(sys.executable)} -m {MODULE}"
    _write(path, {**settings, "statusLine": {"type": "command", "command": command}})
    click.echo(f"Claude Code shows it from its next start on ({at_home(str(path))})")


@statusline.command()
def uninstall() -> None:
    """Have Claude Code show it no more. Another status line stays."""
    path, settings = _settings()
    if not _is_ours(settings.get("statusLine")):
        click.echo("Claude Code does not show it")
        return
    _write(path, {name: value for name, value in settings.items() if name != "statusLine"})
    click.echo(f"Claude Code shows it no more ({at_home(str(path))})")


def _settings() -> tuple[Path, dict[str, Any]]:
    """Claude Code's settings of this user. What cannot be read is not touched."""
    path = settings_directory(os.environ) / "settings.json"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return path, {}
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path} cannot be read, and is left alone: {error}") from None
    try:
        value = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise click.ClickException(f"{path} is no JSON, and is left alone: {error}") from None
    if not isinstance(value, dict):
        raise click.ClickException(f"{path} has no settings in it, and is left alone")
    return path, value


def _is_ours(there: Any) -> bool:
    return isinstance(there, dict) and MODULE in str(there.get("command"))


def _write(path: Path, settings: dict[str, Any]) -> None:
    try:
        write_whole(path, json.dumps(settings, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from None
