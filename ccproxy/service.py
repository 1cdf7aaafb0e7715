"""The only wiring, with `lasting` and `front` below: from settings to a service that serves.

Two kinds of things are made. What is *lasting* is made once and outlives every configuration. A *front* is all that
follows from one configuration. To take over another is to make its front, and to hand that to the site.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import field, frozen
from twisted.application.service import MultiService

from ccproxy.config.settings import Settings
from ccproxy.config.source import Source
from ccproxy.daemon.administration import Administration
from ccproxy.daemon.drain import Drain
from ccproxy.daemon.inherited import Inheriting, extra, given
from ccproxy.daemon.listening import CannotListen, Sockets
from ccproxy.daemon.notify import Herald, Supervisor
from ccproxy.daemon.reload import Reload, Told, Watch
from ccproxy.daemon.trimming import Trimming, malloc_trim
from ccproxy.exchange.running import Running
from ccproxy.front import make_front, new_id
from ccproxy.lasting import Lasting
from ccproxy.tokens.ruler import ESTIMATE, Ruler
from ccproxy.web.metrics import Only, OpenMetrics
from ccproxy.web.site import BoundedSite


@frozen
class Configuration:
    """Where the settings come from, for a daemon that can read them again: `adopted` hears of new ones that were taken
    over, `told` of every try."""

    source: Source
    adopted: Callable[[Settings], None] = lambda _: None
    told: Told = field(factory=Told)


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
        source = configuration.source
        reload = Reload(reactor, source.read, lambda new: adopt(new), configuration.told, source.path or "")
        reload.setServiceParent(top)
        administration = Administration(source, reload)
    lasting.adopt(settings, top)
    front = make_front(settings, lasting, reload, administration)
    site = BoundedSite(front.root, reactor, front.body_limit, new_id)
    inherited = given(environ or {})
    sockets = Sockets(Inheriting(reactor, inherited), site, settings.listen + extra(inherited, settings.listen))
    sockets.setServiceParent(top)
    watching = MultiService()
    watching.setServiceParent(top)
    for_metrics = _metrics(settings, lasting)
    for service in (lasting.lag, lasting.probes, Trimming(reactor, lasting.running, malloc_trim()), for_metrics):
        service.setServiceParent(watching)
    drain = Drain(reactor, lasting.running, site.retire, site.hang_up, lasting.close, settings.shutdown_timeout)
    drain.setServiceParent(top)
    if (supervisor := Supervisor.of(environ or {}, os.getpid())) is not None:
        herald = Herald(reactor, supervisor, lambda: serving(lasting.results.names, lasting.running, sockets))
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
        before = sockets.descriptions
        await sockets.listen(new.listen + extra(inherited, new.listen))
        try:
            await for_metrics.listen(_metrics_at(new))
        except CannotListen:
            await sockets.listen(before)
            raise
        lasting.adopt(new, top)
        site.answer_from(front.root, front.body_limit)
        watch.want(new.reload_on_change)
        drain.within(new.shutdown_timeout)
        configuration.adopted(new)

    return top


def _metrics(settings: Settings, lasting: Lasting) -> Sockets:
    """Where metrics are told to whoever asks there, and nothing else is."""
    site = BoundedSite(Only("/metrics", OpenMetrics(lasting.families)), lasting.reactor, 0, new_id)
    return Sockets(lasting.reactor, site, _metrics_at(settings))


def _metrics_at(settings: Settings) -> tuple[str, ...]:
    return settings.metrics.listen if settings.metrics.enabled else ()


NAMES_SHOWN = 5
"""Providers named in the line about us."""


def serving(names: Sequence[str], running: Running, sockets: Sockets) -> str:
    """The line about us that `systemctl status` shows."""
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    where = ", ".join(sockets.descriptions)
    return f"serving {', '.join(names[:NAMES_SHOWN])}{more} at {where}; {len(running)} running, {running.served} served"
