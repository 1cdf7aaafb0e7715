"""Tool calls put together from their fragments.

The dialect says that every fragment has an index, and the first one id and name. Vendors leave out each of these, send
them late or again, put whole calls into one chunk, or interleave calls. A call's block starts when its name is known
and its arguments begin; it stops when something else begins and its arguments are whole, or else at the end.
"""

import enum
import hashlib
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Event
from ccproxy.model.messages import ToolUse
from ccproxy.wire.jsontext import NotJson, dumps_str, loads

_PARALLEL = frozenset({"multi_tool_use.parallel", "parallel"})
"""The wrapper some models write around several calls as if it were a tool."""

_SNAPSHOT_FROM = 8
"""Characters of arguments before a fragment that begins with all of them is taken for a snapshot: fewer may recur."""

_UNSURE = frozenset({"", "{", "{}", "n", "nu", "nul", "null"})
"""Beginnings of arguments that some vendors send before the real ones, or instead of none."""


class _State(enum.Enum):
    WAITING = "waiting"
    """Its block has not started."""
    OPEN = "open"
    STOPPED = "stopped"


class Call:
    """One call in the making. `extra` is what the vendor wants back with it (Gemini's `extra_content`)."""

    __slots__ = ("arguments", "extra", "held", "id", "index", "key", "name", "state")

    def __init__(self, key: object) -> None:
        self.key = key
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []
        self.held = True
        self.index = -1
        self.state = _State.WAITING
        self.extra: Mapping[str, Any] | None = None

    @property
    def text(self) -> str:
        """All arguments so far."""
        if len(self.arguments) > 1:
            self.arguments = ["".join(self.arguments)]
        return self.arguments[0] if self.arguments else ""


