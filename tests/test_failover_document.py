"""docs/failover.md: what it shows loads, and what it says of each fault is what a client sees."""

import re
from itertools import product
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.load import load
from ccproxy.config.resolve import routes
from ccproxy.config.settings import FailoverSettings, PerformanceSettings, ProviderSettings
from ccproxy.exchange.naming import RETRY_AFTER_LIMIT
from ccproxy.exchange.tries import PAUSE, PAUSES
from ccproxy.providers.keys import LIMITED_SECONDS, REFUSED_SECONDS
from ccproxy.providers.target import KeyChoice
from ccproxy.routing.breakers import POINTS
from ccproxy.upstream.client import Deadlines
from tests.exchange.test_fault_matrix import DIALECTS, FAULTS, FIRST_BYTE, STALL, Scene, targets
from tests.support.wire import Wire

DOCUMENT = (Path(__file__).parents[1] / "docs" / "failover.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"<!-- a configuration -->\n```jsonc\n(.*?)^```", re.DOTALL | re.MULTILINE)
ROW = re.compile(r"^\| (.*) \| (\d+) \| `(\w+)` \| (.*) \| (\w*) ?\|$", re.MULTILINE)
REFERENCE = re.compile(r"\$\{([A-Z0-9_]+)\}")

MEANT = {
    # the beginning of a row: the faults of the matrix that it speaks of
    "refuses the connection": ("refused", "no such host", "connect timeout"),
    "closes the connection": ("reset before headers", "cut in its head", "not HTTP"),
    "sends no header": ("no headers",),
    "falls silent": ("stall", "comments only"),
    "answers 400 or 422": ("400", "422"),
    "says that the prompt is too long": ("overflow", "overflow as 413"),
    "answers 413": ("413",),
    "refuses its key": ("401", "403"),
    "answers 404": ("404",),
    "answers 408 or 504": ("408", "504"),
    "answers 409": ("409",),
    "answers 429": ("429", "429 with seconds", "429 for long", "429 with a date", "429 with both dates"),
    "has no credit left": ("402", "quota as 403", "quota as 429"),
    "answers 500": ("500", "502", "a redirect", "204", "a web page as 502"),
    "answers 503 or 529": ("503", "503 with seconds", "529"),
    "answers 200 with nothing": (
        "200, empty",
        "200, an empty stream",
        "200, a web page",
        "200, a web page as JSON",
        "200, a web page as a stream",
        "200, half of a JSON",
        "200, other JSON",
    ),
    "tells an overload within a 200": ("200, an overload",),
    "tells another failure": ("200, a failure", "200, something new"),
    "breaks off, or ends": ("cut before content", "end before content", "cut before its length"),
}
OF_THE_VENDOR = {"insufficient_quota", "unheard_of_error"}
"""Types that only their vendor knows, which clients of its dialect get as they are."""


class FailoverDocumentTests(SynchronousTestCase):
    """Every example, every row, every figure."""

    def test_examples_load(self) -> None:
        """Each configuration that is shown loads, and its routes lead to all the targets they name."""
        shown = EXAMPLE.findall(DOCUMENT)
        self.assertEqual(len(shown), DOCUMENT.count("```jsonc"))
        for text in shown:
            path = Path(self.mktemp()).with_suffix(".json")
            path.write_text(text, encoding="utf-8")
            keys = {"ANTHROPIC_API_KEY": "k", "OPENROUTER_API_KEY": "k", "GROQ_API_KEY": "k"}
            settings = load(str(path), keys | dict.fromkeys(REFERENCE.findall(text), "a-key"))
            chosen = routes(settings).named("default")
            self.assertEqual(chosen.resume, '"resume": true' in text)
            self.assertEqual(len(chosen.targets), 1 + len(settings.routes["default"].fallbacks))

    def test_table(self) -> None:
        """Each row says what a client sees of each fault that it speaks of, by stream and whole; no fault is left
        out."""
        rows = ROW.findall(DOCUMENT)
        self.assertEqual(len(rows), len(MEANT))
        faults = {fault.name: fault for fault in FAULTS}
        told: set[str] = set()
        for (what, status, kind, following, retry), (beginning, names) in zip(rows, MEANT.items(), strict=True):
            self.assertTrue(what.startswith(beginning), what)
            for name, dialect, stream in product(names, DIALECTS, (True, False)):
                cell = f"{what}: {name}, {dialect}, {stream}"
                wire = Wire(targets(dialect, 1), deadlines=Deadlines(first_byte=FIRST_BYTE, stall=STALL))
                scene = Scene(dialect, wire, wire.ask(stream=stream))
                faults[name].strike(scene)
                answer = scene.client.answer
                self.assertEqual(answer.status, int(status), cell)
                self.assertIn(answer.json["error"]["type"], {kind, *OF_THE_VENDOR}, cell)
                self.assertEqual(answer.headers.get("x-should-retry", ""), retry, cell)
                self.assertEqual(faults[name].fails_over, following.startswith("yes"), cell)
                told.add(name)
        self.assertEqual(told, set(faults))

    def test_figures(self) -> None:
        """The figures that the page tells are the program's."""
        failover, performance, provider = FailoverSettings(), PerformanceSettings(), ProviderSettings("p")
        self.assertEqual((failover.max_attempts, failover.max_time, failover.queue_time), (6, 300, 30))
        self.assertEqual(
            (failover.breaker_failures, failover.breaker_pause, failover.breaker_longest_pause), (10, 5, 60)
        )
        self.assertEqual(set(POINTS.values()), {1, 4})
        self.assertEqual((provider.max_concurrent, provider.max_queued), (1000, 1000))
        self.assertEqual((performance.commit_grace, RETRY_AFTER_LIMIT), (15, 60))
        self.assertEqual((LIMITED_SECONDS, REFUSED_SECONDS), (10, 60))
        self.assertEqual((PAUSE / 2, PAUSE * 2 ** (PAUSES - 1), PAUSES), (0.05, 0.4, 3))
        for choice in KeyChoice:
            self.assertIn(f"`{choice.value}`", DOCUMENT)
        for name in ("max_attempts", "max_time", "queue_time", "commit_grace", "resume", "key_strategy"):
            self.assertIn(f"`{name}`" if name != "resume" else '`"resume": true`', DOCUMENT)
