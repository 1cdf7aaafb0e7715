"""Active probes: providers whose targets are left alone are asked whether they are back.

Without them a target that failed is found well again by the first exchange after its pause. With them that exchange
need not wait for the pause: a provider is asked for its list of models, which costs nothing, and where it answers, the
pauses of its targets are over.
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ccproxy.daemon.looking import Looking
from ccproxy.dialects.dialect import Outgoing
from ccproxy.errors import ApiError
from ccproxy.providers.baseurl import LISTS
from ccproxy.providers.provider import Provider
from ccproxy.routing.breakers import Breakers, State
from ccproxy.upstream.client import Client

PROBE_SECONDS = 10.0
"""How long a provider may take to answer a probe."""

_LIMITED = 429

Alive = Callable[[str], Coroutine[Any, Any, bool]]
"""Whether the provider of this name answers. Never raises."""

log = Logger()


def asking(client: Client, providers: Mapping[str, Provider]) -> Alive:
    """Asks for lists of models. That there is none, or that the key is refused, is told by somebody who is there."""

    async def alive(name: str) -> bool:
        provider = providers.get(name)
        if provider is None:
            return False
        target = provider.target(provider.default_model)
        headers = {"anthropic-version": "2023-06-01"} if target.dialect == "anthropic" else {}
        try:
            response = await client.open(target, Outgoing(LISTS[target.dialect], b"", headers, method="GET"), {})
        except ApiError:
            return False
        client.discard(response)
        return bool(response.code < 500 and response.code != _LIMITED)

    return alive


class Probes(Looking):
    """Asks, every so often, for each provider that has a target whose breaker is open."""

    def __init__(self, clock: Any, breakers: Breakers) -> None:
        super().__init__(clock)
        self._clock = clock
        self._breakers = breakers
        self._alive: Alive | None = None
        self._asked: dict[str, Deferred[None]] = {}

    def follow(self, every: float | None, alive: Alive) -> None:
        """From now on ask these, so often; None: not at all."""
        self._alive = alive
        self.look_every(every)

    def stopService(self) -> None:
        super().stopService()
        for asked in list(self._asked.values()):
            asked.cancel()

    def _look(self) -> None:
        resting: dict[str, list[str]] = {}
        for standing in self._breakers.standings(self._clock.seconds()):
            if standing.state is State.OPEN and standing.wait:
                resting.setdefault(standing.target.partition(",")[0], []).append(standing.target)
        for provider, targets in resting.items():
            if provider not in self._asked:
                self._ask(provider, targets)

    def _ask(self, provider: str, targets: list[str]) -> None:
        def over(result: object) -> None:
            """Only a stop lets it fail, by cancelling it."""
            del self._asked[provider]

        asked = self._asked[provider] = Deferred.fromCoroutine(self._probe(provider, targets))
        asked.addBoth(over)

    async def _probe(self, provider: str, targets: list[str]) -> None:
        if self._alive is None or not await self._alive(provider):
            return
        log.info("{provider} answers again: its targets are asked again", provider=provider)
        for target in targets:
            self._breakers.ready(target)
