"""Reads the event stream of an upstream's `/v1/responses`."""

from collections.abc import Mapping
from typing import Any, TypeVar

from ccproxy.dialects.mending import mend, read_object
from ccproxy.dialects.openai_responses.blocks import Blocks, Item, text_of
from ccproxy.dialects.openai_responses.calls import Call, CustomCall
from ccproxy.dialects.openai_responses.errors import in_stream, read_error
from ccproxy.dialects.openai_responses.output import Message, Other, Reasoning
from ccproxy.dialects.openai_responses.tables import INCOMPLETE, REFUSALS
from ccproxy.dialects.openai_responses.usage import read_usage
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import Event, Failed, Finished, Started
from ccproxy.model.usage import Reason, Stop, Usage
from ccproxy.wire import sse
from ccproxy.wire.jsontext import NotJson, loads

_Told = TypeVar("_Told", Message, Reasoning, Call, CustomCall)


class Parser:
    """Reads one stream, cut anywhere. Event names are not needed, the data says its type; what it does not know it
    passes over. A stream that ends without `response.completed` or its like was cut off, whatever it had said."""

    def __init__(self, quirks: Quirks) -> None:
        self.complete = False
        self._frames = sse.Decoder()
        self._reader = Reader(quirks)

    def feed(self, data: bytes) -> list[Event]:
        if self._reader.ended:
            return []
        return self._read(self._frames.feed(data))

    def close(self) -> list[Event]:
        if self._reader.ended:
            return []
        return self._read(self._frames.close()) + self._reader.close()

    def _read(self, frames: list[sse.Frame]) -> list[Event]:
        events: list[Event] = []
        for frame in frames:
            if frame.data == b"[DONE]":
                continue
            try:
                value = loads(frame.data)
            except NotJson as error:
                # Gateways that rewrite events lose a bracket now and then.
                value = read_object(mend(frame.data.decode("utf-8", "replace")) or "")
                if value is None:
                    return events + self._reader.fail(
                        ApiError(Kind.BROKEN, f"the upstream sent an event that is not JSON: {error}")
                    )
            if isinstance(value, dict):
                if frame.event == b"error" and "type" not in value:
                    value["type"] = "error"
                events += self._reader.read(value)
        return events


