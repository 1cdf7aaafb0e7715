"""What the page shows of exchanges, targets and money, as tags. All text goes through them, and is escaped by them."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twisted.web.template import Tag, tags

from ccproxy.figures import cost, money, seconds, size, tokens
from ccproxy.metrics.trends import POINTS, STEP
from ccproxy.web.dashboard import charts

Told = Mapping[str, Any]

ROWS = 50
"""Exchanges of each kind that the page shows."""

RUNNING = ("Model", "Target", "Client", "Age", "First word", "Tokens in", "Tokens out", "Rate")
RECENT = ("Began", "Model", "Target", "Client", "Outcome", "First word", "Took", "Tokens in", "Tokens out", "Cost")
FIGURES = {"Age", "First word", "Tokens in", "Tokens out", "Rate", "Took", "Cost"}

NOTHING_YET = "Nothing yet. Point a client at this address, and what it asks appears here."

HOUR = f"{POINTS * STEP / 60:.0f} minutes"


def table(name: str, caption: str, heads: Sequence[str], rows: Iterable[Tag], empty: str) -> Tag:
    """A table with its heads; what is said where it has no rows."""
    found = list(rows)
    # It may be wider than the page: whoever has no pointer scrolls it with the keyboard.
    reach = {"role": "region", "tabindex": "0", "aria-label": caption}
    return tags.div(class_="sheet", id=name, **reach)(
        tags.table(
            tags.caption(caption),
            tags.thead(tags.tr([tags.th(head, scope="col", class_=_align(head)) for head in heads])),
            tags.tbody(found),
        ),
        tags.p(empty, class_="empty", **({"hidden": "hidden"} if found else {})),
    )


def running(found: Sequence[Told]) -> Tag:
    """What runs."""
    return table("running", "Running now", RUNNING, map(_running, found[:ROWS]), "Nothing runs.")


def recent(found: Sequence[Told]) -> Tag:
    """What ended lately."""
    return table("recent", "Ended lately", RECENT, map(_recent, found[:ROWS]), NOTHING_YET)


def _running(one: Told) -> Tag:
    out = one["tokens_out"]
    rate = f"{out / one['age']:.0f}/s" if out and one["age"] else "-"
    return _row(
        one,
        RUNNING,
        one["target"] or "choosing…",
        one["client"],
        seconds(one["age"]),
        seconds(one["first_content"]),
        tokens(one["tokens_in"]),
        tokens(out),
        rate,
    )


def _recent(one: Told) -> Tag:
    row = _row(
        one,
        RECENT[1:],
        one["target"] or "nowhere",
        one["client"],
        outcome(one),
        seconds(one["first_content"]),
        seconds(one["total"]),
        tokens(prompt(one)),
        tokens(one["tokens_out"]),
        price(one),
    )
    row.children.insert(0, _cell("Began", clock(one["began"])))
    return row


def _row(one: Told, heads: Sequence[str], *cells: Any) -> Tag:
    link = tags.a(one["asked"] or "(no model)", href=f"/dashboard/exchanges/{one['id']}", class_="trace")
    return tags.tr(**{"data-id": one["id"]})([_cell(*each) for each in zip(heads, (link, *cells), strict=True)])


def _cell(head: str, content: Any) -> Tag:
    return tags.td(content, class_=_align(head), **{"data-head": head})


def _align(head: str) -> str:
    return "figure" if head in FIGURES else ""


def outcome(one: Told) -> Tag:
    """How it ended; of one that failed, what the fault was."""
    return tags.span(one["error"] or one["outcome"], class_=f"mood {one['outcome']}")


def clock(when: float) -> Tag:
    """A time of this day, or a day."""
    local = time.localtime(when)
    today = local[:3] == time.localtime()[:3]
    shown = time.strftime("%H:%M:%S" if today else "%b %d, %H:%M", local)
    return Tag("time", attributes={"datetime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))})(shown)


def prompt(one: Told) -> int | None:
    """Tokens of the prompt, cached ones too."""
    known = [one[name] for name in ("tokens_in", "cache_read", "cache_written") if one[name] is not None]
    return sum(known) if known else None


def price(one: Told) -> str:
    """What it cost, where it used anything."""
    return money(one["cost"]) if one["cost"] is not None or one["tokens_out"] else "-"


def tiles(sums: Sequence[Told] | None, served: int, uptime: float, findings: int) -> Tag:
    """The day at a glance. `sums` is what the ledger says of it; None where none is kept."""
    shown: list[Tag] = []

    def tile(label: str, figure: Any, more: str = "", css: str = "") -> None:
        shown.append(tags.div(class_=f"tile {css}")(tags.dt(label), tags.dd(figure), tags.dd(more, class_="more")))

    if sums is not None:
        today: Told = sums[0] if sums else Counter()
        count, failed = today["exchanges"], today["failed"]
        spent = cost(today["cost"], today["unpriced"], count) if count else money(0.0)
        tile("Cost today", spent, f"{count:,} exchange{'' if count == 1 else 's'}")
        read, written = today["tokens_in"] + today["cache_read"] + today["cache_written"], today["tokens_out"]
        hit = f", {today['cache_read'] / read:.0%} from cache" if today["cache_read"] else ""
        tile("Tokens today", tokens(read + written), f"{tokens(read)} in{hit}; {tokens(written)} out")
        share = f"{failed / count:.1%} of all" if count else "none asked"
        tile("Failed today", f"{failed:,}", share, "bad" if failed else "")
    tile("Served", f"{served:,}", f"since the start, {duration(uptime)} ago")
    if findings:
        link = tags.a(f"{findings}", href="/dashboard/configuration")
        tile("Worth a look", link, "found in the configuration", "bad")
    return tags.dl(class_="tiles")(shown)


def duration(span: float) -> str:
    """A long time."""
    for unit, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if span >= 2 * unit:
            return f"{span / unit:.0f} {name}"
    return f"{span:.0f} seconds"


TARGETS = (
    "Target",
    "Health",
    "Asked, last hour",
    "First word p50",
    "First word p95",
    "First word p99",
    "Whole p95",
    "First word, last hour",
    "Failures",
)


def targets(latencies: Mapping[str, Any], trends: Mapping[str, Any], failover: Told, providers: Sequence[Told]) -> Tag:
    """How the targets are, and how they were in the last hour; providers that were never asked, too. Where there are
    many, those in trouble and those that are asked most."""
    broken = {one["target"]: one for one in failover.get("breakers", ())}
    names = sorted({*latencies, *trends, *broken})
    asked = {name.partition(",")[0] for name in names}
    often = {name: sum(trend["asked"]) for name, trend in trends.items()}
    names = sorted(sorted(names, key=lambda name: (name not in broken, -often.get(name, 0)))[:ROWS])
    rows = [_target(name, latencies.get(name), trends.get(name), broken.get(name)) for name in names]
    for one in providers:
        if one["name"] not in asked:
            rest = [_cell(head, "-") for head in TARGETS[2:]]
            rows.append(tags.tr(_cell("Target", one["name"]), _cell("Health", _mood("not asked yet", "quiet")), *rest))
    return table("targets", "Targets", TARGETS, rows, "No provider is configured.")


def _target(name: str, latency: Told | None, trend: Told | None, breaker: Told | None) -> Tag:
    first = (latency or {}).get("first_content") or {}
    whole = (latency or {}).get("total") or {}
    tried, lost = (sum(trend["asked"]), sum(trend["failed"])) if trend else (0, 0)
    lines: list[Any] = ["-", "-"]
    if trend:
        known = [point for point in trend["first_word"] if point is not None]
        words = f"from {seconds(min(known))} to {seconds(max(known))}" if known else "nothing said"
        lines = [
            charts.line(f"time to the first word in the last {HOUR}: {words}", trend["first_word"]),
            charts.failures(f"asked {tried}, failed {lost} in the last {HOUR}", trend["asked"], trend["failed"]),
        ]
    cells = [
        tags.code(name),
        _health(breaker, tried, lost),
        f"{tried:,}" + (f" ({lost:,} failed)" if lost else ""),
        *(seconds(first.get(part)) for part in ("p50", "p95", "p99")),
        seconds(whole.get("p95")),
        *lines,
    ]
    return tags.tr([_cell(*each) for each in zip(TARGETS, cells, strict=True)])


def _health(breaker: Told | None, tried: int, lost: int) -> Tag:
    if breaker is not None and breaker["state"] != "closed":
        said = _mood(f"breaker {breaker['state']}", "broken")
        more = f"asked again in {seconds(breaker['asked_again_in'])}: {breaker['last_failure'] or 'failed'}"
        return tags.div(said, tags.div(more, class_="more"))
    if breaker is not None or (tried and lost * 4 >= tried):
        return _mood("failing", "abandoned")
    return _mood("well", "finished")


def _mood(text: str, css: str) -> Tag:
    return tags.span(text, class_=f"mood {css}")


def spending(names: Sequence[str], found: Sequence[Told]) -> Tag:
    """What these days cost, by model. `found` is the ledger's usage by day and model."""
    sums: dict[str, dict[str, Any]] = {}
    by_day: dict[str, float] = {}
    for one in found:
        name = one["model"] or "(none answered)"
        total = sums.setdefault(
            name, {"cost": 0.0, "unpriced": 0, "exchanges": 0, "tokens_in": 0, "tokens_out": 0, "days": {}}
        )
        for key in ("cost", "unpriced", "exchanges", "tokens_out"):
            total[key] += one[key]
        total["tokens_in"] += one["tokens_in"] + one["cache_read"] + one["cache_written"]
        total["days"][one["day"]] = total["days"].get(one["day"], 0.0) + one["cost"]
        by_day[one["day"]] = by_day.get(one["day"], 0.0) + one["cost"]
    ranked = sorted(sums, key=lambda name: (-sums[name]["cost"], -sums[name]["exchanges"], name))
    heads = ("Model", "Exchanges", "Tokens in", "Tokens out", "Cost")
    rows = []
    for number, name in enumerate(ranked):
        one = sums[name]
        figures = (f"{one['exchanges']:,}", tokens(one["tokens_in"]), tokens(one["tokens_out"]))
        label = tags.span(charts.key(number), name)
        price_ = cost(one["cost"], one["unpriced"], one["exchanges"])
        rows.append(tags.tr([_cell(*each) for each in zip(heads, (label, *figures, price_), strict=True)]))
    words = {day: f"{day}: {money(by_day.get(day, 0.0))}" for day in names}
    whole = money(sum(by_day.values()))
    drawing = charts.days(
        f"cost of each of the last {len(names)} days by model: {whole} in all",
        names,
        {name: sums[name]["days"] for name in ranked},
        words,
    )
    axis = tags.div(class_="axis")(
        tags.span(names[0]), tags.span(f"{whole} in {len(names)} days"), tags.span(names[-1])
    )
    return tags.div(class_="spending")(
        tags.div(class_="chart")(drawing, axis), table("spent", "By model", heads, rows, "Nothing was spent.")
    )


