"""A client: who it is, what it may ask for, from where, how much, and until when."""

from fnmatch import fnmatchcase

from attrs import field, frozen

from ccproxy.access.limits import NONE, Limits
from ccproxy.access.networks import Networks
from ccproxy.errors import ApiError, Kind

_ROUTE = "route "
"""How the rule of a route begins, in `routing.routes.Chosen`."""


@frozen
class Client:
    """One client as configured. Empty `models` and `routes` permit all; both take `*` and `?`. `expires` counts seconds
    from the epoch."""

    name: str
    models: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    limits: Limits = NONE
    networks: Networks = field(factory=Networks)
    expires: float | None = None
    administers: bool = False
    """Whether it may change how we are configured."""

    def may_ask(self, model: str) -> bool:
        """Whether it may ask for a model by this name."""
        return not self.models or _matches(model, self.models)

    def check(self, model: str, rule: str) -> None:
        """Raises FORBIDDEN where it may not have `model` answered by what `rule` chose."""
        if not self.may_ask(model):
            raise ApiError(
                Kind.FORBIDDEN,
                f"the client {self.name!r} may not ask for the model {model[:200]!r}: "
                f"its `models` are {', '.join(self.models)}",
            )
        if not self.routes:
            return
        route = rule.removeprefix(_ROUTE) if rule.startswith(_ROUTE) else ""
        if not route or not _matches(route, self.routes):
            raise ApiError(
                Kind.FORBIDDEN,
                f"the client {self.name!r} may not be answered by {rule or 'no route'!r}: "
                f"its `routes` are {', '.join(self.routes)}",
            )


ANYONE = Client("client", administers=True)
"""Whoever has the one key that a configuration without `clients` has."""

LOCAL = Client("local", administers=True)
"""Whoever is on this machine, where there is no key at all."""


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
