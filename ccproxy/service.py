"""The only wiring: from settings to a service that serves."""

import errno
import secrets
from collections.abc import Callable
from typing import Any, NoReturn

from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from ccproxy.config.resolve import keyring, providers, routes
from ccproxy.config.settings import Settings
from ccproxy.demo import HOST, Demo
from ccproxy.dialects.anthropic.dialect import ANTHROPIC
from ccproxy.dialects.openai_chat.dialect import OPENAI_CHAT
from ccproxy.dialects.registry import DIALECTS
from ccproxy.exchange.calibration import Calibration
from ccproxy.exchange.call import Call
from ccproxy.exchange.dispatch import Dispatch
from ccproxy.exchange.meter import Record
from ccproxy.exchange.relay import Outcome
from ccproxy.exchange.running import Running
from ccproxy.log import FORMS, fields
from ccproxy.tokens.factors import Factors
from ccproxy.tokens.ruler import ESTIMATE, Ruler
from ccproxy.upstream.client import Client, Deadlines
from ccproxy.upstream.endpoints import Endpoints
from ccproxy.upstream.pool import Pool
from ccproxy.web.counting import Counting, Counts
from ccproxy.web.endpoint import Endpoint
from ccproxy.web.models import Models
from ccproxy.web.root import FRONTS, make_root
from ccproxy.web.site import BoundedSite
from ccproxy.web.status import Health, LastResults, Status

BACKLOG = 2048
"""Connections the kernel queues. With Twisted's default of 50, 512 at once waited 16 s and more (measured)."""

DRAIN_SECONDS = 10.0
"""How long running exchanges may go on when the daemon stops."""

log = Logger()


def make_service(settings: Settings, reactor: Any, ruler: Ruler = ESTIMATE) -> MultiService:
    """Everything that runs, not yet started. `ruler` counts tokens where no upstream does."""
    top = MultiService()
    demo = Demo(reactor)
    if settings.demo:
        demo.setServiceParent(top)
    deadlines = _deadlines(settings)
    pool = Pool(reactor, Endpoints(reactor, deadlines.connect, inside={HOST: demo.endpoint}))
    client = Client(pool, reactor, deadlines)
    running = Running()
    results = LastResults(tuple(providers(settings)), reactor)
    factors = Factors()
    observers = [results.observe, Calibration(ruler.measure, factors, reactor).observe]
    if settings.log:
        observers.append(log_exchange)

    def observe(call: Call, record: Record) -> None:
        for observer in observers:
            observer(call, record)

    def in_thread(work: Callable[[], Any]) -> Deferred[Any]:
        return deferToThreadPool(reactor, reactor.getThreadPool(), work)

    ways = routes(settings)
    dispatch = Dispatch(DIALECTS, ways, client, reactor, deadlines, running, observe)
    counts = Counts(DIALECTS, ways, client, ruler, factors, reactor, in_thread)
    keys = keyring(settings)
    limit = settings.performance.max_request_body_size
    root = make_root(
        fronts={name: Endpoint(DIALECTS[name], keys, dispatch, limit, new_id) for name in FRONTS},
        counting=Counting(ANTHROPIC, keys, counts, limit, new_id),
        models=Models(keys, providers(settings), ways, ANTHROPIC, OPENAI_CHAT, new_id),
        health=Health(keys, running, results, reactor),
        status=Status(keys, running, results, reactor),
        fallback=ANTHROPIC,
        new_id=new_id,
    )
    site = BoundedSite(root, reactor, limit, new_id)
    for description in settings.listen:
        Listener(reactor, description, site).setServiceParent(top)
    Drain(reactor, running, pool.close).setServiceParent(top)
    return top


def new_id() -> str:
    """The name of an exchange: unique, and told to nobody beforehand."""
    return f"req_{secrets.token_hex(12)}"


def log_exchange(_call: Call, record: Record) -> None:
    """One line for each exchange."""
    level = LogLevel.info if record.outcome in (Outcome.FINISHED, Outcome.ABANDONED) else LogLevel.warn
    log.emit(level, FORMS[record.outcome], **fields(record))


def _deadlines(settings: Settings) -> Deadlines:
    performance = settings.performance
    return Deadlines(
        connect=performance.connect_timeout,
        first_byte=performance.first_byte_timeout,
        stall=performance.stall_timeout,
        total=performance.request_timeout,
        commit_grace=performance.commit_grace,
    )


def _with_backlog(description: str) -> str:
    long = description.startswith(("tcp:", "tcp6:", "ssl:")) and "backlog=" not in description
    return f"{description}:backlog={BACKLOG}" if long else description


class CannotListen(Exception):
    """A socket cannot be had. `str()` says which, and why."""


class Listener(Service):
    """Listens at one endpoint string. A socket that cannot be had stops the start: such a daemon would help nobody."""

    def __init__(self, reactor: Any, description: str, site: BoundedSite) -> None:
        self._reactor = reactor
        self._description = description
        self._site = site
        self.port: IListeningPort | None = None
        """Where it listens; None before the start and after the stop."""

    def privilegedStartService(self) -> None:
        """Listen while still root, for ports below 1024."""
        super().privilegedStartService()
        self._listen()

    def startService(self) -> None:
        super().startService()
        self._listen()

    def _listen(self) -> None:
        if self.port is not None:
            return
        outcome: list[IListeningPort | Failure] = []
        try:
            # Twisted's endpoints answer at once; an exception inside a Deferred would not stop the start.
            serverFromString(self._reactor, _with_backlog(self._description)).listen(self._site).addBoth(outcome.append)
        except (LookupError, TypeError, ValueError) as error:
            self._give_up(f"there is no such endpoint or inherited socket ({error})")
        for result in outcome:
            if isinstance(result, Failure):
                self._give_up(getattr(result.value, "socketError", result.value))
            self.port = result

    def _give_up(self, reason: object) -> NoReturn:
        taken = isinstance(reason, OSError) and reason.errno == errno.EADDRINUSE
        cure = "; stop what listens there, or choose another port (--port, CCPROXY_PORT)" if taken else ""
        message = f"ccproxy cannot listen at {self._description}: {reason}{cure}"
        log.critical("{message}", message=message)
        raise CannotListen(message)

    def stopService(self) -> Deferred[None]:
        super().stopService()
        port, self.port = self.port, None
        return succeed(None) if port is None else port.stopListening() or succeed(None)


class Drain(Service):
    """Lets running exchanges finish when the daemon stops, for a while, and then closes what is left open."""

    def __init__(self, clock: Any, running: Running, close: Callable[[], None]) -> None:
        self._clock = clock
        self._running = running
        self._close = close

    def stopService(self) -> Deferred[None]:
        super().stopService()
        return Deferred.fromCoroutine(self._drain())

    async def _drain(self) -> None:
        if len(self._running):
            log.info("waiting for {running} exchanges to finish", running=len(self._running))
        empty = self._running.when_empty().addTimeout(DRAIN_SECONDS, self._clock, onTimeoutCancel=_given_up)
        await empty
        self._close()


def _given_up(result: object, seconds: float) -> None:
    log.warn("exchanges still run after {seconds} s; they are cut off", seconds=seconds)
