"""What one configuration makes of us: made anew for the next one, and never changed.

To take over a configuration is to hand the site another front: exchanges that run keep the one they began in.
"""

from functools import cache
from random import getrandbits
from time import time_ns
from typing import Any

from attrs import asdict, frozen
from twisted.logger import Logger
from twisted.web.resource import IResource

from ccproxy.access.principals import Keyring
from ccproxy.config.admission import keyring, proxies
from ccproxy.config.resolve import providers, routes, rules_of
from ccproxy.config.settings import Settings
from ccproxy.config.summary import doubts, plain
from ccproxy.daemon.administration import Administration
from ccproxy.daemon.reload import Reload
from ccproxy.dialects.anthropic.dialect import ANTHROPIC
from ccproxy.dialects.openai_chat.dialect import OPENAI_CHAT
from ccproxy.dialects.openai_responses.dialect import OPENAI_RESPONSES
from ccproxy.dialects.registry import DIALECTS
from ccproxy.dispatching import deadlines_of, make_dispatch, witnessing
from ccproxy.exchange.kept import Recalling
from ccproxy.lasting import Lasting
from ccproxy.ledger.prices import Prices
from ccproxy.routing.strategies import Ordering
from ccproxy.upstream.client import Client
from ccproxy.upstream.names import Names
from ccproxy.web.counters import Ours, Theirs
from ccproxy.web.counting import Counting, Counts
from ccproxy.web.dashboard.page import Dashboard, Shown
from ccproxy.web.dashboard.visits import PATH as DASHBOARD
from ccproxy.web.door import Door
from ccproxy.web.endpoint import Endpoint
from ccproxy.web.exchange import PATH as EXCHANGE
from ccproxy.web.exchange import Known, OneExchange
from ccproxy.web.live import Exchanges, Live
from ccproxy.web.metrics import Metrics
from ccproxy.web.models import Models
from ccproxy.web.origins import Origins
from ccproxy.web.providers import Providers
from ccproxy.web.reach import Reach
from ccproxy.web.reload import ReloadPage
from ccproxy.web.root import FRONTS, ForClients, make_root
from ccproxy.web.sessions import PATH as SESSIONS
from ccproxy.web.sessions import SessionPage
from ccproxy.web.status import Health, Status

log = Logger()


@frozen
class Front:
    """What one configuration makes of us: all that a site needs to answer."""

    root: IResource
    body_limit: int


def make_front(
    settings: Settings, lasting: Lasting, reload: Reload | None = None, administration: Administration | None = None
) -> Front:
    """The front of one configuration, which can be read again and changed by these two."""
    for provider in providers(settings).values():
        DIALECTS.get(provider.dialect)  # It is loaded now, and not while somebody waits.
    prices = Prices.configured(settings.prices)
    ways = routes(settings, Ordering(lasting.memory, prices.cost), rules_of(settings, _complain))
    client = Client(lasting.pool, lasting.reactor, deadlines_of(settings), lasting.credentials)
    dispatch = make_dispatch(settings, lasting, ways, client, prices.cost)
    counts = Counts(
        ways,
        Theirs(DIALECTS, client, lasting.reactor),
        Ours(lasting.ruler, lasting.in_thread),
        lasting.factors,
        lasting.reactor,
        witnessing(settings, lasting, if_sent=True),
    )
    keys = keyring(settings)
    door = Door(keys, proxies(settings), lasting.in_thread, lasting.visits.present)
    status = _status(lasting, keys, reload)
    limit = settings.performance.max_request_body_size
    serving = dict.fromkeys(FRONTS, dispatch) | {OPENAI_RESPONSES.name: Recalling(dispatch, lasting.kept)}
    for_clients = ForClients(
        {name: Endpoint(DIALECTS[name], keys, serving[name], limit, new_id) for name in FRONTS},
        Counting(ANTHROPIC, keys, counts, limit, new_id),
        Counting(OPENAI_RESPONSES, keys, Recalling(counts, lasting.kept), limit, new_id),
        Models(keys, providers(settings), ways, ANTHROPIC, OPENAI_CHAT, new_id),
    )
    own = {
        "/health": Health(keys, lasting.results),
        "/status": status,
        **_administrative(settings, lasting, keys, reload, administration),
        **_observing(settings, lasting, keys, door, status),
    }
    root = make_root(for_clients, own, ANTHROPIC, new_id, door, Origins(settings.origins))
    return Front(root, limit)


def _status(lasting: Lasting, keys: Keyring, reload: Reload | None) -> Status:
    def more() -> dict[str, Any]:
        return {
            "configuration": known_of(reload),
            "failover": lasting.fitness.details(),
            "latencies": lasting.latencies.details(),
            "budgets": [one.shown() for one in lasting.purse.budgets.spendings(lasting.reactor.seconds())],
            "ledger": lasting.ledger.details(),
        }

    return Status(keys, lasting.results, lasting.running, lasting.uptime, more)


def _observing(settings: Settings, lasting: Lasting, keys: Keyring, door: Door, status: Status) -> dict[str, IResource]:
    """The pages that show what we do."""
    live = Live(keys, ANTHROPIC, new_id, lasting.feed, lasting.reactor)
    known = Known(lasting.feed, lasting.ledger, lasting.spool)
    shown = Shown(
        known,
        status.details,
        lasting.trends.details,
        lambda: plain(settings),
        cache(lambda: tuple(doubts(settings))),
        lasting.reactor,
    )
    dashboard = Dashboard(keys, door, lasting.visits, shown)
    pages: dict[str, IResource] = {
        "/exchanges": Exchanges(keys, ANTHROPIC, new_id, lasting.feed),
        "/exchanges/live": live,
        EXCHANGE: OneExchange(keys, ANTHROPIC, new_id, known),
        DASHBOARD: dashboard,
        f"{DASHBOARD}/": dashboard,
        f"{DASHBOARD}/live": live,
        SESSIONS: SessionPage(keys, ANTHROPIC, new_id, lasting.sessions),
    }
    if settings.metrics.enabled:
        pages["/metrics"] = Metrics(keys, ANTHROPIC, new_id, lasting.families)
    return pages


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


def known_of(reload: Reload | None) -> dict[str, Any]:
    """What the status page says of the configuration."""
    last = None if reload is None else reload.last
    return {
        "file": "" if reload is None else reload.file,
        "reloads": 0 if last is None else last.number,
        "last_reload": None if last is None else asdict(last),
    }


def new_id() -> str:
    """The name of an exchange. It is unique, which is all that it must be; asking the kernel for a secret takes longer.
    Names follow time, by the millisecond: where they do not, a ledger's index is written all over (measured: half of
    what a record costs it)."""
    return f"req_{time_ns() >> 20:011x}{getrandbits(52):013x}"
