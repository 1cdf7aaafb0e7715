"""Words of the Messages dialect, and ours for them: literals only.

Where a row is known to one side alone its comment says so. Source: the type definitions of Anthropic's Python SDK.
"""

from collections.abc import Mapping
from typing import Any

from ccproxy.errors import Kind
from ccproxy.model.messages import Choose, Effort
from ccproxy.model.usage import Reason

NAME = "anthropic"
"""The dialect's name: of its record, of extras and of opaque parts."""

VERSION = "2023-06-01"
"""`anthropic-version` where the client says none. It is the version whose requests may carry sampling parameters."""

STOPS: Mapping[str, Reason] = {
    "end_turn": Reason.DONE,
    "stop_sequence": Reason.STOP_SEQUENCE,
    "max_tokens": Reason.LENGTH,
    "model_context_window_exceeded": Reason.WINDOW,
    "tool_use": Reason.TOOLS,
    "refusal": Reason.REFUSED,
    "pause_turn": Reason.PAUSED,
}
STOP_WORDS: Mapping[Reason, str] = {reason: word for word, reason in STOPS.items()} | {Reason.OTHER: "end_turn"}

CHOICES: Mapping[str, Choose] = {"auto": Choose.AUTO, "any": Choose.ANY, "tool": Choose.NAMED, "none": Choose.NONE}
CHOICE_WORDS: Mapping[Choose, str] = {choose: word for word, choose in CHOICES.items()}

EFFORTS: Mapping[str, Effort] = {
    "low": Effort.LOW,
    "medium": Effort.MEDIUM,
    "high": Effort.HIGH,
    "xhigh": Effort.XHIGH,
    "max": Effort.MAX,
}

BUDGETS: tuple[tuple[Effort, int], ...] = (
    (Effort.MINIMAL, 1024),
    (Effort.LOW, 2048),
    (Effort.MEDIUM, 8192),
    (Effort.HIGH, 24576),
    (Effort.XHIGH, 31999),
    (Effort.MAX, 63999),
)
"""An effort as a budget of thinking tokens, for models that know only budgets. A budget is the first effort that is
not below it."""

ERRORS: Mapping[str, tuple[int, Kind]] = {
    # type: the HTTP status it has, and what it is to us when it comes from an upstream
    "invalid_request_error": (400, Kind.INVALID),
    "authentication_error": (401, Kind.REFUSED_CREDENTIAL),
    "billing_error": (402, Kind.QUOTA),
    "permission_error": (403, Kind.REFUSED_CREDENTIAL),
    "not_found_error": (404, Kind.NO_ROUTE),
    "conflict_error": (409, Kind.CONFLICT),
    "request_too_large": (413, Kind.TOO_LARGE),
    "rate_limit_error": (429, Kind.OVERLOADED),
    "api_error": (500, Kind.BROKEN),
    "timeout_error": (504, Kind.TIMEOUT),
    "overloaded_error": (529, Kind.OVERLOADED),
}
ERROR_TYPES: Mapping[int, str] = {status: word for word, (status, _) in ERRORS.items()} | {
    # 502, of our own making, is an `api_error` like all that is not here; 503 is what we are when we are full.
    408: "timeout_error",
    503: "overloaded_error",
}

ATTRIBUTION = "x-anthropic-billing-header"
"""How the line begins that Claude Code puts before its system prompt. It is for Anthropic alone, and differs from
conversation to conversation, which would spoil every other vendor's prefix cache."""

PLACEHOLDER = "DeferredToolPlaceholder"
"""A tool that Claude Code always declares so that deferred tools are legal; nobody can call it."""


def _object(properties: Mapping[str, Any], *required: str) -> Mapping[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(required)}


_STRING = {"type": "string"}
_INTEGER = {"type": "integer"}
_RANGE = {"type": "array", "items": _INTEGER, "minItems": 2, "maxItems": 2}
_POINT = {"type": "array", "items": _INTEGER, "minItems": 2, "maxItems": 2}


def _command(*words: str) -> Mapping[str, Any]:
    return {"type": "string", "enum": list(words)}


_EDITING = {
    "path": _STRING,
    "file_text": _STRING,
    "old_str": _STRING,
    "new_str": _STRING,
    "insert_line": _INTEGER,
    "insert_text": _STRING,
    "view_range": _RANGE,
}

CLIENT_TOOLS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    # the beginning of the type, a description, the schema
    (
        "bash_",
        "Runs a command in a persistent bash session; `restart` starts the session anew.",
        _object({"command": _STRING, "restart": {"type": "boolean"}}),
    ),
    (
        "text_editor_",
        "Views, creates and edits text files.",
        _object({"command": _command("view", "create", "str_replace", "insert"), **_EDITING}, "command", "path"),
    ),
    (
        "memory_",
        "Reads and writes files below /memories, which last from one conversation to the next.",
        _object(
            {
                "command": _command("view", "create", "str_replace", "insert", "delete", "rename"),
                **_EDITING,
                "old_path": _STRING,
                "new_path": _STRING,
            },
            "command",
        ),
    ),
    (
        "computer_2",
        "Looks at the screen and acts on it with mouse and keyboard.",
        _object(
            {
                "action": _STRING,
                "coordinate": _POINT,
                "start_coordinate": _POINT,
                "text": _STRING,
                "scroll_direction": _command("up", "down", "left", "right"),
                "scroll_amount": _INTEGER,
                "duration": {"type": "number"},
                "region": {"type": "array", "items": _INTEGER, "minItems": 4, "maxItems": 4},
            },
            "action",
        ),
    ),
)
"""Tools that the client runs and whose schema every Claude knows by heart: other models must be told. The toolsets
(`computer_toolset_…`, `browser_toolset_…`) are many tools under one type and are not among them."""