def budgets(found: Sequence[Told]) -> Tag:
    """What is left of each budget."""
    heads = ("Whose", "Spent", "Of", "Resets")
    rows = []
    for one in found:
        by_money = one["money_cap"] is not None
        share = one["part"]
        css = "bad" if share >= 1 else "dubious" if share >= 0.8 else "good"
        whose = f"{one['client'] or 'everybody together'}, each {one['period']}"
        spent = money(one["money"]) if by_money else f"{tokens(one['tokens'])} tokens"
        cap = money(one["money_cap"]) if by_money else f"{tokens(one['tokens_cap'])} tokens"
        drawing = charts.part(f"{share:.0%} spent", share, css)
        cells = (whose, tags.span(spent, " ", drawing, f" {share:.0%}"), cap, clock(one["resets"]))
        rows.append(tags.tr([_cell(*each) for each in zip(heads, cells, strict=True)]))
    return table("budgets", "Budgets", heads, rows, "No budget is set.")


def trace(one: Told) -> Tag:
    """All that is known of an exchange that is over."""
    whole = max(one["total"] or 0.0, *(each["began"] + each["seconds"] for each in one["attempts"]), 1e-6)
    hit = f" ({tokens(one['cache_read'])} from cache)" if one["cache_read"] else ""
    thought = f" ({tokens(one['reasoning'])} reasoning)" if one["reasoning"] else ""
    known = prompt(one) is not None or one["tokens_out"] is not None
    guessed = ", by estimate" if one["estimated"] else ""
    facts = {
        "Began": clock(one["began"]),
        "Outcome": tags.span(outcome(one), f" {one['stop']}" if one["stop"] else ""),
        "Error": f"{one['status']}: {one['message']}" if one["error"] else "",
        "Route": f"{one['rule']}{': ' if one['rule'] and one['why'] else ''}{one['why']}",
        "Client": one["client"],
        "Session": one["session"],
        "Agent": one["agent"],
        "Request": f"{one['dialect']}, {one['plan'] or 'not sent'}, {'streamed' if one['stream'] else 'whole'}, "
        f"{size(one['request_bytes'])}",
        "Answer": size(one["response_bytes"]),
        "Tokens": f"{tokens(prompt(one))} in{hit}, {tokens(one['tokens_out'])} out{thought}{guessed}" if known else "",
        "Cost": price(one) if known else "",
    }
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
    return _trace(
        one,
        facts,
        (tags.h3("Targets tried"), tags.ol(tried, class_="bars")) if tried else "",
        (tags.h3("Time"), tags.ol(times, class_="bars")),
        (tags.h3("Lost in translation"), lost) if one["losses"] else "",
    )


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
    return _trace(one, facts)


def _trace(one: Told, facts: Mapping[str, Any], *more: Any) -> Tag:
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


def configuration(settings: Mapping[str, Any], file: str, findings: Sequence[str]) -> Tag:
    """What is in force, with keys masked, and what is doubtful in it."""
    sections = [
        tags.details(tags.summary(tags.code(name), " ", tags.span(_gist(value), class_="more")), tags.pre(_json(value)))
        for name, value in settings.items()
    ]
    found = (
        tags.ul([tags.li(one) for one in findings], class_="findings") if findings else tags.p("Nothing is doubtful.")
    )
    return tags.div(class_="configuration")(
        tags.h2("Findings"), found, tags.h2("In force"), tags.p("From ", tags.code(file or "no file"), "."), *sections
    )


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _gist(value: Any) -> str:
    match value:
        case {}:
            return f"{len(value)} options" if value else "none"
        case [] | list():
            names = [str(one.get("name", "")) if isinstance(one, Mapping) else str(one) for one in value[:6]]
            return ", ".join(filter(None, names)) or f"{len(value)}"
        case _:
            return str(value)
