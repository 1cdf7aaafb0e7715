"""What exchanges come to, counted: an observer of records. It costs some microseconds for each exchange."""

from collections.abc import Iterator

from ccproxy.exchange.call import Call
from ccproxy.exchange.record import GAPS, Outcome, Record
from ccproxy.metrics.families import Counter, Family, Histogram

FIRST = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
WHOLE = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Seconds: bounds of histograms."""


class Exchanges:
    """The families that records are counted in."""

    def __init__(self) -> None:
        self.ended = Counter(
            "ccproxy_exchanges_total", "Exchanges that ended.", ("outcome", "dialect", "target", "error")
        )
        self.first = Histogram(
            "ccproxy_time_to_first_token_seconds", "From the request to the first content.", FIRST, ("target",)
        )
        self.gaps = Histogram(
            "ccproxy_inter_event_gap_seconds", "Silences between the pieces of an answer.", GAPS, ("target",)
        )
        self.whole = Histogram("ccproxy_exchange_seconds", "From the request to the end.", WHOLE, ("target",))
        self.tokens = Counter("ccproxy_tokens_total", "Tokens, by what they are.", ("target", "kind"))
        self.cost = Counter("ccproxy_cost_dollars_total", "What exchanges cost.", ("target", "client"))
        self.unpriced = Counter(
            "ccproxy_unpriced_exchanges_total", "Exchanges that used tokens of an unknown price.", ("target",)
        )
        self.errors = Counter("ccproxy_upstream_errors_total", "Targets that did not answer.", ("target", "kind"))
        self.retries = Counter("ccproxy_retries_total", "Targets that were asked after one had failed.", ("target",))
        self.request_bytes = Counter("ccproxy_request_bytes_total", "Bytes of requests.")
        self.response_bytes = Counter("ccproxy_response_bytes_total", "Bytes of answers.")

    def observe(self, _call: Call, record: Record) -> None:
        """An exchange is over."""
        attempts = record.attempts
        name = attempts[-1].target if attempts else ""
        target = (name,)
        error = record.error
        outcome = record.outcome
        self.ended.add((outcome.value, record.dialect, name, "" if error is None else error.kind.value))
        if outcome is not Outcome.REFUSED:
            self.whole.add(target, record.total)
        if record.first_content is not None:
            self.first.add(target, record.first_content)
        if record.gaps:
            self.gaps.add_counted(target, record.gaps, record.gap_seconds)
        usage = record.usage
        for kind, count in (
            ("input", usage.input),
            ("output", usage.output),
            ("cache_read", usage.cache_read),
            ("cache_written", usage.cache_written),
            ("reasoning", usage.reasoning),
        ):
            if count:
                self.tokens.add((name, kind), count)
        if record.cost:
            self.cost.add((name, record.client), record.cost)
        elif record.cost is None and (usage.input or usage.output):
            self.unpriced.add(target)
        self.request_bytes.add((), record.request_bytes)
        self.response_bytes.add((), record.response_bytes)
        if len(attempts) > 1 or error is not None:
            for number, attempt in enumerate(attempts):
                if attempt.error is not None:
                    self.errors.add((attempt.target, attempt.error.kind.value))
                if number:
                    self.retries.add((attempt.target,))

    def families(self) -> Iterator[Family]:
        """All of them."""
        yield from (self.ended, self.first, self.gaps, self.whole, self.tokens, self.cost, self.unpriced)
        yield from (self.errors, self.retries, self.request_bytes, self.response_bytes)
