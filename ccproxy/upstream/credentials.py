"""Keys that are found out when they are needed: by a command, or in a file that somebody renews.

A key is looked for when it is first needed, again some time before it gets old, and once more when an upstream refuses
it. However many exchanges want it meanwhile, it is looked for once. Where that fails the former key goes on being used,
as long as there is one.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from attrs import frozen
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ccproxy.errors import ApiError, Kind
from ccproxy.secret import Secret, Sought
from ccproxy.upstream.commands import OUTPUT_LIMIT, NoKey, run

EARLY = 0.8
"""The part of a key's time after which it is looked for again, while it is still good."""

PAUSE_SECONDS = 10.0
"""After a failure, as long as there is a former key; and after one that was refused was found again."""

READ_SECONDS = 10.0
"""How long reading a file may take. On a disk that is far away it may hang."""

InThread = Callable[[Callable[[], Any]], "Deferred[Any]"]
"""Runs what would keep the reactor waiting."""

log = Logger()


@frozen
class _Known:
    """`stale_at`: from when on it is looked for again, in the background; `old_at`: from when on nobody uses it before
    that is done."""

    key: Secret
    stale_at: float
    old_at: float


class Credentials:
    """All keys that are found out. `environ` is what commands are given; files are read `in_thread`."""

    def __init__(
        self, reactor: Any, environ: Mapping[str, str] | None = None, in_thread: InThread = maybeDeferred
    ) -> None:
        self._reactor = reactor
        self._environ = dict(environ or {})
        self._in_thread = in_thread
        self._known: dict[Sought, _Known] = {}
        self._looking: dict[Sought, list[Deferred[Secret]]] = {}
        self._in_vain: dict[Sought, float] = {}
        """Until when a refusal is no reason to look again."""

    def forget(self) -> None:
        """Look for all of them anew when they are needed next."""
        self._known.clear()
        self._in_vain.clear()

    async def key(self, sought: Sought, provider: str) -> Secret:
        """The key, as it is now. Raises REFUSED_CREDENTIAL where it cannot be had. Whoever waits may be cancelled; the
        looking goes on for the others."""
        known = self._known.get(sought)
        now = self._reactor.seconds()
        if known is None or now >= known.old_at:
            return await self._look(sought, provider)
        if now >= known.stale_at:
            self._look(sought, provider).addErrback(lambda _: None)  # It has been logged.
        return known.key

    async def renewed(self, sought: Sought, used: Secret, provider: str) -> Secret:
        """The key, for whom this one was refused: another may have found the next one since. Where it is still the
        same one, a refusal is no reason to look again for a while: not every request runs a command."""
        known = self._known.get(sought)
        if known is not None and known.key != used:
            return known.key
        if self._reactor.seconds() < self._in_vain.get(sought, 0.0):
            return used
        found = await self._look(sought, provider)
        if found == used:
            self._in_vain[sought] = self._reactor.seconds() + PAUSE_SECONDS
        return found

    def _look(self, sought: Sought, provider: str) -> Deferred[Secret]:
        waiting = self._looking.get(sought)
        done: Deferred[Secret] = Deferred()
        if waiting is not None:
            waiting.append(done)
            return done
        self._looking[sought] = [done]
        maybeDeferred(self._text, sought).addCallbacks(
            lambda text: self._found(sought, text), lambda failure: self._failed(sought, provider, failure)
        )
        return done

    def _text(self, sought: Sought) -> Deferred[str]:
        if sought.command:
            return run(self._reactor, sought.words, self._environ).addCallback(_checked, "the command")

        def too_long(_result: object, seconds: float) -> NoReturn:
            raise NoKey(f"{sought.file} cannot be read: it took longer than {seconds:g} s")

        reading = self._in_thread(lambda: _read(sought.file))
        return reading.addTimeout(READ_SECONDS, self._reactor, too_long).addCallback(_checked, "the file")

    def _found(self, sought: Sought, text: str) -> None:
        now = self._reactor.seconds()
        key = Secret(text)
        self._known[sought] = _Known(key, now + EARLY * sought.refresh, now + sought.refresh)
        self._tell(sought, lambda done: done.callback(key))

    def _failed(self, sought: Sought, provider: str, failure: Failure) -> None:
        reason = str(failure.value) if failure.check(NoKey, OSError) else type(failure.value).__name__
        log.error("the key of {provider} cannot be found out: {reason}", provider=provider, reason=reason)
        former = self._known.get(sought)
        if former is not None:
            again = self._reactor.seconds() + PAUSE_SECONDS
            self._known[sought] = _Known(former.key, again, max(former.old_at, again))
            self._tell(sought, lambda done: done.callback(former.key))
            return
        told = f"the key that ccproxy needs for {provider} (its api_key) cannot be found out: {reason}"
        self._tell(sought, lambda done: done.errback(ApiError(Kind.REFUSED_CREDENTIAL, told)))

    def _tell(self, sought: Sought, tell: Callable[[Deferred[Secret]], None]) -> None:
        for done in self._looking.pop(sought):
            if not done.called:
                tell(done)


def _read(file: str) -> bytes:
    try:
        with Path(file).open("rb") as opened:
            return opened.read(OUTPUT_LIMIT + 1)
    except OSError as error:
        raise NoKey(f"{file} cannot be read: {error.strerror}") from None


def _checked(data: bytes, where: str) -> str:
    """The key in what was printed or read: its first line."""
    text = data.partition(b"\n")[0].strip()
    if not text or not text.isascii() or not text.decode("ascii").isprintable() or len(data) > OUTPUT_LIMIT:
        raise NoKey(f"{where} gave no key: expected one line of printable ASCII")
    return text.decode("ascii")