class Calls:
    """The calls of one answer. `open_block(call)` makes room in the stream and gives the index of a new block;
    `seed()` names the answer, for ids that the vendor left out."""

    __slots__ = ("_by_key", "_calls", "_ids", "_open_block", "_seed", "any_started")

    def __init__(self, open_block: Callable[[Call, list[Event]], int], seed: Callable[[], str]) -> None:
        self._open_block = open_block
        self._seed = seed
        self._calls: list[Call] = []
        self._by_key: dict[object, Call] = {}
        self._ids: set[str] = set()
        self.any_started = False

    def feed(self, fragment: Mapping[str, Any], choice: object, out: list[Event]) -> None:
        """Takes one element of `tool_calls`. Raises BROKEN for more arguments to a call that was complete."""
        function = fragment.get("function")
        if not isinstance(function, dict):
            function = {}
        name, arguments = function.get("name"), function.get("arguments")
        if not isinstance(name, str):
            name = ""
        if not isinstance(arguments, str):
            arguments = "" if arguments is None else dumps_str(arguments)
        call = self._call_of(fragment, name, choice, out)
        if name and call.state is _State.WAITING:
            call.name = _joined_name(call.name, name)
        extra = fragment.get("extra_content")
        if isinstance(extra, dict) and extra:
            call.extra = extra
        if arguments:
            self._more(call, arguments, out)

    def settle(self, out: list[Event]) -> None:
        """Something else begins: calls that are whole stop, and the others at least start, to keep the order."""
        for call in self._calls:
            if call.state is _State.STOPPED or not call.name or call.name in _PARALLEL:
                continue
            if _object(call.text) is not None:
                self._release(call, out)
                self._stop(call, out)
            elif call.state is _State.WAITING:
                self._start(call, out)

    def close(self, truncated: bool, out: list[Event]) -> ApiError | None:
        """The answer ended: every block stops, or the error is returned. `truncated` says that the limit of tokens cut
        it, so incomplete arguments are no fault. Closing brackets that alone are missing are added."""
        for call in self._calls:
            if call.state is _State.STOPPED:
                continue
            text = call.text
            if not call.name:
                if truncated or not text.strip():
                    continue
                return ApiError(Kind.BROKEN, "the upstream sent a tool call without a name")
            if call.name in _PARALLEL and self._unwrap(call, out):
                continue
            if call.held and text.strip() in ("", "null"):
                call.arguments = []
                text = ""
            elif _object(text) is None and not truncated:
                whole = _unquoted(text) if call.held else None
                missing = _missing_brackets(text) if whole is None else None
                if whole is not None:
                    call.arguments = [whole]
                elif missing is not None:
                    self._release(call, out)
                    self._append(call, missing, out)
                else:
                    return ApiError(
                        Kind.BROKEN,
                        f"the upstream's arguments for the tool {call.name} are not a JSON object: {text[:200]}",
                    )
            self._release(call, out)
            self._stop(call, out)
        return None

    def _call_of(self, fragment: Mapping[str, Any], name: str, choice: object, out: list[Event]) -> Call:
        index, id = fragment.get("index"), fragment.get("id")
        if not isinstance(id, str):
            id = ""
        last = self._calls[-1] if self._calls else None
        if index is not None:
            key: object = (choice, index if isinstance(index, (int, str)) else repr(index))
            call = self._by_key.get(key)
            if call is not None and id and call.id and id != call.id and name and _object(call.text) is not None:
                call = None
        elif id and (known := self._by_key.get(id)) is not None:
            key, call = id, known
        elif last is not None and not self._begins_another(last, id, name):
            key, call = last.key, last
        else:
            key, call = id or object(), None
        if call is None:
            if self._calls:
                self.settle(out)
            call = Call(key)
            self._calls.append(call)
            self._by_key[key] = call
        if id and not call.id:
            call.id = id
            self._by_key.setdefault(id, call)
        return call

    @staticmethod
    def _begins_another(last: Call, id: str, name: str) -> bool:
        """Whether a fragment without an index, and with an id that is new or none, is of another call than the last."""
        if id and last.id:
            return True
        if not name or not last.name:
            return False
        text = last.text
        return _object(text) is not None or (name != last.name and not text.strip())

    def _more(self, call: Call, arguments: str, out: list[Event]) -> None:
        if call.state is _State.STOPPED:
            if arguments.strip() and arguments.strip() != call.text.strip():
                raise ApiError(
                    Kind.BROKEN, f"the upstream sent more arguments for the tool {call.name} after they were complete"
                )
            return
        if not call.held:
            if len(arguments) >= _SNAPSHOT_FROM and arguments[0] == "{":
                text = call.text
                if len(text) >= _SNAPSHOT_FROM and arguments.startswith(text):
                    arguments = arguments[len(text) :]
                    if not arguments:
                        return
            self._append(call, arguments, out)
            return
        if call.arguments and arguments.lstrip().startswith("{") and call.text.strip() in ("{}", "null"):
            call.arguments = []
        call.arguments.append(arguments)
        start = call.text.lstrip()
        if call.name and call.name not in _PARALLEL and start not in _UNSURE and not start.startswith('"'):
            self._release(call, out)

    def _append(self, call: Call, arguments: str, out: list[Event]) -> None:
        call.arguments.append(arguments)
        out.append(BlockDelta(call.index, arguments))

    def _release(self, call: Call, out: list[Event]) -> None:
        """Says what was held of the arguments, after the block's start."""
        if call.state is _State.WAITING:
            self._start(call, out)
        if call.held:
            call.held = False
            if text := call.text:
                out.append(BlockDelta(call.index, text))

    def _start(self, call: Call, out: list[Event]) -> None:
        call.index = self._open_block(call, out)
        call.state = _State.OPEN
        self.any_started = True
        out.append(BlockStarted(call.index, ToolUse(self._unique(call.id), call.name, "")))

    def _stop(self, call: Call, out: list[Event]) -> None:
        call.state = _State.STOPPED
        out.append(BlockStopped(call.index))

    def _unwrap(self, call: Call, out: list[Event]) -> bool:
        """Tells the calls within the parallel wrapper, if it is one; else a tool of the client merely has that name."""
        uses = (_object(call.text) or {}).get("tool_uses")
        if not isinstance(uses, list) or not all(isinstance(use, dict) and use.get("recipient_name") for use in uses):
            return False
        for ordinal, use in enumerate(uses):
            inner = Call(None)
            inner.id = f"{call.id}_{ordinal}" if call.id else ""
            inner.name = str(use["recipient_name"]).removeprefix("functions.")
            parameters = use.get("parameters")
            inner.arguments = [dumps_str(parameters if isinstance(parameters, dict) else {})]
            self._release(inner, out)
            self._stop(inner, out)
        call.state = _State.STOPPED
        return True

    def _unique(self, id: str) -> str:
        """The id, or one derived from the answer's name where the vendor gave none or gave it twice."""
        if not id or id in self._ids:
            seed = f"{self._seed() or uuid.uuid4().hex}/{id}/{len(self._ids)}"
            id = "call_" + hashlib.sha256(seed.encode("utf-8", "surrogatepass")).hexdigest()[:24]
        self._ids.add(id)
        return id


def _joined_name(so_far: str, name: str) -> str:
    """A name may come in pieces, or be said again with each fragment, whole or as far as it got."""
    return name if name.startswith(so_far) else so_far + name


def _object(text: str) -> dict[str, Any] | None:
    if not text.rstrip().endswith("}"):
        return None
    try:
        value = loads(text)
    except NotJson:
        return None
    return value if isinstance(value, dict) else None


def _unquoted(text: str) -> str | None:
    """The arguments within a JSON string that holds an object: encoded once too often."""
    try:
        inner = loads(text)
    except NotJson:
        return None
    return inner if isinstance(inner, str) and _object(inner) is not None else None


_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\]]', re.DOTALL)


def _missing_brackets(text: str) -> str | None:
    """The closing brackets that alone make `text` a JSON object; None where it would take a guess. The text must end
    behind a string, a bracket or a word: a number might have gone on, and a string that is cut is never completed."""
    if not text.rstrip().endswith(('"', "}", "]", "true", "false", "null")):
        return None
    closers: list[str] = []
    for token in _TOKENS.findall(text):
        if token == "{":
            closers.append("}")
        elif token == "[":
            closers.append("]")
        elif token in "}]" and (not closers or closers.pop() != token):
            return None
    missing = "".join(reversed(closers))
    return missing if missing and _object(text + missing) is not None else None
