"""What a configuration keeps of a key: its hash by a slow function (scrypt), as it is written there.

Nothing is hashed here: that is `access.keys`.
"""

import base64
import binascii

from attrs import field, frozen

SALT_LIMIT = 4
"""Different salts in one configuration: each costs an unknown key another run."""

SALT_BYTES, HASH_BYTES = 16, 32

_NAME = "scrypt"
_SMALLEST_WORK, _LARGEST_WORK = 10, 17


class BadHash(ValueError):
    """This is no hash of ours; `str()` says what was expected."""


_EXPECTED = "a hash as `ccproxy key` prints it: scrypt$14$SALT$HASH"


@frozen
class KeyHash:
    """What is kept of a key. `work` is the binary logarithm of scrypt's cost."""

    work: int
    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "KeyHash":
        """A hash as it is written: `scrypt$14$SALT$HASH`. Raises `BadHash`."""
        name, _, rest = text.strip().partition("$")
        work, _, rest = rest.partition("$")
        salt, _, digest = rest.partition("$")
        try:
            found = cls(int(work), _decoded(salt), _decoded(digest))
        except (ValueError, binascii.Error):
            raise BadHash(_EXPECTED) from None
        if name != _NAME or not _SMALLEST_WORK <= found.work <= _LARGEST_WORK:
            raise BadHash(_EXPECTED)
        if len(found.salt) < SALT_BYTES or len(found.digest) != HASH_BYTES:
            raise BadHash(_EXPECTED)
        return found

    def __str__(self) -> str:
        return f"{_NAME}${self.work}${encoded(self.salt)}${encoded(self.digest)}"


def encoded(data: bytes) -> str:
    """Bytes as plain characters, which need no quotes anywhere."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
