"""The only wiring: from settings to a service that serves.

Two kinds of things are made here. What is *lasting* is made once and outlives every configuration: connections, what
runs, what was learned. A *front* is all that follows from one configuration; it is made anew for the next one and never
changed. To take over a configuration is to hand the site another front: exchanges that run keep the one they began in.
"""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from attrs import asdict, field, frozen
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger, LogLevel
from twisted.web.resource import IResource

from ccproxy.access.budgets import Budgets
from ccproxy.access.limits import Admission
from ccproxy.access.principals import Keyring
from ccproxy.config.resolve import budgets, keyring, limits, providers, proxies, routes, rules_of
from ccproxy.config.settings import LedgerSettings, Settings, TracingSettings
from ccproxy.config.source import Source
from ccproxy.config.summary import doubts, plain
from ccproxy.daemon.administration import Administration
from ccproxy.daemon.drain import Drain
from ccproxy.daemon.inherited import Inheriting, extra, given
from ccproxy.daemon.listening import Sockets
from ccproxy.daemon.notify import Herald, Supervisor
from ccproxy.daemon.reload import Reload, Told, Watch
from ccproxy.demo import HOST, Demo
from ccproxy.dialects.anthropic.dialect import ANTHROPIC
from ccproxy.dialects.dialect import Outgoing
from ccproxy.dialects.openai_chat.dialect import OPENAI_CHAT
from ccproxy.dialects.registry import DIALECTS
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.cache import NO_CACHE, Cache
from ccproxy.exchange.calibration import Calibration
from ccproxy.exchange.call import Call
from ccproxy.exchange.dispatch import Dispatch
from ccproxy.exchange.experience import Experience
from ccproxy.exchange.feed import Feed
from ccproxy.exchange.fitness import Fitness
from ccproxy.exchange.hooks import NO_HOOKS, Hook, Hooks
from ccproxy.exchange.meter import Record
from ccproxy.exchange.relay import Outcome
from ccproxy.exchange.running import Running
from ccproxy.exchange.sessions import Sessions
from ccproxy.exchange.threads import Threads
from ccproxy.exchange.tries import Bounds
from ccproxy.exchange.turnstile import Turnstile
from ccproxy.ledger.database import LedgerError, database
from ccproxy.ledger.ledger import Keeping, Ledger
from ccproxy.ledger.pool import Connections
from ccproxy.ledger.prices import Prices
from ccproxy.ledger.spending import Purse
from ccproxy.log import FORMS, fields
from ccproxy.metrics import process
from ccproxy.metrics.exchanges import Exchanges as Counted
from ccproxy.metrics.exporter import Exporter, Send
from ccproxy.metrics.families import Family
from ccproxy.metrics.latencies import Latencies
from ccproxy.metrics.process import Lag
from ccproxy.metrics.trends import Trends
from ccproxy.providers.target import Target
from ccproxy.providers.wayout import BadProxy, WayOut
from ccproxy.routing.memory import Memory
from ccproxy.routing.strategies import Ordering
from ccproxy.tokens.factors import Factors
from ccproxy.tokens.ruler import ESTIMATE, Ruler
from ccproxy.upstream.client import Client, Deadlines
from ccproxy.upstream.credentials import Credentials
from ccproxy.upstream.endpoints import Endpoints
from ccproxy.upstream.names import Names
from ccproxy.upstream.pool import Pool
from ccproxy.web.counting import Counting, Counts
from ccproxy.web.dashboard.page import Dashboard, Shown
from ccproxy.web.dashboard.visits import PATH as DASHBOARD
from ccproxy.web.dashboard.visits import Visits
from ccproxy.web.door import Door
from ccproxy.web.endpoint import Endpoint
from ccproxy.web.live import Exchanges, Live
from ccproxy.web.metrics import Metrics, Only, OpenMetrics, of_budgets, of_fitness, standing
from ccproxy.web.models import Models
from ccproxy.web.providers import Providers, Reach
from ccproxy.web.reload import ReloadPage
from ccproxy.web.root import FRONTS, make_root
from ccproxy.web.sessions import PATH as SESSIONS
from ccproxy.web.sessions import SessionPage
from ccproxy.web.site import BoundedSite
from ccproxy.web.status import Health, LastResults, Status
from ccproxy.wire.tracecontext import traced, untraced

log = Logger()


@frozen
class Configuration:
    """Where the settings come from, for a daemon that can read them again: `adopted` hears of new ones that were taken
    over, `told` of every try."""

    source: Source
    adopted: Callable[[Settings], None] = lambda _: None
    told: Told = field(factory=Told)


