"""A request for an upstream of this dialect, written from the model: for clients that speak another."""

from itertools import takewhile
from typing import Any

from attrs import evolve

from ccproxy.dialects import hosted
from ccproxy.dialects import losses as lost
from ccproxy.dialects.anthropic.models import Generation, always_thinks, generation, is_claude
from ccproxy.dialects.anthropic.requests import PATH
from ccproxy.dialects.anthropic.tables import BUDGETS, CHOICE_WORDS, EFFORTS, NAME, VERSION
from ccproxy.dialects.anthropic.tools import native
from ccproxy.dialects.anthropic.turns import Conversation, Piece, calls_without_thinking, limit_marks
from ccproxy.dialects.dialect import Outgoing
from ccproxy.dialects.identity import pseudonym
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.streaming import wants_stream
from ccproxy.dialects.toolnames import Names
from ccproxy.model.messages import (
    Choose,
    Effort,
    Opaque,
    Output,
    Reasoning,
    Request,
    Role,
    Sampling,
    Text,
    Think,
    Tool,
    Turn,
    WebSearch,
)
from ccproxy.wire.jsontext import dumps, dumps_str

NAME_LIMIT = 128
"""Characters of a tool's name that Anthropic takes; others of this dialect are trusted with what their quirk says."""
LEAST_BUDGET = 1024
LEAST_TOP_P = 0.95
"""With thinking."""

_WORDS = {effort: word for word, effort in EFFORTS.items()} | {Effort.MINIMAL: "low"}
_RANKS = {effort: rank for rank, effort in enumerate(Effort)}
_FORCED = (Choose.ANY, Choose.NAMED)


def render_request(request: Request, quirks: Quirks) -> Outgoing:
    """The request in the words of one model; its losses are named. Always streamed, unless the vendor is better asked
    for whole replies. Raises UNTRANSLATABLE for a file or a tool that only another vendor has."""
    model = quirks.model or request.model
    quirks = evolve(quirks, model=model)
    row = generation(model)
    losses: list[str] = []
    names = Names(request.tools, NAME_LIMIT if is_claude(model) else quirks.tool_name_limit)
    conversation = Conversation(quirks, names, losses)
    leading = list(takewhile(lambda turn: turn.role is Role.SYSTEM, request.turns))
    system = conversation.system([*leading, *_instruction(request.output, row, quirks)])
    messages = conversation.messages(request.turns[len(leading) :])
    tools = _tools(request, quirks, names, losses)
    thinking = _thinking(request, model, row, calls_without_thinking(messages), losses)
    tokens = _tokens(request.sampling.max_tokens, thinking, row, quirks, losses)
    sampling, unwatched = _sampling(request.sampling, _thinks(thinking), model, row, quirks, losses)
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": tokens,
        **({"system": system} if system else {}),
        "messages": messages,
        **({"tools": tools, **_choice(request, quirks, names, losses)} if tools else {}),
        **thinking,
        **sampling,
    }
    if request.output is not None and request.output.schema is not None and _takes_schema(row, quirks):
        form = {"type": "json_schema", "schema": dict(request.output.schema)}
        body["output_config"] = {**body.get("output_config", {}), "format": form}
    if request.user and quirks.user_field:
        body["metadata"] = {"user_id": pseudonym(request.user)}
    elif request.user:
        losses.append(lost.USER)
    losses += lost.extras(request, NAME)
    for key, value in request.extras.get(NAME, {}).items():
        body.setdefault(key, value)
    body["stream"] = wants_stream(request, quirks)
    limit_marks([*tools, *system, *(piece for message in messages for piece in message["content"])])
    headers = {"content-type": "application/json", "anthropic-version": VERSION, **quirks.headers}
    return Outgoing(PATH, dumps(quirks.overlaid(body)), headers, losses=lost.once(losses), unwatched_stops=unwatched)


