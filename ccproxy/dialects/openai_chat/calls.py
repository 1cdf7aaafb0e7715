"""Tool calls put together from their fragments.

The dialect says that every fragment has an index, and the first one id and name. Vendors leave out each of these, send
them late or again, put whole calls into one chunk, or interleave calls. A call's block starts when its name is known
and its arguments begin; it stops when something else begins and its arguments are whole, or else at the end.
"""

import enum
from collections.abc import Mapping
from typing import Any

from ccproxy.dialects.arguments import Arguments
from ccproxy.dialects.mending import read_object
from ccproxy.dialects.openai_chat.prose import Prose
from ccproxy.dialects.toolids import own_id
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Event
from ccproxy.model.messages import ToolUse
from ccproxy.wire.jsontext import dumps_str

_PARALLEL = frozenset({"multi_tool_use.parallel", "parallel"})
"""The wrapper some models write around several calls as if it were a tool."""


class _State(enum.Enum):
    WAITING = "waiting"
    """Its block has not started."""
    OPEN = "open"
    STOPPED = "stopped"


class Call:
    """One call in the making. `extra` is what the vendor wants back with it (Gemini's `extra_content`)."""

    __slots__ = ("arguments", "extra", "id", "index", "key", "name", "owed", "said", "state")

    def __init__(self, key: object) -> None:
        self.key = key
        self.id = ""
        self.name = ""
        self.arguments = Arguments()
        self.index = -1
        self.state = _State.WAITING
        self.said = ""
        """Arguments that may be told, but for the block that has not started."""
        self.owed = ""
        """What ends the arguments that stand for a custom tool's text."""
        self.extra: Mapping[str, Any] | None = None


