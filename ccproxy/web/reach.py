"""Where a provider may be that is named over HTTP: `access.destinations`, with a resolver."""

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from attrs import frozen

from ccproxy.access.destinations import is_forbidden, is_metadata_host, literal
from ccproxy.errors import ApiError, Kind
from ccproxy.providers.baseurl import BadUrl, normalised


@frozen
class Reach:
    """Where a provider may be. `addresses` finds those of a name; `everywhere` forbids none."""

    addresses: Callable[[str], Awaitable[Sequence[str]]]
    everywhere: bool = False

    async def check(self, url: str) -> None:
        """Raises INVALID for a URL that is none, and for one that leads where nobody should be sent."""
        try:
            normalised(url, "")
        except BadUrl as error:
            raise ApiError(Kind.INVALID, f"api_base_url: expected {error}") from None
        if self.everywhere:
            return
        host = urlsplit(url.strip()).hostname or ""
        found = literal(host)
        forbidden = is_metadata_host(host) or (found is not None and is_forbidden(found))
        if found is None and not forbidden:
            known = map(literal, await self.addresses(host))
            forbidden = any(one is not None and is_forbidden(one) for one in known)
        if forbidden:
            raise ApiError(
                Kind.INVALID,
                "api_base_url: expected another address than those of link-local and metadata services "
                "(`administration.any_address` in the configuration allows them)",
            )
