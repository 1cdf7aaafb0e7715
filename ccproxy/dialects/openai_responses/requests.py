"""Requests of the Responses dialect: the model's for an upstream, and a client's own as it stands."""

from collections.abc import Mapping
from typing import Any

from ccproxy.dialects import identity
from ccproxy.dialects import losses as lost
from ccproxy.dialects.dialect import Headers, Outgoing, Peek
from ccproxy.dialects.openai_responses.items import Writer, breakpoint_of, system_item
from ccproxy.dialects.openai_responses.signatures import MARKS
from ccproxy.dialects.openai_responses.tables import BUDGETS, MIN_OUTPUT, NAME
from ccproxy.dialects.openai_responses.tools import declared, write_tools
from ccproxy.dialects.openai_schema import clean_output, strict
from ccproxy.dialects.quirks import Quirks, ReasoningControl
from ccproxy.dialects.streaming import wants_stream
from ccproxy.dialects.toolnames import Names
from ccproxy.errors import ApiError, Kind, invalid
from ccproxy.model.messages import (
    Choose,
    Effort,
    Output,
    Reasoning,
    Request,
    Role,
    Sampling,
    Text,
    Think,
    Turn,
    WebSearch,
)
from ccproxy.wire import fields
from ccproxy.wire.jsontext import dumps, dumps_str
from ccproxy.wire.splice import splice

PATH = "/responses"

_PASSING = frozenset(
    {"accept", "user-agent", "originator", "version", "session_id", "session-id", "conversation_id", "openai-beta"}
)
_PASSING_FAMILIES = ("x-codex-", "x-stainless-", "x-client-")


def peek(body: bytes) -> Peek:
    """The model's name and whether to stream. Raises INVALID for a field that routing or the API cannot do without,
    and for those that ask us to keep something."""
    value = read_body(body)
    model = value.get("model")
    if not isinstance(model, str) or not model:
        raise invalid("model", "the name of a model", model)
    if not isinstance(value.get("input"), (str, list)) and not value.get("prompt"):
        raise invalid("input", "a string or an array of items", value.get("input"))
    stream = value.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise invalid("stream", "true or false", stream)
    return Peek(model, stream is True)


def read_body(body: bytes) -> dict[str, Any]:
    """A client's body as an object. Raises INVALID where it is none, or asks for what is not served here."""
    value = fields.read_body(body)
    for field, cure in _STORED.items():
        if value.get(field):
            raise ApiError(Kind.INVALID, f"{field}: nothing is stored here; {cure}")
    return value


_STORED = {
    "conversation": "send the whole conversation as input items, and leave this field out",
    "background": "leave this field out, and stream the response",
}
"""Fields that only a server with a memory can honour."""


def with_model(body: bytes, model: str) -> bytes:
    """The body with another model's name, and otherwise byte for byte the same."""
    return splice(body, "model", dumps(model))


def verbatim(headers: Headers, body: bytes, quirks: Quirks) -> Outgoing:
    """A client's body as it stands, but for reasoning that came from another vendor earlier in the conversation, which
    OpenAI would refuse. Headers that name the client and its session go along; those that name an account
    (`openai-organization`, `openai-project`) belong to a key that is not sent."""
    own = {name: value for name, value in headers.items() if name in _PASSING or name.startswith(_PASSING_FAMILIES)}
    return Outgoing(
        PATH, _without_foreign_reasoning(body), {**own, "content-type": "application/json", **quirks.headers}
    )


def _without_foreign_reasoning(body: bytes) -> bytes:
    if not any(mark.encode() in body for mark in MARKS):
        return body
    value = read_body(body)
    items = value.get("input")
    if not isinstance(items, list):
        return body
    kept = [item for item in items if not _is_foreign(item)]
    return body if len(kept) == len(items) else splice(body, "input", dumps(kept))


def _is_foreign(item: Any) -> bool:
    encrypted = item.get("encrypted_content") if isinstance(item, dict) else None
    return isinstance(encrypted, str) and encrypted.startswith(MARKS)


