"""`GET /metrics`: for Prometheus."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

import ccproxy
from ccproxy.access.budgets import Spending
from ccproxy.access.principals import Keyring
from ccproxy.captures.spool import Spool
from ccproxy.dialects.dialect import Dialect
from ccproxy.ledger.ledger import Ledger
from ccproxy.metrics.families import CONTENT_TYPE, Family, Reading, text
from ccproxy.web.live import Guarded
from ccproxy.web.site import NewId

Families = Callable[[], Iterable[Family]]


class Metrics(Guarded):
    """For whoever administers us, and for this machine."""

    def __init__(self, keyring: Keyring, dialect: Dialect, new_id: NewId, families: Families) -> None:
        super().__init__(keyring, dialect, new_id)
        self._page = OpenMetrics(families)

    def show(self, request: Request) -> bytes:
        return self._page.render_GET(request)


class OpenMetrics(Resource):
    """For whoever comes to an endpoint of its own."""

    isLeaf = True

    def __init__(self, families: Families) -> None:
        super().__init__()
        self._families = families

    def render_GET(self, request: Request) -> bytes:
        request.setHeader("content-type", CONTENT_TYPE)
        request.setHeader("cache-control", "no-store")
        return text(self._families())


class Only(Resource):
    """One page at one path, and nothing else."""

    isLeaf = True

    def __init__(self, path: str, page: IResource) -> None:
        super().__init__()
        self._path = path.encode()
        self._page = page

    def render(self, request: Request) -> Any:
        if request.path == self._path and request.method in (b"GET", b"HEAD"):
            return self._page.render(request)
        request.setResponseCode(404)
        request.setHeader("content-type", "text/plain")
        return b"only /metrics is here\n"


def standing(running: int, ledger: Ledger, idle: dict[str, int], opened: int) -> Iterator[Family]:
    """What is so now, of the daemon as a whole."""
    yield Reading("ccproxy_info", "Which ccproxy this is.", {(ccproxy.__version__,): 1}, ("version",))
    yield Reading("ccproxy_exchanges_running", "Exchanges that run now.", running)
    connections = {(origin,): float(count) for origin, count in idle.items()}
    yield Reading("ccproxy_pool_idle_connections", "Connections kept for the next request.", connections, ("origin",))
    yield Reading("ccproxy_pool_opened_total", "Connections opened to upstreams.", opened, kind="counter")
    yield Reading("ccproxy_ledger_queue", "Records that wait to be written to the ledger.", ledger.waiting)
    yield Reading("ccproxy_ledger_written_total", "Records written to the ledger.", ledger.written, kind="counter")
    yield Reading("ccproxy_ledger_lost_total", "Records that were lost.", ledger.lost, kind="counter")
    yield Reading("ccproxy_ledger_trouble", "Whether the ledger could not be written last time.", ledger.trouble)


def of_captures(spool: Spool) -> Iterator[Family]:
    """What is kept word for word."""
    yield Reading("ccproxy_capture_bytes", "Bytes of all captures.", spool.size)
    yield Reading("ccproxy_capture_queue_bytes", "Bytes that wait to be written to captures.", spool.waiting)
    yield Reading("ccproxy_captures_lost_total", "Captures that were lost.", spool.lost, kind="counter")


def of_fitness(details: dict[str, Any]) -> Iterator[Family]:
    """Breakers that are not closed, keys that cool down, and places, as `exchange.fitness` tells them."""
    breakers = {(one["target"], one["state"]): 1.0 for one in details["breakers"]}
    yield Reading("ccproxy_breaker_state", "Breakers that are not closed.", breakers, ("target", "state"))
    cooling: dict[tuple[str, ...], float] = {}
    for one in details["cooling_keys"]:
        cooling[one["target"],] = cooling.get((one["target"],), 0.0) + 1
    yield Reading("ccproxy_keys_cooling", "Keys that are left alone for a while.", cooling, ("target",))
    places = details["concurrency"]
    running = {(name,): float(one["running"]) for name, one in places.items()}
    waiting = {(name,): float(one["waiting"]) for name, one in places.items()}
    yield Reading("ccproxy_provider_running", "Exchanges that have a place at a provider.", running, ("provider",))
    yield Reading("ccproxy_provider_waiting", "Exchanges that wait for one.", waiting, ("provider",))


def of_budgets(spendings: Iterable[Spending]) -> Iterator[Family]:
    """Which part of each budget is spent."""
    parts: dict[tuple[str, ...], float] = {}
    for one in spendings:
        key = (one.client, one.budget.period.value)
        parts[key] = max(parts.get(key, 0.0), one.part)
    yield Reading("ccproxy_budget_spent_ratio", "The part of a budget that is spent.", parts, ("client", "period"))
