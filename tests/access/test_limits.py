"""Limits: buckets, slots, and permits that are given back once."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.limits import ACCOUNT_LIMIT, Admission, Allowance, Bucket, Limits, Permit
from ccproxy.errors import ApiError, Kind

MINUTE = 60.0


class Buckets(SynchronousTestCase):
    """One bucket, at times that the test tells."""

    def test_table(self) -> None:
        """Taken, waited for, filled up: each row is a time, what is asked for, and how long that takes."""
        bucket = Bucket(Allowance(60), 0.0)
        for now, amount, wait in (
            (0.0, 60, 0.0),  # A minute's worth can be had at once.
            (0.0, 1, 1.0),
            (0.5, 1, 0.5),
            (1.0, 1, 0.0),
            (1.0, 30, 30.0),
            (31.0, 30, 0.0),
            (500.0, 60, 0.0),
            (500.0, 1000, 60.0),  # More than it holds can be had when it is full,
            (560.0, 1000, 0.0),
            (560.0, 60, 1000.0),  # and is owed then.
        ):
            self.assertAlmostEqual(bucket.wait(amount, now), wait, 6, (now, amount))
            if not wait:
                bucket.take(amount, now)

    def test_clock_goes_back(self) -> None:
        """A clock that is set back fills nothing, and takes nothing away."""
        bucket = Bucket(Allowance(60), 100.0)
        bucket.take(60, 100.0)
        self.assertEqual(bucket.level(50.0), 0)
        self.assertAlmostEqual(bucket.level(51.0), 1)

    def test_put_back(self) -> None:
        """What is put back never makes more than a bucket holds."""
        bucket = Bucket(Allowance(10), 0.0)
        bucket.take(-5, 0.0)
        self.assertEqual(bucket.level(0.0), 10)

    @settings(max_examples=200, deadline=None)
    @given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 50)), max_size=60))
    def test_never_more_than_allowed(self, steps: list[tuple[float, float]]) -> None:
        """Whoever asks when it is let in never gets more than the bucket and what flowed into it."""
        bucket = Bucket(Allowance(20, 10.0), 0.0)
        now, got = 0.0, 0.0
        for pause, amount in steps:
            now += pause
            if not bucket.wait(amount, now):
                bucket.take(amount, now)
                got += min(amount, 20)
                self.assertLessEqual(got, 20 + 2 * now + 1e-3)

    @settings(max_examples=200, deadline=None)
    @given(st.floats(0, 60), st.floats(0.001, 60))
    def test_waiting_helps(self, used: float, amount: float) -> None:
        """Whoever waits as long as told is let in, and nobody who waits less."""
        bucket = Bucket(Allowance(60), 0.0)
        bucket.take(used, 0.0)
        wait = bucket.wait(amount, 0.0)
        if wait > 1e-3:
            self.assertGreater(bucket.wait(amount, wait / 2), 0)
        self.assertEqual(bucket.wait(amount, wait), 0.0)


class Admitting(SynchronousTestCase):
    """Clients and addresses."""

    def setUp(self) -> None:
        self.admission = Admission()

    def admit(
        self, limits: Limits, now: float = 0.0, *, client: str = "anna", peer: str | None = None, tokens: float = 0
    ) -> Permit:
        return self.admission.admit(client, limits, peer, tokens, now)

    def refusal(self, limits: Limits, now: float = 0.0, **how: object) -> ApiError:
        with self.assertRaises(ApiError) as caught:
            self.admit(limits, now, **how)  # type: ignore[arg-type]
        self.assertIs(caught.exception.kind, Kind.RATE)
        return caught.exception

    def test_no_limits(self) -> None:
        """Without limits nothing is counted, and nothing told."""
        for _ in range(100):
            self.assertEqual(self.admit(Limits(), peer="203.0.113.5").headers, {})
        self.assertEqual(len(self.admission._accounts), 0)

    def test_requests(self) -> None:
        """So many requests, then one as each falls due; the answer says when."""
        limits = Limits(Allowance(2))
        self.admit(limits)
        self.admit(limits)
        error = self.refusal(limits)
        self.assertEqual(error.retry_after, 30)
        self.assertIn("2 requests a minute for the client 'anna'", error.message)
        self.assertEqual(error.headers["x-should-retry"], "true")
        self.assertEqual(error.headers["anthropic-ratelimit-requests-remaining"], "0")
        self.admit(limits, client="bert")
        self.admit(limits, 30.0)
        self.refusal(limits, 30.0)

    def test_headers(self) -> None:
        """What is left is told in Anthropic's words, with the time at which all is there again."""
        limits = Limits(Allowance(60), Allowance(1000))
        headers = self.admit(limits, 1_800_000_000.0, tokens=250).headers
        self.assertEqual(
            headers,
            {
                "anthropic-ratelimit-requests-limit": "60",
                "anthropic-ratelimit-requests-remaining": "59",
                "anthropic-ratelimit-requests-reset": "2027-01-15T08:00:01Z",
                "anthropic-ratelimit-tokens-limit": "1000",
                "anthropic-ratelimit-tokens-remaining": "750",
                "anthropic-ratelimit-tokens-reset": "2027-01-15T08:00:15Z",
            },
        )

    def test_absurd_usage(self) -> None:
        """Where an upstream says that an answer took more tokens than fill up before the end of all calendars, the
        client is told of a time that it can read."""
        limits = Limits(Allowance(60), Allowance(1000))
        self.admit(limits, tokens=1).settle(10**15, 0.0)
        error = self.refusal(limits, tokens=1)
        self.assertEqual(error.headers["anthropic-ratelimit-tokens-reset"], "1971-01-02T00:00:00Z")

    def test_tokens(self) -> None:
        """An estimate is held until the truth is known; what was used beyond it is owed, what was not comes back."""
        limits = Limits(tokens=Allowance(1000))
        first = self.admit(limits, tokens=600)
        self.refusal(limits, tokens=600)
        first.settle(100, 0.0)
        second = self.admit(limits, tokens=600)
        second.settle(2000, 0.0)
        error = self.refusal(limits, tokens=1)
        self.assertAlmostEqual(error.retry_after or 0, 1101 * 0.06)
        self.refusal(limits, 66.0, tokens=1)
        self.admit(limits, 66.1, tokens=1)

    def test_large_request(self) -> None:
        """One that is larger than the whole allowance comes in when the bucket is full."""
        limits = Limits(tokens=Allowance(1000))
        self.admit(limits, tokens=5000).settle(10, 0.0)
        self.admit(limits, 0.6, tokens=5000)

    def test_concurrent(self) -> None:
        """So many at once; each that ends lets another in, and gives its place back once."""
        limits = Limits(concurrent=2)
        first, _ = self.admit(limits), self.admit(limits)
        error = self.refusal(limits)
        self.assertIn("2 exchanges at once", error.message)
        self.assertEqual(error.retry_after, 1)
        first.settle(0, 0.0)
        first.settle(0, 0.0)
        self.admit(limits)
        self.refusal(limits)

    def test_refused_takes_nothing(self) -> None:
        """A request that one limit refuses costs nothing of another."""
        limits = Limits(Allowance(10), concurrent=1)
        permit = self.admit(limits)
        for _ in range(20):
            self.refusal(limits)
        permit.settle(0, 0.0)
        self.assertEqual(self.admit(limits).headers["anthropic-ratelimit-requests-remaining"], "8")

    def test_addresses(self) -> None:
        """Each address has the same limit, whoever is there; one machine's IPv6 addresses are one. Unix sockets have
        none."""
        self.admission.per_address = Limits(Allowance(1))
        self.admit(Limits(), peer="203.0.113.5")
        self.assertIn("the address 203.0.113.5", self.refusal(Limits(), peer="203.0.113.5", client="bert").message)
        self.refusal(Limits(), peer="::ffff:203.0.113.5")
        self.admit(Limits(), peer="203.0.113.6")
        self.admit(Limits(), peer="2001:db8:0:1::1")
        self.refusal(Limits(), peer="2001:db8:0:1:ffff::2")
        self.admit(Limits(), peer="2001:db8:0:2::1")
        self.admit(Limits(), peer=None)
        self.admit(Limits(), peer=None)

    def test_both(self) -> None:
        """The client's limit and the address's hold together; the client is told its own."""
        self.admission.per_address = Limits(Allowance(100), concurrent=1)
        permit = self.admit(Limits(Allowance(2)), peer="203.0.113.5")
        self.assertEqual(permit.headers["anthropic-ratelimit-requests-limit"], "2")
        self.assertIn("address", self.refusal(Limits(Allowance(2)), peer="203.0.113.5").message)
        permit.settle(0, 0.0)
        self.admit(Limits(Allowance(2)), peer="203.0.113.5").settle(0, 0.0)
        self.assertIn("client", self.refusal(Limits(Allowance(2)), peer="203.0.113.5").message)

    def test_changed_limits(self) -> None:
        """Other limits take hold at once; what was used stays used, and what is open is still counted."""
        first = self.admit(Limits(Allowance(10), concurrent=5))
        self.admit(Limits(Allowance(10), concurrent=5))
        self.assertIn("at once", self.refusal(Limits(Allowance(100), concurrent=2)).message)
        first.settle(0, 0.0)
        self.assertEqual(
            self.admit(Limits(Allowance(100), concurrent=2)).headers["anthropic-ratelimit-requests-remaining"], "97"
        )
        self.refusal(Limits(Allowance(100), concurrent=2))

    def test_forgetting(self) -> None:
        """Only so many addresses are remembered: idle ones go first, and one with something open stays."""
        self.admission.per_address = Limits(Allowance(1, 1e9), concurrent=1)
        held = self.admit(Limits(), peer="10.255.255.255")
        for number in range(ACCOUNT_LIMIT + 5):
            self.admit(Limits(), peer=f"10.0.{number // 256}.{number % 256}").settle(0, 0.0)
        self.assertLessEqual(len(self.admission._accounts), ACCOUNT_LIMIT + 1)
        self.assertIn("at once", self.refusal(Limits(), peer="10.255.255.255").message)
        held.settle(0, 0.0)
