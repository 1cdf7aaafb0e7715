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


class KeyChoice(enum.Enum):
    """Which of a provider's keys a new conversation gets."""

    ROUND_ROBIN = "round_robin"
    FILL_FIRST = "fill_first"
    """The first in the list that is free."""
    LEAST_LOADED = "least_loaded"
    """The one with the fewest exchanges under way."""


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
    others: tuple["Target", ...] = field(default=(), eq=False, repr=False)
    """The same with each of the provider's further keys; they have none themselves."""
    key_choice: KeyChoice = KeyChoice.ROUND_ROBIN
    key_number: int = 1
    """Which of the provider's keys it is."""

    @property
    def several_keys(self) -> bool:
        """Whether its provider has further keys."""
        return bool(self.others) or self.key_number > 1

    @property
    def account(self) -> str:
        """Whose key it is, as a short hash."""
        return self.quirks.account

    @property
    def name(self) -> str:
        """How logs, headers and errors call it."""
        return f"{self.provider},{self.model}"
