"""Tools and the choice among them, as a vendor takes them."""

from typing import Any

from attrs import evolve

from ccproxy.dialects import hosted
from ccproxy.dialects.losses import STRICT
from ccproxy.dialects.openai_chat.tables import NAME
from ccproxy.dialects.openai_schema import clean_openai, strict
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.toolnames import Names
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import Choose, Opaque, Request, Tool, ToolChoice, WebSearch

_FORCED = (Choose.ANY, Choose.NAMED)


def forced(request: Request) -> bool:
    """Whether the client insists on a call."""
    return bool(request.tools) and request.tool_choice.choose in _FORCED


def fields(request: Request, quirks: Quirks, names: Names, may_force: bool, losses: list[str]) -> dict[str, Any]:
    """`tools`, `tool_choice`, `parallel_tool_calls` and `plugins`; nothing of them where there is no tool.

    `may_force` False makes a forced choice a free one. Raises UNTRANSLATABLE where a tool is the only one or is forced
    and the vendor has no such tool, and where there are too many.
    """
    declared, plugins, foreign = _sorted(request, quirks, names, losses)
    losses += hosted.lost(foreign, bool(declared or plugins), request.tool_choice, quirks)
    if not request.tools and quirks.declares_called_tools:
        declared = _called(request, names)
    if quirks.max_tools is not None and len(declared) > quirks.max_tools:
        vendor = quirks.vendor or "this provider"
        raise ApiError(
            Kind.UNTRANSLATABLE,
            f"{len(declared)} tools are declared and {vendor} takes at most {quirks.max_tools}: "
            "disable some, or route such requests to another provider",
        )
    result: dict[str, Any] = {"plugins": plugins[:1]} if plugins else {}
    choice = _without_plugins(request, quirks, losses)
    if not declared:
        return result
    result["tools"] = declared
    if not request.tools:
        return result
    _choose(result, choice, quirks, names, may_force, losses)
    if not choice.parallel:
        if quirks.parallel_tool_field:
            result["parallel_tool_calls"] = False
        else:
            losses.append("one tool call at a time (parallel_tool_calls)")
    return result


def _without_plugins(request: Request, quirks: Quirks, losses: list[str]) -> ToolChoice:
    """The choice, made free where it names a search that is a plugin and no tool."""
    choice = request.tool_choice
    searches = [tool.name for tool in request.tools if isinstance(tool, WebSearch)] if quirks.web_plugin else []
    if choice.choose is not Choose.NAMED or choice.name not in searches:
        return choice
    losses.append("tool_choice named (a web search is made where the model wants one)")
    return evolve(choice, choose=Choose.AUTO)


def _sorted(
    request: Request, quirks: Quirks, names: Names, losses: list[str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
    """What is declared, what is a plugin, and the names of tools that only other vendors run."""
    declared: list[dict[str, Any]] = []
    plugins: list[dict[str, Any]] = []
    foreign: list[str] = []
    for tool in request.tools:
        match tool:
            case Tool():
                declared.append(_function(tool, quirks, names))
                if tool.strict and "strict" not in declared[-1]["function"]:
                    losses.append(STRICT)
            case WebSearch() if quirks.web_plugin:
                plugins.append(_plugin(tool))
            case WebSearch(name=name):
                foreign.append(name)
            case Opaque(dialect, value) if dialect == NAME:
                declared.append(dict(value))
            case Opaque():
                foreign.append(hosted.name_of(tool))
    return declared, plugins, foreign


def _function(tool: Tool, quirks: Quirks, names: Names) -> dict[str, Any]:
    function: dict[str, Any] = {"name": names.shorten(tool.name)}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = clean_openai(tool.schema, quirks.typed_branches)
    if tool.strict and quirks.strict_tools and strict(function["parameters"]):
        function["strict"] = True
    written: dict[str, Any] = {"type": "function", "function": function}
    marker = tool.extras.get("anthropic", {}).get("cache_control")
    if quirks.cache_markers and isinstance(marker, dict):
        written["cache_control"] = marker
    return written


def _plugin(search: WebSearch) -> dict[str, Any]:
    """OpenRouter's search, with the limits it knows."""
    fields = {
        "max_uses": search.max_uses,
        "include_domains": list(search.allowed_domains) or None,
        "exclude_domains": list(search.blocked_domains) or None,
        "user_location": dict(search.location) if search.location else None,
    }
    return {"id": "web", **{name: value for name, value in fields.items() if value is not None}}


def _called(request: Request, names: Names) -> list[dict[str, Any]]:
    """The least declaration of each tool that the history calls, in the order of their first calls."""
    return [
        {
            "type": "function",
            "function": {"name": names.shorten(name), "parameters": {"type": "object", "properties": {}}},
        }
        for name in request.called
    ]


def _choose(
    result: dict[str, Any], choice: ToolChoice, quirks: Quirks, names: Names, may_force: bool, losses: list[str]
) -> None:
    """Sets `tool_choice`, where it is not the default `auto`. A named tool where the vendor knows only that some tool
    must be called: that tool is then the only one."""
    if choice.choose is Choose.AUTO:
        return
    honoured = quirks.tool_choices
    if choice.choose in _FORCED and not may_force:
        losses.append(f"tool_choice {choice.choose.value} (together with reasoning)")
    elif choice.choose is Choose.NONE and "none" in honoured:
        result["tool_choice"] = "none"
    elif choice.choose is Choose.ANY and "any" in honoured:
        result["tool_choice"] = "required"
    elif choice.choose is Choose.NAMED and "named" in honoured:
        result["tool_choice"] = {"type": "function", "function": {"name": names.shorten(choice.name)}}
    elif choice.choose is Choose.NAMED and "any" in honoured:
        wanted = names.shorten(choice.name)
        only = [tool for tool in result["tools"] if tool.get("function", {}).get("name") == wanted]
        if only:
            result["tools"] = only
            result["tool_choice"] = "required"
    else:
        losses.append(f"tool_choice {choice.choose.value}")
