"""A client's request: looked into for its route, passed on as it stands, or read whole for another dialect."""

from collections.abc import Mapping
from typing import Any

from ccproxy.dialects.anthropic.contents import parts, without_attribution
from ccproxy.dialects.anthropic.errors import thread_not_found
from ccproxy.dialects.anthropic.history import without_foreign_thinking
from ccproxy.dialects.anthropic.tables import EFFORTS, NAME, VERSION
from ccproxy.dialects.anthropic.tailoring import tailored
from ccproxy.dialects.anthropic.tools import parse_choice, parse_tools
from ccproxy.dialects.dialect import Headers, Outgoing, Peek
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError, Kind, invalid
from ccproxy.headers import to_anthropic
from ccproxy.model.messages import Effort, Extras, Output, Reasoning, Request, Role, Sampling, Think, Turn
from ccproxy.wire import fields
from ccproxy.wire.fields import Object, below
from ccproxy.wire.jsontext import NotJson, dumps, loads
from ccproxy.wire.splice import splice

PATH = "/v1/messages"

_ROLES = {role.value: role for role in Role}
_READ = frozenset(
    {
        "max_tokens",
        "messages",
        "metadata",
        "model",
        "output_config",
        "output_format",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    }
)


def peek(body: bytes) -> Peek:
    """Model and stream, after a look at what every request must have."""
    root = fields.read_body(body)
    model = fields.text(root, "model", "")
    if not model:
        raise invalid("model", "the name of a model", model)
    if not fields.array(root, "messages", ""):
        raise ApiError(Kind.INVALID, "messages: at least one message is required")
    fields.integer(root, "max_tokens", "")
    return Peek(model, fields.flag(root, "stream", ""))


def with_model(body: bytes, name: str) -> bytes:
    """The same bytes but for the model's name. The body is one that `peek` took."""
    return splice(body, "model", dumps(name))


def verbatim(headers: Headers, body: bytes, quirks: Quirks) -> Outgoing:
    """The request as it came, but for what this upstream would refuse: reasoning that another vendor's answer left in
    the conversation, and where it is not Anthropic itself, flags that it does not know."""
    body, losses = without_foreign_thinking(body, quirks.model)
    own, body, left = tailored(to_anthropic(headers), body, quirks)
    own = {"anthropic-version": VERSION, **own, "content-type": "application/json"}
    return Outgoing(PATH, body, {**own, **quirks.headers}, losses=(*losses, *left))


def parse_request(headers: Headers, body: bytes) -> Request:
    """The whole request, for another dialect. Raises INVALID with the place of what is wrong, and UNTRANSLATABLE for
    what only an upstream of this dialect can do."""
    root = fields.read_body(body)
    _refuse_what_stays_at_anthropic(root)
    return _request(headers, root)


def survey(headers: Headers, body: bytes) -> Request:
    """The same for routing alone: what only Anthropic can do is passed over, and not refused."""
    return _request(headers, fields.read_body(body))


def _request(headers: Headers, root: Object) -> Request:
    try:
        return _whole(headers, root)
    except RecursionError:
        raise ApiError(Kind.INVALID, "messages: nested too deeply") from None


def _whole(headers: Headers, root: Object) -> Request:
    messages = fields.array(root, "messages", "")
    user, session = _who(headers, root)
    return Request(
        model=fields.text(root, "model", ""),
        turns=(*_system(root), *_turns(messages)),
        tools=parse_tools(root, messages),
        tool_choice=parse_choice(root),
        sampling=_sampling(root),
        reasoning=_reasoning(root, messages),
        output=_output(root),
        stream=fields.flag(root, "stream", ""),
        user=user,
        session=session,
        extras=_extras(root),
    )


def _refuse_what_stays_at_anthropic(root: Object) -> None:
    for key in ("compaction", "container", "mcp_servers", "inference_geo"):
        if root.get(key):
            raise ApiError(Kind.UNTRANSLATABLE, f"{key}: only Anthropic can do this, and the model is another vendor's")
    thread = root.get("thread")
    if isinstance(thread, dict) and thread.get("type") == "continue":
        raise thread_not_found()


