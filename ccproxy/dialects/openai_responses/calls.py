"""Calls among the items of an output: of functions, and of tools that take free text."""

from collections.abc import Mapping
from typing import Any

from ccproxy.dialects.arguments import Arguments
from ccproxy.dialects.openai_responses.blocks import Blocks, text_of
from ccproxy.dialects.openai_responses.tables import NAME
from ccproxy.model.events import BlockDelta
from ccproxy.model.messages import ToolUse
from ccproxy.wire.jsontext import NotJson, dumps_str, loads

_PARALLEL = frozenset({"parallel", "multi_tool_use.parallel"})
"""The wrapper that some models write around several calls, as if it were a tool."""


class Call:
    """A function call. What of its arguments is sound is told as it comes, and put right at the end where they are
    not."""

    __slots__ = ("_arguments", "_blocks", "_id", "_index", "_waiting", "finished", "name")

    def __init__(self, blocks: Blocks, item: Mapping[str, Any]) -> None:
        self.finished = False
        self.name = ""
        self._blocks = blocks
        self._id = ""
        self._index = -1
        self._arguments = Arguments()
        self._waiting = ""
        """Arguments that may be told, but for the block that has not begun."""
        self._know(item)

    def _know(self, item: Mapping[str, Any]) -> None:
        self._id = self._id or text_of(item, "call_id") or text_of(item, "id")
        self.name = self.name or text_of(item, "name")
        if self.name and self._id and self._index < 0 and self.name not in _PARALLEL:
            self._begin()

    def _begin(self) -> None:
        self._index = self._blocks.start(ToolUse(self._id, self.name, ""))
        self._blocks.say(self._index, self._waiting)
        self._waiting = ""

    def delta(self, text: str) -> None:
        if not text or self.finished:
            return
        said = self._arguments.feed(text)
        if self._index < 0:
            self._waiting += said
        elif said:
            self._blocks.events.append(BlockDelta(self._index, said))

    def whole(self, arguments: str) -> None:
        """The arguments are told whole, the call's end comes later. Where nothing of them can have been told, what is
        whole counts alone."""
        streamed = self._arguments.text
        if arguments.startswith(streamed):
            self.delta(arguments[len(streamed) :])
        elif not streamed.strip().startswith("{") and arguments.strip():
            self._arguments = Arguments()
            self.delta(arguments)

    def done(self, item: Mapping[str, Any]) -> None:
        if self.finished:
            return
        final = item.get("arguments")
        if isinstance(final, dict):
            final = dumps_str(final)
        if isinstance(final, str):
            self.whole(final)
        self._know(item)
        if self._index < 0 and self._unwrap(self._arguments.text):
            self.finished = True
        if self.finished or not self.name:
            return
        if self._index < 0:
            self._id = self._id or self._blocks.invented_id()
            self._begin()
        rest = self._arguments.close()
        if rest is not None:
            self._blocks.say(self._index, rest)
            self._blocks.stop(self._index, mended=self._arguments.mended)
            self.finished = True

    @property
    def broken(self) -> bool:
        """Whether it has no name, or arguments that are no JSON object: whether they were cut off or are wrong shows at
        the end of the response, until then the block stays open."""
        return not self.finished

    def give_up(self) -> None:
        """The response ends: the call stops as it is."""
        if not self.finished and self._index >= 0:
            self._blocks.say(self._index, self._arguments.close(cut=True) or "")
            self._blocks.stop(self._index)
        self.finished = True

    def _unwrap(self, text: str) -> bool:
        """Says the calls within the wrapper; False where it is none."""
        if self.name not in _PARALLEL:
            return False
        try:
            uses = loads(text).get("tool_uses")
            calls = [(use["recipient_name"].removeprefix("functions."), use.get("parameters") or {}) for use in uses]
        except (NotJson, AttributeError, TypeError, KeyError):
            return False
        self._id = self._id or self._blocks.invented_id()
        for number, (name, arguments) in enumerate(calls):
            index = self._blocks.start(ToolUse(f"{self._id}_{number}", name, ""))
            self._blocks.say(index, arguments if isinstance(arguments, str) else dumps_str(arguments))
            self._blocks.stop(index)
        return True


class CustomCall:
    """A call of a custom tool, whose free text becomes the `input` of a function's arguments."""

    __slots__ = ("_blocks", "_id", "_index", "_length", "_name", "finished")

    def __init__(self, blocks: Blocks, item: Mapping[str, Any]) -> None:
        self.finished = False
        self._blocks = blocks
        self._index = -1
        self._length = 0
        self._id = text_of(item, "call_id") or text_of(item, "id")
        self._name = text_of(item, "name")

    def delta(self, text: str) -> None:
        if not text or self.finished:
            return
        self._begin()
        self._length += len(text)
        self._blocks.say(self._index, dumps_str(text)[1:-1])

    def _begin(self) -> None:
        if self._index < 0:
            self._index = self._blocks.start(ToolUse(self._id, self._name, "", {NAME: {"custom": True}}))
            self._blocks.say(self._index, '{"input":"')

    def done(self, item: Mapping[str, Any]) -> None:
        if self.finished:
            return
        if self._index < 0:
            self._id = text_of(item, "call_id") or self._id or self._blocks.invented_id()
            self._name = text_of(item, "name") or self._name
        self.delta(text_of(item, "input")[self._length :])
        self._begin()
        self._blocks.say(self._index, '"}')
        self._blocks.stop(self._index)
        self.finished = True
