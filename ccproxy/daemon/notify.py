"""What systemd hears of us: that we are ready, read the configuration again, stop, and are still alive;
and, in a line, what we serve.

A datagram for each, to the socket that `NOTIFY_SOCKET` names (sd_notify(3)); `WATCHDOG_USEC` says how often a sign of
life is expected. It is sent by the reactor's own clock: a reactor that hangs sends none, and is put an end to. Where
nobody listens, none of this is there.
"""

import socket
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen
from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from ccproxy.daemon.reload import Reloaded

STATUS_SECONDS = 5.0
"""How often the line about us is renewed, at most."""

SIGNS = 3
"""Signs of life in the time in which one is expected."""

log = Logger()


@frozen
class Supervisor:
    """Who started us and wants to hear of us. `patience` is how long it waits for a sign of life, in seconds; None: for
    ever."""

    address: str
    patience: float | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str], pid: int) -> "Supervisor | None":
        """The one that the environment names; None where there is none."""
        address = environ.get("NOTIFY_SOCKET", "")
        if not address:
            return None
        microseconds = environ.get("WATCHDOG_USEC", "")
        ours = environ.get("WATCHDOG_PID", str(pid)) == str(pid)
        return cls(address, int(microseconds) / 1e6 if ours and microseconds.isdigit() and int(microseconds) else None)

    def tell(self, words: Mapping[str, str]) -> None:
        """Send these. Never waits and never fails: we serve whether we are heard or not."""
        text = "\n".join(f"{name}={' '.join(value.split())}" for name, value in words.items())
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto(text.encode(), address)
        except OSError as error:
            log.debug("the service manager does not hear us: {reason}", reason=error.strerror)


class Herald(Service):
    """Tells the supervisor what becomes of us.

    `describe` gives the line about us. Its place is behind all that it tells of: services end in reverse order.
    """

    def __init__(self, reactor: Any, supervisor: Supervisor, describe: Callable[[], str]) -> None:
        self._reactor = reactor
        self._supervisor = supervisor
        self._describe = describe
        self._told = ""
        self._complaint = ""
        self._beating = LoopingCall(self._beat)
        self._beating.clock = reactor

    def startService(self) -> None:
        super().startService()
        self._reactor.callWhenRunning(self._begin)

    def _begin(self) -> None:
        if self.running:
            self._say({"READY": "1"})
            patience = self._supervisor.patience
            self._beating.start(
                STATUS_SECONDS if patience is None else min(patience / SIGNS, STATUS_SECONDS), now=False
            )

    def stopService(self) -> None:
        super().stopService()
        if self._beating.running:
            self._beating.stop()
        # Running exchanges are waited for after this; no sign of life is expected meanwhile.
        self._supervisor.tell({"STOPPING": "1", "STATUS": f"stopping; {self._describe()}"})

    def reloading(self) -> None:
        """The configuration is being read again."""
        self._supervisor.tell({"RELOADING": "1", "STATUS": "reading the configuration again"})

    def reloaded(self, result: Reloaded) -> None:
        """How that went. What went wrong stays in the line about us until it goes well."""
        self._complaint = "" if result.ok else f" -- {result.message}"
        self._say({"READY": "1"})

    def _beat(self) -> None:
        self._say({} if self._supervisor.patience is None else {"WATCHDOG": "1"})

    def _say(self, words: dict[str, str]) -> None:
        status = self._describe() + self._complaint
        if "READY" in words or status != self._told:
            words["STATUS"] = self._told = status
        if words:
            self._supervisor.tell(words)