def _system(root: Object) -> tuple[Turn, ...]:
    if root.get("system") is None:
        return ()
    found = without_attribution(parts(root["system"], "system"))
    return (Turn(Role.SYSTEM, tuple(found)),) if found else ()


def _turns(messages: list[Any]) -> list[Turn]:
    turns: list[Turn] = []
    last_user = max((at for at, message in enumerate(messages) if _role(message) == "user"), default=-1)
    for at, value in enumerate(messages):
        path = f"messages[{at}]"
        message = fields.as_object(value, path)
        role = _ROLES.get(fields.text(message, "role", path))
        if role is None:
            raise invalid(below(path, "role"), "user, assistant or system", message["role"])
        if role is not Role.SYSTEM:
            turns.append(Turn(role, tuple(parts(message.get("content"), below(path, "content")))))
            continue
        # A system message may hold nothing but settings, and may be meant for one user message only.
        outdated = message.get("clear_at") == "next_user_message" and at < last_user
        found = without_attribution(parts(message.get("content") or "", below(path, "content")))
        if found and not outdated:
            turns.append(Turn(role, tuple(found)))
    return turns


def _role(message: Any) -> Any:
    return message.get("role") if isinstance(message, dict) else None


def _sampling(root: Object) -> Sampling:
    return Sampling(
        fields.optional_integer(root, "max_tokens", ""),
        fields.optional_number(root, "temperature", ""),
        fields.optional_number(root, "top_p", ""),
        fields.optional_integer(root, "top_k", ""),
        tuple(stop for stop in fields.texts(root, "stop_sequences", "") if stop),
    )


def _reasoning(root: Object, messages: list[Any]) -> Reasoning:
    effort = _effort(root, "")
    for at, message in enumerate(messages):
        if isinstance(message, dict):
            effort = _effort(message, f"messages[{at}]") or effort
    thinking = fields.optional_mapping(root, "thinking", "")
    if thinking is None:
        return Reasoning(effort=effort)
    shown = thinking.get("display") != "omitted"
    match fields.text(thinking, "type", "thinking"):
        case "enabled":
            return Reasoning(Think.BUDGET, effort, fields.integer(thinking, "budget_tokens", "thinking"), shown)
        case "disabled" | "between_tools":
            return Reasoning(Think.OFF, effort)
        case _:
            return Reasoning(Think.ADAPTIVE, effort, shown=shown)


def _effort(value: Object, path: str) -> Effort | None:
    """A word that we do not know leaves the effort to the model."""
    config = fields.optional_mapping(value, "output_config", path)
    word = config.get("effort") if config else None
    return EFFORTS.get(word) if isinstance(word, str) else None


def _output(root: Object) -> Output | None:
    config = fields.optional_mapping(root, "output_config", "") or {}
    for value, path in ((config, "output_config.format"), (root, "output_format")):
        found = value.get(path.rpartition(".")[2])
        if found is not None:
            form = fields.as_object(found, path)
            return Output(fields.optional_mapping(form, "schema", path))
    return None


def _who(headers: Headers, root: Object) -> tuple[str, str]:
    """Who asks, and in which conversation. Claude Code writes a JSON object into `user_id`, and wrote
    `user_…_account_…_session_…` before; others what they like. The session is no part of who someone is."""
    metadata = fields.optional_mapping(root, "metadata", "") or {}
    user_id = fields.optional_text(metadata, "user_id", "metadata")
    user, _, session = user_id.partition("_session_")
    if user_id.startswith("{"):
        try:
            value = loads(user_id)
        except NotJson:
            value = {}
        known = {key: word for key, word in value.items() if isinstance(word, str)}
        user = "/".join(filter(None, (known.get("account_uuid"), known.get("device_id")))) or user_id
        session = known.get("session_id", "")
    return user, headers.get("x-claude-code-session-id") or session


def _extras(root: Mapping[str, Any]) -> Extras:
    return {NAME: {key: value for key, value in root.items() if key not in _READ and value is not None}}
