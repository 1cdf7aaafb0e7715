"""What the pieces of an answer say. A piece is a `GenerateContentResponse`: a frame of a stream, or the whole reply.

    a part                         what it is here
    text, thought                  reasoning
    text                           text
    functionCall                   a call, whole; Vertex may send its arguments in pieces
    toolCall, toolResponse         Google's own tools: kept for the next request in a seal, told to nobody
    anything else                  a block that only this dialect understands

Signatures go into seals. A seal closes the reasoning that stands before the signed part; where none is open, reasoning
whose text is withheld carries it. The signature of text that follows other text is dropped: nothing before it can carry
it, and a block behind it would hide from clients that the answer ended in text. Gemini recommends these signatures and
does not demand them.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from attrs import evolve

from ccproxy.dialects.citing import medium_of
from ccproxy.dialects.gemini import signatures
from ccproxy.dialects.gemini.arguments import Pieces
from ccproxy.dialects.gemini.errors import error_in, in_stream
from ccproxy.dialects.gemini.grounding import Grounding
from ccproxy.dialects.gemini.tables import ACCOUNT, BROKEN, CONTINUED, EMPTY_IS_BROKEN, NAME, finish_word, stop
from ccproxy.dialects.gemini.usage import read_usage, summed
from ccproxy.dialects.mending import mend
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.wording import redact
from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import Block, BlockDelta, BlockStarted, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.messages import (
    EMPTY,
    Inline,
    Media,
    Opaque,
    Remote,
    Text,
    Thinking,
    ToolUse,
)
from ccproxy.model.usage import Reason, Stop, Usage
from ccproxy.wire.jsontext import dumps_str

_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_TEXT = Text("")
_THINKING = Thinking("")


class Reader:
    """Gives the events of one answer. `read` takes its pieces in order, `close` says there are no more. After the end
    is told both give nothing."""

    __slots__ = (
        "_block",
        "_calls",
        "_counted",
        "_counts",
        "_ended",
        "_feedback",
        "_finish",
        "_grounding",
        "_held",
        "_id",
        "_ids",
        "_index",
        "_message",
        "_model",
        "_pieces",
        "_quirks",
        "_raw",
        "_spoke",
        "_started",
        "_token",
    )

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._started = False
        self._ended = False
        self._id = ""
        self._model = ""
        self._counts: dict[str, Any] = {}
        """Google's counts as last told. They become a `Usage` once: every piece of a stream repeats them."""
        self._counted: dict[str, Any] = {}
        """Those of the requests before, which the vendor bills one by one."""
        self._token = ""
        self._index = -1
        self._block: Block | None = None
        """The text or the reasoning that is open."""
        self._spoke = False
        self._calls = 0
        self._ids: set[str] = set()
        self._held: list[dict[str, Any]] = []
        self._pieces: Pieces | None = None
        self._finish = ""
        self._message = ""
        self._feedback: Mapping[str, Any] | None = None
        self._grounding = Grounding()
        self._raw = b""

    @property
    def complete(self) -> bool:
        """Whether the reason to finish is known, so that `close` would finish well."""
        return bool(self._finish or self._feedback) and not self._ended and not self.continuation

    @property
    def continuation(self) -> str:
        """The token with which the same request brings the rest of an answer that the vendor's limit for one request
        cut; empty where there is none."""
        return self._token if self._finish == CONTINUED and not self._ended else ""

    def go_on(self) -> None:
        """The next piece is the first of the answer to that request: what is open stays open."""
        self._counted = summed(self._counted, self._counts)
        self._counts = {}
        self._finish = self._token = ""

    def read(self, piece: Any, raw: bytes) -> list[Event]:
        """The events of one piece; `raw` is its JSON text."""
        if self._ended:
            return []
        events: list[Event] = []
        if not isinstance(piece, dict):
            if (error := error_in(piece)) is None:
                return []
            return self._fail(events, in_stream(error, raw))
        if piece.get("error") is not None:
            return self._fail(events, in_stream(piece["error"], raw))
        self._raw = raw
        self._head(piece, events)
        candidates = piece.get("candidates")
        if not isinstance(candidates, list) or not candidates or not isinstance(candidates[0], dict):
            return events
        candidate = candidates[0]
        self._content(candidate.get("content"), events)
        if isinstance(grounding := candidate.get("groundingMetadata"), dict):
            self._grounding.learn(grounding)
        if isinstance(token := candidate.get("continuationToken"), str) and token:
            self._token = token
        if finish := finish_word(candidate.get("finishReason")):
            self._ends(finish, candidate.get("finishMessage"), events)
        return events

    def _content(self, content: Any, events: list[Event]) -> None:
        parts = content.get("parts") if isinstance(content, dict) else None
        for part in parts if isinstance(parts, list) else ():
            if not isinstance(part, dict):
                continue
            # More of a text that is open: nearly every piece of a stream is this and no more.
            text = part.get("text")
            if self._block is _TEXT and text and len(part) == 1 and self._pieces is None and isinstance(text, str):
                events.append(BlockDelta(self._index, text))
            else:
                self._part(part, events)

    def _ends(self, finish: str, message: Any, events: list[Event]) -> None:
        """Why it finishes; some reasons are errors."""
        self._finish = finish
        self._message = message if isinstance(message, str) else self._message
        if finish in BROKEN:
            self._fail(events, self._broken())
        elif finish == ACCOUNT:
            self._fail(events, ApiError(Kind.REFUSED_CREDENTIAL, self._told("limits this account")))

    def close(self) -> list[Event]:
        """The last events: `Finished`, or `Failed` for an answer that broke off or is of no use."""
        if self._ended:
            return []
        events: list[Event] = []
        if self._finish:
            if self._finish in EMPTY_IS_BROKEN and not self._spoke and self._pieces is None:
                return self._fail(events, self._broken())
            self._end_pieces(events)
            self._stop_block(events)
            if (searched := self._grounding.searched(self._id)) is not None:
                self._whole(searched, events)
            ending = stop(self._finish, calls=bool(self._calls), explanation=redact(self._message) or None)
        elif self._feedback is not None:
            self._stop_block(events)
            ending = _blocked(self._feedback)
        else:
            return self._fail(
                events, ApiError(Kind.BROKEN, "the upstream's answer ended before it said why it finished")
            )
        self._ended = True
        events.append(Finished(ending, self._usage()))
        return events

    def _head(self, piece: dict[str, Any], events: list[Event]) -> None:
        """What a piece says of the whole answer."""
        counts = piece.get("usageMetadata") or piece.get("usage_metadata")
        if isinstance(counts, dict):
            if 0 in counts.values():
                counts = {name: count for name, count in counts.items() if count or name not in self._counts}
            self._counts.update(counts)
        feedback = piece.get("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            self._feedback = feedback
        if self._started:
            return
        identity, model = piece.get("responseId"), piece.get("modelVersion")
        self._id = identity if isinstance(identity, str) else ""
        self._model = model if isinstance(model, str) else self._quirks.model
        self._started = True
        events.append(Started(self._id, self._model, read_usage(self._counts)))

    def _part(self, part: dict[str, Any], events: list[Event]) -> None:
        signature = part.get("thoughtSignature", "")
        signature = signature if isinstance(signature, str) else ""
        call = part.get("functionCall")
        if isinstance(call, dict):
            self._call(call, signature, events)
            return
        text = part.get("text")
        if isinstance(text, str):
            if self._pieces is not None and text:
                self._end_pieces(events)
            if part.get("thought"):
                self._say(_THINKING, text, "", events)
            elif text:
                self._say(_TEXT, text, signature, events)
            elif signature and isinstance(self._block, Thinking):
                self._held.append({"text": "", "thoughtSignature": signature})
        elif "toolCall" in part or "toolResponse" in part:
            self._held.append(part)
        elif (media := _media(part)) is not None:
            if not part.get("thought"):
                self._whole(media, events)
        elif part:
            self._whole(Opaque(NAME, part), events)

    def _say(self, shell: Text | Thinking, text: str, signature: str, events: list[Event]) -> None:
        if not text:
            return
        if type(self._block) is not type(shell):
            self._stop_block(events, text=signature, carries=isinstance(shell, Text))
            self._start(shell, events)
            self._block = shell
        events.append(BlockDelta(self._index, text))

    def _start(self, shell: Block, events: list[Event]) -> None:
        self._index += 1
        self._spoke = True
        events.append(BlockStarted(self._index, shell))

    def _stop_block(self, events: list[Event], *, call: str = "", text: str = "", carries: bool = False) -> None:
        """Closes what is open, and sees to it that signatures and held parts travel. `carries` says that something
        follows which they belong before."""
        block, self._block = self._block, None
        if isinstance(block, Thinking):
            seal = signatures.seal(self._quirks, call=call, text=text, parts=self._held)
            self._held = []
            events.append(BlockStopped(self._index, seal))
            return
        if block is not None:
            events.append(BlockStopped(self._index, citations=self._grounding.citations()))
        if carries and (call or self._held):
            seal = signatures.seal(self._quirks, call=call, parts=self._held)
            self._held = []
            self._start(Thinking("", seal, withheld=True), events)
            events.append(BlockStopped(self._index))

    def _whole(self, block: Block, events: list[Event]) -> None:
        self._end_pieces(events)
        self._stop_block(events, carries=True)
        self._start(block, events)
        events.append(BlockStopped(self._index))

    def _call(self, call: dict[str, Any], signature: str, events: list[Event]) -> None:
        name = call.get("name")
        pieces = call.get("partialArgs")
        goes_on = call.get("willContinue") is True
        name = name if isinstance(name, str) else ""
        growing = self._pieces
        if growing is not None and name and (name != growing.name or call.keys() <= {"name", "id", "willContinue"}):
            self._end_pieces(events)
            growing = None
        if growing is None:
            if not name:
                return
            if not goes_on and not pieces:
                self._use(name, call.get("id"), _arguments(call.get("args")), signature, events)
                return
            identity = call.get("id")
            growing = self._pieces = Pieces(name, identity if isinstance(identity, str) else "", signature)
        growing.signature = growing.signature or signature
        if isinstance(pieces, list):
            for piece in pieces:
                growing.add(piece)
        if not goes_on and not (isinstance(pieces, list) and _last_goes_on(pieces)):
            self._end_pieces(events)

    def _end_pieces(self, events: list[Event]) -> None:
        pieces, self._pieces = self._pieces, None
        if pieces is not None:
            self._use(pieces.name, pieces.id, pieces.text(), pieces.signature, events)

    def _use(self, name: str, id: Any, arguments: str, signature: str, events: list[Event]) -> None:
        self._stop_block(events, call=signature, carries=True)
        self._start(ToolUse(self._call_id(id), name, ""), events)
        events.append(BlockDelta(self._index, arguments))
        events.append(BlockStopped(self._index))

    def _call_id(self, id: object) -> str:
        """Gemini's own id, or one that depends on this answer and the call's place in it alone: the same however the
        answer was cut, and no other call's in the conversation."""
        self._calls += 1
        if not isinstance(id, str) or not _ID.fullmatch(id) or id in self._ids:
            seed = self._id.encode("utf-8", "surrogatepass") or self._raw
            id = "toolu_" + hashlib.sha256(b"%b %d" % (seed, self._calls)).hexdigest()[:24]
        self._ids.add(id)
        return id

    def _usage(self) -> Usage:
        usage = read_usage(summed(self._counted, self._counts))
        return evolve(usage, web_searches=self._grounding.searches or None)

    def _broken(self) -> ApiError:
        told = self._told(f"gave no usable answer and finished with {self._finish}")
        return ApiError(Kind.BROKEN, told, same_target_may_help=True)

    def _told(self, what: str) -> str:
        words = redact(self._message)
        return f"Gemini {what}: {words}" if words else f"Gemini {what}"

    def _fail(self, events: list[Event], error: ApiError) -> list[Event]:
        self._ended = True
        events.append(Failed(error))
        return events


def _media(part: Mapping[str, Any]) -> Media | None:
    """A picture or a sound that the model made."""
    for key, place in (("inlineData", "data"), ("fileData", "fileUri")):
        found = part.get(key)
        if isinstance(found, dict) and isinstance(given := found.get(place), str):
            type_ = found.get("mimeType")
            type_ = type_ if isinstance(type_, str) and type_ else "application/octet-stream"
            source = Inline(type_, given) if key == "inlineData" else Remote(given)
            signature = part.get("thoughtSignature")
            extras = {NAME: {"thoughtSignature": signature}} if signature else EMPTY
            return Media(medium_of(type_), source, extras=extras)
    return None


def _arguments(value: Any) -> str:
    """Arguments as the JSON text of an object. Gateways write them as text themselves now and then; what is no object
    stays as it is within one, for the client to tell the model."""
    if value is None:
        return "{}"
    if isinstance(value, str) and (mended := mend(value)):
        return mended
    return dumps_str(value if isinstance(value, dict) else {"input": value})


def _last_goes_on(pieces: list[Any]) -> bool:
    last = pieces[-1] if pieces else None
    return isinstance(last, dict) and last.get("willContinue") is True


def _blocked(feedback: Mapping[str, Any]) -> Stop:
    reason = str(feedback["blockReason"])
    message = feedback.get("blockReasonMessage")
    words = redact(message) if isinstance(message, str) and message else f"Gemini blocked the prompt: {reason}"
    return Stop(Reason.REFUSED, reason, explanation=words)
