"""What Prometheus reads, read with its own parser; and that the dashboard and the alerts ask for what there is."""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.budgets import Budget, Budgets, Period
from ccproxy.config.settings import MetricsSettings, Settings
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.record import GAPS, Attempt, Outcome
from ccproxy.front import make_front
from ccproxy.lasting import Lasting
from ccproxy.metrics.exchanges import Exchanges
from ccproxy.metrics.families import SERIES_LIMIT, Counter, Histogram, Reading, text
from ccproxy.metrics.latencies import LATEST, TARGETS, Latencies, percentiles
from ccproxy.metrics.process import LAG_EVERY, LAG_KEPT, Lag, families
from ccproxy.model.usage import Usage
from ccproxy.tokens.ruler import ESTIMATE
from ccproxy.web.metrics import of_budgets
from tests.ledger.records import record

DEPLOY = Path(__file__).parents[2] / "deploy" / "monitoring"

METRIC = re.compile(r"\b(?:ccproxy|process)_[a-z_]+\b")


def read(page: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """All samples of a page, by name and labels; the parser refuses what is no exposition."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


class FamilyTests(SynchronousTestCase):
    """Counting and writing."""

    def test_counter(self) -> None:
        """By its labels, whatever is in them."""
        counter = Counter("x_total", "Said.", ("who",))
        counter.add(('a "b" \\ \n c',))
        counter.add(('a "b" \\ \n c',), 2.5)
        self.assertEqual(read(text([counter])), {("x_total", (("who", 'a "b" \\ \n c'),)): 3.5})

    def test_histogram(self) -> None:
        """Each bucket has all below it; what was counted elsewhere is added."""
        histogram = Histogram("x", "Said.", (1.0, 5.0))
        for figure in (0.5, 1.0, 3.0, 9.0):
            histogram.add((), figure)
        histogram.add_counted((), (1, 0, 2), 30.0)
        found = read(text([histogram]))
        buckets = [found["x_bucket", (("le", bound),)] for bound in ("1", "5", "+Inf")]
        self.assertEqual((buckets, found["x_count", ()], found["x_sum", ()]), ([3, 4, 7], 7, 43.5))

    def test_bounded(self) -> None:
        """Clients that name a new model each time make no new series for ever."""
        counter, histogram = Counter("x_total", "Said.", ("who",)), Histogram("y", "Said.", (1.0,), ("who",))
        for number in range(SERIES_LIMIT + 50):
            counter.add((str(number),))
            histogram.add((str(number),), 1.0)
        self.assertEqual((len(counter.values), len(histogram.values)), (SERIES_LIMIT + 1, SERIES_LIMIT + 1))
        self.assertEqual(counter.values["other",], 50)

    def test_reading(self) -> None:
        """What is looked up when it is asked for."""
        page = text([Reading("x", "Said.", {("a",): 1.5}, ("who",)), Reading("y_total", "Said.", 3, kind="counter")])
        self.assertEqual(read(page), {("x", (("who", "a"),)): 1.5, ("y_total", ()): 3.0})


class ExchangeTests(SynchronousTestCase):
    """What records are counted as."""

    def test_finished(self) -> None:
        """An exchange that went well, at its second target."""
        counted = Exchanges()
        gaps = (1,) + (0,) * len(GAPS)
        counted.observe(None, record(1, gaps=gaps))  # type: ignore[arg-type]
        found = read(text(counted.families()))
        target = ("target", "groq,llama")
        ended = (("dialect", "anthropic"), ("error", ""), ("outcome", "finished"), target)
        self.assertEqual(found["ccproxy_exchanges_total", ended], 1)
        self.assertEqual(found["ccproxy_time_to_first_token_seconds_bucket", (("le", "0.25"), target)], 1)
        self.assertEqual(found["ccproxy_exchange_seconds_sum", (target,)], 1.5)
        self.assertEqual(found["ccproxy_inter_event_gap_seconds_count", (target,)], 1)
        tokens = {
            kind: found["ccproxy_tokens_total", (("kind", kind), target)] for kind in ("input", "output", "cache_read")
        }
        self.assertEqual(tokens, {"input": 10, "output": 5, "cache_read": 3})
        self.assertEqual(found["ccproxy_cost_dollars_total", (("client", "ann"), target)], 0.5)
        self.assertEqual(
            found["ccproxy_upstream_errors_total", (("kind", "overloaded"), ("target", "openai,gpt-x"))], 1
        )
        self.assertEqual(found["ccproxy_retries_total", (target,)], 1)
        self.assertEqual(
            (found["ccproxy_request_bytes_total", ()], found["ccproxy_response_bytes_total", ()]), (100, 2000)
        )

    def test_refused(self) -> None:
        """One that went nowhere."""
        counted = Exchanges()
        error = ApiError(Kind.NO_ROUTE, "no")
        counted.observe(None, record(1, attempts=(), error=error, outcome=Outcome.REFUSED, first_content=None))  # type: ignore[arg-type]
        found = read(text(counted.families()))
        ended = (("dialect", "anthropic"), ("error", "no_route"), ("outcome", "refused"), ("target", ""))
        self.assertEqual(found["ccproxy_exchanges_total", ended], 1)
        self.assertNotIn(("ccproxy_exchange_seconds_count", (("target", ""),)), found)

    def test_unpriced(self) -> None:
        """A cost that is not known is counted as such; one's own machine costs nothing, which is known."""
        counted = Exchanges()
        counted.observe(None, record(1, cost=None))  # type: ignore[arg-type]
        counted.observe(None, record(2, cost=0.0))  # type: ignore[arg-type]
        counted.observe(None, record(3, cost=None, usage=Usage()))  # type: ignore[arg-type]
        self.assertEqual(counted.unpriced.values, {("groq,llama",): 1.0})


class LatencyTests(SynchronousTestCase):
    """Percentiles by target."""

    def test_percentiles(self) -> None:
        """By the nearest rank."""
        self.assertIsNone(percentiles([]))
        self.assertEqual(percentiles([7.0]), {"p50": 7.0, "p95": 7.0, "p99": 7.0})
        self.assertEqual(percentiles([float(n) for n in range(1, 101)]), {"p50": 50.0, "p95": 95.0, "p99": 99.0})

    def test_the_latest(self) -> None:
        """Old exchanges do not count, and neither do targets that nobody has asked for long."""
        latencies = Latencies()
        for number in range(LATEST + 10):
            latencies.observe(None, record(number, total=100.0 if number < 10 else 1.0))  # type: ignore[arg-type]
        shown = latencies.details()
        self.assertEqual(shown["groq,llama"]["total"], {"p50": 1.0, "p95": 1.0, "p99": 1.0})
        self.assertEqual((shown["groq,llama"]["answered"], shown["openai,gpt-x"]["failed"]), (LATEST + 10, LATEST + 10))
        for number in range(TARGETS):
            latencies.observe(None, record(number, attempts=(Attempt(f"p,{number}"),)))  # type: ignore[arg-type]
        self.assertEqual(len(latencies.details()), TARGETS)
        self.assertNotIn("groq,llama", latencies.details())


class ProcessTests(SynchronousTestCase):
    """The process and its reactor."""

    def test_lag(self) -> None:
        """How late the clock is looked at, and the worst of it for a while."""
        clock = Clock()
        lag = Lag(clock)
        lag.startService()
        clock.advance(LAG_EVERY)
        self.assertEqual((lag.now, lag.worst), (0.0, 0.0))
        clock.advance(LAG_EVERY + 0.5)
        self.assertEqual((lag.now, lag.worst), (0.5, 0.5))
        clock.advance(LAG_EVERY)
        self.assertEqual((lag.now, lag.worst), (0.0, 0.5))
        clock.pump([LAG_EVERY] * LAG_KEPT)
        self.assertEqual(lag.worst, 0.0)
        lag.stopService()
        self.assertEqual(clock.getDelayedCalls(), [])

    def test_process(self) -> None:
        """This process has some memory, and a few files open."""
        found = read(text(families(1000.0)))
        self.assertGreater(found["process_resident_memory_bytes", ()], 10_000_000)
        self.assertGreater(found["process_open_fds", ()], 2)
        self.assertEqual(found["process_start_time_seconds", ()], 1000.0)


class PageTests(SynchronousTestCase):
    """All of the daemon's."""

    def names(self) -> set[str]:
        """The names of all families that a daemon has."""
        lasting = Lasting.make(Clock(), ESTIMATE)
        lines = [line for family in lasting.families() for line in family.lines()]
        return {line.split()[2] for line in lines if line.startswith("# TYPE")}

    def asked(self, value: Any) -> set[str]:
        """The metrics that expressions in a document ask for."""
        if isinstance(value, dict):
            own = [value["expr"]] if isinstance(value.get("expr"), str) else []
            found = {name for expression in own for name in METRIC.findall(expression)}
            return found.union(*(self.asked(each) for each in value.values()))
        return set().union(*(self.asked(each) for each in value)) if isinstance(value, list) else set()

    def test_dashboard_and_alerts(self) -> None:
        """The Grafana dashboard and the alert rules ask for metrics that exist."""
        names = self.names()
        for file, load in (("grafana.json", json.loads), ("alerts.yaml", yaml.safe_load)):
            asked = self.asked(load((DEPLOY / file).read_text(encoding="utf-8")))
            self.assertGreater(len(asked), 5, file)
            plain = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
            self.assertLessEqual(plain, names, file)

    def test_budgets(self) -> None:
        """The part of each budget that is spent."""
        budgets = Budgets()
        budgets.follow([Budget(Period.DAY, money=10.0), Budget(Period.DAY, "ann", tokens=100)])
        budgets.charge("ann", 2.5, 50, 0.0)
        found = read(text(of_budgets(budgets.spendings(0.0))))
        self.assertEqual(found["ccproxy_budget_spent_ratio", (("client", ""), ("period", "day"))], 0.25)
        self.assertEqual(found["ccproxy_budget_spent_ratio", (("client", "ann"), ("period", "day"))], 0.5)

    def test_switched_off(self) -> None:
        """A front has the page, unless it is switched off."""
        for enabled in (True, False):
            settings = Settings(metrics=MetricsSettings(enabled=enabled))
            lasting = Lasting.make(Clock(), ESTIMATE)
            root: Any = make_front(settings, lasting).root
            self.assertEqual("/metrics" in root._pages, enabled)
