"""Child processes that never block the reactor and never outlive their test."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure


class Process(ProcessProtocol):
    """A running program. Its environment is exactly `env`; `inherits` maps its file descriptors to ours, besides the
    three standard ones. `output` and `errors` grow while it runs. Its standard input is open only for those who watch:
    they give `on_output`, which is called whenever `output` has grown."""

    transport: IProcessTransport

    def __init__(
        self,
        reactor: ReactorBase,
        command: Sequence[str],
        env: Mapping[str, str],
        directory: Path,
        inherits: Mapping[int, int] | None = None,
        on_output: Callable[[], None] | None = None,
    ) -> None:
        self.output = b""
        self.errors = b""
        self._on_output = on_output
        self._status: int | None = None
        self._waiting: list[Deferred[int]] = []
        descriptors = {0: "w", 1: "r", 2: "r", **(inherits or {})}
        reactor.spawnProcess(
            self, command[0], [part.encode() for part in command], dict(env), str(directory), childFDs=descriptors
        )
        if on_output is None:
            self.end_input()

    def write(self, data: bytes) -> None:
        """Writes to its standard input."""
        self.transport.writeToChild(0, data)

    def end_input(self) -> None:
        """Closes its standard input."""
        self.transport.closeChildFD(0)

    def when_ended(self) -> "Deferred[int]":
        """Fires with the exit status, negative for a signal's number. Cancelling it leaves the process alone."""
        deferred: Deferred[int] = Deferred()
        if self._status is None:
            self._waiting.append(deferred)
        else:
            deferred.callback(self._status)
        return deferred

    def stop(self, signal: str = "TERM") -> "Deferred[int]":
        """Asks it to end, and fires when it has."""
        if self._status is None:
            try:
                self.transport.signalProcess(signal)
            except ProcessExitedAlready:
                pass
        return self.when_ended()

    def outReceived(self, data: bytes) -> None:
        self.output += data
        if self._on_output is not None:
            self._on_output()

    def errReceived(self, data: bytes) -> None:
        self.errors += data

    def processEnded(self, reason: Failure) -> None:
        value = reason.value
        self._status = -value.signal if value.signal else value.exitCode
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            if not deferred.called:
                deferred.callback(self._status)
