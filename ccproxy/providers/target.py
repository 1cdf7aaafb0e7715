"""A target: one model at one provider, and all that is needed to ask it."""

import enum

from attrs import field, frozen

from ccproxy.dialects.quirks import Quirks
from ccproxy.providers.parameters import NONE, Parameters
from ccproxy.secret import Secret


class Auth(enum.Enum):
    """How a provider wants its key."""

    BEARER = "bearer"
    """`Authorization: Bearer KEY`"""
    X_API_KEY = "x-api-key"
    GOOGLE = "x-goog-api-key"
    AZURE = "api-key"


@frozen
class Target:
    """One model at one provider. `base_url` has no slash at its end; the dialect's path is put behind it.

    Without a `key` the client's own credential is passed through, if the provider is of the kind that takes it
    (`passes_login`), or none is sent.
    """

    provider: str
    model: str
    dialect: str
    base_url: str
    key: Secret = field(default=Secret(""))
    auth: Auth = Auth.BEARER
    passes_login: bool = False
    quirks: Quirks = field(factory=Quirks)
    parameters: Parameters = NONE
    """What the route that leads here sets of a request's sampling."""

    @property
    def name(self) -> str:
        """How logs, headers and errors call it."""
        return f"{self.provider},{self.model}"
