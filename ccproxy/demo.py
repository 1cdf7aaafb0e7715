"""The demo upstream: what answers when no provider is configured.

A small server of the OpenAI chat wire inside the daemon, on a loopback port of its own. It is no shortcut: a request to
it is routed, translated, sent over HTTP, streamed back and translated again like any other, so that a newcomer sees the
whole path work, without an account. It says plainly what it is.
"""

import re
from collections.abc import Iterator
from typing import Any

from twisted.application.service import Service
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.web.http import Request as HttpRequest
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from ccproxy.wire import jsontext, sse

HOST = b"demo.invalid"
"""The host name by which the configuration means the demo. The top-level domain `invalid` never resolves (RFC 6761)."""

PACE = 0.02
"""Seconds between two pieces."""

WELCOME = (
    "This is ccproxy's built-in demo, not a language model: no provider is configured yet. "
    "Your request was routed, translated to OpenAI chat, sent to this demo over HTTP, "
    "and what you read was streamed back the same way.\n\n"
    "You said: {said}\n\n"
    "To get real answers, set a key such as OPENAI_API_KEY, ANTHROPIC_API_KEY or OPENROUTER_API_KEY in the environment "
    "and restart, or write a configuration file. Ask me to use a tool to see a tool call."
)
REASONING = "Nobody is thinking here: these words are scripted, to show that reasoning is streamed too."
AFTER_TOOL = "The demo called a tool and got this back: {result}\n\nThat was a whole tool loop, through ccproxy's demo."


class Demo(Service):
    """Runs the demo while the daemon runs. `endpoint` is where it listens by then."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._port: Any = None

    def startService(self) -> None:
        super().startService()
        site = _QuietSite(ChatCompletions(self._reactor), reactor=self._reactor, parsePOSTFormSubmission=False)
        self._port = self._reactor.listenTCP(0, site, interface="127.0.0.1")

    def stopService(self) -> object:
        super().stopService()
        port, self._port = self._port, None
        return None if port is None else port.stopListening()

    def endpoint(self) -> IStreamClientEndpoint:
        """How to reach it. Raises ConnectionRefusedError before the start and after the stop."""
        if self._port is None:
            raise ConnectionRefusedError("the demo does not run")
        return TCP4ClientEndpoint(self._reactor, "127.0.0.1", self._port.getHost().port)


class _QuietSite(Site):
    """The exchange with us is logged where it begins."""

    noisy = False

    def log(self, request: HttpRequest) -> None:
        """Not here."""


class ChatCompletions(Resource):
    """Answers every POST with a scripted stream of chat completion chunks."""

    isLeaf = True

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__()
        self._clock = clock
        self._answered = 0

    def render_POST(self, request: Request) -> int:
        asked = jsontext.loads(_body(request))
        request.setHeader("content-type", "text/event-stream")
        self._answered += 1
        _Telling(request, self._clock, script(asked, f"demo-{self._answered}")).go_on()
        return NOT_DONE_YET


def _body(request: Request) -> bytes:
    return b"" if request.content is None else request.content.read()


class _Telling:
    """One scripted answer, told at a reader's pace until it ends or the listener leaves."""

    def __init__(self, request: Request, clock: IReactorTime, chunks: Iterator[bytes]) -> None:
        self._request = request
        self._clock = clock
        self._chunks = chunks
        self._next: bytes | None = next(chunks)
        self._left = False
        request.notifyFinish().addBoth(self._leave)

    def go_on(self) -> None:
        if self._left:
            return
        chunk, self._next = self._next, next(self._chunks, None)
        self._request.write(chunk)
        if self._next is None:
            self._request.finish()
        else:
            self._clock.callLater(PACE, self.go_on)

    def _leave(self, _: object) -> None:
        self._left = True


_REMINDER = re.compile(r"<(system-reminder|system)>.*?(</\1>|\Z)", re.DOTALL)


def script(asked: dict[str, Any], id: str) -> Iterator[bytes]:
    """The chunks that answer this request of the OpenAI chat wire. The id must differ from answer to answer: Claude
    Code takes two of one id for one."""
    for chunk in _script(asked, id):
        chunk = {"id": id, "object": "chat.completion.chunk", "created": 0, "model": "demo", **chunk}
        yield sse.encode_data(jsontext.dumps(chunk))
    yield sse.encode_data(b"[DONE]")


def _script(asked: dict[str, Any], id: str) -> Iterator[dict[str, Any]]:
    turns = [turn for turn in asked.get("messages", ()) if turn.get("role") in ("user", "tool")] or [{}]
    tools = [tool["function"]["name"] for tool in asked.get("tools", ())]
    said = _text(turns[-1].get("content"))
    if turns[-1].get("role") == "tool":
        yield from _words("content", AFTER_TOOL.format(result=said[:200]))
        finish = "stop"
    elif "tool" in said.lower() and tools:
        yield from _words("reasoning_content", REASONING)
        yield from _call("Bash" if "Bash" in tools else tools[0], f"call_{id}")
        finish = "tool_calls"
    elif "response_format" in asked:
        yield from _words("content", '{"title": "ccproxy demo"}')
        finish = "stop"
    else:
        yield from _words("reasoning_content", REASONING)
        yield from _words("content", WELCOME.format(said=said[-200:] or "nothing"))
        finish = "stop"
    yield _chunk({}, finish)
    prompt = len(jsontext.dumps(asked)) // 4
    usage = {"prompt_tokens": prompt, "completion_tokens": 60, "total_tokens": prompt + 60}
    yield {"choices": [], "usage": usage}


def _chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def _words(field: str, text: str) -> Iterator[dict[str, Any]]:
    for word in text.split(" "):
        yield _chunk({field: word + " "})


def _call(name: str, id: str) -> Iterator[dict[str, Any]]:
    arguments = {"command": "echo hello from the ccproxy demo", "description": "Say hello"} if name == "Bash" else {}
    yield _chunk({"tool_calls": [{"index": 0, "id": id, "type": "function", "function": {"name": name}}]})
    text = jsontext.dumps_str(arguments)
    for start in range(0, len(text), 12):
        yield _chunk({"tool_calls": [{"index": 0, "function": {"arguments": text[start : start + 12]}}]})


def _text(content: object) -> str:
    """What a person said in a message: the last of its texts that is no reminder from the client to the model."""
    parts = content if isinstance(content, list) else [{"text": content}]
    texts = [_REMINDER.sub("", str(part.get("text") or "")).strip() for part in parts]
    return next((text for text in reversed(texts) if text), "")
