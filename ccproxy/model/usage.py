"""Tokens used, and why an answer stopped."""

import enum
from operator import attrgetter

from attrs import fields, frozen


@frozen
class Usage:
    """Tokens of one exchange; None where nobody said.

    `input` counts what was neither read from nor written to a cache, as Anthropic does, so the whole prompt is
    `input + cache_read + cache_written`. `output` includes `reasoning`. `web_searches` counts requests.
    `cache_written_long` is that part of `cache_written` which is kept for an hour, at another price; `charged` is what
    the vendor says it costs, in dollars.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_written: int | None = None
    reasoning: int | None = None
    web_searches: int | None = None
    cache_written_long: int | None = None
    charged: float | None = None
    tier: str | None = None
    """The vendor's word for the service that was given where that changes the price: `priority`, `flex`."""

    @property
    def prompt(self) -> int:
        """All tokens of the prompt, cached or not; unknown parts count as none."""
        return (self.input or 0) + (self.cache_read or 0) + (self.cache_written or 0)

    def merge(self, later: "Usage") -> "Usage":
        """This usage, with what `later` knows. Reports are cumulative: they replace, and are never added. A zero that
        follows a real figure is a placeholder (several vendors send such) and changes nothing."""
        pairs = zip(_figures(self), _figures(later), strict=True)
        return Usage(*[known if new is None or (not new and known is not None) else new for known, new in pairs])

    def plus(self, other: "Usage") -> "Usage":
        """Both together: of two targets that were asked one after the other for one answer."""
        known = {
            name: (getattr(self, name) or 0) + (getattr(other, name) or 0)
            for name in _FIELDS
            if name != "tier" and (getattr(self, name) is not None or getattr(other, name) is not None)
        }
        return Usage(tier=other.tier or self.tier, **known)


_FIELDS = tuple(field.name for field in fields(Usage))
_figures = attrgetter(*_FIELDS)


class Reason(enum.Enum):
    """Why an answer stopped."""

    DONE = "done"
    """The model had finished."""
    STOP_SEQUENCE = "stop_sequence"
    LENGTH = "length"
    """The limit of output tokens."""
    WINDOW = "window"
    """The model's context window is full."""
    TOOLS = "tools"
    """The model waits for the results of its tool calls."""
    REFUSED = "refused"
    """The model or the vendor's filter declined."""
    PAUSED = "paused"
    """A server-side tool loop paused; sending the answer back goes on."""
    OTHER = "other"
    """A word we do not know; `Stop.raw` has it."""


@frozen
class Stop:
    """Why an answer stopped, in our word and, in `raw`, the vendor's own.

    `sequence` is the stop sequence that matched, where known. `explanation` is a refusal's reason in words.
    """

    reason: Reason
    raw: str = ""
    sequence: str | None = None
    explanation: str | None = None
