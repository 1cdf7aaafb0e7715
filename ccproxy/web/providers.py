"""`/providers`: seeing and changing the providers while we run.

    GET    /providers                list them
    POST   /providers                add one: 201; 409 where the name is taken
    GET    /providers/NAME           one; 404 where there is none
    PUT    /providers/NAME           change some of its options, its name included
    DELETE /providers/NAME           take it out
    PATCH  /providers/NAME/toggle    enable or disable it

For whoever administers us. Options have the names that they have in the configuration file; `apiBaseUrl` for
`api_base_url` and the like do as well (`options`). Every change is written to the file and lives at once.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol
from urllib.parse import unquote

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from ccproxy.access.principals import Keyring
from ccproxy.config.draft import Draft
from ccproxy.config.environment import indexed_keys
from ccproxy.config.problems import guess
from ccproxy.config.settings import Settings
from ccproxy.dialects.dialect import Answer, Dialect
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.reply import Reply
from ccproxy.web.answers import peer_address, request_headers, tell_by
from ccproxy.web.options import changes, given, keep_the_key_at_home, shown
from ccproxy.web.reach import Reach
from ccproxy.web.renaming import rename
from ccproxy.web.site import BoundedRequest, NewId
from ccproxy.wire import jsontext

PATH = "/providers"

log = Logger()


class Administering(Protocol):
    """Whoever changes the file: `daemon.administration.Administration`."""

    @property
    def environ_names(self) -> frozenset[str]:
        """The variables that there are."""

    def edit(self, change: Callable[[Draft], None]) -> "Deferred[Settings]":
        """Make a change that is in force when this fires; fails with `ApiError`."""


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
        options = given(request.body)
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
        options = changes(present, request.body)
        new_name = options.get("name", present.name)
        if new_name != present.name and any(other.name == new_name for other in self._settings.providers):
            raise ApiError(Kind.INVALID, f"a provider {new_name!r} is there already", status=409)
        await self._check_url(options)
        keep_the_key_at_home(present, options)

        def change(draft: Draft) -> None:
            for option, value in options.items():
                draft.put(("providers", index), option, value)
            if new_name != present.name:
                rename(draft, present.name, new_name)

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


def _path(request: BoundedRequest) -> tuple[str, str]:
    """The provider's name in the path, and what follows it."""
    rest = request.path.decode("latin-1").partition(PATH)[2].strip("/")
    name, _, action = rest.partition("/")
    return unquote(name), action


def _no_action(action: str) -> None:
    if action:
        raise ApiError(Kind.NO_ROUTE, f"there is nothing at {PATH}/NAME/{action[:100]}")


def _fault(failure: Failure) -> None:
    log.failure("answering about providers failed: a fault of ours", failure)
