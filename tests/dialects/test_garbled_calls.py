"""Garbled arguments of calls, from upstreams of every dialect."""

import json
from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.registry import DIALECTS
from ccproxy.model.events import BlockStopped, Event, Failed, Finished
from ccproxy.model.messages import ToolUse
from ccproxy.model.replies import fold
from ccproxy.model.usage import Reason
from tests.dialects.anthropic import frames as anthropic
from tests.dialects.gemini import pieces as gemini
from tests.dialects.openai_chat.chunks import DONE, call, chunk
from tests.dialects.openai_responses import upstream as responses
from tests.support.streams import every_cut

GARBLED = "```json\n{'path': 'a.txt', \"lines\": [1, 2,], 'all': True,}\n```"
MEANT = {"path": "a.txt", "lines": [1, 2], "all": True}
HALVES = (GARBLED[:20], GARBLED[20:])


def _chat(halves: tuple[str, str], finish: str) -> bytes:
    first, second = halves
    start = chunk(call(0, "call_1", "Read", first))
    return start + chunk(call(0, None, None, second)) + chunk({}, "length" if finish else "tool_calls") + DONE


def _responses(halves: tuple[str, str], finish: str) -> bytes:
    item = responses.call("".join(halves), name="Read")
    told = b"".join(responses.arguments_delta(0, half) for half in halves)
    whole = responses.response("incomplete", output=[item], incomplete_details={"reason": "max_output_tokens"})
    end = responses.event("response.incomplete", response=whole) if finish else responses.completed(item)
    return responses.CREATED + responses.added(0, item) + told + responses.done(0, item) + end


def _anthropic(halves: tuple[str, str], finish: str) -> bytes:
    start = anthropic.begin() + anthropic.start(0, type="tool_use", id="toolu_1", name="Read", input={})
    told = b"".join(anthropic.part(0, half) for half in halves)
    return start + told + anthropic.stop(0) + anthropic.end("max_tokens" if finish else "tool_use")


def _gemini(halves: tuple[str, str], finish: str) -> bytes:
    part = {"functionCall": {"name": "Read", "args": "".join(halves)}}
    return gemini.sse(gemini.piece(part, finish="MAX_TOKENS" if finish else "STOP"))


STREAMS: dict[str, Callable[[tuple[str, str], str], bytes]] = {
    "openai_chat": _chat,
    "openai_responses": _responses,
    "anthropic": _anthropic,
    "gemini": _gemini,
}


def told(dialect: str, halves: tuple[str, str], finish: str = "") -> list[Event]:
    """What the dialect's parser says of a stream with these arguments, the same however its bytes are cut."""
    quirks = Quirks(vendor="v", model="m")
    return every_cut(lambda: DIALECTS[dialect].parse_stream(quirks), STREAMS[dialect](halves, finish))


class GarbledTests(SynchronousTestCase):
    """Arguments in Python's manner, within a code fence."""

    def test_complete(self) -> None:
        """Each dialect is here."""
        self.assertEqual(set(STREAMS), set(DIALECTS))

    def test_mended(self) -> None:
        """They are put right, and the event that ends the call says so, for the log."""
        for dialect in DIALECTS:
            events = told(dialect, HALVES)
            (use,) = fold(events).blocks
            assert isinstance(use, ToolUse)
            self.assertEqual(json.loads(use.arguments), MEANT, dialect)
            stops = [event for event in events if isinstance(event, BlockStopped)]
            if dialect != "gemini":  # Its arguments are values, and no text that could be garbled.
                self.assertEqual([stop.mended for stop in stops], [True], dialect)

    def test_cut(self) -> None:
        """A call that the limit cut is not put right: the answer ends for its length, and nobody is to run it."""
        for dialect in ("openai_chat", "openai_responses", "anthropic"):
            last = told(dialect, ("{'path': '", "a.t"), "length")[-1]
            assert isinstance(last, Finished), (dialect, last)
            self.assertIs(last.stop.reason, Reason.LENGTH, dialect)

    def test_broken(self) -> None:
        """What would take a guess fails the answer. Claude's own stream is not judged: it may be no JSON by its
        client's wish."""
        for dialect in ("openai_chat", "openai_responses"):
            self.assertIsInstance(told(dialect, ('{"path": ', '"a.t'))[-1], Failed, dialect)
        events = told("anthropic", ('{"path": ', '"a.t'))
        (use,) = fold(events).blocks
        assert isinstance(use, ToolUse)
        self.assertEqual(use.arguments, '{"path": "a.t')
