"""The turns of a request as chat messages, in the order that vendors insist on.

A conversation falls into rounds: one assistant message, then everything until the next one. All results of its calls
come directly behind it, in the order of the calls, whatever order they came in; a call without a result gets one, and a
result without a call becomes text. What is written depends only on what stands before it, so that the messages of one
turn are a prefix of those of the next and the vendor's cache stays warm.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from attrs import define, field

from ccproxy.dialects.openai_chat.content import Content, said
from ccproxy.dialects.openai_chat.replay import replayed
from ccproxy.dialects.quirks import LateSystem, Quirks
from ccproxy.dialects.toolids import wire_id
from ccproxy.dialects.toolnames import Names
from ccproxy.model.messages import Media, Part, Role, Text, Thinking, ToolResult, ToolUse, Turn

Message = dict[str, Any]

INTERRUPTED = "(tool call was interrupted)"
"""The result of a call that never got one."""
_NOBODY = "."
"""What the user says where a vendor wants a user and there is none."""
_GO_ON = "Continue."


@define
class _Round:
    """One assistant message and what follows it; the first round has no assistant."""

    assistant: list[Part] = field(factory=list)
    rest: list[Turn] = field(factory=list)


def messages(
    turns: Sequence[Turn], quirks: Quirks, names: Names, losses: list[str], instruction: str = ""
) -> list[Message]:
    """The messages of a conversation. `instruction` is put behind the system prompt. What could not be said is added
    to `losses`. Raises UNTRANSLATABLE for a file that only another vendor has."""
    content = Content(quirks, losses)
    leading = 0
    while leading < len(turns) and turns[leading].role is Role.SYSTEM:
        leading += 1
    result: list[Message] = []
    system = [part for turn in turns[:leading] for part in turn.parts]
    if instruction:
        system.append(Text(instruction))
    if spoken := content.joined(system):
        result.append({"role": quirks.system_role, "content": spoken})
    used: dict[str, int] = {}
    for round_ in _rounds(turns[leading:]):
        result += _written(round_, quirks, names, content, used)
    first = next((at for at, message in enumerate(result) if message["role"] != quirks.system_role), len(result))
    if first == len(result) or result[first]["role"] != "user":
        result.insert(first, {"role": "user", "content": _NOBODY})
    if result[-1]["role"] == "assistant":
        losses.append("the beginning of the answer given by the client (prefill)")
        result.append({"role": "user", "content": _GO_ON})
    return _alternating(result) if quirks.alternate_roles else result


def _rounds(turns: Iterable[Turn]) -> list[_Round]:
    """Neighbouring assistant turns are one message: a vendor takes all calls of a step only together."""
    rounds = [_Round()]
    for turn in turns:
        if turn.role is not Role.ASSISTANT:
            rounds[-1].rest.append(turn)
        elif rounds[-1].rest or not rounds[-1].assistant:
            rounds.append(_Round(list(turn.parts)))
        else:
            rounds[-1].assistant += turn.parts
    return rounds


def _written(round_: _Round, quirks: Quirks, names: Names, content: Content, used: dict[str, int]) -> list[Message]:
    calls = _calls(round_.assistant)
    ids = [_wire_id(call.id, quirks, used) for call in calls]
    results, rest = _results(round_.rest, calls)
    written: list[Message] = []
    if assistant := _assistant(round_.assistant, calls, ids, quirks, names, content):
        written.append(assistant)
    attached: list[dict[str, Any]] = content.attach(part for part in round_.assistant if isinstance(part, Media))
    for call_id, result in zip(ids, results, strict=True):
        spoken: Any = INTERRUPTED
        if result is not None:
            spoken, media = content.result(result, len(attached) // 2)
            attached += media
        written.append({"role": "tool", "tool_call_id": call_id, "content": spoken})
    following = [{"role": "user", "content": attached}] if attached else []
    following += _rest(rest, quirks, content)
    if calls and not quirks.user_may_follow_tool:
        return written + _behind_tool(written[-1], following)
    return written + following


def _calls(parts: Iterable[Part]) -> list[ToolUse]:
    """The calls of one message; one that is said twice counts once."""
    seen: dict[tuple[str, str, str], ToolUse] = {}
    for part in parts:
        if isinstance(part, ToolUse):
            seen.setdefault((part.id, part.name, part.arguments), part)
    return list(seen.values())


def _wire_id(id: str, quirks: Quirks, used: dict[str, int]) -> str:
    """The vendor's form of an id. Some vendors count their ids from zero in every answer: from its second use on, an
    id is told apart by how often it was used before, which later turns do not change."""
    times = used.get(id, 0)
    used[id] = times + 1
    if times == 0 and id:
        return wire_id(id, quirks.tool_id_pattern)
    return wire_id(f"{id}\n{times}", quirks.tool_id_pattern)


def _results(turns: list[Turn], calls: list[ToolUse]) -> tuple[list[ToolResult | None], list[Turn]]:
    """For each call its result, and the turns without these results. Of several results of one call the last counts;
    where several calls share an id, each takes the next."""
    by_id: dict[str, list[ToolResult]] = {call.id: [] for call in calls}
    rest: list[Turn] = []
    for turn in turns:
        kept: list[Part] = []
        for part in turn.parts:
            if isinstance(part, ToolResult) and part.id in by_id:
                by_id[part.id].append(part)
            else:
                kept.append(part)
        if kept:
            rest.append(Turn(turn.role, tuple(kept)))
    sharing: dict[str, int] = {}
    for call in calls:
        sharing[call.id] = sharing.get(call.id, 0) + 1
    taken: dict[str, int] = {}
    results: list[ToolResult | None] = []
    for call in calls:
        found = by_id[call.id]
        at = taken.get(call.id, 0)
        taken[call.id] = at + 1
        is_last = taken[call.id] == sharing[call.id]
        results.append(found[-1] if is_last and len(found) > at else found[at] if at < len(found) else None)
    return results, rest


def _assistant(
    parts: list[Part], calls: list[ToolUse], ids: list[str], quirks: Quirks, names: Names, content: Content
) -> Message | None:
    words = [part for part in parts if not isinstance(part, (Thinking, ToolUse, Media))]
    if quirks.cache_breakpoints:
        # OpenAI takes breakpoints on what is said to the model, not on what it said.
        words = [Text(part.text) if isinstance(part, Text) else part for part in words]
    spoken: Any = content.joined(words)
    if not spoken and not calls:
        return None
    message: Message = {"role": "assistant", "content": spoken or (None if calls and quirks.null_content else "")}
    thoughts = replayed(parts, quirks, content.losses)
    message.update(thoughts.fields)
    if thoughts.parts:
        texts = [{"type": "text", "text": spoken}] if isinstance(spoken, str) and spoken else spoken or []
        message["content"] = [*thoughts.parts, *texts]
    if calls:
        message["tool_calls"] = [
            {
                "id": id,
                "type": "function",
                "function": {
                    "name": names.shorten(call.name),
                    "arguments": call.arguments if call.arguments.strip() else "{}",
                },
                **_extra_content(call, thoughts.extras),
            }
            for call, id in zip(calls, ids, strict=True)
        ]
        if "reasoning_content" not in message and quirks.replay_reasoning.value == "reasoning_content":
            # DeepSeek and Kimi refuse a message of calls without the field, even where there was no reasoning.
            message["reasoning_content"] = ""
    return message


def _extra_content(call: ToolUse, extras: dict[int, Any]) -> dict[str, Any]:
    found = extras.get(id(call))
    return {"extra_content": found} if found is not None else {}


def _rest(turns: list[Turn], quirks: Quirks, content: Content) -> list[Message]:
    """What users and late system turns say after the results. Where a late system turn must not stand alone, it is
    said within the user's turn beside it."""
    written: list[Message] = []
    pending: list[Part] = []
    for turn in turns:
        if turn.role is Role.SYSTEM:
            spoken = content.joined(turn.parts)
            if not spoken:
                continue
            if quirks.late_system is LateSystem.INLINE:
                written.append({"role": quirks.system_role, "content": spoken})
                continue
            words = Text(f"<system>\n{said(turn.parts)}\n</system>")
            if written:
                written[-1]["content"] = _together(written[-1]["content"], words.text)
            else:
                pending.append(words)
            continue
        if spoken := content.user([*pending, *turn.parts]):
            written.append({"role": "user", "content": spoken})
            pending = []
    if pending:
        written.append({"role": "user", "content": content.user(pending)})
    return written


def _behind_tool(tool: Message, following: list[Message]) -> list[Message]:
    """For a vendor that takes no user behind a tool: text goes into the last result, and what is not text after an
    assistant who says that he has seen it."""
    for at, message in enumerate(following):
        if message["role"] != "user" or not isinstance(message["content"], str):
            return [{"role": "assistant", "content": "Ok."}, *following[at:]]
        tool["content"] = _together(tool["content"], message["content"])
    return []


def _alternating(result: list[Message]) -> list[Message]:
    """Neighbours of one role made one message; tool messages stay apart, each answers its own call."""
    merged: list[Message] = []
    for message in result:
        last = merged[-1] if merged else None
        if last is None or last["role"] != message["role"] or message["role"] == "tool" or "tool_calls" in last:
            merged.append(message)
            continue
        merged[-1] = {**last, **message, "content": _together(last["content"], message["content"])}
    return merged


def _together(first: Any, second: Any) -> Any:
    """Two contents as one: texts joined by an empty line, or lists of parts."""
    if not first or not second:
        return first or second
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    return [*_parts(first), *_parts(second)]


def _parts(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
