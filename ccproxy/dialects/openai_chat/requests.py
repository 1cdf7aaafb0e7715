"""A request of an OpenAI client, read: just enough to route it, or whole.

Unknown fields and parts are kept, for upstreams of this dialect; what we could only half serve is refused by name.
"""

from collections.abc import Mapping
from typing import Any

from ccproxy.dialects.dialect import Headers, Peek
from ccproxy.dialects.openai_chat.tables import NAME, TOOL_CHOICES
from ccproxy.dialects.openai_chat.turns import read_turns
from ccproxy.errors import invalid
from ccproxy.model.messages import (
    Choose,
    Effort,
    Opaque,
    Output,
    Reasoning,
    Request,
    Sampling,
    Think,
    Tool,
    ToolChoice,
    WebSearch,
)
from ccproxy.wire.fields import flag, optional_array, optional_integer, optional_number, optional_text, read_body, texts
from ccproxy.wire.jsontext import dumps
from ccproxy.wire.splice import splice

_READ = frozenset(
    {
        "model",
        "messages",
        "stream",
        "tools",
        "functions",
        "tool_choice",
        "function_call",
        "parallel_tool_calls",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "top_k",
        "stop",
        "reasoning_effort",
        "reasoning",
        "response_format",
        "user",
        "safety_identifier",
        "prompt_cache_key",
        "web_search_options",
        "plugins",
        "n",
    }
)
"""Top-level fields that have a word in the model; all others are extras."""


def peek(body: bytes) -> Peek:
    """Model and stream of a request. Raises INVALID where they or the messages are missing or wrong."""
    value = read_body(body)
    _messages(value)
    return Peek(_model(value), flag(value, "stream", ""))


def with_model(body: bytes, model: str) -> bytes:
    """The same body, byte for byte but for the model's name."""
    return splice(body, "model", dumps(model))


def parse_request(headers: Headers, body: bytes) -> Request:
    """The request, whole. Raises INVALID with the path of what is wrong (`messages[2].content[0].type`)."""
    value = read_body(body)
    if (choices := value.get("n")) is not None and choices != 1:
        raise invalid("n", "1: one choice is answered", choices)
    return Request(
        model=_model(value),
        turns=read_turns(_messages(value)),
        tools=_tools(value),
        tool_choice=_tool_choice(value),
        sampling=_sampling(value),
        reasoning=_reasoning(value),
        output=_output(value.get("response_format")),
        stream=flag(value, "stream", ""),
        user=optional_text(value, "safety_identifier", "") or optional_text(value, "user", ""),
        session=headers.get("x-claude-code-session-id", "") or optional_text(value, "prompt_cache_key", ""),
        extras={NAME: _extras(value)},
    )


def _extras(value: Mapping[str, Any]) -> dict[str, Any]:
    extras = {key: field for key, field in value.items() if key not in _READ and field is not None}
    if extras.get("store") is False:
        del extras["store"]
    if plugins := [plugin for plugin in optional_array(value, "plugins", "") if not _is_search(plugin)]:
        extras["plugins"] = plugins
    return extras


def _is_search(plugin: Any) -> bool:
    return isinstance(plugin, dict) and plugin.get("id") == "web"


def _model(value: Mapping[str, Any]) -> str:
    model = value.get("model")
    if not isinstance(model, str) or not model:
        raise invalid("model", "a model's name", model)
    return model


def _messages(value: Mapping[str, Any]) -> list[Any]:
    messages = value.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid("messages", "an array with at least one message", messages or None)
    return messages


def _sampling(value: Mapping[str, Any]) -> Sampling:
    most = optional_integer(value, "max_completion_tokens", "")
    return Sampling(
        max_tokens=optional_integer(value, "max_tokens", "") if most is None else most,
        temperature=optional_number(value, "temperature", ""),
        top_p=optional_number(value, "top_p", ""),
        top_k=optional_integer(value, "top_k", ""),
        stop=_stop(value),
    )


def _stop(value: Mapping[str, Any]) -> tuple[str, ...]:
    stop = value.get("stop")
    if isinstance(stop, str):
        return (stop,)
    return texts(value, "stop", "")


def _tools(value: Mapping[str, Any]) -> tuple[Tool | WebSearch | Opaque, ...]:
    tools: list[Tool | WebSearch | Opaque] = []
    for at, tool in enumerate(optional_array(value, "tools", "")):
        path = f"tools[{at}]"
        if not isinstance(tool, dict):
            raise invalid(path, "an object", tool)
        if tool.get("type", "function") == "function":
            tools.append(_function(tool.get("function"), f"{path}.function"))
        else:
            tools.append(Opaque(NAME, tool))
    for at, function in enumerate(optional_array(value, "functions", "")):
        tools.append(_function(function, f"functions[{at}]"))
    if (options := value.get("web_search_options")) is not None:
        location = options.get("user_location") if isinstance(options, dict) else None
        tools.append(WebSearch(location=location if isinstance(location, dict) else None))
    tools += [_search(plugin) for plugin in optional_array(value, "plugins", "") if _is_search(plugin)]
    return tuple(tools)


