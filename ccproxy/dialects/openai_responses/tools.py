"""Tools of the Responses dialect: functions, custom tools with free text as input, namespaces, web search.

Other vendors know functions only. A custom tool becomes a function with the one argument `input`, and a function
within a namespace one whose name holds both; a client's own definition stays in `extras`, so its calls come back to it
in the form it declared.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from ccproxy.dialects import hosted
from ccproxy.dialects.losses import STRICT
from ccproxy.dialects.openai_responses.tables import NAME
from ccproxy.dialects.openai_schema import clean_openai, strict
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.toolnames import Names
from ccproxy.errors import ApiError, Kind, invalid
from ccproxy.model.messages import Choose, Opaque, Tool, ToolChoice, WebSearch
from ccproxy.wire.jsontext import NotJson, dumps_str, loads

AnyTool = Tool | WebSearch | Opaque

_INPUT = {
    "type": "object",
    "properties": {"input": {"type": "string", "description": "The whole input, as free text."}},
    "required": ["input"],
    "additionalProperties": False,
}
_SEARCHES = ("web_search", "web_search_preview")


def wrapped(text: str) -> str:
    """The arguments of the function that stands for a custom tool."""
    return dumps_str({"input": text})


def unwrapped(arguments: str) -> str:
    """The free text within such arguments; whatever else a model wrote there is the text itself."""
    try:
        value = loads(arguments)
    except NotJson:
        return arguments
    if isinstance(value, dict) and isinstance(value.get("input"), str):
        return str(value["input"])
    return value if isinstance(value, str) else arguments


def flat_name(namespace: str, name: str) -> str:
    """The name, in the model, of a function within a namespace."""
    if not namespace:
        return name
    return namespace + name if namespace.endswith("__") else f"{namespace}__{name}"


@frozen
class Declared:
    """How the client declared the tool of a call: its name there, its namespace, and whether its input is free text."""

    name: str
    namespace: str = ""
    custom: bool = False


def declared(tools: Iterable[AnyTool]) -> dict[str, Declared]:
    """By the model's name, the tools whose calls a client wants in another form than a plain function's."""
    found: dict[str, Declared] = {}
    for tool in tools:
        own = tool.extras.get(NAME) if isinstance(tool, Tool) else None
        if isinstance(tool, Tool) and own is not None:
            found[tool.name] = Declared(own["name"], own["namespace"], own["custom"])
    return found


def read_tools(value: Any, path: str) -> list[AnyTool]:
    """A client's tools. What only OpenAI runs is Opaque. Raises INVALID with the path of what is wrong."""
    if not isinstance(value, list):
        raise invalid(path, "an array of tools", value)
    tools: list[AnyTool] = []
    for index, tool in enumerate(value):
        tools += _read_tool(tool, f"{path}[{index}]", "")
    return tools


def _read_tool(tool: Any, path: str, namespace: str) -> list[AnyTool]:
    if not isinstance(tool, dict):
        raise invalid(path, "an object", tool)
    kind = tool.get("type")
    if not isinstance(kind, str):
        raise invalid(f"{path}.type", "a string", kind)
    if kind == "function":
        return [_function(tool, path, namespace)]
    if kind == "custom":
        return [_custom(tool, path, namespace)]
    if kind == "namespace":
        inner = tool.get("tools")
        if not isinstance(inner, list):
            raise invalid(f"{path}.tools", "an array of tools", inner)
        return [
            found
            for index, each in enumerate(inner)
            for found in _read_tool(each, f"{path}.tools[{index}]", _name(tool, path))
        ]
    if kind.startswith(_SEARCHES):
        return [_search(tool)]
    return [Opaque(NAME, tool)]


def _function(tool: Mapping[str, Any], path: str, namespace: str) -> Tool:
    name = _name(tool, path)
    schema = tool.get("parameters")
    if schema is not None and not isinstance(schema, dict):
        raise invalid(f"{path}.parameters", "a JSON Schema object", schema)
    extras = {NAME: {"name": name, "namespace": namespace, "custom": False}} if namespace else {}
    return Tool(
        flat_name(namespace, name),
        _string(tool.get("description")),
        schema or {"type": "object", "properties": {}},
        tool.get("strict") is True,
        extras,
    )


def _custom(tool: Mapping[str, Any], path: str, namespace: str) -> Tool:
    name = _name(tool, path)
    description = _string(tool.get("description"))
    form = tool.get("format")
    if isinstance(form, dict) and isinstance(form.get("definition"), str):
        description += f"\n\nThe input must follow this {form.get('syntax')} grammar:\n{form['definition']}"
    own = {"name": name, "namespace": namespace, "custom": True, "tool": tool}
    return Tool(flat_name(namespace, name), description.strip(), _INPUT, False, {NAME: own})


def _search(tool: Mapping[str, Any]) -> WebSearch:
    filters = tool.get("filters")
    allowed = filters.get("allowed_domains") if isinstance(filters, dict) else None
    location = tool.get("user_location")
    return WebSearch(
        allowed_domains=tuple(each for each in allowed if isinstance(each, str)) if isinstance(allowed, list) else (),
        location=location if isinstance(location, dict) else None,
        extras={NAME: tool},
    )