def _tools(request: Request, quirks: Quirks, names: Names, losses: list[str]) -> list[Piece]:
    declared: list[Piece] = []
    foreign: list[str] = []
    for tool in request.tools:
        match tool:
            case Tool():
                declared.append(_tool(tool, names))
                if tool.strict and not declared[-1].get("strict"):
                    losses.append(lost.STRICT)
            case WebSearch():
                declared.append(_web_search(tool))
            case Opaque(dialect, value) if dialect == NAME:
                declared.append(dict(value))
            case Opaque():
                foreign.append(hosted.name_of(tool))
    losses += hosted.lost(foreign, bool(declared), request.tool_choice, quirks)
    if not request.tools and quirks.declares_called_tools:
        schema = {"type": "object", "properties": {}}
        return [{"name": names.shorten(name), "input_schema": schema} for name in request.called]
    return declared


def _tool(tool: Tool, names: Names) -> Piece:
    own = native(tool)
    if "type" in own:
        return dict(own)
    described = {"description": tool.description} if tool.description else {}
    schema = {**tool.schema, "type": "object"}
    strict = {"strict": True} if tool.strict and own else {}
    return {"name": names.shorten(tool.name), **described, "input_schema": schema, **strict, **own}


def _web_search(tool: WebSearch) -> Piece:
    own = native(tool)
    if own:
        return dict(own)
    fields: Piece = {
        "max_uses": tool.max_uses,
        "allowed_domains": list(tool.allowed_domains) or None,
        "blocked_domains": list(tool.blocked_domains) or None,
        "user_location": dict(tool.location) if tool.location else None,
    }
    given = {key: value for key, value in fields.items() if value is not None}
    return {"type": "web_search_20250305", "name": "web_search", **given}


def _choice(request: Request, quirks: Quirks, names: Names, losses: list[str]) -> dict[str, Any]:
    choice = request.tool_choice
    choose = choice.choose
    if choose.value not in quirks.tool_choices:
        losses.append(f"tool_choice {choose.value}")
        choose = Choose.AUTO
    if choose is Choose.AUTO and choice.parallel:
        return {}
    written: dict[str, Any] = {"type": CHOICE_WORDS[choose]}
    if choose is Choose.NAMED:
        written["name"] = names.shorten(choice.name)
    if not choice.parallel and choose is not Choose.NONE:
        written["disable_parallel_tool_use"] = True
    return {"tool_choice": written}


def _thinking(request: Request, model: str, row: Generation, interrupted: bool, losses: list[str]) -> dict[str, Any]:
    """`thinking` and the effort. `interrupted` says that the conversation stands in the middle of calls that were made
    without thinking."""
    asked = request.reasoning
    forced = bool(request.tools) and request.tool_choice.choose in _FORCED
    wants = asked.think in (Think.ADAPTIVE, Think.BUDGET) or (asked.think is Think.UNSAID and asked.effort is not None)
    if wants and forced and not always_thinks(model):
        # Anthropic refuses the two together, and the guarantee of a call outweighs the reasoning.
        losses.append("reasoning (together with a forced tool_choice)")
        wants, asked = False, Reasoning(Think.OFF)
    if wants and not row.budgets and not row.adaptive:
        losses.append("reasoning (this model has none)")
        return {}
    if wants and (row.adaptive and not (asked.think is Think.BUDGET and row.budgets)):
        display = {"display": "summarized" if asked.shown else "omitted"} if row.displays else {}
        return {"thinking": {"type": "adaptive", **display}, **_effort(_wished(asked), row)}
    if wants:
        if interrupted:
            losses.append("reasoning (the last calls were made without)")
            return {}
        return {"thinking": {"type": "enabled", "budget_tokens": max(LEAST_BUDGET, _budget(asked))}}
    if asked.think is not Think.OFF:
        return {}
    if always_thinks(model):
        losses.append("reasoning cannot be switched off")
        return _effort(Effort.LOW, row)
    speaks = row.says_off and (row.budgets or row.adaptive)
    return {"thinking": {"type": "disabled"}} if speaks else {}


