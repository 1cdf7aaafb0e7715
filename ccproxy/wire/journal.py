"""An entry of systemd's journal, in the journal's own form.

A field is `NAME=value`, or, where the value has line breaks, its name, its length and its bytes. Names are upper case,
digits and underscores; those that begin with an underscore are the journal's own.
"""

import re
from collections.abc import Mapping

LIMIT = 48 * 1024
"""Bytes of a value. The kernel takes no datagram of more than some 200 kB, and nobody reads a line of that length."""

_OTHER = re.compile(r"[^A-Z0-9_]")


def field_name(name: str) -> str:
    """A name that the journal takes."""
    return _OTHER.sub("_", name.upper()).lstrip("_")[:64]


def entry(fields: Mapping[str, str]) -> bytes:
    """The datagram for these fields. What is too long is cut off."""
    return b"".join(_field(name.encode("ascii"), value) for name, value in fields.items())


def _field(name: bytes, value: str) -> bytes:
    data = value.encode("utf-8", "replace")[:LIMIT]
    if b"\n" in data:
        return name + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"
    return name + b"=" + data + b"\n"
