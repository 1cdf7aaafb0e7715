"""How the exchanges of one configuration are dispatched, and who hears of them: the wiring of `exchange`."""

from collections.abc import Callable

from twisted.logger import Logger, LogLevel

from ccproxy.captures.capture import Capture
from ccproxy.config.settings import Settings
from ccproxy.dialects.registry import DIALECTS
from ccproxy.exchange.cache import NO_CACHE, Cache
from ccproxy.exchange.call import Call
from ccproxy.exchange.dispatch import Dispatch
from ccproxy.exchange.experience import Experience
from ccproxy.exchange.failover import Failover
from ccproxy.exchange.hook import Hook
from ccproxy.exchange.hooks import NO_HOOKS, Hooks
from ccproxy.exchange.meter import Cost
from ccproxy.exchange.onlookers import Onlookers
from ccproxy.exchange.opening import Opener
from ccproxy.exchange.question import Questions
from ccproxy.exchange.record import Outcome, Record
from ccproxy.exchange.tries import Bounds
from ccproxy.exchange.turnstile import Turnstile
from ccproxy.exchange.witness import Witnessing
from ccproxy.lasting import Lasting
from ccproxy.log import FORMS, fields
from ccproxy.providers.repairs import Remembered
from ccproxy.providers.target import Target
from ccproxy.routing.routes import Routes
from ccproxy.upstream.client import Client, Deadlines
from ccproxy.wire.tracecontext import traced, untraced

Observer = Callable[[Call, Record], None]

log = Logger()


def make_dispatch(settings: Settings, lasting: Lasting, ways: Routes, client: Client, cost: Cost) -> Dispatch:
    """What serves the exchanges, by these routes."""
    reactor, deadlines = lasting.reactor, deadlines_of(settings)
    hooks = _hooks(settings, lasting, lambda name: ways.named(name).targets[0])
    opener = Opener(
        Questions(DIALECTS, Remembered()),
        client,
        reactor,
        deadlines,
        hooks,
        traced(settings.tracing.share) if settings.tracing.endpoint else untraced,
    )
    bounds = Bounds(settings.failover.max_attempts, settings.failover.max_time)
    return Dispatch(
        Turnstile(lasting.running, lasting.admission, reactor, lasting.purse.budgets),
        ways,
        Failover(opener, lasting.fitness, bounds, reactor, deadlines.total),
        reactor,
        Onlookers(_observers(settings, lasting), cost, witnessing(settings, lasting)),
        hooks,
        Cache(settings.cache.ttl, settings.cache.max_size) if settings.cache.enabled else NO_CACHE,
    )


def deadlines_of(settings: Settings) -> Deadlines:
    """How long upstreams may take."""
    performance = settings.performance
    return Deadlines(
        connect=performance.connect_timeout,
        first_byte=performance.first_byte_timeout,
        stall=performance.stall_timeout,
        total=performance.request_timeout,
        commit_grace=performance.commit_grace,
    )


def witnessing(settings: Settings, lasting: Lasting, if_sent: bool = False) -> Witnessing | None:
    """What captures exchanges, where that is wanted: all, or those for which an upstream is asked."""
    wanted = settings.capture.enabled and settings.capture.directory
    return (lambda call: Capture(call, lasting.spool, if_sent)) if wanted else None


def _observers(settings: Settings, lasting: Lasting) -> Observer:
    """Whoever hears of each exchange when it is over."""
    return each_of(
        lasting.results.observe,
        lasting.feed.observe,
        lasting.sessions.observe,
        lasting.calibration.observe,
        lasting.ledger.observe,
        lasting.purse.observe,
        lasting.counted.observe,
        lasting.latencies.observe,
        lasting.trends.observe,
        lasting.exporter.observe,
        Experience(lasting.memory, lasting.reactor).observe,
        *([log_exchange] if settings.log else []),
    )


def each_of(*observers: Observer) -> Observer:
    """All of them, whatever becomes of one: a record that one cannot take is no reason to keep it from the others."""

    def observe(call: Call, record: Record) -> None:
        for observer in observers:
            try:
                observer(call, record)
            except Exception:
                log.failure("watching {exchange} failed: a fault of ours", exchange=record.id)

    return observe


def log_exchange(_call: Call, record: Record) -> None:
    """One line for each exchange."""
    level = LogLevel.info if record.outcome in (Outcome.FINISHED, Outcome.ABANDONED) else LogLevel.warn
    log.emit(level, FORMS[record.outcome], **fields(record))


def _hooks(settings: Settings, lasting: Lasting, target: Callable[[str], Target]) -> Hooks:
    """The operator's own functions, at their points."""
    extensions = settings.extensions
    made = [
        Hook.of(one.hook, one.on, extensions.directory, one.parameters, one.timeout, one.reactor, one.required)
        for one in extensions.hooks
        if one.enabled
    ]
    return Hooks(made, lasting.reactor, lasting.threads.run, target) if made else NO_HOOKS
