"""Seals: what a vendor wants back unchanged, carried through a client that knows nothing of it.

OpenAI's encrypted reasoning, Gemini's thought signatures and other vendors' reasoning fields must return with the next
request or the model loses its thread. The client keeps them for us in the one place it echoes untouched: the signature
of a thinking block. Nothing is stored here, so a restart in mid-conversation loses nothing.

A seal is `px1.` and the base64url (without padding) of the zlib-compressed JSON object
`{"p": vendor, "m": model family, "k": account, ...state}`. No native signature holds a `.`, so ours are known by their
beginning. It goes back only to the vendor, family and account it came from: anything else is ignored, and never sent.

It is not encrypted, nor signed against its bearer: what it holds came from the vendor through the same client, and a
client could send the vendor's state itself. The checksum of zlib finds what was cut or damaged on the way.
"""

import binascii
import re
import zlib
from collections.abc import Mapping
from typing import Any

from ccproxy.dialects.quirks import Quirks
from ccproxy.wire.jsontext import NotJson, dumps, loads

PREFIX = "px1."

LIMIT = 8 * 1024 * 1024
"""Bytes of JSON a seal may hold. Encrypted reasoning has some tens of kilobytes, so no honest seal comes near, and a
forged one cannot make us unpack gigabytes."""

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")
_OWN_KEYS = ("p", "m", "k")

_SNAPSHOT = re.compile(
    r"(?:[-@](?:20\d\d-\d\d-\d\d|20\d{6}|\d{3,4}|\d\d-20\d\d|\d\d-\d\d|latest|preview|exp|beta)"
    r"|:(?:free|nitro|floor|exacto|extended|online|latest))$"
)


def family(model: str) -> str:
    """The name under which models read each other's state: in lower case, without the folders in front of the last
    `/`, without dates and numbers of snapshots (`-2025-08-07`, `@20250805`, `-0528`, `-001`), `-latest`, `-preview`,
    `-exp`, `-beta`, and without price tags such as `:free`.

    Versions and sizes stay: `gpt-5.4` cannot read what `gpt-5.6` or `gpt-5.4-mini` sealed, and state that is dropped
    costs less than a request that is refused.
    """
    name = model.strip().lower().rpartition("/")[2]
    while (shorter := _SNAPSHOT.sub("", name)) and shorter != name:
        name = shorter
    return name


def is_ours(text: str) -> bool:
    """Whether a signature is a seal of ours, for whatever vendor: no upstream may see it."""
    return text.startswith(PREFIX)


def seal(quirks: Quirks, state: Mapping[str, Any]) -> str:
    """The seal of a vendor's state. The same state gives the same seal. A state too large to be unsealed again gives
    `""`: the reasoning is lost, and not the answer. `state` must not use the keys `p`, `m` and `k`."""
    if clash := [key for key in _OWN_KEYS if key in state]:
        raise ValueError(f"a seal's own keys cannot be state: {clash}")
    text = dumps({"p": quirks.vendor, "m": family(quirks.model), "k": quirks.account, **state})
    if len(text) > LIMIT:
        return ""
    packed = binascii.b2a_base64(zlib.compress(text), newline=False)
    return PREFIX + packed.rstrip(b"=").translate(_TO_URL).decode("ascii")


def unseal(text: str, quirks: Quirks) -> Mapping[str, Any] | None:
    """The state within a seal of ours, if it came from this vendor, model family and account. None for everything
    else: foreign signatures, other vendors' state, what is broken or too large."""
    if not is_ours(text) or len(text) > LIMIT:
        return None
    value = _unpack(text[len(PREFIX) :])
    if not isinstance(value, dict):
        return None
    owner = tuple(value.pop(key, None) for key in _OWN_KEYS)
    return value if owner == (quirks.vendor, family(quirks.model), quirks.account) else None


def _unpack(text: str) -> Any:
    if not _BASE64URL.fullmatch(text):
        return None
    packed = text.encode("ascii").translate(_FROM_URL)
    machine = zlib.decompressobj()
    try:
        plain = machine.decompress(binascii.a2b_base64(packed + b"=" * (-len(packed) % 4), strict_mode=True), LIMIT)
        return loads(plain) if machine.eof and not machine.unused_data else None
    except (binascii.Error, zlib.error, NotJson):
        return None
