"""The sockets: one service for each endpoint, and the set of them, which a new configuration may change."""

import errno
import select
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn, cast

from twisted.application.service import MultiService, Service
from twisted.internet.address import UNIXAddress
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure

from ccproxy.daemon.proxied import PREFIX, Proxied

BACKLOG = 2048
"""Connections the kernel queues. With Twisted's default of 50, 512 at once waited 16 s and more (measured)."""

_CURES = {
    errno.EADDRINUSE: "; stop what listens there, or choose another port (--port, CCPROXY_PORT)",
    errno.EACCES: "; ports below 1024 and some directories are root's: choose others (--port, CCPROXY_PORT)",
    errno.EADDRNOTAVAIL: "; this machine has no such address: 127.0.0.1 and 0.0.0.0 are always there",
}
"""What to do where a socket cannot be had for this reason."""

log = Logger()


class CannotListen(Exception):
    """A socket cannot be had. `str()` says which, and why."""


class Listener(Service):
    """Listens at one endpoint string. A socket that cannot be had stops the start: such a daemon would help nobody."""

    def __init__(self, reactor: Any, description: str, factory: IProtocolFactory) -> None:
        self._reactor = reactor
        self.description = description
        self._factory = factory
        self.port: IListeningPort | None = None
        """Where it listens; None before the start and after the stop."""

    def privilegedStartService(self) -> None:
        """Listen while still root, for ports below 1024."""
        super().privilegedStartService()
        self._listen()

    def startService(self) -> None:
        super().startService()
        self._listen()

    def _listen(self) -> None:
        if self.port is not None:
            return
        outcome: list[IListeningPort | Failure] = []
        try:
            # Twisted's endpoints answer at once; an exception inside a Deferred would not stop the start.
            description = self.description.removeprefix(PREFIX)
            factory = self._factory if description == self.description else Proxied(self._factory)
            serverFromString(self._reactor, _with_backlog(description)).listen(factory).addBoth(outcome.append)
        except (LookupError, TypeError, ValueError) as error:
            self._give_up(f"there is no such endpoint or inherited socket ({error})")
        for result in outcome:
            if isinstance(result, Failure):
                self._give_up(getattr(result.value, "socketError", result.value))
            self.port = result
            log.info("listening at {address}", address=_address(result))

    def _give_up(self, reason: object) -> NoReturn:
        cure = _CURES.get(reason.errno or 0, "") if isinstance(reason, OSError) else ""
        message = f"ccproxy cannot listen at {self.description}: {reason}{cure}"
        log.critical("{message}", message=message)
        raise CannotListen(message)

    def stopService(self) -> Deferred[None]:
        super().stopService()
        port, self.port = self.port, None
        if port is None:
            return succeed(None)
        _take_in(port)
        log.info("no more listening at {address}", address=_address(port))
        return port.stopListening() or succeed(None)


def _address(port: IListeningPort) -> str:
    """Where a socket really listens, whatever port was asked for."""
    where: Any = port.getHost()
    if isinstance(where, UNIXAddress):
        return str(where.name.decode(errors="replace") if isinstance(where.name, bytes) else where.name)
    return f"[{where.host}]:{where.port}" if ":" in where.host else f"{where.host}:{where.port}"


def _take_in(port: IListeningPort) -> None:
    """Accept whoever has connected by now. The kernel would reset those whom it queues when the socket is closed, and
    they may have asked already."""
    if not IReadDescriptor.providedBy(port):
        return
    descriptor = cast(IReadDescriptor, port)
    queue = select.poll()
    queue.register(descriptor.fileno(), select.POLLIN)
    for _ in range(BACKLOG):
        if not queue.poll(0):
            break
        descriptor.doRead()


class Sockets(MultiService):
    """All endpoints that we listen at, with one factory behind them."""

    def __init__(self, reactor: Any, factory: IProtocolFactory, descriptions: Iterable[str]) -> None:
        super().__init__()
        self._reactor = reactor
        self._factory = factory
        self._open(descriptions)

    @property
    def listeners(self) -> Iterator[Listener]:
        """The services, one for each endpoint."""
        return iter(self)

    @property
    def descriptions(self) -> tuple[str, ...]:
        """Where we listen."""
        return tuple(listener.description for listener in self.listeners)

    async def listen(self, descriptions: Iterable[str]) -> None:
        """Listen there and nowhere else. Sockets that stay are not touched, nor is any connection.

        All or nothing: raises `CannotListen`, and then listens where it did before. An address that a leaving socket
        has (127.0.0.1 becomes 0.0.0.0, at the same port) is taken after that one is closed.
        """
        wanted = list(dict.fromkeys(descriptions))
        leaving = [listener for listener in self.listeners if listener.description not in wanted]
        missing = [description for description in wanted if description not in self.descriptions]
        opened, refused = self._open(missing)
        if refused and leaving:
            await self._close(leaving)
            more, refused = self._open([description for description, _ in refused])
            opened += more
            if refused:
                await self._close(opened)
                self._open([listener.description for listener in leaving])
                raise refused[0][1]
        elif refused:
            await self._close(opened)
            raise refused[0][1]
        else:
            await self._close(leaving)

    def _open(self, descriptions: Iterable[str]) -> "tuple[list[Listener], list[tuple[str, CannotListen]]]":
        opened, refused = [], []
        for description in descriptions:
            listener = Listener(self._reactor, description, self._factory)
            try:
                listener.setServiceParent(self)
            except CannotListen as error:
                listener.disownServiceParent()
                refused.append((description, error))
            else:
                opened.append(listener)
        return opened, refused

    async def _close(self, listeners: Iterable[Listener]) -> None:
        for listener in listeners:
            await (listener.disownServiceParent() or succeed(None))


def _with_backlog(description: str) -> str:
    long = description.startswith(("tcp:", "tcp6:", "ssl:")) and "backlog=" not in description
    return f"{description}:backlog={BACKLOG}" if long else description
