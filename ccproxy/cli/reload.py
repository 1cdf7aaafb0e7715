"""`ccproxy reload`: the configuration is read again, and nothing stops for it."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import click

from ccproxy.cli.process.home import home
from ccproxy.cli.process.lock import GLANCE
from ccproxy.cli.process.running import running

SECONDS = 20.0
"""How long the daemon may take for it."""


@click.command()
def reload() -> None:
    """Have the daemon read its configuration again.

    Running exchanges go on. A configuration that cannot be used changes nothing: the reason is told, and the status is
    1.
    """
    place = home(os.environ)
    there = running(place)
    if there is None or not there.ready:
        click.echo("ccproxy does not run: start it with `ccproxy start`", err=True)
        raise SystemExit(3)
    before = _answer(place.reload, there.pid)
    try:
        os.kill(there.pid, signal.SIGHUP)
    except PermissionError:
        raise click.ClickException(f"process {there.pid} is another user's") from None
    except ProcessLookupError:
        raise click.ClickException("ccproxy has just stopped") from None
    deadline = time.monotonic() + SECONDS
    while (answer := _answer(place.reload, there.pid)) == before:
        if time.monotonic() > deadline:
            raise click.ClickException(f"nothing was heard of it for {SECONDS:.0f} seconds; its log may tell more")
        time.sleep(GLANCE)
    if not answer.get("ok"):
        raise click.ClickException(str(answer.get("message")))
    click.echo(str(answer.get("message")))


def _answer(path: Path, pid: int) -> dict[str, Any]:
    """The last answer of this process; nothing where there is none yet."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) and value.get("pid") == pid else {}