class Reader:
    """The same, from events that are decoded: also from one that holds a whole response.

    Items are known by `output_index` alone, since some vendors change their ids with every event. An index that begins
    again is another item. What was never told piece by piece is taken from the completed response.
    """

    def __init__(self, quirks: Quirks) -> None:
        self.ended = False
        self._quirks = quirks
        self._blocks = Blocks(quirks)
        self._items: dict[object, Item] = {}
        self._all: list[Item] = []
        self._known: set[tuple[str, str]] = set()
        self._started = False

    def read(self, value: Mapping[str, Any]) -> list[Event]:
        """The events that one event of the upstream says."""
        if self.ended:
            return []
        kind = value.get("type")
        read = _READ.get(kind) if isinstance(kind, str) else None
        if read is not None:
            read(self, value)
        elif value.get("error"):
            self._error(value)
        events = self._blocks.events
        self._blocks.events = []
        return events

    def close(self) -> list[Event]:
        """The input ended; where that came too early it is told."""
        return self.fail(ApiError(Kind.BROKEN, "the upstream's stream ended before the response was complete"))

    def fail(self, error: ApiError) -> list[Event]:
        if self.ended:
            return []
        self.ended = True
        return [Failed(error)]

    def _begin(self, response: Mapping[str, Any]) -> None:
        if not self._started:
            self._started = True
            model = text_of(response, "model") or self._quirks.model
            self._blocks.response = text_of(response, "id")
            self._blocks.events.append(Started(text_of(response, "id"), model, Usage()))

    def _lifecycle(self, value: Mapping[str, Any]) -> None:
        self._begin(_object(value.get("response")))

    def _key(self, value: Mapping[str, Any]) -> object:
        index = value.get("output_index")
        return index if isinstance(index, int) else text_of(value, "item_id")

    def _added(self, value: Mapping[str, Any]) -> None:
        self._begin({})
        item = _object(value.get("item"))
        key = self._key(value)
        before = self._items.get(key)
        if before is not None:
            # Told again, or told only when it is done already.
            if _identity(item) in self._known and (_identity(item)[1] or not before.finished):
                return
            before.done({})
        self._open(key, item)

    def _open(self, key: object, item: Mapping[str, Any]) -> Item:
        opened: Item
        match item.get("type"):
            case "message":
                opened = Message(self._blocks, item)
            case "reasoning":
                opened = Reasoning(self._blocks)
            case "function_call":
                opened = Call(self._blocks, item)
            case "custom_tool_call":
                opened = CustomCall(self._blocks, item)
            case _:
                opened = Other(self._blocks, item)
        self._items[key] = opened
        self._all.append(opened)
        self._known.add(_identity(item))
        return opened

    def _done(self, value: Mapping[str, Any]) -> None:
        self._begin({})
        item = _object(value.get("item"))
        key = self._key(value)
        opened = self._items.get(key)
        if opened is None or (opened.finished and _identity(item) not in self._known):
            opened = self._open(key, item)
        self._known.add(_identity(item))
        opened.done(item)

    def _of(self, value: Mapping[str, Any], kind: type[_Told], name: str) -> _Told:
        """The item an event belongs to. One that was never announced, or stands under another's index, begins here."""
        key = self._key(value)
        item = self._items.get(key)
        if not isinstance(item, kind):
            item = self._items.get((key, kind))
        if not isinstance(item, kind):
            self._begin({})
            item = self._open((key, kind) if key in self._items else key, {"type": name})
            assert isinstance(item, kind)
        return item

    def _message(self, value: Mapping[str, Any]) -> Message:
        return self._of(value, Message, "message")

    def _reasoning(self, value: Mapping[str, Any]) -> Reasoning:
        return self._of(value, Reasoning, "reasoning")

    def _call(self, value: Mapping[str, Any]) -> Call:
        return self._of(value, Call, "function_call")

    def _text_delta(self, value: Mapping[str, Any]) -> None:
        index, text = value.get("output_index"), value.get("delta")
        item = self._items.get(index) if isinstance(index, int) else None
        # Nearly every event is this one: the item is known, and asked for nothing twice.
        if isinstance(item, Message) and isinstance(text, str):
            item.delta(_part(value), text)
        else:
            self._message(value).delta(_part(value), text_of(value, "delta"))

    def _text_done(self, value: Mapping[str, Any]) -> None:
        self._message(value).whole(_part(value), text_of(value, "text") or text_of(value, "refusal"))

    def _annotation(self, value: Mapping[str, Any]) -> None:
        self._message(value).cite(_part(value), value.get("annotation"))

    def _refusal(self, value: Mapping[str, Any]) -> None:
        self._message(value).refusal_delta(_part(value), text_of(value, "delta"))

    def _summary(self, value: Mapping[str, Any]) -> None:
        self._reasoning(value).delta("summary", _part(value, "summary_index"), text_of(value, "delta"))

    def _raw_reasoning(self, value: Mapping[str, Any]) -> None:
        self._reasoning(value).delta("content", _part(value), text_of(value, "delta"))

    def _arguments(self, value: Mapping[str, Any]) -> None:
        self._call(value).delta(text_of(value, "delta"))

    def _arguments_done(self, value: Mapping[str, Any]) -> None:
        self._call(value).whole(text_of(value, "arguments"))

    def _input(self, value: Mapping[str, Any]) -> None:
        self._of(value, CustomCall, "custom_tool_call").delta(text_of(value, "delta"))

    def _error(self, value: Mapping[str, Any]) -> None:
        code, message = read_error(value) or ("", "")
        self._failed(code, message)

    def _failed(self, code: str, message: str) -> None:
        """The upstream says that it failed. That its policy declined is an answer and no failure."""
        if code not in REFUSALS:
            self._blocks.events += self.fail(in_stream(code, message))
            return
        self._begin({})
        self._end(Stop(Reason.REFUSED, code, explanation=message or None), Usage())

    def _ended(self, value: Mapping[str, Any]) -> None:
        response = _object(value.get("response"))
        status = text_of(response, "status") or text_of(value, "type").removeprefix("response.")
        error = response.get("error")
        if status in ("failed", "cancelled") or (error and status != "completed"):
            code, message = read_error({"error": error or f"the response was {status}"}) or ("", "")
            self._failed(code, message)
            return
        if status in ("in_progress", "queued"):
            error = ApiError(Kind.BROKEN, f"the upstream's response is still {status}: it answers in the background")
            self._blocks.events += self.fail(error)
            return
        self._begin(response)
        self._take(response.get("output"))
        usage = read_usage(response.get("usage"), self._blocks.searches, response.get("service_tier"))
        if status == "incomplete":
            reason = text_of(_object(response.get("incomplete_details")), "reason")
            self._end(Stop(INCOMPLETE.get(reason, Reason.OTHER) if reason else Reason.LENGTH, reason or status), usage)
        elif self._blocks.refusals:
            self._end(Stop(Reason.REFUSED, status, explanation="\n".join(self._blocks.refusals)), usage)
        else:
            self._end(Stop(Reason.TOOLS if self._blocks.called else Reason.DONE, status), usage)

    def _take(self, output: Any) -> None:
        """Ends the items whose end was never told, and says those of which nothing was."""
        items = [_object(item) for item in output] if isinstance(output, list) else []
        missing = len(items) > len(self._all)
        for index, item in enumerate(items):
            known = self._items.get(index)
            if known is not None:
                known.done(item)
            elif missing and _identity(item) not in self._known:
                self._open(index, item).done(item)

    def _end(self, stop: Stop, usage: Usage) -> None:
        for item in self._all:
            item.done({})
            if isinstance(item, Call) and item.broken:
                if stop.reason in (Reason.DONE, Reason.TOOLS):
                    problem = f"the model called {item.name or 'a tool'} with arguments that are not JSON"
                    self._blocks.events += self.fail(ApiError(Kind.BROKEN, problem))
                    return
                item.give_up()
        self.ended = True
        self._blocks.events.append(Finished(stop, usage))


