"""`/providers`: seeing and changing the providers while we run.

    GET    /providers                list them
    POST   /providers                add one: 201; 409 where the name is taken
    GET    /providers/NAME           one; 404 where there is none
    PUT    /providers/NAME           change some of its options, its name included
    DELETE /providers/NAME           take it out
    PATCH  /providers/NAME/toggle    enable or disable it

For whoever administers us. Options have the names that they have in the configuration file; `apiBaseUrl` for
`api_base_url` and the like do as well. Every change is written to the file and lives at once.

A key goes in and never comes out: it is shown as `sk-…last4`, and what is shown may be sent back unchanged. Nor can it
be sent elsewhere: who moves a provider to another host must bring the key along. What comes over HTTP names no
variables of the environment, no files and no commands.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from attrs import asdict, fields, frozen
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from ccproxy.access.destinations import is_forbidden, is_metadata_host, literal
from ccproxy.access.principals import Keyring
from ccproxy.config.draft import Draft
from ccproxy.config.environment import indexed_keys
from ccproxy.config.problems import guess
from ccproxy.config.settings import ProviderSettings, Settings
from ccproxy.dialects.dialect import Answer, Dialect
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.reply import Reply
from ccproxy.providers.baseurl import BadUrl, normalised
from ccproxy.providers.provider import BadProvider, Provider
from ccproxy.secret import Secret
from ccproxy.web.answers import peer_address, request_headers, tell_by
from ccproxy.web.site import BoundedRequest, NewId
from ccproxy.wire import jsontext

PATH = "/providers"

_HIDDEN = ("quirks",)
"""Options that are not shown: they may hold headers with keys in them."""
_KEYS = ("api_key", "api_keys")
_OPTIONS = tuple(option.name for option in fields(ProviderSettings))
_HUMP = re.compile(r"(?<=[a-z])([A-Z])")

log = Logger()


class Administering(Protocol):
    """Whoever changes the file: `daemon.administration.Administration`."""

    @property
    def environ_names(self) -> frozenset[str]:
        """The variables that there are."""

    def edit(self, change: Callable[[Draft], None]) -> "Deferred[Settings]":
        """Make a change that is in force when this fires; fails with `ApiError`."""


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


class Providers(Resource):
    """Serves `/providers` and everything below. `settings` are those in force."""

    isLeaf = True

    def __init__(
        self,
        keyring: Keyring,
        settings: Settings,
        administering: Administering,
        reach: Reach,
        dialect: Dialect,
        new_id: NewId,
    ) -> None:
        super().__init__()
        self._keyring = keyring
        self._settings = settings
        self._administering = administering
        self._reach = reach
        self._dialect = dialect
        self._new_id = new_id

    def render_GET(self, request: BoundedRequest) -> int:
        return self._serve(request, self._get)

    def render_POST(self, request: BoundedRequest) -> int:
        return self._serve(request, self._post)

    def render_PUT(self, request: BoundedRequest) -> int:
        return self._serve(request, self._put)

    def render_DELETE(self, request: BoundedRequest) -> int:
        return self._serve(request, self._delete)

    def render_PATCH(self, request: BoundedRequest) -> int:
        return self._serve(request, self._patch)

    def _serve(self, request: BoundedRequest, work: Callable[[BoundedRequest], Awaitable[tuple[int, Any]]]) -> int:
        # A client that leaves does not stop a change in the middle.
        Deferred.fromCoroutine(self._answer(request, Reply(request), work)).addErrback(_fault)
        return NOT_DONE_YET

    async def _answer(
        self,
        request: BoundedRequest,
        reply: Reply,
        work: Callable[[BoundedRequest], Awaitable[tuple[int, Any]]],
    ) -> None:
        exchange = self._new_id()
        try:
            self._keyring.trusted(request_headers(request), peer_address(request))
            status, value = await work(request)
            answer = Answer(status, jsontext.dumps(value))
        except ApiError as error:
            tell_by(reply, self._dialect, error, exchange)
        except Exception:
            log.failure("changing providers failed: a fault of ours", exchange=exchange)
            told = ApiError(Kind.BROKEN, "ccproxy failed; its log has the details", status=500)
            tell_by(reply, self._dialect, told, exchange)
        else:
            reply.answer(answer, {"cache-control": "no-store", "x-ccproxy-request-id": exchange})

    async def _get(self, request: BoundedRequest) -> tuple[int, Any]:
        name, action = _path(request)
        if not name:
            return 200, [shown(provider) for provider in self._settings.providers]
        _no_action(action)
        return 200, shown(self._settings.providers[self._index(name)])

    async def _post(self, request: BoundedRequest) -> tuple[int, Any]:
        name, _ = _path(request)
        if name:
            raise ApiError(Kind.INVALID, f"POST is answered at {PATH} alone; PUT changes a provider", status=405)
        options = _options(request)
        if not isinstance(options.get("name"), str) or not options["name"]:
            raise ApiError(Kind.INVALID, "name: expected the provider's name")
        if any(provider.name == options["name"] for provider in self._settings.providers):
            raise ApiError(Kind.INVALID, f"a provider {options['name']!r} is there already", status=409)
        await self._check_url(options)
        settings = await self._edit(lambda draft: draft.append(("providers",), options))
        return 201, shown(settings.providers[-1])

    async def _put(self, request: BoundedRequest) -> tuple[int, Any]:
        index = self._named(request)
        present = self._settings.providers[index]
        options = _options(request)
        seen = shown(present)
        for option in _KEYS:
            if option in options and options[option] == seen[option]:
                del options[option]
        new_name = options.get("name", present.name)
        if new_name != present.name and any(other.name == new_name for other in self._settings.providers):
            raise ApiError(Kind.INVALID, f"a provider {new_name!r} is there already", status=409)
        await self._check_url(options)
        _keep_the_key_at_home(present, options)

        def change(draft: Draft) -> None:
            for option, value in options.items():
                draft.put(("providers", index), option, value)
            if new_name != present.name:
                _rename(draft, present.name, new_name)

        settings = await self._edit(change)
        return 200, shown(settings.providers[index])

    async def _delete(self, request: BoundedRequest) -> tuple[int, Any]:
        index = self._named(request)
        later = [at for at, _, _ in indexed_keys(dict.fromkeys(self._administering.environ_names, "-")) if at >= index]
        if later:
            raise ApiError(
                Kind.INVALID,
                "variables CCPROXY_PROVIDERS_<i>_API_KEY name this provider, or one behind it, by its place: "
                "it can be disabled, but not taken out",
                status=409,
            )
        await self._edit(lambda draft: draft.remove(("providers", index)))
        return 200, {"message": "Provider deleted successfully"}

    async def _patch(self, request: BoundedRequest) -> tuple[int, Any]:
        name, action = _path(request)
        if not name or action != "toggle":
            raise ApiError(Kind.NO_ROUTE, f"PATCH is answered at {PATH}/NAME/toggle")
        index = self._index(name)
        enabled = not self._settings.providers[index].enabled
        await self._edit(lambda draft: draft.put(("providers", index), "enabled", enabled))
        return 200, {"message": f"Provider {'enabled' if enabled else 'disabled'} successfully"}

    async def _edit(self, change: Callable[[Draft], None]) -> Settings:
        def in_place(draft: Draft) -> None:
            self._match(draft)
            change(draft)

        return await self._administering.edit(in_place)

    def _match(self, draft: Draft) -> None:
        """Have the draft list what is in force. Where keys in the environment stand for providers, they are named, and
        their keys left where they are."""
        written = draft.value.get("providers")
        if not written and self._settings.providers:
            draft.put((), "providers", [{"name": provider.name} for provider in self._settings.providers])
        elif written is None:
            draft.put((), "providers", [])
        written = draft.value["providers"]
        names = [one.get("name") for one in written if isinstance(one, dict)] if isinstance(written, list) else None
        if names != [provider.name for provider in self._settings.providers]:
            raise ApiError(
                Kind.INVALID,
                "the providers in the configuration file are not those in force: reload, or change the file by hand",
                status=409,
            )

    async def _check_url(self, options: Mapping[str, Any]) -> None:
        url = options.get("api_base_url")
        if isinstance(url, str) and url.strip():
            await self._reach.check(url)

    def _named(self, request: BoundedRequest) -> int:
        name, action = _path(request)
        if not name:
            raise ApiError(Kind.INVALID, f"expected a provider's name behind {PATH}/", status=405)
        _no_action(action)
        return self._index(name)

    def _index(self, name: str) -> int:
        names = [provider.name for provider in self._settings.providers]
        if name not in names:
            raise ApiError(Kind.NO_ROUTE, f"there is no provider {name[:200]!r}{guess(name, names)}")
        return names.index(name)


def shown(provider: ProviderSettings) -> dict[str, Any]:
    """A provider as it may be seen."""
    value = asdict(provider, recurse=False)
    return {name: _masked(part) for name, part in value.items() if name not in _HIDDEN}


def _masked(value: Any) -> Any:
    match value:
        case Secret():
            return value.masked()
        case tuple() | list() | frozenset():
            return [_masked(part) for part in value]
        case str() | int() | float() | bool() | None:
            return value
        case _:
            return str(value)


def _path(request: BoundedRequest) -> tuple[str, str]:
    """The provider's name in the path, and what follows it."""
    rest = request.path.decode("latin-1").partition(PATH)[2].strip("/")
    name, _, action = rest.partition("/")
    return unquote(name), action


