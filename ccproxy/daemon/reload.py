"""A new configuration for a daemon that serves.

The new one is read and judged whole; then everything that follows from it is made; then both are taken over at once.
What goes wrong on the way changes nothing. Exchanges that run go on with what they began with. One reload follows the
other: a signal that comes meanwhile is heard when the first is done.
"""

import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from attrs import define, frozen
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredLock
from twisted.logger import Logger

from ccproxy.config.settings import ConfigError, Settings
from ccproxy.daemon.hangup import has_terminal
from ccproxy.daemon.listening import CannotListen
from ccproxy.daemon.looking import Looking

LOOK_SECONDS = 2.0
"""How often a file is looked at that is to be taken over when it changes. It is read once it looks the same twice, so
that nobody's half-written file is."""

log = Logger()


@frozen
class Reloaded:
    """How a reload went. `number` counts them from the start; `message` is for people, and shows no key."""

    number: int
    ok: bool
    message: str


class Unusable(Exception):
    """A configuration that reads well, and still cannot be taken over. `str()` says why."""


def _nothing() -> None:
    pass


@define
class Told:
    """Who is told of reloads: `before` each, and `after` it how it went."""

    before: Callable[[], None] = _nothing
    after: Callable[[Reloaded], None] = lambda _: None

    def also(self, before: Callable[[], None], after: Callable[[Reloaded], None]) -> None:
        """Tell another one, too: of the beginning before all others, of the end after them."""
        first, last = self.before, self.after

        def begin() -> None:
            _tell(before)
            _tell(first)

        def end(result: Reloaded) -> None:
            _tell(last, result)
            _tell(after, result)

        self.before, self.after = begin, end


class Reload(Service):
    """Reads the configuration again on SIGHUP, and whenever `now` is called. The SIGHUP of a terminal that is closed
    ends a daemon in it instead.

    `adopt` makes the daemon follow new settings, or raises and leaves all as it is.
    """

    def __init__(
        self,
        reactor: Any,
        read: Callable[[], Settings],
        adopt: Callable[[Settings], Awaitable[None]],
        told: Told | None = None,
        file: str = "",
    ) -> None:
        self.file = file
        """Where the configuration is; empty for none."""
        self._reactor = reactor
        self._read = read
        self._adopt = adopt
        self._told = told or Told()
        self._one_at_a_time = DeferredLock()
        self._former_handler: Any = None
        self._had_terminal = False
        self._count = 0
        self.last: Reloaded | None = None
        """How the last one went; None before the first."""

    def startService(self) -> None:
        super().startService()
        self._had_terminal = has_terminal()
        self._former_handler = signal.signal(signal.SIGHUP, self._hear)

    def stopService(self) -> None:
        super().stopService()
        signal.signal(signal.SIGHUP, self._former_handler)

    def _hear(self, _number: int, _frame: object) -> None:
        closed = self._had_terminal and not has_terminal()
        self._reactor.callFromThread(self._reactor.stop if closed else self.now)

    def now(self) -> Deferred[Reloaded]:
        """Read it again. Fires with how that went; never fails. It cannot be cancelled: half a configuration helps
        nobody."""
        return self._one_at_a_time.run(lambda: Deferred.fromCoroutine(self._reload()))

    async def _reload(self) -> Reloaded:
        _tell(self._told.before)
        self._count += 1
        try:
            await self._adopt(self._read())
        except (ConfigError, CannotListen, Unusable) as error:
            result = Reloaded(self._count, False, f"the configuration stays as it was: {error}")
            log.error("{message}", message=result.message)
        except Exception:
            log.failure("taking over the configuration failed: a fault of ours")
            result = Reloaded(self._count, False, "ccproxy failed and the configuration stays as it was; see its log")
        else:
            result = Reloaded(self._count, True, "the configuration was read again and taken over")
            log.info("{message}", message=result.message)
        self.last = result
        _tell(self._told.after, result)
        return result


def _tell(tell: Callable[..., None], *what: Reloaded) -> None:
    """Whoever cannot bear to hear of a reload is no reason not to do it, nor to keep from the next one how it went."""
    try:
        tell(*what)
    except Exception:
        log.failure("telling of a reload failed: a fault of ours")


class Watch(Looking):
    """Looks at a file, while it is `wanted`, and calls when it has changed."""

    def __init__(self, clock: Any, path: str, changed: Callable[[], object], wanted: bool) -> None:
        super().__init__(clock, LOOK_SECONDS if wanted else None)
        self._path = Path(path)
        self._changed = changed
        self._known: object = None
        self._before: object = None

    def want(self, wanted: bool) -> None:
        """Whether to look from now on."""
        self.look_every(LOOK_SECONDS if wanted else None)

    def _begin(self) -> None:
        self._known = self._before = self._mark()

    def _look(self) -> None:
        now = self._mark()
        if now == self._before and now != self._known and now is not None:
            self._known = now
            self._changed()
        self._before = now

    def _mark(self) -> object:
        """What changes whenever the file does; None while there is none."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
