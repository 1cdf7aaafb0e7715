"""Whoever sees what really goes to an upstream, and what comes back: every request that is sent, be it with a renewed
key or for the rest of an answer, with the headers that say who we are.

`captures` is the one there is. Where nothing is captured there is none, and nothing is paid for it.
"""

from collections.abc import Mapping
from typing import Protocol

from twisted.web.iweb import IResponse

from ccproxy.providers.target import Target


class Sent(Protocol):
    """One request that was sent."""

    def answered(self, response: IResponse) -> IResponse:
        """The headers of its answer are in. Gives the response that is to be read in its place."""


class Witness(Protocol):
    """Of one exchange."""

    def sent(self, target: Target, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Sent:
        """This goes out now."""
