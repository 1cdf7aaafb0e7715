"""Sockets that were open before we were: those of a socket unit.

Whoever connects while we are restarted waits in the kernel's queue and is served then, so a restart refuses nobody. An
inherited socket takes the place of the endpoint with its address, whatever kind that is (`tcp:`, `tcp6:` or `ssl:`):
where we listen is for the configuration to say. One that no endpoint asks for is served as well. Endpoints that name
inherited sockets themselves (`systemd:`) are Twisted's affair; where there is one, all are left to it.

Not taken: to have systemd keep sockets that we opened ourselves (FDSTORE). Its version 252 lets go of them at a
`systemctl restart`, and keeps one that a reload has left, at which clients then hang (measured).
"""

import os
import socket
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen
from twisted.internet.interfaces import IProtocolFactory
from twisted.protocols.tls import TLSMemoryBIOFactory

from ccproxy.config.listening import GIVEN, Address, address


@frozen
class Given:
    """An inherited socket: its position among them, its descriptor, its family, and where it listens."""

    index: int
    descriptor: int
    family: int
    address: Address

    @property
    def endpoint(self) -> str:
        """It, as Twisted writes it."""
        return f"{GIVEN}domain={'INET6' if self.family == socket.AF_INET6 else 'INET'}:index={self.index}"


FIRST = 3
"""The first descriptor that is handed over; the others follow it."""


def given(environ: Mapping[str, str], first: int = FIRST) -> tuple[Given, ...]:
    """The listening TCP sockets that this environment hands over; others are of no use to us.

    Twisted reads the environment before we do, and takes `LISTEN_PID` and `LISTEN_FDS` out of it if they are meant for
    this process. The names are left: they tell how many there are, and a descriptor is looked at before it is believed.
    """
    names = environ.get("LISTEN_FDNAMES", "")
    if not names or environ.get("LISTEN_PID", str(os.getpid())) != str(os.getpid()):
        return ()
    found = (_given(index, first + index) for index in range(names.count(":") + 1))
    return tuple(each for each in found if each is not None)


def _given(index: int, descriptor: int) -> Given | None:
    try:
        # A socket object closes its descriptor at its end.
        each = socket.socket(fileno=os.dup(descriptor))
    except OSError:
        return None
    with each:
        if each.family not in (socket.AF_INET, socket.AF_INET6):
            return None
        if not each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return None
        os.set_inheritable(descriptor, False)
        return Given(index, descriptor, each.family, each.getsockname()[:2])


class Inheriting:
    """A reactor that listens at an inherited socket where there is one with the address that is asked for."""

    def __init__(self, reactor: Any, sockets: Iterable[Given]) -> None:
        self._reactor = reactor
        self._sockets = {each.address: each for each in sockets}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listenTCP(self, port: int, factory: IProtocolFactory, backlog: int = 50, interface: str = "") -> Any:
        """As the reactor does it."""
        found = self._sockets.get((interface or "0.0.0.0", port))
        if found is None:
            return self._reactor.listenTCP(port, factory, backlog=backlog, interface=interface)
        os.set_blocking(found.descriptor, False)
        return self._reactor.adoptStreamPort(found.descriptor, found.family, factory)

    def listenSSL(
        self, port: int, factory: IProtocolFactory, contextFactory: Any, backlog: int = 50, interface: str = ""
    ) -> Any:
        """As the reactor does it: TLS is a layer of the factory."""
        return self.listenTCP(port, TLSMemoryBIOFactory(contextFactory, False, factory), backlog, interface)


def extra(sockets: Iterable[Given], descriptions: Iterable[str]) -> tuple[str, ...]:
    """The endpoints of those that no description asks for."""
    descriptions = tuple(descriptions)
    if any(description.startswith(GIVEN) for description in descriptions):
        return ()
    wanted = set(map(address, descriptions))
    return tuple(each.endpoint for each in sockets if each.address not in wanted)
