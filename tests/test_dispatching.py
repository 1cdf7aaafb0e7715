"""Who hears of exchanges."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dispatching import each_of
from tests.support.wire import Wire


class ObserversTests(SynchronousTestCase):
    """Whoever hears of exchanges."""

    def test_each_hears_of_it(self) -> None:
        """One that fails is told of in the log, and keeps nothing from those behind it."""
        heard: list[str] = []

        def fails(_call: Any, _record: Any) -> None:
            raise ZeroDivisionError

        observe = each_of(
            lambda _, record: heard.append(f"first {record.id}"), fails, lambda _, record: heard.append("last")
        )
        wire = Wire()
        wire.ask()
        wire.upstream().whole(b"{}", 400)
        (meter_record,) = wire.records
        observe(None, meter_record)  # type: ignore[arg-type]
        self.assertEqual(heard, ["first req_0", "last"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