@frozen
class Lasting:
    """What outlives a configuration. `ruler` counts tokens where no upstream does."""

    reactor: Any
    started: float
    ruler: Ruler
    demo: Demo
    endpoints: Endpoints
    pool: Pool
    running: Running
    feed: Feed
    sessions: Sessions
    ledger: Ledger
    fitness: Fitness
    purse: Purse
    counted: Counted
    latencies: Latencies
    trends: Trends
    visits: Visits
    lag: Lag
    exporter: Exporter
    results: LastResults
    factors: Factors
    calibration: Calibration
    memory: Memory
    admission: Admission
    credentials: Credentials
    environ: Mapping[str, str]

    @classmethod
    def make(cls, reactor: Any, ruler: Ruler, environ: Mapping[str, str] | None = None) -> "Lasting":
        """All of it, before any configuration."""
        demo = Demo(reactor)
        endpoints = Endpoints(reactor, Deadlines().connect, inside={HOST: demo.endpoint})
        factors = Factors()
        running = Running()
        ledger = Ledger(lambda database: Connections(database, reactor), reactor)
        return cls(
            reactor=reactor,
            started=reactor.seconds(),
            ruler=ruler,
            demo=demo,
            endpoints=endpoints,
            pool=Pool(reactor, endpoints),
            running=running,
            feed=Feed(running, reactor),
            sessions=Sessions(),
            ledger=ledger,
            fitness=Fitness(reactor),
            purse=Purse(Budgets(), ledger, reactor),
            counted=Counted(),
            latencies=Latencies(),
            trends=Trends(reactor.seconds),
            visits=Visits(reactor.seconds),
            lag=Lag(reactor),
            exporter=Exporter(reactor),
            results=LastResults(reactor),
            factors=factors,
            calibration=Calibration(ruler.measure, factors, reactor),
            memory=Memory(),
            admission=Admission(),
            credentials=Credentials(reactor, environ),
            environ=environ or {},
        )

    def adopt(self, settings: Settings, top: MultiService) -> None:
        """What of it follows a configuration. Never fails."""
        self.endpoints.within(settings.performance.connect_timeout)
        self.endpoints.through(self._way_out(settings))
        self.fitness.adopt(settings.failover, settings.providers)
        self.results.know(providers(settings))
        self.credentials.forget()
        self.admission.per_address = limits(settings.per_address)
        open_ledger(self.ledger, settings.ledger)
        self.purse.follow(budgets(settings))
        self.exporter.follow(collector(settings.tracing, self), settings.tracing.service, settings.tracing.share)
        if settings.demo and self.demo.parent is None:
            self.demo.setServiceParent(top)

    def _way_out(self, settings: Settings) -> WayOut:
        try:
            return WayOut.of(settings.proxy_url.reveal(), settings.no_proxy, self.environ)
        except BadProxy as error:
            log.error("HTTPS_PROXY is not used: expected {expected}", expected=str(error))
            return WayOut()

    async def close(self) -> None:
        """Let go of all of it, when nothing runs any more."""
        await self.exporter.close()
        self.pool.close()
        self.purse.close()
        await self.ledger.close()

    def uptime(self) -> float:
        """Seconds since the start."""
        return float(self.reactor.seconds()) - self.started

    def families(self) -> Iterator[Family]:
        """All that Prometheus may read."""
        yield from standing(len(self.running), self.ledger, self.pool.idle(), self.pool.opened)
        yield from self.counted.families()
        yield from of_fitness(self.fitness.details())
        yield from of_budgets(self.purse.budgets.spendings(self.reactor.seconds()))
        yield from self.lag.families()
        yield from process.families(self.started)

    def in_thread(self, work: Callable[[], Any]) -> Deferred[Any]:
        """Runs what would keep the reactor waiting."""
        return deferToThreadPool(self.reactor, self.reactor.getThreadPool(), work)


def _hooks(settings: Settings, reactor: Any, target: Callable[[str], Target]) -> Hooks:
    """The operator's own functions, at their points."""
    extensions = settings.extensions
    made = [
        Hook.of(one.hook, one.on, extensions.directory, one.parameters, one.timeout, one.reactor, one.required)
        for one in extensions.hooks
        if one.enabled
    ]
    return Hooks(made, reactor, Threads(reactor).run, target) if made else NO_HOOKS


def _complain(complaint: str) -> None:
    log.error("{complaint}", complaint=complaint)


