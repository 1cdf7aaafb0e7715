"""Answers that are kept for whoever asks the very same again.

Only for whole replies to requests that want no variety: not streamed, and with a `temperature` of 0. The same means the
same client asking with the same bytes, headers that matter included, when the same targets would be asked. Nothing is
kept longer than its time, nor more than fits; a new configuration begins with nothing.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from attrs import frozen

from ccproxy.dialects.dialect import Answer
from ccproxy.errors import ApiError
from ccproxy.exchange.call import Call
from ccproxy.headers import to_anthropic
from ccproxy.providers.target import Target

HEADER = "x-ccproxy-cache"
"""Says `hit` or `miss` on every answer that might have been kept."""

MISSED = {HEADER: "miss"}

PART = 8
"""One answer takes at most this part of the room."""

_OF_PROGRAMS = ("user-agent", "x-client-request-id", "x-stainless-", "x-claude-code-")
"""Headers that say who asks and how often, and change nothing about the answer."""


@frozen
class Kept:
    """An answer, and since when it is kept."""

    answer: Answer
    since: float

    def headers(self, now: float) -> dict[str, str]:
        """What tells a client that it is one."""
        return {HEADER: "hit", "age": str(int(max(0.0, now - self.since)))}


class Cache:
    """Keeps answers for `seconds`, in `room` bytes; the one that was asked for longest ago makes way. Without room
    there is none."""

    def __init__(self, seconds: float = 0.0, room: int = 0) -> None:
        self._seconds = seconds
        self._room = room
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()
        self._size = 0

    @property
    def entry_limit(self) -> int:
        """Bytes that one answer may have."""
        return self._room // PART

    def key(self, call: Call, targets: Sequence[Target]) -> bytes:
        """What an answer to this call is kept under; empty where none is."""
        if not self._room or call.stream or "no-store" in call.headers.get("cache-control", ""):
            return b""
        try:
            if call.facts.request.sampling.temperature != 0:
                return b""
        except ApiError:
            return b""  # Whoever answers it will say what is wrong with it.
        digest = hashlib.blake2b(digest_size=32)
        logins = sorted(call.principal.passes.items())
        parts = [call.principal.name, call.dialect.name, repr(logins), repr(sorted(_meant(call.headers).items()))]
        for part in (*parts, *(f"{target.name} {target.base_url} {target.parameters}" for target in targets)):
            data = part.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "big") + data)
        digest.update(call.body)
        return digest.digest()

    def find(self, key: bytes, call: Call, now: float) -> Kept | None:
        """What is kept under a key. A client that says `no-cache` wants it anew."""
        kept = self._kept.get(key) if key else None
        if kept is None or "no-cache" in call.headers.get("cache-control", ""):
            return None
        if now - kept.since >= self._seconds:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return kept

    def keep(self, key: bytes, answer: Answer | None, now: float) -> None:
        """Keep an answer, if there is one and it is not too large."""
        if not key or answer is None or len(answer.body) > self.entry_limit:
            return
        if key in self._kept:
            self._drop(key)
        self._kept[key] = Kept(answer, now)
        self._size += len(answer.body)
        while self._size > self._room:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: bytes) -> None:
        self._size -= len(self._kept.pop(key).answer.body)


NO_CACHE = Cache()
"""Keeps nothing."""


def _meant(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that an answer may depend on."""
    return {name: value for name, value in to_anthropic(headers).items() if not name.startswith(_OF_PROGRAMS)}
