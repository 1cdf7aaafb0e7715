"""A client's request, read whole into the model: Codex CLI's, the openai SDK's. `client_input` reads its items."""

from collections.abc import Mapping
from typing import Any

from ccproxy.dialects.dialect import Headers
from ccproxy.dialects.openai_responses.client_input import Items
from ccproxy.dialects.openai_responses.requests import read_body
from ccproxy.dialects.openai_responses.tables import EFFORTS, NAME, OFF
from ccproxy.dialects.openai_responses.tools import read_choice, read_tools
from ccproxy.errors import ApiError, Kind, invalid
from ccproxy.model.messages import (
    EMPTY,
    Output,
    Reasoning,
    Request,
    Sampling,
    Think,
)

_UNDERSTOOD = frozenset(
    {
        "background", "conversation", "include", "input", "instructions", "max_output_tokens", "model",
        "parallel_tool_calls", "previous_response_id", "prompt", "prompt_cache_key", "reasoning", "safety_identifier",
        "store", "stream", "stream_options", "temperature", "tool_choice", "tools", "top_p", "user",
    }
)  # fmt: skip
"""Fields that have a word in the model, or that this proxy answers for. All others ride along in `extras`."""


def parse_request(headers: Headers, body: bytes) -> Request:
    """The request that a client's body holds. Raises INVALID with the path of what is wrong, and UNTRANSLATABLE for
    what only OpenAI itself can honour."""
    value = read_body(body)
    _refuse_what_others_keep(value)
    model = value.get("model")
    if not isinstance(model, str) or not model:
        raise invalid("model", "the name of a model", model)
    items = Items()
    items.instruct(value.get("instructions"))
    items.read(value.get("input"))
    tools = [] if value.get("tools") is None else read_tools(value["tools"], "tools")
    choice, tools = read_choice(value.get("tool_choice"), value.get("parallel_tool_calls"), tools + items.tools)
    output, text = _output(value.get("text"))
    extras = {key: each for key, each in value.items() if key not in _UNDERSTOOD and key != "text" and each is not None}
    if text:
        extras["text"] = text
    return Request(
        model=model,
        turns=tuple(items.turns),
        tools=tuple(tools),
        tool_choice=choice,
        sampling=Sampling(
            max_tokens=_count(value.get("max_output_tokens"), "max_output_tokens"),
            temperature=_number(value.get("temperature"), "temperature"),
            top_p=_number(value.get("top_p"), "top_p"),
        ),
        reasoning=_reasoning(value.get("reasoning")),
        output=output,
        stream=value.get("stream") is True,
        user=_string(value.get("safety_identifier")) or _string(value.get("user")),
        session=_session(headers, value),
        extras={NAME: extras} if extras else EMPTY,
    )


def _refuse_what_others_keep(value: Mapping[str, Any]) -> None:
    if value.get("prompt"):
        raise ApiError(
            Kind.UNTRANSLATABLE,
            "prompt: only OpenAI keeps prompt templates; send instructions and input, or route this model to OpenAI",
        )
    if value.get("previous_response_id"):
        raise ApiError(
            Kind.UNTRANSLATABLE,
            "previous_response_id: no such response is kept here; send the whole conversation as input items",
        )


def _session(headers: Headers, value: Mapping[str, Any]) -> str:
    for name in ("x-claude-code-session-id", "session_id", "session-id", "conversation_id"):
        if headers.get(name):
            return headers[name]
    return _string(value.get("prompt_cache_key"))


def _reasoning(value: Any) -> Reasoning:
    if value is None:
        return Reasoning(shown=False)
    if not isinstance(value, dict):
        raise invalid("reasoning", "an object", value)
    shown = any(value.get(key) not in (None, "none") for key in ("summary", "generate_summary"))
    effort = value.get("effort")
    if effort is None:
        return Reasoning(Think.ADAPTIVE if shown else Think.UNSAID, shown=shown)
    if effort == OFF:
        return Reasoning(Think.OFF, shown=False)
    if not isinstance(effort, str) or effort not in EFFORTS:
        raise invalid("reasoning.effort", f"one of {OFF}, {', '.join(EFFORTS)}", effort)
    return Reasoning(Think.ADAPTIVE, EFFORTS[effort], shown=shown)


def _output(value: Any) -> tuple[Output | None, dict[str, Any]]:
    """The demand for JSON, and what else `text` holds."""
    if value is None:
        return None, {}
    if not isinstance(value, dict):
        raise invalid("text", "an object", value)
    rest = {key: each for key, each in value.items() if key != "format" and each is not None}
    form = value.get("format")
    if form is None:
        return None, rest
    if not isinstance(form, dict):
        raise invalid("text.format", "an object", form)
    match form.get("type"):
        case "text":
            return None, rest
        case "json_object":
            return Output(), rest
        case "json_schema":
            schema = form.get("schema")
            if not isinstance(schema, dict):
                raise invalid("text.format.schema", "a JSON Schema object", schema)
            return Output(schema, _string(form.get("name")) or "output"), rest
    raise invalid("text.format.type", "text, json_object or json_schema", form.get("type"))


def _count(value: Any, path: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise invalid(path, "a number of tokens", value)
    return value


def _number(value: Any, path: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise invalid(path, "a number", value)
    return value


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
