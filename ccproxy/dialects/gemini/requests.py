"""Requests to Gemini: what a client asked, as the body of generateContent and the path that names model and kind."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ccproxy.dialects import losses as lost
from ccproxy.dialects.dialect import Headers, Outgoing, Peek
from ccproxy.dialects.gemini.contents import Contents
from ccproxy.dialects.gemini.tables import NAME, SCHEMA, STOP_LIMIT, Family, family
from ccproxy.dialects.gemini.thinking import reasons, thinking_config
from ccproxy.dialects.gemini.tools import declared
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.schemas import reduced
from ccproxy.dialects.streaming import wants_stream
from ccproxy.dialects.toolnames import Names
from ccproxy.model.messages import Part, Request, Role, Text, Think, Turn
from ccproxy.wire.fields import read_body
from ccproxy.wire.jsontext import dumps, dumps_str


def peek(body: bytes) -> Peek:
    """The model and the wish for a stream are in the path, not here; raises INVALID for what is no JSON object."""
    read_body(body)
    return Peek("", False)


def with_model(body: bytes, model: str) -> bytes:
    """The same body: it does not name the model."""
    return body


def verbatim(headers: Headers, body: bytes, quirks: Quirks) -> Outgoing:
    """A body of this dialect as it stands, asked for as a stream."""
    sent = {"content-type": "application/json", **quirks.headers}
    return Outgoing(_path(quirks.model, stream=True), body, sent, "alt=sse")


def render_request(request: Request, quirks: Quirks) -> Outgoing:
    """The request as Gemini wants it: always asked for as a stream, so that deadlines measure silence and not length,
    unless the quirks forbid streams.

    Raises UNTRANSLATABLE for files that lie with another vendor. What it cannot say is named in `losses`: top-level
    fields of the client's own dialect among it.
    """
    model = quirks.model or request.model
    known = family(model)
    losses: dict[str, None] = dict.fromkeys(lost.extras(request, NAME))
    if request.user:
        losses[lost.USER] = None
    names = Names(request.tools, quirks.tool_name_limit)
    system, turns = _split(request)
    tools = declared(request, quirks, known, names, losses)
    generation, in_words = _generation(request, quirks, known, bool(tools.tools), losses)
    body: dict[str, Any] = {}
    system += in_words
    if system:
        body["systemInstruction"] = {"parts": [{"text": text} for text in system]}
    body["contents"] = Contents(quirks, known, names, losses).write(turns)
    if tools.tools:
        body["tools"] = tools.tools
    if tools.config:
        body["toolConfig"] = tools.config
    if generation:
        body["generationConfig"] = generation
    body = joined(body, request.extras.get(NAME, {}))
    body = joined(body, quirks.body)
    headers = {"content-type": "application/json", **quirks.headers}
    stream = wants_stream(request, quirks)
    query = "alt=sse" if stream else ""
    unwatched = request.sampling.stop[_stop_limit(quirks) :]
    return Outgoing(_path(model, stream=stream), dumps(body), headers, query, tuple(losses), unwatched_stops=unwatched)


def joined(body: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both objects in one, `other` deciding; objects within them are joined likewise."""
    result = dict(body)
    for key, value in other.items():
        mine = result.get(key)
        result[key] = joined(mine, value) if isinstance(mine, dict) and isinstance(value, Mapping) else value
    return result


def _path(model: str, *, stream: bool) -> str:
    folder, _, name = model.rpartition("/")
    if folder not in ("models", "tunedModels"):
        folder, name = "models", model
    return f"/{folder}/{quote(name, safe='')}:{'streamGenerateContent' if stream else 'generateContent'}"


def _split(request: Request) -> tuple[list[str], list[Turn]]:
    """The texts of the system turns before all others, and the other turns. What is no text there begins the
    conversation."""
    turns = list(request.turns)
    texts: list[str] = []
    others: list[Part] = []
    while turns and turns[0].role is Role.SYSTEM:
        for part in turns.pop(0).parts:
            if isinstance(part, Text):
                texts += [part.text] if part.text else []
            else:
                others.append(part)
    if others:
        turns.insert(0, Turn(Role.USER, tuple(others)))
    return texts, turns


def _generation(
    request: Request, quirks: Quirks, known: Family, has_tools: bool, losses: dict[str, None]
) -> tuple[dict[str, Any], list[str]]:
    """`generationConfig`, and what of it must be said in words instead."""
    sampling = request.sampling
    config: dict[str, Any] = {}
    max_tokens = sampling.max_tokens
    if max_tokens is not None and quirks.max_output_tokens is not None and max_tokens > quirks.max_output_tokens:
        max_tokens = quirks.max_output_tokens
        losses[lost.fewer_tokens(max_tokens)] = None
    if max_tokens is not None:
        config["maxOutputTokens"] = max(1, max_tokens)
    samples = quirks.samples and (quirks.samples_while_reasoning or not reasons(request, quirks))
    temperature = sampling.temperature
    if temperature is not None and temperature > quirks.max_temperature:
        temperature = quirks.max_temperature
        losses[f"temperature above {temperature:g}"] = None
    for name, word, value in (
        ("temperature", "temperature", temperature),
        ("topP", "top_p", sampling.top_p),
        ("topK", "top_k", sampling.top_k),
    ):
        if value is not None and samples:
            config[name] = value
        elif value is not None:
            losses[word] = None
    if watched := sampling.stop[: _stop_limit(quirks)]:
        config["stopSequences"] = list(watched)
    thinking = thinking_config(request, quirks, known, max_tokens)
    if thinking:
        config["thinkingConfig"] = thinking
    elif thinking is None and reasons(request, quirks) and not (quirks.efforts or known.efforts):
        losses["reasoning effort"] = None
    if request.reasoning.think is Think.OFF and known.always and not quirks.efforts:
        losses["reasoning switched off (this model always reasons)"] = None
    in_words = _output(request, quirks, known, has_tools, config)
    return config, in_words


def _stop_limit(quirks: Quirks) -> int:
    return STOP_LIMIT if quirks.stop_limit is None else min(STOP_LIMIT, quirks.stop_limit)


def _output(request: Request, quirks: Quirks, known: Family, has_tools: bool, config: dict[str, Any]) -> list[str]:
    """Puts a demand for JSON into `config`; gives it as words where the model does not take it so. Before the third
    generation it excludes tools."""
    output = request.output
    if output is None:
        return []
    if quirks.schema_output and (known.generation >= 3 or not has_tools):
        config["responseMimeType"] = "application/json"
        if output.schema is not None:
            config["responseJsonSchema"] = reduced(output.schema, SCHEMA)
        return []
    if not has_tools:
        config["responseMimeType"] = "application/json"
    if output.schema is None:
        return ["Answer with one JSON object and nothing else."]
    return [f"Answer with JSON of this schema and nothing else: {dumps_str(output.schema)}"]