_READ = {
    "response.output_text.delta": Reader._text_delta,
    "response.created": Reader._lifecycle,
    "response.queued": Reader._lifecycle,
    "response.in_progress": Reader._lifecycle,
    "response.output_item.added": Reader._added,
    "response.output_item.done": Reader._done,
    "response.output_text.done": Reader._text_done,
    "response.output_text.annotation.added": Reader._annotation,
    "response.refusal.delta": Reader._refusal,
    "response.refusal.done": Reader._text_done,
    "response.reasoning_summary_text.delta": Reader._summary,
    "response.reasoning_text.delta": Reader._raw_reasoning,
    "response.function_call_arguments.delta": Reader._arguments,
    "response.function_call_arguments.done": Reader._arguments_done,
    "response.custom_tool_call_input.delta": Reader._input,
    "response.completed": Reader._ended,
    "response.done": Reader._ended,
    "response.incomplete": Reader._ended,
    "response.failed": Reader._ended,
    "response.cancelled": Reader._ended,
    "error": Reader._error,
}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _part(value: Mapping[str, Any], key: str = "content_index") -> int:
    index = value.get(key)
    return index if isinstance(index, int) else 0


def _identity(item: Mapping[str, Any]) -> tuple[str, str]:
    return text_of(item, "type"), text_of(item, "call_id") or text_of(item, "id")
