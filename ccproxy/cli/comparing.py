"""Two answers to the same request: whether they are alike, and in what they differ."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import frozen

from ccproxy.captures.difference import difference
from ccproxy.captures.folded import value
from ccproxy.captures.outline import Line, lines, outline, plain
from ccproxy.captures.seen import Part
from ccproxy.cli.capturing import shown
from ccproxy.cli.terminal import paint, table
from ccproxy.figures import money, seconds, tokens
from ccproxy.model.messages import Text
from ccproxy.model.replies import Response

SHOWN = ("target", "outcome", "first_content", "total", "tokens_in", "tokens_out", "cache_read", "cost")
"""What is told of a record to programs."""

BEGINNING = 40
"""Characters of a text that stand in a table."""


@frozen
class Outcome:
    """One answer: what it says, if it is one, and what is known of how it came."""

    status: int
    response: Response | None
    body: bytes
    record: Mapping[str, Any]

    def said(self) -> list[Line]:
        """It, in lines."""
        return outline(self.body) if self.response is None else list(lines(value(self.response)))


def alike(before: Outcome, now: Outcome) -> bool:
    """Whether two answers come to the same for whoever asked."""
    if before.status != now.status:
        return False
    if before.response is None or now.response is None:
        # Of errors the status counts; of anything else, such as a count, what it says.
        return before.status != 200 or before.said() == now.said()
    return all(_same(before.response, now.response).values())


def _same(first: Response, second: Response) -> dict[str, bool]:
    """What is alike of two answers, of what counts."""
    return {
        "text": _text(first) == _text(second),
        "tools": _calls(first) == _calls(second),
        "stop": first.stop.reason is second.stop.reason,
    }


def _text(response: Response) -> str:
    return "".join(block.text for block in response.blocks if isinstance(block, Text)).strip()


def _calls(response: Response) -> list[tuple[str, Any]]:
    return [(one["tool"], one["arguments"]) for one in value(response)["blocks"] if "tool" in one]


def told(name: str, outcome: Outcome) -> dict[str, Any]:
    """An answer, for programs."""
    known = {one: outcome.record.get(one) for one in SHOWN}
    said = None if outcome.response is None else value(outcome.response)
    return {"id": name, "status": outcome.status, **known, "answer": said}


def compared(name: str, before: Outcome, now: Outcome) -> Iterator[str]:
    """Both, for people."""
    same = _same(before.response, now.response) if before.response and now.response else {}
    marks = {True: "same", False: paint("differs", "bad"), None: ""}
    rows = [(label, tell(before), tell(now), marks[same.get(label)]) for label, tell in _FACTS.items()]
    yield table([("", name, str(now.record.get("id", "")), ""), *rows])
    if not same or not all(same.values()):
        part = Part("Answers", "then", "now", tuple(difference(before.said(), now.said())))
        yield from shown(part, whole=False)
    yield ""
    yield paint("The answers are alike.", "good") if alike(before, now) else paint("The answers differ.", "bad")


def _of_answer(tell: Callable[[Response], str]) -> Callable[[Outcome], str]:
    return lambda outcome: "-" if outcome.response is None else tell(outcome.response) or "none"


def _beginning(response: Response) -> str:
    line = plain(" ".join(_text(response).split()))
    return line if len(line) <= BEGINNING else f"{line[: BEGINNING - 1]}…"


def _prompt(outcome: Outcome) -> str:
    counts = [outcome.record.get(name) for name in ("tokens_in", "cache_read", "cache_written")]
    known = [count for count in counts if count is not None]
    return tokens(sum(known) if known else None)


def _cost(outcome: Outcome) -> str:
    return money(outcome.record.get("cost")) if outcome.record.get("tokens_out") else "-"


_FACTS: Mapping[str, Callable[[Outcome], str]] = {
    "target": lambda outcome: plain(outcome.record.get("target") or "-"),
    "status": lambda outcome: str(outcome.status),
    "text": _of_answer(_beginning),
    "tools": _of_answer(lambda response: plain(", ".join(name for name, _ in _calls(response)))),
    "stop": _of_answer(lambda response: response.stop.reason.value),
    "tokens in": _prompt,
    "tokens out": lambda outcome: tokens(outcome.record.get("tokens_out")),
    "cost": _cost,
    "first word": lambda outcome: seconds(outcome.record.get("first_content")),
    "all of it": lambda outcome: seconds(outcome.record.get("total")),
}
"""What is shown of both, and how it is told."""