def _administrative(
    settings: Settings,
    lasting: Lasting,
    keys: Keyring,
    reload: Reload | None,
    administration: Administration | None,
) -> dict[str, IResource]:
    """The pages that change us; none where nothing can be changed, or nobody may."""
    if reload is None or administration is None or not settings.administration.enabled:
        return {}
    reach = Reach(Names(lasting.reactor).addresses, settings.administration.any_address)
    page = Providers(keys, settings, administration, reach, ANTHROPIC, new_id)
    return {"/reload": ReloadPage(keys, reload.now, ANTHROPIC, new_id), "/providers": page, "/providers/": page}


@frozen
class Front:
    """What one configuration makes of us: all that a site needs to answer."""

    root: IResource
    body_limit: int


def make_front(
    settings: Settings, lasting: Lasting, reload: Reload | None = None, administration: Administration | None = None
) -> Front:
    """The front of one configuration, which can be read again and changed by these two."""
    reactor = lasting.reactor
    deadlines = _deadlines(settings)
    client = Client(lasting.pool, reactor, deadlines, lasting.credentials)
    observers = [lasting.results.observe, lasting.feed.observe, lasting.sessions.observe, lasting.calibration.observe]
    observers += [lasting.ledger.observe, lasting.purse.observe, lasting.counted.observe, lasting.latencies.observe]
    observers += [lasting.trends.observe, lasting.exporter.observe, Experience(lasting.memory, reactor).observe]
    if settings.log:
        observers.append(log_exchange)

    def observe(call: Call, record: Record) -> None:
        for observer in observers:
            observer(call, record)

    prices = Prices.configured(settings.prices)
    ways = routes(settings, Ordering(lasting.memory, prices.cost), rules_of(settings, _complain))
    hooks = _hooks(settings, reactor, lambda name: ways.named(name).targets[0])
    turnstile = Turnstile(lasting.admission, reactor, lasting.purse.budgets)
    bounds = Bounds(settings.failover.max_attempts, settings.failover.max_time)
    dispatch = Dispatch(
        DIALECTS,
        ways,
        client,
        reactor,
        deadlines,
        lasting.running,
        observe,
        turnstile=turnstile,
        cost=prices.cost,
        fitness=lasting.fitness,
        bounds=bounds,
        hooks=hooks,
        cache=Cache(settings.cache.ttl, settings.cache.max_size) if settings.cache.enabled else NO_CACHE,
        traced=traced(settings.tracing.share) if settings.tracing.endpoint else untraced,
    )
    counts = Counts(DIALECTS, ways, client, lasting.ruler, lasting.factors, reactor, lasting.in_thread)
    keys = keyring(settings)
    door = Door(keys, proxies(settings), lasting.in_thread, lasting.visits.present)
    status = Status(
        keys,
        lasting.results,
        lasting.running,
        lasting.uptime,
        lambda: known_of(reload),
        lasting.fitness.details,
        lasting.latencies.details,
        lambda: [one.shown() for one in lasting.purse.budgets.spendings(reactor.seconds())],
    )
    live = Live(keys, ANTHROPIC, new_id, lasting.feed, reactor)
    shown = Shown(
        lasting.feed,
        lasting.ledger,
        status.details,
        lasting.trends.details,
        lambda: plain(settings),
        cache(lambda: tuple(doubts(settings))),
        reactor,
    )
    dashboard = Dashboard(keys, door, lasting.visits, shown)
    limit = settings.performance.max_request_body_size
    root = make_root(
        fronts={name: Endpoint(DIALECTS[name], keys, dispatch, limit, new_id) for name in FRONTS},
        counting=Counting(ANTHROPIC, keys, counts, limit, new_id),
        models=Models(keys, providers(settings), ways, ANTHROPIC, OPENAI_CHAT, new_id),
        health=Health(keys, lasting.results),
        status=status,
        fallback=ANTHROPIC,
        new_id=new_id,
        own={
            **_administrative(settings, lasting, keys, reload, administration),
            **({"/metrics": Metrics(keys, ANTHROPIC, new_id, lasting.families)} if settings.metrics.enabled else {}),
            "/exchanges": Exchanges(keys, ANTHROPIC, new_id, lasting.feed),
            "/exchanges/live": live,
            DASHBOARD: dashboard,
            f"{DASHBOARD}/": dashboard,
            f"{DASHBOARD}/live": live,
            SESSIONS: SessionPage(keys, ANTHROPIC, new_id, lasting.sessions),
        },
        door=door,
    )
    return Front(root, limit)


