"""Tools as Gemini declares them: `tools` and `toolConfig`."""

from typing import Any

from attrs import frozen

from ccproxy.dialects import hosted
from ccproxy.dialects.gemini.tables import NAME, SCHEMA, Family
from ccproxy.dialects.losses import STRICT
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.schemas import reduced_parameters
from ccproxy.dialects.toolnames import Names
from ccproxy.model.messages import Choose, Opaque, Request, Role, Tool, ToolUse, WebSearch


@frozen
class Declared:
    """The two fields of a request, each None where it is not sent."""

    tools: list[dict[str, Any]] | None
    config: dict[str, Any] | None


def declared(request: Request, quirks: Quirks, family: Family, names: Names, losses: dict[str, None]) -> Declared:
    """The tools of a request.

    Google's search stands beside functions from the third generation on, and only if the answer may tell of the calls
    that Google runs itself; older models search only where there is no function.
    """
    functions = [tool for tool in request.tools if isinstance(tool, Tool)]
    if quirks.max_tools is not None and len(functions) > quirks.max_tools:
        losses[f"tools beyond the first {quirks.max_tools}"] = None
        functions = functions[: quirks.max_tools]
    if any(tool.strict for tool in functions):
        losses[STRICT] = None
    declarations = [_function(tool, names) for tool in functions]
    if quirks.declares_called_tools:
        declarations += _called(request, names, {one["name"] for one in declarations})
    tools: list[dict[str, Any]] = [{"functionDeclarations": declarations}] if declarations else []
    config: dict[str, Any] = {}
    if searches := [tool for tool in request.tools if isinstance(tool, WebSearch)]:
        if not declarations or family.generation >= 3:
            tools.append({"googleSearch": {}})
            if declarations:
                config["includeServerSideToolInvocations"] = True
            for search in searches:
                _lose_limits(search, losses)
        else:
            losses["web search beside other tools"] = None
    others = [tool for tool in request.tools if isinstance(tool, Opaque)]
    tools += [dict(tool.value) for tool in others if tool.dialect == NAME]
    foreign = [hosted.name_of(tool) for tool in others if tool.dialect != NAME]
    losses.update(dict.fromkeys(hosted.lost(foreign, bool(tools), request.tool_choice, quirks)))
    if declarations and (calling := _calling(request, quirks, names, declarations, losses)):
        config["functionCallingConfig"] = calling
    return Declared(tools or None, config or None)


def _function(tool: Tool, names: Names) -> dict[str, Any]:
    declaration: dict[str, Any] = {"name": names.shorten(tool.name)}
    if tool.description:
        declaration["description"] = tool.description
    schema = reduced_parameters(tool.schema, SCHEMA)
    if schema["properties"]:
        declaration["parametersJsonSchema"] = schema
    return declaration


def _called(request: Request, names: Names, known: set[str]) -> list[dict[str, Any]]:
    called = (
        names.shorten(part.name)
        for turn in request.turns
        if turn.role is Role.ASSISTANT
        for part in turn.parts
        if isinstance(part, ToolUse)
    )
    return [{"name": name} for name in dict.fromkeys(called) if name not in known]


def _lose_limits(search: WebSearch, losses: dict[str, None]) -> None:
    if search.allowed_domains or search.blocked_domains:
        losses["domains of web search"] = None
    if search.max_uses is not None:
        losses["max_uses of web search"] = None
    if search.location is not None:
        losses["location of web search"] = None


def _calling(
    request: Request, quirks: Quirks, names: Names, declarations: list[dict[str, Any]], losses: dict[str, None]
) -> dict[str, Any] | None:
    choice = request.tool_choice
    if not choice.parallel:
        losses["one tool call at a time (parallel_tool_calls)"] = None
    if choice.choose is not Choose.AUTO and choice.choose.value not in quirks.tool_choices:
        losses[f"tool_choice {choice.choose.value}"] = None
        return None
    match choice.choose:
        case Choose.AUTO:
            return None
        case Choose.ANY:
            return {"mode": "ANY"}
        case Choose.NONE:
            return {"mode": "NONE"}
        case Choose.NAMED:
            name = names.shorten(choice.name)
            if all(one["name"] != name for one in declarations):
                losses["tool_choice named"] = None
                return None
            return {"mode": "ANY", "allowedFunctionNames": [name]}
