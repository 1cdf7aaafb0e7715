"""One exchange: all that is known of it."""

from collections.abc import Mapping
from typing import Any

from twisted.web.template import Tag, tags

from ccproxy.figures import seconds, size, tokens
from ccproxy.web.dashboard import charts
from ccproxy.web.dashboard.exchanges import outcome, price, prompt
from ccproxy.web.dashboard.tables import Told, clock


def trace(one: Told, seen: Tag | None = None) -> Tag:
    """All that is known of an exchange that is over, and what of it is `seen` word for word."""
    whole = max(one["total"] or 0.0, *(each["began"] + each["seconds"] for each in one["attempts"]), 1e-6)
    tried = [
        _timed(each["target"], each["began"], each["seconds"], whole, "bad" if each["error"] else "good", _said(each))
        for each in one["attempts"]
    ]
    times = [
        _timed(label, 0.0, one[name], whole, "time", "")
        for label, name in (("headers came", "first_byte"), ("first word", "first_content"), ("all of it", "total"))
        if one[name] is not None
    ]
    lost = tags.ul([tags.li(loss) for loss in one["losses"]])
    return _article(
        one,
        _facts(one),
        (tags.h3("Targets tried"), tags.ol(tried, class_="bars")) if tried else "",
        (tags.h3("Time"), tags.ol(times, class_="bars")),
        (tags.h3("Lost in translation"), lost) if one["losses"] else "",
        seen or "",
    )


def unrecorded(name: str, seen: Tag) -> Tag:
    """An exchange of which no more is known than what was said: a count of tokens."""
    return tags.article(class_="exchange")(
        tags.h2("An exchange that is not in the ledger", id="exchange"), tags.p(tags.code(name), class_="more"), seen
    )


def _facts(one: Told) -> dict[str, Any]:
    streamed = "streamed" if one["stream"] else "whole"
    known = prompt(one) is not None or one["tokens_out"] is not None
    return {
        "Began": clock(one["began"]),
        "Outcome": tags.span(outcome(one), f" {one['stop']}" if one["stop"] else ""),
        "Error": f"{one['status']}: {one['message']}" if one["error"] else "",
        "Route": ": ".join(filter(None, (one["rule"], one["why"]))),
        "Client": one["client"],
        "Session": one["session"],
        "Agent": one["agent"],
        "Request": f"{one['dialect']}, {one['plan'] or 'not sent'}, {streamed}, {size(one['request_bytes'])}",
        "Answer": size(one["response_bytes"]),
        "Tokens": _used(one) if known else "",
        "Cost": price(one) if known else "",
    }


def _used(one: Told) -> str:
    """The tokens, and what is known of them."""
    hit = f" ({tokens(one['cache_read'])} from cache)" if one["cache_read"] else ""
    thought = f" ({tokens(one['reasoning'])} reasoning)" if one["reasoning"] else ""
    guessed = ", by estimate" if one["estimated"] else ""
    return f"{tokens(prompt(one))} in{hit}, {tokens(one['tokens_out'])} out{thought}{guessed}"


def glimpsed(one: Told) -> Tag:
    """What is known of one that runs."""
    facts = {
        "Began": clock(one["began"]),
        "Outcome": f"runs since {seconds(one['age'])}",
        "Target": one["target"],
        "Route": one["rule"],
        "Client": one["client"],
        "Session": one["session"],
        "Agent": one["agent"],
        "First word": seconds(one["first_content"]),
        "Tokens": f"{tokens(one['tokens_in'])} in, {tokens(one['tokens_out'])} out",
        "Answer": f"{size(one['response_bytes'])} so far",
    }
    return _article(one, facts)


def _article(one: Told, facts: Mapping[str, Any], *more: Any) -> Tag:
    shown = [(tags.dt(name), tags.dd(value)) for name, value in facts.items() if value]
    where = f"{one['asked'] or '(no model)'} → {one['target'] or 'nowhere'}"
    return tags.article(class_="exchange")(
        tags.h2(where, id="exchange"),
        tags.p(tags.code(one["id"]), class_="more"),
        tags.dl(shown, class_="facts"),
        *more,
    )


def _said(attempt: Told) -> str:
    return f"{attempt['error']}: {attempt['message']}" if attempt["error"] else ""


def _timed(label: str, start: float, length: float, whole: float, css: str, said: str) -> Tag:
    drawing = charts.span(f"from {seconds(start)}, for {seconds(length)}", start, length, whole, css)
    return tags.li(
        tags.span(label, class_="what"),
        drawing,
        tags.span(seconds(length), class_="figure"),
        tags.p(said, class_="more"),
    )
