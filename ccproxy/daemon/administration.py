"""Changing the configuration file from within: judged and written whole, and taken over at once.

Whatever goes wrong leaves the file as it was. The file keeps its owner's and its group's permissions; nobody else may
read it, since it may hold a key from now on.
"""

from collections.abc import Callable
from pathlib import Path

from attrs import evolve
from twisted.internet.defer import Deferred, DeferredLock
from twisted.logger import Logger

from ccproxy.config.draft import Draft
from ccproxy.config.settings import ConfigError, Settings
from ccproxy.config.source import Source
from ccproxy.daemon.reload import Reload
from ccproxy.errors import ApiError, Kind
from ccproxy.wholefiles import beside, write_whole

KEPT = 0o770
"""The permissions that the file may keep."""

Change = Callable[[Draft], None]

log = Logger()


class Administration:
    """Edits the file of `source`, and has `reload` read it."""

    def __init__(self, source: Source, reload: Reload) -> None:
        self._source = source
        self._reload = reload
        self._one_at_a_time = DeferredLock()

    @property
    def environ_names(self) -> frozenset[str]:
        """The variables that there are."""
        return frozenset(self._source.environ)

    def edit(self, change: Change) -> Deferred[Settings]:
        """Make a change. Fires with the new settings, which are in force by then. Fails with `ApiError` where they
        cannot be, and for whatever `change` raises. One edit follows the other."""
        return self._one_at_a_time.run(lambda: Deferred.fromCoroutine(self._edit(change)))

    async def _edit(self, change: Change) -> Settings:
        path = self._source.file()
        former = _read(path)
        draft = _draft(former, path)
        change(draft)
        try:
            with beside(path, draft.text.encode(), kept=KEPT) as new:
                settings = self._judged(new, path)
                new.replace(path)
        except OSError as error:
            raise _unwritable(path, error) from None
        result = await self._reload.now()
        if not result.ok:
            self._undo(path, former)
            raise ApiError(Kind.INVALID, result.message, status=409)
        log.info("the configuration {path} was changed over HTTP", path=str(path))
        return settings

    def _judged(self, new: Path, path: Path) -> Settings:
        try:
            return evolve(self._source, path=str(new)).read()
        except ConfigError as error:
            raise ApiError(Kind.INVALID, str(error).replace(str(new), str(path))) from None

    def _undo(self, path: Path, former: str | None) -> None:
        if former is None:
            path.unlink(missing_ok=True)
        else:
            write_whole(path, former, kept=KEPT)


def _read(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ApiError(Kind.INVALID, f"{path} cannot be read: {error}", status=409) from None


def _draft(text: str | None, path: Path) -> Draft:
    try:
        return Draft("{}\n" if text is None else text, path.name)
    except ConfigError as error:
        raise ApiError(Kind.INVALID, f"the configuration on disk cannot be changed: {error}", status=409) from None


def _unwritable(path: Path, error: OSError) -> ApiError:
    return ApiError(
        Kind.INVALID,
        f"the configuration {path} cannot be written ({error.strerror}): change it by hand, and reload",
        status=409,
    )