def _search(plugin: Mapping[str, Any]) -> WebSearch:
    """OpenRouter's plugin."""
    location = plugin.get("user_location")
    return WebSearch(
        max_uses=optional_integer(plugin, "max_uses", "plugins"),
        allowed_domains=texts(plugin, "include_domains", "plugins"),
        blocked_domains=texts(plugin, "exclude_domains", "plugins"),
        location=location if isinstance(location, dict) else None,
    )


def _function(function: Any, path: str) -> Tool:
    if not isinstance(function, dict):
        raise invalid(path, "an object", function)
    name = function.get("name")
    if not isinstance(name, str) or not name:
        raise invalid(f"{path}.name", "a tool's name", name)
    schema = function.get("parameters")
    if schema is not None and not isinstance(schema, dict):
        raise invalid(f"{path}.parameters", "a JSON Schema object", schema)
    description = function.get("description")
    return Tool(
        name,
        description if isinstance(description, str) else "",
        schema or {"type": "object", "properties": {}},
        strict=function.get("strict") is True,
    )


def _tool_choice(value: Mapping[str, Any]) -> ToolChoice:
    parallel = value.get("parallel_tool_calls") is not False
    key = "tool_choice" if value.get("tool_choice") is not None else "function_call"
    choice = value.get(key)
    if choice is None:
        return ToolChoice(parallel=parallel)
    if isinstance(choice, str):
        if choice not in TOOL_CHOICES:
            raise invalid(key, "none, auto, required, or an object that names a function", choice)
        return ToolChoice(TOOL_CHOICES[choice], parallel=parallel)
    if not isinstance(choice, dict):
        raise invalid(key, "a string or an object", choice)
    if choice.get("type") == "allowed_tools":
        allowed = choice.get("allowed_tools")
        mode = allowed.get("mode") if isinstance(allowed, dict) else None
        return ToolChoice(Choose.ANY if mode == "required" else Choose.AUTO, parallel=parallel)
    inner = choice if key == "function_call" else choice.get(str(choice.get("type", "function")))
    name = inner.get("name") if isinstance(inner, dict) else None
    if not isinstance(name, str):
        raise invalid(f"{key}.function.name", "a tool's name", name)
    return ToolChoice(Choose.NAMED, name, parallel)


def _reasoning(value: Mapping[str, Any]) -> Reasoning:
    """`reasoning_effort`, or OpenRouter's `reasoning: {effort | max_tokens | enabled, exclude}`."""
    given = value.get("reasoning")
    reasoning = given if isinstance(given, dict) else {}
    shown = reasoning.get("exclude") is not True
    word = value.get("reasoning_effort")
    path = "reasoning_effort"
    if word is None:
        word, path = reasoning.get("effort"), "reasoning.effort"
    if word == "none" or (word is None and reasoning.get("enabled") is False):
        return Reasoning(Think.OFF, shown=shown)
    if word == "default":
        # Groq's word for reasoning without a measure.
        return Reasoning(Think.ADAPTIVE, shown=shown)
    if word is not None:
        try:
            return Reasoning(Think.ADAPTIVE, Effort(word), shown=shown)
        except ValueError:
            known = ", ".join(effort.value for effort in Effort)
            raise invalid(path, f"none, {known}", word) from None
    budget = optional_integer(reasoning, "max_tokens", "reasoning")
    if budget:
        return Reasoning(Think.BUDGET, budget=budget, shown=shown)
    return Reasoning(Think.ADAPTIVE if reasoning.get("enabled") is True else Think.UNSAID, shown=shown)


def _output(form: Any) -> Output | None:
    if form is None:
        return None
    kind = form.get("type") if isinstance(form, dict) else None
    if kind == "text":
        return None
    if kind == "json_object":
        return Output()
    if kind != "json_schema":
        raise invalid("response_format.type", "text, json_object or json_schema", kind)
    described = form.get("json_schema")
    schema = described.get("schema") if isinstance(described, dict) else None
    if not isinstance(schema, dict):
        raise invalid("response_format.json_schema.schema", "a JSON Schema object", schema)
    name = described.get("name")
    return Output(schema, name if isinstance(name, str) and name else "output")
