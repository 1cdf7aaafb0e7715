"""What may be spent, with the time as an argument."""

import os
import time

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.budgets import CLIENT_LIMIT, EACH, Budget, Budgets, Period
from ccproxy.errors import ApiError, Kind

NOON = 1_764_072_000.0
"""Tuesday, 2025-11-25, 12:00 UTC."""

DAY = 86400.0


class InZone(SynchronousTestCase):
    """A test whose machine stands somewhere."""

    zone = "UTC"

    def setUp(self) -> None:
        before = os.environ.get("TZ")

        def back() -> None:
            os.environ.pop("TZ", None) if before is None else os.environ.__setitem__("TZ", before)
            time.tzset()

        self.addCleanup(back)
        os.environ["TZ"] = self.zone
        time.tzset()


class Periods(InZone):
    """When days, weeks and months begin and end."""

    def test_bounds(self) -> None:
        """A day from midnight, a week from Monday, a month from its first."""
        midnight = NOON - DAY / 2
        self.assertEqual(Period.DAY.bounds(NOON), (midnight, midnight + DAY))
        self.assertEqual(Period.DAY.bounds(midnight), (midnight, midnight + DAY))
        self.assertEqual(Period.WEEK.bounds(NOON), (midnight - DAY, midnight + 6 * DAY))
        self.assertEqual(Period.MONTH.bounds(NOON), (midnight - 24 * DAY, midnight + 6 * DAY))

    def test_december(self) -> None:
        """The month after December is the next year's January."""
        start, end = Period.MONTH.bounds(NOON + 20 * DAY)
        self.assertEqual(time.strftime("%Y-%m-%d", time.localtime(start)), "2025-12-01")
        self.assertEqual(time.strftime("%Y-%m-%d", time.localtime(end)), "2026-01-01")


class PeriodsElsewhere(InZone):
    """The same where the clocks are changed."""

    zone = "CET-1CEST,M3.5.0,M10.5.0/3"

    def test_a_long_day(self) -> None:
        """The day on which summer time ends has 25 hours."""
        start, end = Period.DAY.bounds(1_761_480_000.0)
        self.assertEqual(end - start, 25 * 3600)


