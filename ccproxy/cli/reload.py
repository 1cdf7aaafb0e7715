"""`ccproxy reload`: the configuration is read again, and nothing stops for it."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import click

from ccproxy.cli.process.asking import ask
from ccproxy.cli.process.home import Home, home
from ccproxy.cli.process.lock import GLANCE
from ccproxy.cli.process.running import Running, running
from ccproxy.cli.terminal import meanwhile

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
    answer = _by_request() if there is None else _by_signal(place, there)
    if not answer.get("ok"):
        raise click.ClickException(str(answer.get("message") or "it was not heard how that went: see its log"))
    click.echo(str(answer["message"]))


def _by_signal(place: Home, there: Running) -> dict[str, Any]:
    """What a daemon of ours answers, beside its pid file: that needs no address and no key."""
    before = _answer(place.reload, there.pid)
    try:
        os.kill(there.pid, signal.SIGHUP)
    except PermissionError:
        raise click.ClickException(f"process {there.pid} is another user's") from None
    except ProcessLookupError:
        raise click.ClickException("ccproxy has just stopped") from None
    deadline = time.monotonic() + SECONDS
    with meanwhile("Waiting for the daemon to read it ..."):
        while (answer := _answer(place.reload, there.pid)) == before:
            if time.monotonic() > deadline:
                raise click.ClickException(f"nothing was heard of it for {SECONDS:.0f} seconds; its log may tell more")
            time.sleep(GLANCE)
    return answer


def _by_request() -> dict[str, Any]:
    """What another daemon answers, at the address that is configured here: the system's, say."""
    from ccproxy.cli.process.order import Order

    order = Order.of(None, {})
    answer = ask(order.url, order.settings.listen, "/reload", order.key, "POST", SECONDS)
    if answer is None:
        click.echo("ccproxy does not run: start it with `ccproxy start`", err=True)
        raise SystemExit(3)
    if "ok" in answer.content:
        return answer.content
    error = answer.content.get("error")
    reason = error.get("message") if isinstance(error, dict) else f"it answers with status {answer.status}"
    raise click.ClickException(f"the daemon at {order.url} does not reload for us: {reason}")


def _answer(path: Path, pid: int) -> dict[str, Any]:
    """The last answer of this process; nothing where there is none yet."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) and value.get("pid") == pid else {}
