"""The stream of chat completions, read: chunks to events, as every vendor sends them (`wire` knows the frames).

What is asked of a chunk, in this order: an error, usage, and then for each choice reasoning, text, refusal, tool calls
and the finish reason. Nothing ends with a finish reason: it may come again, and content and usage after it.
"""

from collections.abc import Mapping
from typing import Any

from ccproxy.dialects.citing import read_url_citation
from ccproxy.dialects.openai_chat.blocks import Blocks
from ccproxy.dialects.openai_chat.citations import listed_citations, read_image
from ccproxy.dialects.openai_chat.errors import Envelope, in_band, read_envelope
from ccproxy.dialects.openai_chat.snapshots import Snapshots
from ccproxy.dialects.openai_chat.tables import BROKEN_STOPS, CUT_STOPS, STOPS
from ccproxy.dialects.openai_chat.think_tags import ThinkTags
from ccproxy.dialects.openai_chat.usage import read_usage
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import Event, Failed, Finished, Started
from ccproxy.model.usage import Reason, Stop, Usage
from ccproxy.wire.jsontext import NotJson, loads
from ccproxy.wire.sse import Decoder, Frame

_NO_FINISH = "upstream stream ended without finish_reason"


class Parser:
    """Reads one upstream's stream. `quirks` says whose it is, and how its reasoning wants to be sent back."""

    __slots__ = (
        "_blocks",
        "_ended",
        "_explanation",
        "_finish",
        "_frames",
        "_quirks",
        "_reasoning_snapshots",
        "_sequence",
        "_started",
        "_tags",
        "_tail",
        "_text_snapshots",
        "_usage",
        "_whole",
    )

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._frames = Decoder()
        self._blocks = Blocks(quirks)
        self._tags: ThinkTags | None = ThinkTags(quirks.think_tags)
        self._text_snapshots = Snapshots()
        self._reasoning_snapshots = Snapshots()
        self._started = False
        self._ended = False
        self._tail = False
        self._whole = False
        self._usage = Usage()
        self._finish: str | None = None
        self._sequence: str | None = None
        self._explanation: list[str] = []

    @property
    def complete(self) -> bool:
        """A finish reason was seen, and no frame is half there."""
        return self._ended or (self._finish is not None and not self._tail)

    def feed(self, data: bytes) -> list[Event]:
        """The events of these bytes, cut anywhere."""
        out: list[Event] = []
        if self._ended:
            return out
        for frame in self._frames.feed(data):
            self._read(frame, out)
            if self._ended:
                return out
        if data:
            self._tail = not data.endswith((b"\n", b"\r"))
        return out

    def close(self) -> list[Event]:
        """The input ended: the events that were waiting for it, `Finished` or `Failed` last."""
        out: list[Event] = []
        if self._ended:
            return out
        for frame in self._frames.close():
            self._read(frame, out)
            if self._ended:
                return out
        self._end(out)
        return out

    def whole(self, reply: Mapping[str, Any]) -> list[Event]:
        """The events of a whole reply: its message is a chunk with everything, and its end needs no mark."""
        out: list[Event] = []
        self._whole = True
        try:
            self._take(reply, out)
            if not self._ended:
                self._finish = self._finish or "stop"
                self._end(out)
        except ApiError as error:
            self._fail(error, out)
        return out

    def _read(self, frame: Frame, out: list[Event]) -> None:
        data = frame.data
        if data[:1] != b"{" and data.strip() == b"[DONE]":
            if self._finish is None and (self._blocks.any or self._blocks.calls.any):
                self._finish = "stop"
            self._end(out)
            return
        try:
            chunk = loads(data)
        except NotJson as error:
            if not data.strip() or self._finish is not None:
                return
            text = data[:200].decode("utf-8", "replace")
            if frame.event == b"error":
                self._refuse(Envelope(text), out)
            else:
                self._fail(ApiError(Kind.BROKEN, f"the upstream sent an event that is not JSON ({error}): {text}"), out)
            return
        if chunk.__class__ is not dict:
            chunk = chunk[0] if isinstance(chunk, list) and len(chunk) == 1 else None
            if not isinstance(chunk, dict):
                return
        try:
            if frame.event == b"error":
                self._refuse(read_envelope(chunk) or read_envelope({"error": chunk}) or Envelope("unknown"), out)
            else:
                self._take(chunk, out)
        except ApiError as error:
            self._fail(error, out)
        except NotJson as error:
            self._fail(ApiError(Kind.BROKEN, f"the upstream sent what cannot be written again: {error}"), out)

    def _take(self, chunk: Mapping[str, Any], out: list[Event]) -> None:
        """One chunk, whatever of it there is."""
        choices = chunk.get("choices")
        if chunk.get("error") or not choices:
            envelope = read_envelope(chunk)
            if envelope is not None:
                self._refuse(envelope, out)
                return
        usage = chunk.get("usage")
        if usage.__class__ is dict:
            self._used(usage, chunk.get("service_tier"))
        groq = chunk.get("x_groq")
        if groq.__class__ is dict:
            if groq.get("error"):
                self._refuse(read_envelope(groq) or Envelope("unknown"), out)
                return
            if isinstance(groq.get("usage"), dict):
                self._used(groq["usage"])
        if choices.__class__ is not list:
            return
        for choice in choices:
            if choice.__class__ is dict:
                if not self._started:
                    self._start(chunk, out)
                self._choose(choice, out)
                if self._ended:
                    return
        if self._finish is not None and ("citations" in chunk or "search_results" in chunk):
            self._blocks.cite(listed_citations(chunk))

    def _start(self, chunk: Mapping[str, Any], out: list[Event]) -> None:
        id, model, created = chunk.get("id"), chunk.get("model"), chunk.get("created")
        id = id if isinstance(id, str) else ""
        when = str(created) if isinstance(created, (int, float)) and created else ""
        self._blocks.calls.answer = f"{id}/{when}" if id or when else ""
        self._started = True
        out.append(Started(id, model if isinstance(model, str) else self._quirks.model, self._usage))

    def _used(self, usage: Mapping[str, Any], tier: Any = None) -> None:
        self._usage = self._usage.merge(read_usage(usage, self._quirks.reasoning_outside_output, tier))

    def _choose(self, choice: Mapping[str, Any], out: list[Event]) -> None:
        delta = choice.get("delta")
        if delta.__class__ is not dict or not delta:
            # The whole message after its own stream says nothing new.
            message = choice.get("message")
            delta = message if message.__class__ is dict and (self._whole or not self._blocks.any) else {}
        if len(delta) == 1 and "tool_calls" in delta:
            self._call(delta["tool_calls"], choice.get("index"), out)
        else:
            for key in delta:
                if key != "content" and key != "role":
                    self._rich(delta, choice.get("index"), out)
                    break
            else:
                content = delta.get("content")
                if content:
                    self._content(content, out)
        finish = choice.get("finish_reason")
        if finish is not None or "error" in choice or "usage" in choice:
            self._finished(choice, finish, out)

    def _rich(self, delta: Mapping[str, Any], choice: Any, out: list[Event]) -> None:
        """A delta with more in it than text."""
        details = delta.get("reasoning_details")
        if not isinstance(details, list):
            details = []
        reasoning = delta.get("reasoning_content") or delta.get("reasoning")
        if not isinstance(reasoning, str):
            reasoning = ""
        if details:
            shown = self._blocks.prose.details.add(details)
            reasoning = reasoning or shown
        if reasoning:
            self._flush_tags(out)
            self._tags = self._tags if self._quirks.think_tags else None
            if self._reasoning_snapshots.watching:
                reasoning = self._reasoning_snapshots.new(reasoning)
            self._blocks.reason(reasoning, out)
        content = delta.get("content")
        if content:
            self._content(content, out)
        refusal = delta.get("refusal")
        if isinstance(refusal, str) and refusal:
            self._explanation.append(refusal)
            self._blocks.say(refusal, out)
        annotations = delta.get("annotations")
        if isinstance(annotations, list):
            self._blocks.cite(found for one in annotations if (found := read_url_citation(one)) is not None)
        images = delta.get("images")
        if isinstance(images, list):
            self._flush_tags(out)
            for image in images:
                if (media := read_image(image)) is not None:
                    self._blocks.show(media, out)
        self._call(delta.get("tool_calls"), choice, out)
        legacy = delta.get("function_call")
        if isinstance(legacy, dict):
            self._blocks.calls.feed({"index": "function_call", "function": legacy}, choice, out)

    def _call(self, fragments: Any, choice: Any, out: list[Event]) -> None:
        if not fragments or fragments.__class__ is not list:
            return
        if self._tags is not None:
            self._flush_tags(out)
        for fragment in fragments:
            if fragment.__class__ is dict:
                self._blocks.calls.feed(fragment, choice, out)

    def _content(self, content: Any, out: list[Event]) -> None:
        if content.__class__ is str:
            text = self._text_snapshots.new(content) if self._text_snapshots.watching else content
            if text:
                self._tagged(text, out)
        elif isinstance(content, list):
            for part in content:
                if isinstance(part, str):
                    self._tagged(part, out)
                elif isinstance(part, dict):
                    self._part(part, out)

    def _part(self, part: Mapping[str, Any], out: list[Event]) -> None:
        """A content part (Mistral): text, or reasoning as a list of texts. References and images have no word."""
        text = part.get("text")
        if isinstance(text, str) and text:
            self._tagged(text, out)
        thinking = part.get("thinking")
        if isinstance(thinking, list):
            thinking = "".join(
                piece["text"] for piece in thinking if isinstance(piece, dict) and isinstance(piece.get("text"), str)
            )
        if isinstance(thinking, str) and thinking:
            self._blocks.reason(thinking, out)
        signature = part.get("signature")
        if isinstance(signature, str) and signature:
            self._blocks.prose.signature = signature

    def _tagged(self, text: str, out: list[Event]) -> None:
        if self._tags is None:
            self._blocks.say(text, out)
            return
        for is_reasoning, piece in self._tags.feed(text):
            if is_reasoning:
                self._blocks.reason(piece, out)
            else:
                self._blocks.say(piece, out)
        if self._tags.settled:
            self._tags = None

    def _flush_tags(self, out: list[Event]) -> None:
        """What was held as the possible beginning of a tag was text: something else begins."""
        if self._tags is not None:
            for is_reasoning, piece in self._tags.close():
                if is_reasoning:
                    self._blocks.reason(piece, out)
                else:
                    self._blocks.say(piece, out)

    def _finished(self, choice: Mapping[str, Any], finish: Any, out: list[Event]) -> None:
        if isinstance(choice.get("usage"), dict):
            self._used(choice["usage"])
        if choice.get("error"):
            self._refuse(read_envelope({"error": choice["error"]}) or Envelope("unknown"), out)
        elif isinstance(finish, str) and finish:
            self._finish = "length" if choice.get("native_finish_reason") in CUT_STOPS else finish
            # vLLM says here which stop sequence matched, others repeat the finish reason.
            matched = choice.get("stop_reason")
            if isinstance(matched, str) and finish == "stop" and matched not in STOPS:
                self._sequence = matched
            if finish in BROKEN_STOPS:
                kind = BROKEN_STOPS[finish]
                self._fail(ApiError(kind, f"the upstream ended its answer with {finish!r}"), out)

    def _refuse(self, envelope: Envelope, out: list[Event]) -> None:
        """An error told within the stream; a content filter's is the end of the answer, and no failure."""
        if not envelope.refuses:
            self._fail(in_band(envelope), out)
            return
        self._explanation.append(envelope.message)
        self._finish = "content_filter"
        self._end(out)

    def _fail(self, error: ApiError, out: list[Event]) -> None:
        self._ended = True
        out.append(Failed(error))

    def _end(self, out: list[Event]) -> None:
        self._flush_tags(out)
        if self._finish is None:
            self._fail(ApiError(Kind.BROKEN, _NO_FINISH), out)
            return
        if not self._started:
            self._start({}, out)
        reason = STOPS.get(self._finish, Reason.OTHER)
        error = self._blocks.close(reason in (Reason.LENGTH, Reason.WINDOW), out)
        if error is not None:
            self._fail(error, out)
            return
        self._ended = True
        out.append(Finished(self._stop(reason), self._usage))

    def _stop(self, reason: Reason) -> Stop:
        explanation = "".join(self._explanation) or None
        if explanation is not None:
            reason = Reason.REFUSED
        elif self._blocks.calls.any_started and reason not in (Reason.LENGTH, Reason.WINDOW, Reason.REFUSED):
            reason = Reason.TOOLS
        elif reason is Reason.TOOLS:
            reason = Reason.DONE
        sequence = self._sequence if reason is Reason.DONE else None
        if sequence is not None:
            reason = Reason.STOP_SEQUENCE
        return Stop(reason, self._finish or "", sequence, explanation)
