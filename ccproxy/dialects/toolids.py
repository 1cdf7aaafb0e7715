"""Tool call ids that a vendor takes.

Ids come from whatever vendor made the call (`toolu_…`, `call_…:0`, seventy characters, or made up by us), and each
vendor has its own rule (Mistral: exactly nine letters or digits). An id that does not fit is replaced by a hash of
itself: the same in the call and in its result, and the same in every later request.
"""

import hashlib
import re
import string
import uuid

from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import Request, ToolUse

_ALPHABET = string.digits + string.ascii_letters
_PREFIX = "call_"
_PREFERRED = 24
"""Characters of hash behind the prefix, where the vendor leaves room: the look of OpenAI's own ids."""


def wire_id(id: str, pattern: str, limit: int = 64) -> str:
    """`id` if it matches `pattern` whole and has at most `limit` characters, else a hash of it that does.

    Raises UNTRANSLATABLE where no run of letters and digits matches the pattern: the quirk that gave it is wrong.
    """
    if len(id) <= limit and re.fullmatch(pattern, id):
        return id
    digest = _digest(id)
    preferred = _PREFIX + digest[:_PREFERRED]
    if len(preferred) <= limit and re.fullmatch(pattern, preferred):
        return preferred
    for length in range(min(limit, len(digest)), 0, -1):
        if re.fullmatch(pattern, digest[:length]):
            return digest[:length]
    raise ApiError(
        Kind.UNTRANSLATABLE,
        f"no tool call id of letters and digits matches the quirk tool_id_pattern {pattern!r}; "
        "correct it for this provider",
    )


def own_id(id: str, taken: set[str], answer: str) -> str:
    """The id of a call as it is told to clients, and noted as `taken`: the vendor's, or one derived from the name of
    the `answer`, where that gives none or one that another call of the answer has."""
    if not id or id in taken:
        id = hashed(f"{answer or uuid.uuid4().hex}/{id}/{len(taken)}")
    taken.add(id)
    return id


class ClientIds:
    """The ids of calls in one answer, as one client gets them: none that another call of its conversation has. Agents
    know results by them and lose one of two that have the same; there are upstreams that count anew in each answer."""

    __slots__ = ("_taken",)

    def __init__(self, request: Request) -> None:
        self._taken = {part.id for turn in request.turns for part in turn.parts if isinstance(part, ToolUse)}

    def own(self, id: str, prefix: str = _PREFIX) -> str:
        """This id, or one derived from it where it is taken."""
        told, times = id, 0
        while told in self._taken:
            times += 1
            told = hashed(f"{id}\n{times}", prefix)
        self._taken.add(told)
        return told


def hashed(id: str, prefix: str = _PREFIX) -> str:
    """An id of legal characters that depends on all of `id`."""
    return prefix + hashlib.sha256(id.encode("utf-8", "surrogatepass")).hexdigest()[:_PREFERRED]


def _digest(id: str) -> str:
    """Forty characters of letters and digits that depend on all of `id`."""
    number = int.from_bytes(hashlib.sha256(id.encode("utf-8", "surrogatepass")).digest(), "big")
    characters = []
    for _ in range(40):
        number, rest = divmod(number, len(_ALPHABET))
        characters.append(_ALPHABET[rest])
    return "".join(characters)
