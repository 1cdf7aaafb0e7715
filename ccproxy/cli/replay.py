"""`ccproxy replay`: a captured request once more, perhaps to another target, and what became of it this time."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

import click

from ccproxy.captures.captured import Answered, Asked, Body, Captured, Message
from ccproxy.captures.curl import CannotSend, headers_to_send, refuse_partial
from ccproxy.captures.folded import folded
from ccproxy.captures.masks import MASKED
from ccproxy.cli.capturing import captured
from ccproxy.cli.comparing import Outcome, alike, compared, told
from ccproxy.cli.connections import FAILURES, connection
from ccproxy.cli.finding import found
from ccproxy.cli.process.asking import ask
from ccproxy.cli.process.home import home
from ccproxy.cli.process.order import Order
from ccproxy.cli.process.running import running
from ccproxy.dialects.registry import DIALECTS
from ccproxy.errors import ApiError
from ccproxy.headers import is_credential
from ccproxy.providers.wayout import WayOut

DIFFERS, TROUBLE, NOT_RUNNING = 1, 2, 3
"""How the program ends, besides 0 for an answer like the one before."""

SECONDS = 300.0
"""How long an answer may be silent."""

TRIES = 20
"""Looks for the record of an answer that has just ended, a tenth of a second apart."""

OF_BROWSERS = ("origin", "referer", "sec-", "x-forwarded-", "forwarded")
"""How headers begin that tell of a way that this request does not take."""


class Trouble(click.ClickException):
    """This cannot be sent again, or was not answered at all."""

    exit_code = TROUBLE


@click.command()
@click.argument("name", metavar="ID", default="last")
@click.option("--target", "-t", metavar="PROVIDER,MODEL", help="Who is to answer; else whoever the routes say.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--config", "-c", metavar="FILE", help="The configuration file, where no daemon runs.")
def replay(name: str, target: str | None, as_json: bool, config: str | None) -> None:
    """Send a captured request once more, and compare the answers.

    ID is what the client got as `request-id`, or the beginning of it; `last` is the latest exchange. The request goes
    to the daemon that runs, as its client sent it, with your key. Alike are two answers with the same text, the same
    calls of tools and the same reason to stop; times, tokens and cost are shown, and do not count. The exit status is 0
    where they are alike, 1 where they differ, 2 where nothing could be sent, 3 where no daemon runs.
    """
    order, url = _daemon(config)
    there = _captured(name, config, order)
    before = _before(there)
    body = _body(there, target)
    for doubt in _doubts(there):
        click.echo(doubt, err=True)
    now = _sent(there, body, url, order.key)
    if as_json:
        both = {"captured": told(there.id, before), "replayed": told(now.record["id"], now)}
        click.echo(json.dumps({"alike": alike(before, now), **both}, indent=2))
    else:
        click.echo("\n".join(compared(there.id, before, now)))
    raise SystemExit(0 if alike(before, now) else DIFFERS)


def _captured(name: str, config: str | None, order: Order) -> Captured:
    try:
        return captured(found(name, config, order.settings.capture))
    except click.ClickException as error:
        raise Trouble(error.message) from None


def _body(there: Captured, target: str | None) -> bytes:
    """What is sent: the body as it came, but for the model's name where somebody else is to answer."""
    body = there.asked.message.body.data
    try:
        refuse_partial(there.asked)
        return DIALECTS[there.dialect].with_model(body, target) if target else body
    except (CannotSend, ApiError) as error:
        raise Trouble(f"{there.id}: {error}") from None


def _doubts(there: Captured) -> Iterator[str]:
    """What keeps the comparison from being one of the same things."""
    if count := there.asked.message.body.masked:
        yield f"in the captured request {'one place is' if count == 1 else f'{count} places are'} masked, and sent so"
    if there.answered is not None and not there.answered.message.body.complete:
        yield "the captured answer is not whole"


def _daemon(config: str | None) -> tuple[Order, str]:
    """The daemon that runs, and where."""
    running_ = running(home(os.environ)) if config is None else None
    order = Order.of(config, {}) if running_ is None else Order.again(running_)
    url = order.url if running_ is None else running_.url
    if not url:
        raise Trouble("ccproxy listens at no port, and a request is replayed over one")
    return order, url


def _before(there: Captured) -> Outcome:
    """What the client got then."""
    answered = there.answered
    if answered is None:
        raise Trouble(f"{there.id}: its client got no answer, so there is nothing to compare with")
    response = folded(there.dialect, answered)
    return Outcome(answered.status, response, answered.message.body.data, there.record or {})


def _sent(there: Captured, body: bytes, url: str, key: str) -> Outcome:
    """What is answered now."""
    headers = {**_headers(there.asked), **({"x-api-key": key} if key else {})}
    wire = connection(url, WayOut(), SECONDS)
    began = time.monotonic()
    try:
        wire.request("POST", _path(there.asked), body, headers)
        response = wire.getresponse()
        said = {name.lower(): text for name, text in response.getheaders()}
        data = response.read()
    except ConnectionRefusedError:
        click.echo(f"ccproxy does not run, or does not answer at {url}", err=True)
        raise SystemExit(NOT_RUNNING) from None
    except FAILURES as error:
        raise Trouble(f"ccproxy at {url} does not answer: {error}") from None
    finally:
        wire.close()
    answered = Answered(response.status, Message(said, Body(data, len(data), whole=True)))
    name = said.get("x-ccproxy-request-id", "")
    seen = {"id": name, "target": said.get("x-ccproxy-target", ""), "total": time.monotonic() - began}
    return Outcome(response.status, folded(there.dialect, answered), data, {**seen, **_record(url, key, name)})


def _headers(asked: Asked) -> dict[str, str]:
    """Those of the client, without its logins, and without what was masked. An answer that is kept is no answer."""
    headers = {
        name: text
        for name, text in headers_to_send(asked).items()
        if not is_credential(name) and MASKED not in text and not name.startswith(OF_BROWSERS)
    }
    return {**headers, "cache-control": "no-cache"}


def _path(asked: Asked) -> str:
    path, _, query = asked.url.partition("?")
    kept = "&".join(part for part in query.split("&") if MASKED not in part)
    return f"{path}?{kept}" if kept else path


def _record(url: str, key: str, name: str) -> Mapping[str, Any]:
    """What the daemon knows of an answer, as soon as it does: it may still be counting when the last byte is here."""
    for _ in range(TRIES):
        answer = ask(url, (), f"/exchanges/{name}", key)
        if answer is None or answer.status != 200:
            return {}
        if "outcome" in answer.content:
            return answer.content
        time.sleep(0.1)
    return {}
