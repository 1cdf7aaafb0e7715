"""What differs between scripted upstreams of different dialects: how they say things, and how they are asked.

The readers look at an upstream request the way its vendor would; they know nothing of our dialects.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

from tests.support.scripted_upstream import Answer, Ending, Entry, Received
from tests.support.wires import MODEL, Reply, anthropic, chat, gemini, responses

KEY = "upstream-key-1f3a"


@frozen
class Vendor:
    """One kind of upstream, and its words."""

    dialect: str
    base_path: str
    """Of the provider's `api_base_url`."""
    write: Callable[..., list[bytes]]
    """One of the functions of `wires`."""
    streams: Callable[[Received], bool]
    """Whether a stream was asked for."""
    key_of: Callable[[Received], str]
    """The key that the request shows."""
    error: Callable[[int, str], Mapping[str, Any]]
    """The JSON body of a refusal with this status and these words."""
    overflow: str
    """How it says that 300000 tokens are more than 200000."""
    results: Callable[[Any], dict[str, str]]
    """Tool results in a request's JSON: the text of each, by the id of its call."""
    images: Callable[[Any], list[str]]
    """The base64 data of every image in a request's JSON."""
    thoughts: Callable[[Any], list[str]]
    """What of earlier reasoning comes back: seals, or the text where the vendor has no seals."""
    options: Mapping[str, Any] = field(factory=dict)
    """Further keys of the provider's configuration."""

    def provider(self, port: int) -> dict[str, Any]:
        """A row of the configuration's `providers`."""
        row = {"name": "scripted", "api_base_url": f"http://127.0.0.1:{port}{self.base_path}", "api_key": KEY}
        return {**row, "models": [MODEL], "dialect": self.dialect, **self.options}

    def says(self, said: Reply, *, gap: float = 0.0) -> Entry:
        """The whole reply, as a stream or not, as it is asked for."""

        def entry(received: Received) -> Answer:
            if self.streams(received):
                return Answer(self.write(said), gap=gap)
            return Answer(self.write(said, stream=False), content_type="application/json")

        return entry

    def breaks_off(self, said: Reply) -> Entry:
        """A stream whose connection breaks in the middle; in the text, if the reply is text."""
        chunks = self.write(said)
        return Answer(chunks[: len(chunks) // 2], ending=Ending.CUT)

    def refuses(self, status: int, message: str, **headers: str) -> Entry:
        """An error answer."""
        body = json.dumps(self.error(status, message)).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Answer([body], status, "application/json", named)


def _bearer(received: Received) -> str:
    return received.headers.get("authorization", "").removeprefix("Bearer ")


def _words(content: Any) -> str:
    """The text of a content that is a string or a list of parts."""
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""


def _data(url: str) -> str:
    return url.partition(";base64,")[2]


def _chat_parts(body: Any) -> list[Any]:
    contents = [message.get("content") for message in body["messages"]]
    return [part for content in contents if isinstance(content, list) for part in content]


def _chat_error(status: int, message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


def _anthropic_blocks(body: Any) -> list[Any]:
    contents = [message["content"] for message in body["messages"]]
    blocks = [block for content in contents if isinstance(content, list) for block in content]
    results = [block["content"] for block in blocks if block["type"] == "tool_result"]
    return blocks + [block for content in results if isinstance(content, list) for block in content]


_ANTHROPIC_ERRORS = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error"}


def _anthropic_error(status: int, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": _ANTHROPIC_ERRORS.get(status, "api_error"), "message": message}}


def _response_items(body: Any, kind: str) -> list[Any]:
    return [item for item in body["input"] if item.get("type", "message") == kind]


def _response_parts(body: Any) -> list[Any]:
    contents = [item.get("content") or item.get("output") for item in body["input"]]
    return [part for content in contents if isinstance(content, list) for part in content]


_GEMINI_ERRORS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}


def _gemini_error(status: int, message: str) -> dict[str, Any]:
    return {"error": {"code": status, "message": message, "status": _GEMINI_ERRORS.get(status, "INTERNAL")}}


def _said(response: Mapping[str, Any]) -> str:
    """A function's response is an object: by convention its `output` or `error` is the text."""
    return str(response.get("output", response.get("error")))


def _gemini_parts(body: Any) -> list[Any]:
    parts = [part for content in body["contents"] for part in content["parts"]]
    return parts + [inner for part in parts for inner in part.get("functionResponse", {}).get("parts", [])]


CHAT = Vendor(
    dialect="openai_chat",
    base_path="/v1",
    write=chat,
    streams=lambda received: bool(received.json().get("stream")),
    key_of=_bearer,
    error=_chat_error,
    overflow="This model's maximum context length is 200000 tokens. However, your messages resulted in 300000 tokens. "
    "Please reduce the length of the messages.",
    results=lambda body: {m["tool_call_id"]: _words(m["content"]) for m in body["messages"] if m["role"] == "tool"},
    images=lambda body: [_data(part["image_url"]["url"]) for part in _chat_parts(body) if part["type"] == "image_url"],
    thoughts=lambda body: [m["reasoning_content"] for m in body["messages"] if m.get("reasoning_content")],
    options={"quirks": {"replay_reasoning": "reasoning_content"}},
)

RESPONSES = Vendor(
    dialect="openai_responses",
    base_path="/v1",
    write=responses,
    streams=lambda received: bool(received.json().get("stream")),
    key_of=_bearer,
    error=_chat_error,
    overflow="Your input exceeds the context window of this model. Please adjust your input and try again.",
    results=lambda body: {
        item["call_id"]: _words(item["output"]) for item in _response_items(body, "function_call_output")
    },
    images=lambda body: [_data(part["image_url"]) for part in _response_parts(body) if part["type"] == "input_image"],
    thoughts=lambda body: [item["encrypted_content"] for item in _response_items(body, "reasoning")],
)

GEMINI = Vendor(
    dialect="gemini",
    base_path="/v1beta",
    write=gemini,
    streams=lambda received: received.path.endswith(":streamGenerateContent"),
    key_of=lambda received: received.headers.get("x-goog-api-key", ""),
    error=_gemini_error,
    overflow="The input token count (300000) exceeds the maximum number of tokens allowed (200000).",
    results=lambda body: {
        part["functionResponse"]["id"]: _said(part["functionResponse"]["response"])
        for part in _gemini_parts(body)
        if "functionResponse" in part
    },
    images=lambda body: [part["inlineData"]["data"] for part in _gemini_parts(body) if "inlineData" in part],
    thoughts=lambda body: [part["thoughtSignature"] for part in _gemini_parts(body) if "thoughtSignature" in part],
)

ANTHROPIC = Vendor(
    dialect="anthropic",
    base_path="",
    write=anthropic,
    streams=lambda received: bool(received.json().get("stream")),
    key_of=lambda received: received.headers.get("x-api-key") or _bearer(received),
    error=_anthropic_error,
    overflow="prompt is too long: 300000 tokens > 200000 maximum",
    results=lambda body: {
        block["tool_use_id"]: _words(block["content"])
        for block in _anthropic_blocks(body)
        if block["type"] == "tool_result"
    },
    images=lambda body: [block["source"]["data"] for block in _anthropic_blocks(body) if block["type"] == "image"],
    thoughts=lambda body: [block["signature"] for block in _anthropic_blocks(body) if block["type"] == "thinking"],
)