def _no_action(action: str) -> None:
    if action:
        raise ApiError(Kind.NO_ROUTE, f"there is nothing at {PATH}/NAME/{action[:100]}")


def _options(request: BoundedRequest) -> dict[str, Any]:
    """The options in a body, under the names of the configuration file. Raises INVALID."""
    try:
        body = jsontext.loads(request.body)
    except jsontext.NotJson as error:
        raise ApiError(Kind.INVALID, f"the request body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise ApiError(Kind.INVALID, "the request body: expected an object with a provider's options")
    options: dict[str, Any] = {}
    for key, value in body.items():
        option = _HUMP.sub(r"_\1", key).lower()
        if option not in _OPTIONS:
            raise ApiError(Kind.INVALID, f"{key[:100]}: this is no option of a provider{guess(option, _OPTIONS)}")
        if "${" in jsontext.dumps_str(value):
            raise ApiError(Kind.INVALID, f"{key}: expected a value without ${{...}}: variables belong in the file")
        options[option] = value
    for option in _KEYS:
        keys = options.get(option, "")
        if not all(isinstance(one, str) for one in (keys if isinstance(keys, list) else [keys])):
            raise ApiError(Kind.INVALID, f"{option}: expected a text: commands and files belong in the file")
    return options


def _keep_the_key_at_home(present: ProviderSettings, options: Mapping[str, Any]) -> None:
    """Refuse to send a key that is there to a host that is new."""
    if all(option in options or not getattr(present, option) for option in _KEYS):
        return
    if _origin(present, options) not in ("", _origin(present, {})):
        raise ApiError(
            Kind.INVALID,
            "this moves the provider to another host: send its api_key along",
        )


def _origin(present: ProviderSettings, options: Mapping[str, Any]) -> str:
    """Where a provider is asked; empty where that cannot be told, and nobody will be."""
    try:
        provider = Provider.of(
            str(options.get("name", present.name)),
            base_url=str(options.get("api_base_url", present.api_base_url)),
            dialect=str(options.get("dialect", present.dialect)),
        )
    except BadProvider:
        return ""
    parts = urlsplit(provider.base_url)
    return f"{parts.scheme}://{parts.netloc}"


def _rename(draft: Draft, old: str, new: str) -> None:
    """Let the routes follow a provider to its new name."""
    routes = draft.value.get("routes")
    for path, value in _texts(routes if isinstance(routes, dict) else {}, ("routes",)):
        where, key = path[:-1], path[-1]
        if key == "provider" and value == old:
            draft.put(where, "provider", new)
        elif key != "model" and value.startswith(f"{old},"):
            draft.replace(path, f"{new},{value.partition(',')[2]}")


def _texts(value: Any, path: tuple[str | int, ...]) -> list[tuple[tuple[str | int, ...], str]]:
    """All texts in a value, with the ways to them."""
    match value:
        case str():
            return [(path, value)]
        case dict():
            return [found for key, part in value.items() for found in _texts(part, (*path, key))]
        case list():
            return [found for index, part in enumerate(value) for found in _texts(part, (*path, index))]
    return []


def _fault(failure: Failure) -> None:
    log.failure("answering about providers failed: a fault of ours", failure)