class Calls:
    """The calls of one answer, between its words. `answer` names it, for ids that the vendor left out."""

    __slots__ = ("_by_key", "_calls", "_ids", "_prose", "answer", "any_started")

    def __init__(self, prose: Prose) -> None:
        self._prose = prose
        self.answer = ""
        self._calls: list[Call] = []
        self._by_key: dict[object, Call] = {}
        self._ids: set[str] = set()
        self.any_started = False

    @property
    def any(self) -> bool:
        """Whether a call was told by name, though its block may still wait for arguments."""
        return any(call.name for call in self._calls)

    def feed(self, fragment: Mapping[str, Any], choice: object, out: list[Event]) -> None:
        """Takes one element of `tool_calls`. Raises BROKEN for more arguments to a call that was complete."""
        function = fragment.get("function")
        custom = fragment.get("custom")
        # Snowflake writes the fields of both.
        if isinstance(custom, dict) and (custom.get("name") or not function):
            self._feed_custom(fragment, custom, choice, out)
            return
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

    def _feed_custom(
        self, fragment: Mapping[str, Any], custom: Mapping[str, Any], choice: object, out: list[Event]
    ) -> None:
        """The same of a custom tool's call, whose free text becomes the `input` of a function's arguments."""
        name, text = custom.get("name"), custom.get("input")
        name = name if isinstance(name, str) else ""
        call = self._call_of(fragment, name, choice, out)
        if name and call.state is _State.WAITING:
            call.name = _joined_name(call.name, name)
        begin, call.owed = "" if call.owed else '{"input":"', '"}'
        self._more(call, begin + (dumps_str(text)[1:-1] if isinstance(text, str) else ""), out)

    def settle(self, out: list[Event]) -> None:
        """Something else begins: calls that are whole stop, and the others at least start, to keep the order."""
        for call in self._calls:
            if call.state is _State.STOPPED or not call.name or call.name in _PARALLEL:
                continue
            if call.arguments.whole:
                self._finish(call, False, out)
            elif call.state is _State.WAITING:
                self._start(call, out)

    def close(self, truncated: bool, out: list[Event]) -> ApiError | None:
        """The answer ended: every block stops, or the error is returned. `truncated` says that the limit of tokens cut
        it, so incomplete arguments are no fault."""
        for call in self._calls:
            if call.state is _State.STOPPED:
                continue
            text = call.arguments.text
            if not call.name:
                if truncated or not text.strip():
                    continue
                return ApiError(Kind.BROKEN, "the upstream sent a tool call without a name")
            if call.name in _PARALLEL and self._unwrap(call, out):
                continue
            if not self._finish(call, truncated, out):
                return ApiError(
                    Kind.BROKEN,
                    f"the upstream's arguments for the tool {call.name} are not a JSON object: {text[:200]}",
                )
        return None

    def _call_of(self, fragment: Mapping[str, Any], name: str, choice: object, out: list[Event]) -> Call:
        index, id = fragment.get("index"), fragment.get("id")
        if not isinstance(id, str):
            id = ""
        last = self._calls[-1] if self._calls else None
        if index is not None:
            key: object = (_hashable(choice), _hashable(index))
            call = self._by_key.get(key)
            if call is not None and id and call.id and id != call.id and name and call.arguments.whole:
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
        return last.arguments.whole or (name != last.name and not last.arguments.text.strip())

    def _more(self, call: Call, arguments: str, out: list[Event]) -> None:
        if call.state is _State.STOPPED:
            if arguments.strip() and arguments.strip() != call.arguments.text.strip():
                raise ApiError(
                    Kind.BROKEN, f"the upstream sent more arguments for the tool {call.name} after they were complete"
                )
            return
        said = call.arguments.feed(arguments)
        if call.state is _State.OPEN:
            if said:
                out.append(BlockDelta(call.index, said))
            return
        call.said += said
        if call.said and call.name and call.name not in _PARALLEL:
            self._start(call, out)

    def _finish(self, call: Call, truncated: bool, out: list[Event]) -> bool:
        """Says what is left of the call; False where its arguments are beyond repair."""
        if call.owed and not truncated:
            owed, call.owed = call.owed, ""
            self._more(call, owed, out)
        rest = call.arguments.close(truncated)
        if rest is None:
            return False
        if call.state is _State.WAITING:
            self._start(call, out)
        if rest:
            out.append(BlockDelta(call.index, rest))
        self._stop(call, out)
        return True

    def _start(self, call: Call, out: list[Event]) -> None:
        call.index = self._prose.make_room(call.extra, out)
        call.state = _State.OPEN
        self.any_started = True
        out.append(BlockStarted(call.index, ToolUse(own_id(call.id, self._ids, self.answer), call.name, "")))
        if call.said:
            out.append(BlockDelta(call.index, call.said))
            call.said = ""

    def _stop(self, call: Call, out: list[Event]) -> None:
        call.state = _State.STOPPED
        out.append(BlockStopped(call.index, mended=call.arguments.mended))

    def _unwrap(self, call: Call, out: list[Event]) -> bool:
        """Tells the calls within the parallel wrapper, if it is one; else a tool of the client merely has that name."""
        uses = (read_object(call.arguments.text) or {}).get("tool_uses")
        if not isinstance(uses, list) or not all(isinstance(use, dict) and use.get("recipient_name") for use in uses):
            return False
        for ordinal, use in enumerate(uses):
            inner = Call(None)
            inner.id = f"{call.id}_{ordinal}" if call.id else ""
            inner.name = str(use["recipient_name"]).removeprefix("functions.")
            parameters = use.get("parameters")
            inner.said = inner.arguments.feed(dumps_str(parameters if isinstance(parameters, dict) else {}))
            self._finish(inner, False, out)
        call.state = _State.STOPPED
        return True


def _hashable(index: object) -> int | str:
    return index if isinstance(index, (int, str)) else repr(index)


def _joined_name(so_far: str, name: str) -> str:
    """A name may come in pieces, or be said again with each fragment, whole or as far as it got."""
    return name if name.startswith(so_far) else so_far + name