def render_request(request: Request, quirks: Quirks) -> Outgoing:
    """The request for an upstream. Nothing is stored there, and reasoning comes back encrypted. Raises UNTRANSLATABLE
    for a file or a tool that only another vendor has."""
    names = Names(request.tools, quirks.tool_name_limit)
    writer = Writer(quirks, names)
    leading, rest = _split(request.turns)
    system = _system(leading, request.output, quirks)
    for turn in rest:
        writer.add(turn)
    losses = writer.losses
    reasoning, thinks = _reasoning(request.reasoning, quirks, losses)
    body: dict[str, Any] = {
        "model": quirks.model or request.model,
        **(system if isinstance(system, dict) else {}),
        "input": (system if isinstance(system, list) else []) + writer.items(),
        **_tools(request, quirks, names, losses),
        **_sampling(request.sampling, thinks, quirks, losses),
        **reasoning,
        **_text(request.output, quirks),
        "store": False,
    }
    if include := _include(request, quirks):
        body["include"] = include
    body |= identity.fields(request, body["model"], quirks, losses)
    losses += lost.extras(request, NAME)
    for key, value in request.extras.get(NAME, {}).items():
        body[key] = {**value, **body[key]} if isinstance(value, dict) and isinstance(body.get(key), dict) else value
    body["stream"] = wants_stream(request, quirks)
    if body["stream"] and quirks.stream_usage:
        body["stream_options"] = {"include_obfuscation": False}
    return Outgoing(
        PATH,
        dumps(quirks.overlaid(body)),
        {"content-type": "application/json", **quirks.headers},
        losses=lost.once(losses),
        unwatched_stops=request.sampling.stop,
    )


def _split(turns: tuple[Turn, ...]) -> tuple[list[Turn], list[Turn]]:
    count = next((index for index, turn in enumerate(turns) if turn.role is not Role.SYSTEM), len(turns))
    return list(turns[:count]), list(turns[count:])


def _system(turns: list[Turn], output: Output | None, quirks: Quirks) -> dict[str, str] | list[dict[str, Any]]:
    """The system prompt: as `instructions`, or as items where one of its parts ends a cached prefix."""
    marked = any(breakpoint_of(part.extras, quirks) for turn in turns for part in turn.parts if isinstance(part, Text))
    if marked:
        return [item for turn in turns if (item := system_item(turn, quirks, quirks.system_role)) is not None]
    texts = [part.text for turn in turns for part in turn.parts if isinstance(part, Text) and part.text]
    if output is not None and output.schema is not None and not quirks.schema_output:
        schema = dumps_str(dict(output.schema))
        texts.append(f"Answer with a JSON object and nothing else. It must match this JSON Schema:\n{schema}")
    return {"instructions": "\n\n".join(texts)} if texts else {}


def _tools(request: Request, quirks: Quirks, names: Names, losses: list[str]) -> dict[str, Any]:
    tools = write_tools(request.tools, request.tool_choice, names, quirks, losses)
    if not tools:
        return {}
    fields: dict[str, Any] = {"tools": tools}
    choice = request.tool_choice
    if choice.choose.value not in quirks.tool_choices:
        losses.append(f"tool_choice {choice.choose.value}")
    elif choice.choose is Choose.NAMED:
        fields["tool_choice"] = _named(choice.name, request, names)
    elif choice.choose is not Choose.AUTO:
        fields["tool_choice"] = "required" if choice.choose is Choose.ANY else "none"
    if not choice.parallel and quirks.parallel_tool_field:
        fields["parallel_tool_calls"] = False
    elif not choice.parallel:
        losses.append("one tool call at a time (parallel_tool_calls)")
    return fields


