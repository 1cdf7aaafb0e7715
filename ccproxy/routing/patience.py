"""How long code of the operator's own is borne with: a breaker for each piece of it."""

FAILURES = 5
"""In a row. One more than a bad day has."""

REST_SECONDS = 60.0
"""How long it is left alone then, before it may try once more."""


class Patience:
    """Counts failures. After several in a row the code rests; one more failure after the rest, and it rests again."""

    def __init__(self) -> None:
        self._failures = 0
        self._until = 0.0

    def is_over(self, now: float) -> bool:
        """Whether the code is left alone now."""
        return now < self._until

    def good(self) -> None:
        """It did what it should."""
        self._failures = 0

    def bad(self, now: float) -> bool:
        """It failed, or took too long. True where it is left alone from now on."""
        self._failures += 1
        if self._failures < FAILURES:
            return False
        self._until = now + REST_SECONDS
        return True
