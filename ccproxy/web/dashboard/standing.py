"""How it stands: the day at a glance, the targets, what was spent, and what is left."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field
from twisted.web.template import Tag, tags

from ccproxy.figures import cost, money, seconds, tokens
from ccproxy.metrics.trends import POINTS, STEP
from ccproxy.web.dashboard import charts
from ccproxy.web.dashboard.tables import Told, cell, clock, mood, row, table

ROWS = 50
"""Targets that are shown."""

HOUR = f"{POINTS * STEP / 60:.0f} minutes"


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
            rest = [cell(head, "-") for head in TARGETS[2:]]
            rows.append(tags.tr(cell("Target", one["name"]), cell("Health", mood("not asked yet", "quiet")), *rest))
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
    return row(TARGETS, cells)


def _health(breaker: Told | None, tried: int, lost: int) -> Tag:
    if breaker is not None and breaker["state"] != "closed":
        said = mood(f"breaker {breaker['state']}", "broken")
        more = f"asked again in {seconds(breaker['asked_again_in'])}: {breaker['last_failure'] or 'failed'}"
        return tags.div(said, tags.div(more, class_="more"))
    if breaker is not None or (tried and lost * 4 >= tried):
        return mood("failing", "abandoned")
    return mood("well", "finished")


def spending(names: Sequence[str], found: Sequence[Told]) -> Tag:
    """What these days cost, by model. `found` is the ledger's usage by day and model."""
    models = _by_model(found)
    heads = ("Model", "Exchanges", "Tokens in", "Tokens out", "Cost")
    rows = [row(heads, one.cells(number)) for number, one in enumerate(models)]
    by_day = {day: sum(one.days.get(day, 0.0) for one in models) for day in names}
    whole = money(sum(one.cost for one in models))
    drawing = charts.days(
        f"cost of each of the last {len(names)} days by model: {whole} in all",
        names,
        {one.name: one.days for one in models},
        {day: f"{day}: {money(spent)}" for day, spent in by_day.items()},
    )
    axis = tags.div(class_="axis")(
        tags.span(names[0]), tags.span(f"{whole} in {len(names)} days"), tags.span(names[-1])
    )
    return tags.div(class_="spending")(
        tags.div(class_="chart")(drawing, axis), table("spent", "By model", heads, rows, "Nothing was spent.")
    )


@define
class _Model:
    """What one model used."""

    name: str
    cost: float = 0.0
    unpriced: int = 0
    exchanges: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    days: dict[str, float] = field(factory=dict)

    def add(self, one: Told) -> None:
        """That of one day."""
        self.cost += one["cost"]
        self.unpriced += one["unpriced"]
        self.exchanges += one["exchanges"]
        self.tokens_in += one["tokens_in"] + one["cache_read"] + one["cache_written"]
        self.tokens_out += one["tokens_out"]
        self.days[one["day"]] = self.days.get(one["day"], 0.0) + one["cost"]

    def cells(self, number: int) -> tuple[Any, ...]:
        """Its row, with the colour of that number."""
        label = tags.span(charts.key(number), self.name)
        figures = (f"{self.exchanges:,}", tokens(self.tokens_in), tokens(self.tokens_out))
        return (label, *figures, cost(self.cost, self.unpriced, self.exchanges))


def _by_model(found: Sequence[Told]) -> list[_Model]:
    """The dearest first."""
    models: dict[str, _Model] = {}
    for one in found:
        name = one["model"] or "(none answered)"
        models.setdefault(name, _Model(name)).add(one)
    return sorted(models.values(), key=lambda model: (-model.cost, -model.exchanges, model.name))


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
        rows.append(row(heads, cells))
    return table("budgets", "Budgets", heads, rows, "No budget is set.")
