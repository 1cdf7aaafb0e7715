"""`ccproxy replay`: a captured request once more, perhaps to another target, and what became of it this time."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

import click
from attrs import frozen

from ccproxy.captures.captured import Answered, Asked, Body, Captured, Message
from ccproxy.captures.curl import CannotSend, headers_to_send, refuse_partial
from ccproxy.captures.difference import difference
from ccproxy.captures.folded import folded, value
from ccproxy.captures.masks import MASKED
from ccproxy.captures.outline import lines, outline
from ccproxy.captures.seen import Part
from ccproxy.cli.capturing import captured, shown
from ccproxy.cli.connections import FAILURES, connection
from ccproxy.cli.finding import found
from ccproxy.cli.process.asking import ask
from ccproxy.cli.process.home import home
from ccproxy.cli.process.order import Order
from ccproxy.cli.process.running import running
from ccproxy.cli.terminal import paint, table
from ccproxy.dialects.registry import DIALECTS
from ccproxy.errors import ApiError
from ccproxy.figures import money, seconds, tokens
from ccproxy.headers import is_credential
from ccproxy.model.messages import Text, ToolUse
from ccproxy.model.replies import Response
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


@frozen
class Outcome:
    """One answer: what it says, and what is known of how it came."""

    status: int
    response: Response | None
    body: bytes
    record: Mapping[str, Any]

    def said(self) -> list[Any]:
        """It, in lines."""
        return outline(self.body) if self.response is None else list(lines(value(self.response)))


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
    if count := there.asked.message.body.masked:
        places = "one place is" if count == 1 else f"{count} places are"
        click.echo(f"in the captured request {places} masked, and sent so", err=True)
    now = _sent(there, body, url, order.key)
    is_alike = alike(before, now)
    if as_json:
        told = {"alike": is_alike, "captured": _told(there.id, before), "replayed": _told(now.record["id"], now)}
        click.echo(json.dumps(told, indent=2))
    else:
        click.echo("\n".join(_compared(there.id, before, now, is_alike)))
    raise SystemExit(0 if is_alike else DIFFERS)


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
    told = {"id": name, "target": said.get("x-ccproxy-target", ""), "total": time.monotonic() - began}
    return Outcome(response.status, folded(there.dialect, answered), data, {**told, **_record(url, key, name)})


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


def alike(before: Outcome, now: Outcome) -> bool:
    """Whether two answers come to the same for whoever asked."""
    if before.status != now.status:
        return False
    if before.response is None or now.response is None:
        return before.status != 200 or _same_json(before.body, now.body)
    return all(same for same in _sameness(before.response, now.response).values())


def _same_json(first: bytes, second: bytes) -> bool:
    return outline(first) == outline(second)


def _sameness(first: Response, second: Response) -> dict[str, bool]:
    return {
        "text": _text(first) == _text(second),
        "tools": _calls(first) == _calls(second),
        "stop": first.stop.reason is second.stop.reason,
    }


def _text(response: Response) -> str:
    return "".join(block.text for block in response.blocks if isinstance(block, Text)).strip()


def _calls(response: Response) -> list[tuple[str, Any]]:
    return [(one["tool"], one["arguments"]) for one in value(response)["blocks"] if "tool" in one]


def _told(name: str, outcome: Outcome) -> dict[str, Any]:
    """An answer, for programs."""
    record = outcome.record
    names = ("target", "outcome", "first_content", "total", "tokens_in", "tokens_out", "cache_read", "cost")
    said = None if outcome.response is None else value(outcome.response)
    return {"id": name, "status": outcome.status, **{one: record.get(one) for one in names}, "answer": said}


def _compared(name: str, before: Outcome, now: Outcome, is_alike: bool) -> Iterator[str]:
    """Both, for people."""
    same = _sameness(before.response, now.response) if before.response and now.response else {}
    rows = [("", name, str(now.record.get("id", "")), "")]
    for label, of in _FACTS.items():
        mark = {True: "same", False: paint("differs", "bad"), None: ""}[same.get(label)]
        rows.append((label, of(before), of(now), mark))
    yield table(rows)
    if before.response is None or now.response is None or not all(same.values()):
        rows_ = tuple(difference(before.said(), now.said()))
        yield from shown(Part("Answers", "then", "now", rows_), whole=False)
    yield ""
    yield paint("The answers are alike.", "good") if is_alike else paint("The answers differ.", "bad")


def _shortly(text: str, length: int = 40) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def _tools(outcome: Outcome) -> str:
    names = [block.name for block in outcome.response.blocks if isinstance(block, ToolUse)] if outcome.response else []
    return ", ".join(names)


def _of_response(tell: Any) -> Any:
    return lambda outcome: "-" if outcome.response is None else tell(outcome.response)


_FACTS: Mapping[str, Any] = {
    "target": lambda outcome: outcome.record.get("target") or "-",
    "status": lambda outcome: str(outcome.status),
    "text": _of_response(lambda response: _shortly(_text(response)) or "none"),
    "tools": lambda outcome: _tools(outcome) or "none",
    "stop": _of_response(lambda response: response.stop.reason.value),
    "tokens in": lambda outcome: tokens(_prompt(outcome.record)),
    "tokens out": lambda outcome: tokens(outcome.record.get("tokens_out")),
    "cost": lambda outcome: money(outcome.record.get("cost")) if outcome.record.get("tokens_out") else "-",
    "first word": lambda outcome: seconds(outcome.record.get("first_content")),
    "all of it": lambda outcome: seconds(outcome.record.get("total")),
}
"""What is compared, and how it is told."""


def _prompt(record: Mapping[str, Any]) -> int | None:
    found = [record.get(name) for name in ("tokens_in", "cache_read", "cache_written")]
    known = [count for count in found if count is not None]
    return sum(known) if known else None
