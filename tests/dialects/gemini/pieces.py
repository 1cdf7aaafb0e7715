"""Answers of generateContent, written by hand: pieces of them, and the bytes that carry pieces."""

import json
from typing import Any

MODEL = "gemini-3.6-flash"


def piece(*parts: dict[str, Any], finish: str = "", usage: dict[str, int] | None = None, **more: Any) -> dict[str, Any]:
    """One `GenerateContentResponse` with these parts; `more` goes into the candidate."""
    candidate: dict[str, Any] = {"index": 0, **more}
    if parts:
        candidate["content"] = {"role": "model", "parts": list(parts)}
    if finish:
        candidate["finishReason"] = finish
    result: dict[str, Any] = {"candidates": [candidate], "responseId": "resp-1", "modelVersion": MODEL}
    if usage is not None:
        result["usageMetadata"] = usage
    return result


def said(text: str, **more: Any) -> dict[str, Any]:
    """A part with text."""
    return {"text": text, **more}


def thought(text: str) -> dict[str, Any]:
    """A part with reasoning."""
    return {"text": text, "thought": True}


def called(name: str, arguments: dict[str, Any] | None = None, id: str = "", signature: str = "") -> dict[str, Any]:
    """A part with a whole call."""
    call: dict[str, Any] = {"name": name}
    if arguments is not None:
        call["args"] = arguments
    if id:
        call["id"] = id
    return {"functionCall": call, "thoughtSignature": signature} if signature else {"functionCall": call}


def sse(*pieces: Any) -> bytes:
    """The pieces as a stream of events, as with `alt=sse`."""
    return b"".join(b"data: %b\n\n" % json.dumps(one).encode() for one in pieces)


def array(*pieces: Any) -> bytes:
    """The pieces as one JSON array with line ends within, as without `alt=sse`."""
    return json.dumps(list(pieces), indent=1).encode()


USAGE = {
    "promptTokenCount": 100,
    "cachedContentTokenCount": 40,
    "candidatesTokenCount": 7,
    "thoughtsTokenCount": 5,
    "totalTokenCount": 112,
}