def _wished(asked: Reasoning) -> Effort | None:
    if asked.effort is not None or asked.budget is None:
        return asked.effort
    budget = asked.budget
    return next((effort for effort, most in BUDGETS if budget <= most), Effort.MAX)


def _effort(effort: Effort | None, row: Generation) -> dict[str, Any]:
    """The effort that the model has and that is nearest below the wish."""
    if effort is None or not row.efforts:
        return {}
    below = [known for known in row.efforts if _RANKS[known] <= _RANKS[effort]]
    return {"output_config": {"effort": _WORDS[below[-1] if below else row.efforts[0]]}}


def _budget(asked: Reasoning) -> int:
    if asked.budget is not None:
        return asked.budget
    return dict(BUDGETS)[asked.effort or Effort.MEDIUM]


def _thinks(thinking: dict[str, Any]) -> bool:
    return thinking.get("thinking", {}).get("type") in ("enabled", "adaptive")


def _tokens(wanted: int | None, thinking: dict[str, Any], row: Generation, quirks: Quirks, losses: list[str]) -> int:
    """The limit of output tokens, which Anthropic demands. A budget for thinking must be lower: the limit is raised
    above it as far as the model goes, and then the budget, in place, is what gives way."""
    most = quirks.max_output_tokens or row.max_output
    tokens = min(max(1, wanted), most) if wanted is not None else most
    if wanted is not None and wanted > most:
        losses.append(lost.fewer_tokens(most))
    asked = thinking.get("thinking", {})
    budget = asked.get("budget_tokens", 0)
    if budget >= tokens:
        tokens = min(budget + tokens, most)
        if wanted is not None and tokens > wanted:
            losses.append(f"max_tokens below {tokens} (thinking comes on top)")
        asked["budget_tokens"] = min(budget, tokens - LEAST_BUDGET) if budget >= tokens else budget
        if asked["budget_tokens"] < LEAST_BUDGET:
            del thinking["thinking"]
            losses.append("reasoning (the limit of output tokens leaves no room for it)")
    return tokens


def _sampling(
    sampling: Sampling, thinks: bool, model: str, row: Generation, quirks: Quirks, losses: list[str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The sampling parameters, and the stop sequences that this vendor does not watch for."""
    fields: dict[str, Any] = {}
    given = {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k}
    takes = row.samples and quirks.samples
    for name, value in given.items():
        if value is None:
            continue
        if thinks:
            suits = name == "top_p" and value >= LEAST_TOP_P
        else:
            suits = name != "top_k" or quirks.top_k or is_claude(model)
        # Claude refuses temperature and top_p together.
        if takes and suits and not (name == "top_p" and "temperature" in fields and is_claude(model)):
            fields[name] = value
        else:
            losses.append(name)
    if "temperature" in fields:
        least, most = (0.0, 1.0) if is_claude(model) else (quirks.min_temperature, quirks.max_temperature)
        fields["temperature"] = lost.within(fields["temperature"], least, most, losses)
    watched = [stop for stop in sampling.stop if stop.strip()]
    limit = None if is_claude(model) else quirks.stop_limit
    if watched[:limit]:
        fields["stop_sequences"] = watched[:limit]
    return fields, tuple(stop for stop in sampling.stop if stop not in watched[:limit])


def _takes_schema(row: Generation, quirks: Quirks) -> bool:
    return row.schema_output and quirks.schema_output


def _instruction(output: Output | None, row: Generation, quirks: Quirks) -> list[Turn]:
    """A demand for JSON in words, where the model has no field for it."""
    if output is None or (output.schema is not None and _takes_schema(row, quirks)):
        return []
    words = "Answer with a JSON object and nothing else."
    if output.schema is not None:
        words += f" It must match this JSON Schema:\n{dumps_str(dict(output.schema))}"
    return [Turn(Role.SYSTEM, (Text(words),))]