def read_choice(value: Any, parallel: Any, tools: list[AnyTool]) -> tuple[ToolChoice, list[AnyTool]]:
    """The tool choice, and the tools it leaves: `allowed_tools` names some of the declared ones."""
    together = parallel is not False
    if value is None or value == "auto":
        return ToolChoice(parallel=together), tools
    if value == "none":
        return ToolChoice(Choose.NONE, parallel=together), tools
    if value == "required":
        return ToolChoice(Choose.ANY, parallel=together), tools
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise invalid("tool_choice", '"auto", "none", "required" or an object with a type', value)
    kind = value["type"]
    if kind in ("function", "custom"):
        name = flat_name(_string(value.get("namespace")), _name(value, "tool_choice"))
        return ToolChoice(Choose.NAMED, name, together), tools
    if kind.startswith(_SEARCHES):
        return ToolChoice(Choose.NAMED, "web_search", together), tools
    if kind == "allowed_tools":
        choose = Choose.ANY if value.get("mode") == "required" else Choose.AUTO
        return ToolChoice(choose, parallel=together), _allowed(value.get("tools"), tools)
    raise ApiError(
        Kind.UNTRANSLATABLE,
        f"tool_choice: only OpenAI runs the tool {kind[:40]!r}; route this model to an openai_responses provider, "
        "or choose a function",
    )


def _allowed(value: Any, tools: list[AnyTool]) -> list[AnyTool]:
    if not isinstance(value, list):
        raise invalid("tool_choice.tools", "an array of tools", value)
    names = set()
    for index, each in enumerate(value):
        if not isinstance(each, dict):
            raise invalid(f"tool_choice.tools[{index}]", "an object", each)
        names.add(_string(each.get("name")) or _string(each.get("type")))
    forms = declared(tools)
    kept: list[AnyTool] = []
    for tool in tools:
        match tool:
            case Tool(name):
                own = forms.get(name)
                wanted = name in names or (own is not None and own.name in names)
            case WebSearch():
                wanted = not names.isdisjoint(_SEARCHES)
            case Opaque(_, definition):
                wanted = definition.get("type") in names
        if wanted:
            kept.append(tool)
    return kept


def write_tools(
    tools: Iterable[AnyTool], choice: ToolChoice, names: Names, quirks: Quirks, losses: list[str]
) -> list[dict[str, Any]]:
    """The tools as an upstream takes them; what it has not is added to `losses`. Raises UNTRANSLATABLE where the client
    cannot do without it."""
    written: list[dict[str, Any]] = []
    foreign: list[str] = []
    for tool in tools:
        match tool:
            case Tool():
                written.append(_definition(tool, names.shorten(tool.name), quirks))
                if tool.strict and written[-1].get("strict") is False:
                    losses.append(STRICT)
            case WebSearch():
                if quirks.web_search:
                    written.append(_written_search(tool, losses))
                else:
                    foreign.append(tool.name)
            case Opaque(dialect, value):
                if dialect == NAME:
                    written.append(dict(value))
                else:
                    foreign.append(hosted.name_of(tool))
    losses += hosted.lost(foreign, bool(written), choice, quirks)
    if quirks.max_tools is not None and len(written) > quirks.max_tools:
        raise ApiError(
            Kind.UNTRANSLATABLE,
            f"tools: {quirks.vendor or 'the provider'} takes at most {quirks.max_tools} tools, the request has "
            f"{len(written)}; disable some, or route it to another provider",
        )
    return written


def _definition(tool: Tool, name: str, quirks: Quirks) -> dict[str, Any]:
    own = tool.extras.get(NAME)
    if own is not None and own["custom"]:
        return {**own["tool"], "name": name}
    parameters = clean_openai(tool.schema, quirks.typed_branches)
    enforced = tool.strict and quirks.strict_tools and strict(parameters)
    definition = {"type": "function", "name": name}
    if tool.description:
        definition["description"] = tool.description
    return {**definition, "parameters": parameters, "strict": enforced}


def _written_search(tool: WebSearch, losses: list[str]) -> dict[str, Any]:
    if own := tool.extras.get(NAME):
        return dict(own)
    if tool.blocked_domains:
        losses.append(f"tools.{tool.name}.blocked_domains")
    if tool.max_uses is not None:
        losses.append(f"tools.{tool.name}.max_uses")
    written: dict[str, Any] = {"type": "web_search"}
    if tool.allowed_domains:
        written["filters"] = {"allowed_domains": list(tool.allowed_domains)}
    if tool.location is not None:
        fields = {key: tool.location.get(key) for key in ("city", "country", "region", "timezone")}
        written["user_location"] = {"type": "approximate", **{key: text for key, text in fields.items() if text}}
    return written


def _name(value: Mapping[str, Any], path: str) -> str:
    name = value.get("name")
    if not isinstance(name, str) or not name:
        raise invalid(f"{path}.name", "a name", name)
    return name


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
