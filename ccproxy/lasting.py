"""What is made once and outlives every configuration: connections, what runs, what was learned, what is kept."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import frozen
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from ccproxy.access.budgets import Budgets
from ccproxy.access.limits import Admission
from ccproxy.captures.files import Keeping as CaptureKeeping
from ccproxy.captures.masks import Masks
from ccproxy.captures.spool import Spool
from ccproxy.config.admission import budgets, limits
from ccproxy.config.resolve import providers, way_out
from ccproxy.config.settings import LedgerSettings, Settings, TracingSettings
from ccproxy.config.summary import secrets_in
from ccproxy.daemon.probing import PROBE_SECONDS, Probes, asking
from ccproxy.demo import HOST, Demo
from ccproxy.dialects.dialect import Outgoing
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.calibration import Calibration
from ccproxy.exchange.feed import Feed
from ccproxy.exchange.fitness import Fitness
from ccproxy.exchange.kept import KeptResponses
from ccproxy.exchange.running import Running
from ccproxy.exchange.sessions import Sessions
from ccproxy.exchange.threads import Threads
from ccproxy.ledger.database import LedgerError, database
from ccproxy.ledger.ledger import Keeping, Ledger
from ccproxy.ledger.pool import Connections
from ccproxy.ledger.spending import Purse
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
from ccproxy.tokens.factors import Factors
from ccproxy.tokens.ruler import Ruler
from ccproxy.upstream.client import Client, Deadlines
from ccproxy.upstream.credentials import Credentials
from ccproxy.upstream.endpoints import Endpoints
from ccproxy.upstream.pool import Pool
from ccproxy.web.dashboard.visits import Visits
from ccproxy.web.metrics import of_budgets, of_captures, of_fitness, standing
from ccproxy.web.status import LastResults

log = Logger()


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
    kept: KeptResponses
    ledger: Ledger
    spool: Spool
    fitness: Fitness
    probes: Probes
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
    threads: Threads
    """For hooks: those that hang count for all configurations together."""
    credentials: Credentials
    environ: Mapping[str, str]

    @classmethod
    def make(cls, reactor: Any, ruler: Ruler, environ: Mapping[str, str] | None = None) -> "Lasting":
        """All of it, before any configuration."""
        demo = Demo(reactor)
        endpoints = Endpoints(reactor, Deadlines().connect, inside={HOST: demo.endpoint})
        factors = Factors()
        running = Running()
        fitness = Fitness(reactor)

        def in_pool(work: Callable[[], Any]) -> Deferred[Any]:
            return deferToThreadPool(reactor, reactor.getThreadPool(), work)

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
            kept=KeptResponses(reactor.seconds),
            ledger=ledger,
            spool=Spool(Threads(reactor).run, in_pool, reactor),
            fitness=fitness,
            probes=Probes(reactor, fitness.breakers),
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
            threads=Threads(reactor),
            credentials=Credentials(reactor, environ, Threads(reactor).run),
            environ=environ or {},
        )

    def adopt(self, settings: Settings, top: MultiService) -> None:
        """What of it follows a configuration. Never fails."""
        self.endpoints.within(settings.performance.connect_timeout)
        self.endpoints.through(self._way_out(settings))
        self.endpoints.leading(everywhere=settings.administration.any_address or not settings.administration.enabled)
        self.fitness.adopt(settings.failover, settings.providers)
        self.probes.follow(settings.failover.probe_every, asking(self._prober(), providers(settings)))
        self.kept.within(settings.responses.keep, settings.responses.max_size)
        self.results.know(providers(settings))
        self.credentials.forget()
        self.admission.per_address = limits(settings.per_address)
        open_ledger(self.ledger, settings.ledger)
        open_spool(self.spool, settings)
        self.purse.follow(budgets(settings))
        self.exporter.follow(collector(settings.tracing, self), settings.tracing.service, settings.tracing.share)
        if settings.demo and self.demo.parent is None:
            self.demo.setServiceParent(top)

    def _prober(self) -> Client:
        deadlines = Deadlines(connect=PROBE_SECONDS, first_byte=PROBE_SECONDS)
        return Client(self.pool, self.reactor, deadlines, self.credentials)

    def _way_out(self, settings: Settings) -> WayOut:
        try:
            return way_out(settings, self.environ)
        except BadProxy as error:
            log.error("HTTPS_PROXY is not used: expected {expected}", expected=str(error))
            return WayOut()

    async def close(self) -> None:
        """Let go of all of it, when nothing runs any more."""
        await self.exporter.close()
        self.pool.close()
        self.purse.close()
        await self.spool.close()
        await self.ledger.close()

    def uptime(self) -> float:
        """Seconds since the start."""
        return float(self.reactor.seconds()) - self.started

    def families(self) -> Iterator[Family]:
        """All that Prometheus may read."""
        yield from standing(len(self.running), self.ledger, self.pool.idle(), self.pool.opened)
        yield from of_captures(self.spool)
        yield from self.counted.families()
        yield from of_fitness(self.fitness.details())
        yield from of_budgets(self.purse.budgets.spendings(self.reactor.seconds()))
        yield from self.lag.families()
        yield from process.families(self.started)

    def in_thread(self, work: Callable[[], Any]) -> Deferred[Any]:
        """Runs what would keep the reactor waiting."""
        return deferToThreadPool(self.reactor, self.reactor.getThreadPool(), work)


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


INNOCENT = {"accept", "anthropic-beta", "anthropic-version", "content-type", "http-referer", "user-agent", "x-title"}
"""Headers that a provider may be given in the configuration, and that hold no key; any other may."""


def open_spool(spool: Spool, settings: Settings) -> None:
    """Keep captures as the settings say, and mask in them every key that stands in those."""
    capture = settings.capture
    keeping = CaptureKeeping(capture.keep, capture.max_size, capture.max_bytes)
    headers = {name.lower() for one in settings.providers for name in one.quirks.get("headers", {})}
    masks = Masks(secrets_in(settings), [*capture.redact, *sorted(headers - INNOCENT)])
    spool.follow(capture.directory, keeping, masks, capture.enabled)
    if capture.enabled and capture.directory:
        log.info(
            "prompts and answers are captured, for {hours:g} h, in {directory}",
            hours=capture.keep / 3600,
            directory=capture.directory,
        )
    elif capture.enabled:
        log.error("nothing is captured: nobody says where (`capture.directory`, or HOME)")