def make_service(
    settings: Settings,
    reactor: Any,
    ruler: Ruler = ESTIMATE,
    configuration: Configuration | None = None,
    environ: Mapping[str, str] | None = None,
) -> MultiService:
    """Everything that runs, not yet started. With a `configuration` new settings can be taken over. A service manager
    that started us is named in `environ`, as are the sockets that it hands us."""
    top = MultiService()
    lasting = Lasting.make(reactor, ruler, environ)
    reload = administration = None
    if configuration is not None:
        reload = Reload(
            reactor,
            configuration.source.read,
            lambda new: adopt(new),
            configuration.told,
            configuration.source.path or "",
        )
        reload.setServiceParent(top)
        administration = Administration(configuration.source, reload)
    lasting.adopt(settings, top)
    front = make_front(settings, lasting, reload, administration)
    site = BoundedSite(front.root, reactor, front.body_limit, new_id)
    inherited = given(environ or {})
    sockets = Sockets(Inheriting(reactor, inherited), site, settings.listen + extra(inherited, settings.listen))
    sockets.setServiceParent(top)
    watching = MultiService()
    watching.setServiceParent(top)
    lasting.lag.setServiceParent(watching)
    measured = BoundedSite(Only("/metrics", OpenMetrics(lasting.families)), reactor, 0, new_id)
    for_metrics = Sockets(reactor, measured, _metrics_at(settings))
    for_metrics.setServiceParent(watching)
    drain = Drain(reactor, lasting.running, site.hang_up, lasting.close, settings.shutdown_timeout)
    drain.setServiceParent(top)
    if (supervisor := Supervisor.of(environ or {}, os.getpid())) is not None:
        herald = Herald(
            reactor,
            supervisor,
            lambda: serving(lasting.results.names, lasting.running, sockets),
        )
        herald.setServiceParent(top)
        if configuration is not None:
            configuration.told.also(herald.reloading, herald.reloaded)
    if configuration is None or reload is None:
        return top
    watch = Watch(reactor, configuration.source.path or "", reload.now, settings.reload_on_change)
    watch.setServiceParent(top)

    async def adopt(new: Settings) -> None:
        """Whatever may fail is done before anything is changed."""
        front = make_front(new, lasting, reload, administration)
        await sockets.listen(new.listen + extra(inherited, new.listen))
        await for_metrics.listen(_metrics_at(new))
        lasting.adopt(new, top)
        site.answer_from(front.root, front.body_limit)
        watch.want(new.reload_on_change)
        drain.within(new.shutdown_timeout)
        configuration.adopted(new)

    return top


def _metrics_at(settings: Settings) -> tuple[str, ...]:
    return settings.metrics.listen if settings.metrics.enabled else ()


NAMES_SHOWN = 5
"""Providers named in the line about us."""


def serving(names: Sequence[str], running: Running, sockets: Sockets) -> str:
    """The line about us that `systemctl status` shows."""
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    where = ", ".join(listener.description for listener in sockets.listeners)
    return f"serving {', '.join(names[:NAMES_SHOWN])}{more} at {where}; {len(running)} running, {running.served} served"


def known_of(reload: Reload | None) -> dict[str, Any]:
    """What the status page says of the configuration."""
    last = None if reload is None else reload.last
    return {
        "file": "" if reload is None else reload.file,
        "reloads": 0 if last is None else last.number,
        "last_reload": None if last is None else asdict(last),
    }


COLLECTOR_SECONDS = 5.0
"""How long a collector of traces may take, the last one included that a stopping daemon waits for."""


def collector(settings: TracingSettings, lasting: Lasting) -> Send | None:
    """What posts traces; None where there is nobody to take them."""
    if not settings.endpoint:
        return None
    deadlines = Deadlines(connect=COLLECTOR_SECONDS, first_byte=COLLECTOR_SECONDS)
    client = Client(lasting.pool, lasting.reactor, deadlines)
    target = Target("the collector of traces", "", "", settings.endpoint.rstrip("/"))
    headers = {name.lower(): value.reveal() for name, value in settings.headers.items()}

    async def post(body: bytes) -> None:
        response = await client.open(target, Outgoing("", body, {"content-type": "application/json", **headers}), {})
        await client.read_error(response)
        if response.code >= 300:
            raise ApiError(Kind.BROKEN, f"the collector of traces answered with status {response.code}")

    return lambda body: Deferred.fromCoroutine(post(body))


def open_ledger(ledger: Ledger, settings: LedgerSettings) -> None:
    """Keep records where the settings say. What is wrong with the place is told, and costs the records alone."""
    try:
        place = database(settings.database) if settings.database else None
    except LedgerError as error:
        log.error("nothing is kept of exchanges: {reason}", reason=str(error))
        place = None
    ledger.open(place, Keeping(settings.keep, settings.max_size or None))


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
