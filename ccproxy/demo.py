"""The demo upstream: what answers when no provider is configured.

A small server of the OpenAI chat wire inside the daemon, on a loopback port of its own. It is no shortcut: a request to
it is routed, translated, sent over HTTP, streamed back and translated again like any other, so that a newcomer sees the
whole path work, without an account. It says plainly what it is.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from twisted.application.service import Service
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.web.http import Request as HttpRequest
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from ccproxy.dialects.examples import example
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


_REMINDER = re.compile(r"<(system-reminder|system|environment_\w+)>.*?(</\1>|\Z)", re.DOTALL)


def script(asked: dict[str, Any], id: str) -> Iterator[bytes]:
    """The chunks that answer this request of the OpenAI chat wire. The id must differ from answer to answer: Claude
    Code takes two of one id for one."""
    for chunk in _script(asked, id):
        chunk = {"id": id, "object": "chat.completion.chunk", "created": 0, "model": "demo", **chunk}
        yield sse.encode_data(jsontext.dumps(chunk))
    yield sse.encode_data(b"[DONE]")


def _script(asked: dict[str, Any], id: str) -> Iterator[dict[str, Any]]:
    turns = [turn for turn in asked.get("messages", ()) if turn.get("role") in ("user", "tool")] or [{}]
    said = _text(turns[-1].get("content"))
    tool = _chosen(asked, said)
    if turns[-1].get("role") == "tool":
        yield from _words("content", AFTER_TOOL.format(result=said[:200]))
        finish = "stop"
    elif tool:
        yield from _words("reasoning_content", REASONING)
        yield from _call(tool, f"call_{id}")
        finish = "tool_calls"
    elif "response_format" in asked:
        yield from _words("content", jsontext.dumps_str(_object(asked["response_format"])))
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


def _chosen(asked: dict[str, Any], said: str) -> dict[str, Any] | None:
    """The tool to call: the one that the client insists on, else, if somebody speaks of tools, one that they name, a
    shell, or the first that does not sound as if it changed anything."""
    tools = {tool["function"]["name"]: tool["function"] for tool in asked.get("tools") or ()}
    choice = asked.get("tool_choice")
    if isinstance(choice, dict):
        return tools.get(choice["function"]["name"])
    if not tools or choice == "none" or (choice != "required" and "tool" not in said.lower()):
        return None
    named = (name for name in tools if re.search(rf"\b{re.escape(name)}\b", said, re.IGNORECASE))
    shells = (name for name, tool in tools.items() if _SHELL.fullmatch(name) and _commands(tool))
    harmless = (name for name in tools if not _CHANGES.search(name))
    found = next(chain(named, shells, harmless, tools if choice == "required" else ()), None)
    return None if found is None else tools[found]


_SHELL = re.compile(r"(?:\w*_)?(?:bash|shell|exec|execute|terminal|command|run)(?:_\w*)?", re.IGNORECASE)
_CHANGES = re.compile(
    r"write|edit|patch|replace|create|delete|remove|move|update|insert|send|kill|cancel|notebook", re.IGNORECASE
)
_SAYS = "echo hello from the ccproxy demo"


def _commands(tool: dict[str, Any]) -> dict[str, Any]:
    """The arguments that make a shell say hello, by what it calls a command; none where it is no shell."""
    properties = (tool.get("parameters") or {}).get("properties") or {}
    for name in ("command", "cmd"):
        if name in properties:
            return {name: ["sh", "-c", _SAYS] if properties[name].get("type") == "array" else _SAYS}
    return {}


def _object(form: dict[str, Any]) -> Any:
    """An object of the form that the client wants."""
    schema = (form.get("json_schema") or {}).get("schema")
    return example(schema) if schema else {"title": "ccproxy demo"}


def _call(tool: dict[str, Any], id: str) -> Iterator[dict[str, Any]]:
    name = tool["name"]
    arguments = example(tool.get("parameters") or {"type": "object"})
    if _SHELL.fullmatch(name) and (says := _commands(tool)):
        arguments |= says
    if "description" in arguments:
        arguments["description"] = "Say hello"
    yield _chunk({"tool_calls": [{"index": 0, "id": id, "type": "function", "function": {"name": name}}]})
    text = jsontext.dumps_str(arguments)
    for start in range(0, len(text), 12):
        yield _chunk({"tool_calls": [{"index": 0, "function": {"arguments": text[start : start + 12]}}]})


def _text(content: object) -> str:
    """What a person said in a message: the last of its texts that is no reminder from the client to the model."""
    parts = content if isinstance(content, list) else [{"text": content}]
    texts = [_REMINDER.sub("", str(part.get("text") or "")).strip() for part in parts]
    return next((text for text in reversed(texts) if text), "")
