"""Running a command for what it prints, without waiting for it."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

COMMAND_SECONDS = 30.0
"""How long a command may take. Programs that ask a service, or a keyring that is locked, need some."""

OUTPUT_LIMIT = 64 * 1024
"""Bytes that a command may print. A key has no more."""


class NoKey(Exception):
    """A key could not be found out. `str()` says why, and shows nothing that could be one."""


def run(reactor: Any, words: Sequence[str], environ: Mapping[str, str]) -> Deferred[bytes]:
    """Run a program with arguments. Fires with what it printed; fails with `NoKey`. What it says of errors is not read:
    it may be about the key. It cannot be cancelled."""
    command = _Command()
    encoded = [word.encode() for word in words]
    # The standard error is read and thrown away: whoever writes there must not wait for ever.
    try:
        reactor.spawnProcess(command, words[0], encoded, env=dict(environ), childFDs={0: "w", 1: "r", 2: "r"})
    except OSError as error:
        return fail(NoKey(f"{words[0]} cannot be run: {error.strerror}"))
    deadline = reactor.callLater(COMMAND_SECONDS, command.give_up)

    def ended(result: Any) -> Any:
        if deadline.active():
            deadline.cancel()
        return result

    return command.done.addBoth(ended)


class _Command(ProcessProtocol):
    """One run. `done` fires when it has ended, and its output with it."""

    def __init__(self) -> None:
        self.done: Deferred[bytes] = Deferred()
        self._printed = b""
        self._late = False

    @property
    def _process(self) -> IProcessTransport:
        return cast(IProcessTransport, self.transport)

    def connectionMade(self) -> None:
        self._process.closeStdin()

    def outReceived(self, data: bytes) -> None:
        if len(self._printed) <= OUTPUT_LIMIT:
            self._printed += data

    def give_up(self) -> None:
        """It takes too long."""
        self._late = True
        try:
            self._process.signalProcess("KILL")
        except ProcessExitedAlready:
            pass
        self._process.loseConnection()

    def processEnded(self, reason: Failure) -> None:
        status, signal = getattr(reason.value, "exitCode", None), getattr(reason.value, "signal", None)
        if self._late:
            self.done.errback(NoKey(f"the command took longer than {COMMAND_SECONDS:g} s"))
        elif status:
            self.done.errback(NoKey(f"the command ended with status {status}"))
        elif signal:
            self.done.errback(NoKey(f"the command ended by signal {signal}"))
        else:
            self.done.callback(self._printed)
