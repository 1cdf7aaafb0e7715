"""`GET /health` for machines and `GET /status` for people: whether we serve, and what we did.

Everyone may know that we are well. How we are configured and what our providers answered is for whoever may use them,
and for this machine.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.web.resource import Resource
from twisted.web.server import Request

import ccproxy
from ccproxy.access.principals import Keyring
from ccproxy.exchange.call import Call
from ccproxy.exchange.record import Record
from ccproxy.exchange.running import Running
from ccproxy.headers import redact
from ccproxy.web.answers import page, peer_address, request_headers


class LastResults:
    """What each provider answered last. It observes records."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._last: dict[str, tuple[float, str]] = {}

    def know(self, providers: Iterable[str]) -> None:
        """From now on there are these providers. What one of them answered last is remembered."""
        self._last = {name: self._last.get(name, (0.0, "")) for name in providers}

    @property
    def names(self) -> tuple[str, ...]:
        """The providers there are."""
        return tuple(self._last)

    def observe(self, _call: Call, record: Record) -> None:
        for attempt in record.attempts:
            provider = attempt.target.partition(",")[0]
            if provider in self._last:
                result = (
                    "ok" if attempt.error is None else f"{attempt.error.kind.value}: {redact(attempt.error.message)}"
                )
                self._last[provider] = (self._clock.seconds(), result)

    def counts(self) -> dict[str, int]:
        """How many providers there are, and how many did not fail when last asked."""
        healthy = sum(1 for _, result in self._last.values() if result in ("", "ok"))
        return {"total": len(self._last), "healthy": healthy}

    def details(self) -> list[dict[str, Any]]:
        now = self._clock.seconds()
        return [
            {
                "name": name,
                "last_result": result or "not asked yet",
                "seconds_ago": round(now - at, 1) if result else None,
            }
            for name, (at, result) in self._last.items()
        ]


class _Page(Resource):
    """A page that shows more to whoever may see it."""

    isLeaf = True

    def __init__(self, keyring: Keyring, results: LastResults) -> None:
        super().__init__()
        self._keyring = keyring
        self._results = results

    def render_GET(self, request: Request) -> bytes:
        trusted = self._keyring.may_see_details(request_headers(request), peer_address(request))
        return page(request, self._content(trusted))

    def _content(self, trusted: bool) -> Mapping[str, Any]:
        raise NotImplementedError


class Health(_Page):
    """`GET /health`: for load balancers, containers and scripts."""

    def _content(self, trusted: bool) -> Mapping[str, Any]:
        content: dict[str, Any] = {"status": "healthy", "providers": self._results.counts()}
        if trusted:
            content["providers"] |= {"details": self._results.details()}
        return content


class Status(_Page):
    """`GET /status`: for people. `uptime` tells seconds; `more` all that is for whoever administers us alone."""

    def __init__(
        self,
        keyring: Keyring,
        results: LastResults,
        running: Running,
        uptime: Callable[[], float],
        more: Callable[[], Mapping[str, Any]],
    ) -> None:
        super().__init__(keyring, results)
        self._running = running
        self._uptime = uptime
        self._more = more

    def details(self) -> Mapping[str, Any]:
        """All that it shows to whoever may see it."""
        return self._content(trusted=True)

    def _content(self, trusted: bool) -> Mapping[str, Any]:
        content: dict[str, Any] = {
            "status": "healthy",
            "version": ccproxy.__version__,
            "uptime_seconds": round(self._uptime(), 1),
            "exchanges": {"served": self._running.served, "running": len(self._running)},
        }
        if trusted:
            content |= {"pid": os.getpid(), "providers": self._results.details(), **self._more()}
        return content
