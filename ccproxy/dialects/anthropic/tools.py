"""The tools that a client offers, and its choice among them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ccproxy.dialects.anthropic.contents import extras
from ccproxy.dialects.anthropic.tables import CHOICES, CLIENT_TOOLS, NAME, PLACEHOLDER
from ccproxy.errors import invalid
from ccproxy.model.messages import EMPTY, Choose, Opaque, Tool, ToolChoice, WebSearch
from ccproxy.wire import fields
from ccproxy.wire.fields import Object, below
from ccproxy.wire.jsontext import dumps_str

AnyTool = Tool | WebSearch | Opaque


def parse_tools(root: Object, messages: list[Any]) -> tuple[AnyTool, ...]:
    """All tools that are offered by the end of the conversation. Messages may have added and removed some on their way.

    Deferred ones are offered where the client has a tool of its own to search for them, and they were found or called;
    else with the others, for no model but Claude could ask for them.
    """
    declared = [
        _tool(fields.as_object(value, f"tools[{at}]"), f"tools[{at}]")
        for at, value in enumerate(fields.optional_array(root, "tools", ""))
    ]
    by_name = {_name(tool): tool for tool in declared}
    known = dict(by_name)
    for path, block in _changes(messages):
        change = fields.mapping(block, "tool", path)
        place = below(path, "tool")
        if change.get("type") == "tool_definition":
            tool = _tool(fields.mapping(change, "definition", place), below(place, "definition"))
            by_name[_name(tool)] = known[_name(tool)] = tool
            continue
        name = change.get("name")
        if not isinstance(name, str):
            continue
        if block["type"] == "tool_removal":
            by_name.pop(name, None)
        elif name in known:
            by_name[name] = known[name]
    offered = [tool for tool in by_name.values() if not (isinstance(tool, Tool) and tool.name == PLACEHOLDER)]
    return tuple(_without_unfound(offered, root, messages))


def _without_unfound(tools: list[AnyTool], root: Object, messages: list[Any]) -> list[AnyTool]:
    """The tools without deferred ones that nobody has asked for. Those that were asked for stand behind the others in
    the order in which they were: the beginning of the list, and a cache of it, stay the same."""
    deferred = {
        _name(tool): tool for tool in tools if not isinstance(tool, Opaque) and native(tool).get("defer_loading")
    }
    others = [tool for tool in tools if _name(tool) not in deferred]
    if not deferred or not any(isinstance(tool, Tool) and _SEARCH.search(tool.name) for tool in others):
        return tools
    choice = root.get("tool_choice")
    asked = [*_mentioned(messages), choice.get("name") if isinstance(choice, dict) else None]
    return [*others, *(deferred[name] for name in dict.fromkeys(asked) if name in deferred)]


_SEARCH = re.compile("tool_?search", re.IGNORECASE)
"""Claude Code's own is called ToolSearch."""


def _mentioned(messages: list[Any]) -> Iterator[str]:
    """The names of tools that were found by a search, or called."""
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        for block in content if isinstance(content, list) else ():
            if not isinstance(block, dict):
                continue
            if block.get("type") == "tool_use" and isinstance(name := block.get("name"), str):
                yield name
            found = block.get("content") if block.get("type") == "tool_result" else None
            for inner in found if isinstance(found, list) else ():
                is_found = isinstance(inner, dict) and inner.get("type") == "tool_reference"
                if is_found and isinstance(name := inner.get("tool_name"), str):
                    yield name


def _changes(messages: list[Any]) -> Iterator[tuple[str, Object]]:
    for at, message in enumerate(messages):
        content = message.get("content") if isinstance(message, dict) else None
        if not isinstance(content, list):
            continue
        for position, block in enumerate(content):
            if isinstance(block, dict) and block.get("type") in ("tool_addition", "tool_removal"):
                yield f"messages[{at}].content[{position}]", block


def _name(tool: AnyTool) -> str:
    if not isinstance(tool, Opaque):
        return tool.name
    name = tool.value.get("name")
    return name if isinstance(name, str) else dumps_str(tool.value)


def _tool(value: Object, path: str) -> AnyTool:
    kind = fields.optional_text(value, "type", path) or "custom"
    if kind == "custom":
        known = ("name", "description", "input_schema", "strict")
        return Tool(
            fields.text(value, "name", path),
            fields.optional_text(value, "description", path),
            fields.mapping(value, "input_schema", path),
            fields.flag(value, "strict", path),
            extras(value, *known),
        )
    if kind.startswith("web_search_"):
        return WebSearch(
            fields.optional_text(value, "name", path) or "web_search",
            fields.optional_integer(value, "max_uses", path),
            fields.texts(value, "allowed_domains", path),
            fields.texts(value, "blocked_domains", path),
            fields.optional_mapping(value, "user_location", path),
            {NAME: dict(value)},
        )
    for beginning, description, schema in CLIENT_TOOLS:
        if kind.startswith(beginning):
            return Tool(fields.text(value, "name", path), description, schema, extras={NAME: dict(value)})
    return Opaque(NAME, value)


def parse_choice(root: Object) -> ToolChoice:
    """`tool_choice`, automatic where it is missing."""
    value = fields.optional_mapping(root, "tool_choice", "")
    if value is None:
        return ToolChoice()
    word = fields.text(value, "type", "tool_choice")
    if word not in CHOICES:
        raise invalid("tool_choice.type", f"one of {', '.join(CHOICES)}", word)
    choose = CHOICES[word]
    name = fields.text(value, "name", "tool_choice") if choose is Choose.NAMED else ""
    return ToolChoice(choose, name, not fields.flag(value, "disable_parallel_tool_use", "tool_choice"))


def native(tool: Tool | WebSearch) -> Mapping[str, Any]:
    """What this dialect alone knows of a tool; with a `type` it is the tool as it was declared."""
    return tool.extras.get(NAME, EMPTY)