def _named(name: str, request: Request, names: Names) -> Mapping[str, Any]:
    if any(isinstance(tool, WebSearch) and tool.name == name for tool in request.tools):
        # No type of the API names this tool; to demand a call where there is but this one comes to the same.
        return {"type": "allowed_tools", "mode": "required", "tools": [{"type": "web_search"}]}
    own = declared(request.tools).get(name)
    return {"type": "custom" if own is not None and own.custom else "function", "name": names.shorten(name)}


def _sampling(sampling: Sampling, thinks: bool, quirks: Quirks, losses: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if sampling.max_tokens is not None and quirks.max_tokens_field:
        most = sampling.max_tokens if quirks.max_output_tokens is None else quirks.max_output_tokens
        if sampling.max_tokens > most:
            losses.append(lost.fewer_tokens(most))
        if sampling.max_tokens < MIN_OUTPUT:
            losses.append(f"max_tokens below {MIN_OUTPUT}")
        fields["max_output_tokens"] = max(MIN_OUTPUT, min(sampling.max_tokens, most))
    elif sampling.max_tokens is not None:
        losses.append("max_tokens")
    takes = quirks.samples and (quirks.samples_while_reasoning or not thinks)
    for name, value in (("temperature", sampling.temperature), ("top_p", sampling.top_p)):
        if value is None:
            continue
        if takes:
            fields[name] = min(value, quirks.max_temperature) if name == "temperature" else value
            if fields[name] < value:
                losses.append(f"temperature above {quirks.max_temperature:g}")
        else:
            losses.append(name)
    if sampling.top_k is not None:
        losses.append("top_k")
    return fields


def _reasoning(reasoning: Reasoning, quirks: Quirks, losses: list[str]) -> tuple[dict[str, Any], bool]:
    """The `reasoning` field, and whether the model will reason. Who says nothing wants no reasoning, as with Anthropic;
    a model that cannot be without goes its own way."""
    if quirks.reasoning is ReasoningControl.NONE:
        if reasoning.effort is not None or reasoning.think is Think.BUDGET:
            losses.append("reasoning effort")
        return {}, False
    if reasoning.think is Think.OFF or (reasoning.think is Think.UNSAID and reasoning.effort is None):
        if "off" in quirks.efforts:
            return {"reasoning": {"effort": quirks.efforts["off"]}}, quirks.efforts["off"] != "none"
        if reasoning.think is Think.OFF:
            losses.append("reasoning switched off (this model always reasons)")
        return {}, True
    fields = {}
    if (word := _effort(reasoning, quirks)) is not None:
        fields["effort"] = word
    if reasoning.shown:
        fields["summary"] = "auto"
    return ({"reasoning": fields} if fields else {}), True


def _effort(reasoning: Reasoning, quirks: Quirks) -> str | None:
    """The vendor's word for the effort that is asked for, in words or by a budget; for one that it lacks, that of the
    nearest below, or else above."""
    wanted = reasoning.effort
    if wanted is None and reasoning.think is Think.BUDGET and reasoning.budget is not None:
        wanted = next((effort for most, effort in BUDGETS if reasoning.budget <= most), Effort.XHIGH)
    if wanted is None:
        return None
    efforts = list(Effort)
    at = efforts.index(wanted)
    nearest = (*reversed(efforts[: at + 1]), *efforts[at + 1 :])
    return next((quirks.efforts[effort.value] for effort in nearest if effort.value in quirks.efforts), None)


def _text(output: Output | None, quirks: Quirks) -> dict[str, Any]:
    if output is None:
        return {}
    if output.schema is None or not quirks.schema_output:
        return {"text": {"format": {"type": "json_object"}}}
    schema = clean_output(output.schema)
    form = {"type": "json_schema", "name": output.name, "schema": schema, "strict": strict(schema)}
    return {"text": {"format": form}}


def _include(request: Request, quirks: Quirks) -> list[str]:
    include = []
    if quirks.reasoning is not ReasoningControl.NONE:
        include.append("reasoning.encrypted_content")
    if quirks.web_search and any(isinstance(tool, WebSearch) for tool in request.tools):
        include.append("web_search_call.action.sources")
    return include
