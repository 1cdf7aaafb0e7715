"""Keys of clients: how they are made, kept and told apart.

A configuration may hold a key itself, or only what a slow function (scrypt) makes of it. To run that at each request
would cost 40 ms: so it runs once for each key that is presented, off the reactor's thread, and its finding is kept
under a digest of the key that only this process can make. From then on any key, known or unknown, costs one digest and
one look-up (0.6 us); and since nobody outside can foresee a digest, how long a look-up takes tells nothing.

All hashes of a configuration share one salt, so an unknown key costs one run of scrypt and not one for each client.
"""

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

from attrs import frozen

from ccproxy.access.hashes import HASH_BYTES, SALT_BYTES, KeyHash, encoded

PREFIX = "ccp-"
"""Of keys that we make, so that people and scanners know them when they find one."""

UNKNOWN_LIMIT = 4096
"""Wrong keys that are remembered as wrong; who sent it longest ago goes first."""

_LOG_N, _R, _P = 14, 8, 1

Known = TypeVar("Known")


def hash_of(key: str, like: KeyHash | None = None) -> KeyHash:
    """The hash of a key, with the salt of another one where there is one."""
    salt = os.urandom(SALT_BYTES) if like is None else like.salt
    work = _LOG_N if like is None else like.work
    return KeyHash(work, salt, _scrypt(key, work, salt))


def new_key() -> str:
    """A key that nobody guesses."""
    return PREFIX + encoded(os.urandom(32))


@frozen
class Proof(Generic[Known]):
    """Slow work that tells whose a key is. `run` touches nothing but its own, so it may run in a thread; what it found
    is then given to `settle`, in ours."""

    run: Callable[[], Known | None]
    settle: Callable[[Known | None], None]


class Keys(Generic[Known]):
    """Finds whose a key is. `plain` are known by the key itself, `hashed` by what was made of it."""

    def __init__(self, plain: Iterable[tuple[str, Known]], hashed: Iterable[tuple[KeyHash, Known]] = ()) -> None:
        self._pepper = os.urandom(32)
        self._found: dict[bytes, Known] = {self._peppered(key.encode()): owner for key, owner in plain}
        self._unknown: OrderedDict[bytes, None] = OrderedDict()
        self._by_salt: dict[tuple[int, bytes], dict[bytes, Known]] = {}
        for one, owner in hashed:
            self._by_salt.setdefault((one.work, one.salt), {})[self._peppered(one.digest)] = owner

    def __bool__(self) -> bool:
        return bool(self._found or self._by_salt)

    @property
    def has_hashes(self) -> bool:
        """Whether any key is known by its hash alone."""
        return bool(self._by_salt)

    def find(self, key: str) -> Known | None:
        """Whose key this is; None where it is nobody's, or where a `proof` is still to tell."""
        return self._found.get(self._digest(key))

    def proof(self, key: str) -> Proof[Known] | None:
        """What must be done before `find` can tell; None where it can tell now."""
        digest = self._digest(key)
        if not self._by_salt or digest in self._found:
            return None
        if digest in self._unknown:
            self._unknown.move_to_end(digest)
            return None
        return Proof(lambda: self._prove(key), lambda owner: self._settle(digest, owner))

    def _settle(self, digest: bytes, owner: Known | None) -> None:
        if owner is not None:
            self._found[digest] = owner
            return
        self._unknown[digest] = None
        if len(self._unknown) > UNKNOWN_LIMIT:
            self._unknown.popitem(last=False)

    def _prove(self, key: str) -> Known | None:
        """All salts are tried whatever the first one finds: a known key costs as much as an unknown one."""
        found: Known | None = None
        for (work, salt), owners in self._by_salt.items():
            owner = self._owner(owners, _scrypt(key, work, salt))
            found = owner if found is None else found
        return found

    def _owner(self, owners: Mapping[bytes, Known], digest: bytes) -> Known | None:
        return owners.get(self._peppered(digest))

    def _digest(self, key: str) -> bytes:
        return self._peppered(as_sent(key))

    def _peppered(self, data: bytes) -> bytes:
        return hashlib.blake2b(data, key=self._pepper, digest_size=32).digest()


def as_sent(value: str) -> bytes:
    """The bytes behind a header's text, which the web side decodes as latin-1."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")


def _scrypt(key: str, work: int, salt: bytes) -> bytes:
    memory = 2 * 128 * (1 << work) * _R
    return hashlib.scrypt(as_sent(key), salt=salt, n=1 << work, r=_R, p=_P, maxmem=memory, dklen=HASH_BYTES)