class BudgetTests(InZone):
    """Charging and refusing."""

    def budgets(self, *budgets: Budget) -> Budgets:
        made = Budgets()
        made.follow(budgets)
        return made

    def refusal(self, budgets: Budgets, client: str = "ann", now: float = NOON) -> str:
        """What a client is told; empty where it may ask."""
        try:
            budgets.admit(client, now)
        except ApiError as error:
            self.assertIs(error.kind, Kind.BUDGET)
            self.assertEqual((error.status, error.retry_is_vain, error.retry_after), (429, True, None))
            return error.message
        return ""

    def test_money(self) -> None:
        """When it is spent the cap is told, what was spent, when it resets, and what the operator has to say."""
        budgets = self.budgets(Budget(Period.DAY, money=10.0, message="Ask Bob."))
        budgets.charge("ann", 9.99, 5, NOON)
        self.assertEqual(self.refusal(budgets), "")
        budgets.charge("ann", 0.02, 5, NOON)
        self.assertEqual(
            self.refusal(budgets),
            "the budget is spent: $10.00 ($10.01 spent) a day; it resets at 2025-11-26 00:00+00:00. Ask Bob.",
        )
        self.assertEqual(self.refusal(budgets, now=NOON + DAY / 2), "")
        self.assertEqual(self.refusal(budgets, now=NOON + DAY), "")

    def test_tokens(self) -> None:
        """Tokens have caps too; whichever is reached first counts."""
        budgets = self.budgets(Budget(Period.WEEK, money=10.0, tokens=1000))
        budgets.charge("ann", 0.0, 1000, NOON)
        self.assertIn("1,000 tokens (1,000 used) a week", self.refusal(budgets))
        self.assertEqual(self.refusal(budgets, now=NOON + 6 * DAY), "")

    def test_whose(self) -> None:
        """One for all, one for each, one for one: each counts what is its own."""
        for_all = self.budgets(Budget(Period.DAY, money=10.0))
        for_each = self.budgets(Budget(Period.DAY, EACH, money=10.0))
        for_bob = self.budgets(Budget(Period.DAY, "bob", money=10.0))
        for budgets in (for_all, for_each, for_bob):
            budgets.charge("ann", 6.0, 0, NOON)
            budgets.charge("bob", 6.0, 0, NOON)
        self.assertTrue(self.refusal(for_all, "carl"))
        self.assertFalse(self.refusal(for_each, "ann"))
        self.assertFalse(self.refusal(for_bob, "bob"))
        for budgets in (for_each, for_bob):
            budgets.charge("ann", 6.0, 0, NOON)
            budgets.charge("bob", 6.0, 0, NOON)
        self.assertIn("for the client 'ann'", self.refusal(for_each, "ann"))
        self.assertFalse(self.refusal(for_each, "carl"))
        self.assertFalse(self.refusal(for_bob, "ann"))
        self.assertTrue(self.refusal(for_bob, "bob"))

    def test_warnings(self) -> None:
        """A warning is given once in a period, when the threshold is passed."""
        budgets = self.budgets(Budget(Period.DAY, EACH, money=10.0, warn=0.5))
        self.assertEqual(budgets.charge("ann", 4.9, 0, NOON), [])
        (warning,) = budgets.charge("ann", 0.2, 0, NOON)
        self.assertEqual((warning.client, round(warning.part, 2)), ("ann", 0.51))
        self.assertEqual(budgets.charge("ann", 1.0, 0, NOON), [])
        self.assertEqual(len(budgets.charge("bob", 9.0, 0, NOON)), 1)
        self.assertEqual(len(budgets.charge("ann", 6.0, 0, NOON + DAY)), 1)

    def test_learning(self) -> None:
        """What the ledger knows counts from the start; it never makes less of what we know ourselves."""
        budgets = self.budgets(Budget(Period.MONTH, money=10.0), Budget(Period.MONTH, EACH, tokens=100))
        budgets.charge("ann", 1.0, 10, NOON)
        budgets.learn(Period.MONTH, [("ann", 0.5, 5), ("bob", 8.0, 100)], NOON)
        self.assertFalse(self.refusal(budgets, "ann"))
        self.assertTrue(self.refusal(budgets, "bob"))
        budgets.charge("ann", 1.6, 0, NOON)
        self.assertIn("$10.10 spent", self.refusal(budgets, "ann"))

    def test_another_configuration(self) -> None:
        """A raised budget lets clients in at once, and what was spent still counts."""
        budgets = self.budgets(Budget(Period.DAY, money=10.0))
        budgets.charge("ann", 12.0, 0, NOON)
        self.assertTrue(self.refusal(budgets))
        budgets.follow([Budget(Period.DAY, money=20.0)])
        self.assertFalse(self.refusal(budgets))
        self.assertEqual([one.money for one in budgets.spendings(NOON)], [12.0])
        budgets.follow([])
        self.assertFalse(budgets)
        self.assertEqual(budgets.charge("ann", 5.0, 5, NOON), [])

    def test_shown(self) -> None:
        """Pages show each budget, and one for each client once for each who spent anything."""
        budgets = self.budgets(Budget(Period.DAY, money=10.0), Budget(Period.DAY, EACH, tokens=100))
        budgets.charge("ann", 5.0, 20, NOON)
        budgets.charge("bob", 0.0, 0, NOON)
        shown = [one.shown() for one in budgets.spendings(NOON)]
        self.assertEqual([(one["client"], one["part"]) for one in shown], [("", 0.5), ("ann", 0.2), ("bob", 0.0)])
        self.assertEqual((shown[0]["money_cap"], shown[0]["tokens_cap"], shown[1]["tokens_cap"]), (10.0, None, 100))

    def test_many_clients(self) -> None:
        """There is a limit to what is remembered; the sum stays right."""
        budgets = self.budgets(Budget(Period.DAY, money=1e9))
        for number in range(CLIENT_LIMIT + 5):
            budgets.charge(f"c{number}", 1.0, 0, NOON)
        self.assertEqual(budgets.spendings(NOON)[0].money, CLIENT_LIMIT + 5)
