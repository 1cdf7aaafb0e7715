"""Words of generateContent and ours for them, and what sets families of models apart."""

import re
from collections.abc import Mapping

from attrs import frozen

from ccproxy.dialects.schemas import Subset
from ccproxy.model.usage import Reason, Stop

NAME = "gemini"

STOP_LIMIT = 5
"""Stop sequences a request may have."""

FINISH = {
    "STOP": Reason.DONE,
    "MAX_TOKENS": Reason.LENGTH,
    "CONTINUATION": Reason.LENGTH,
    "SAFETY": Reason.REFUSED,
    "RECITATION": Reason.REFUSED,
    "LANGUAGE": Reason.REFUSED,
    "BLOCKLIST": Reason.REFUSED,
    "PROHIBITED_CONTENT": Reason.REFUSED,
    "SPII": Reason.REFUSED,
    "IMAGE_SAFETY": Reason.REFUSED,
    "IMAGE_PROHIBITED_CONTENT": Reason.REFUSED,
    "IMAGE_RECITATION": Reason.REFUSED,
    "MODEL_ARMOR": Reason.REFUSED,
    "ESCALATION": Reason.REFUSED,
}
"""Reasons to finish that are no failure."""

_NUMBERS = {1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY", 4: "RECITATION"}
"""The reasons whose number in Google's own messages is the same in all its services. Clients of the older libraries ask
for numbers, and some gateways are such."""


def finish_word(value: object) -> str:
    """The word of a `finishReason`; empty where there is none yet."""
    if isinstance(value, int) and not isinstance(value, bool):
        return _NUMBERS.get(value, "OTHER") if value else ""
    return value if isinstance(value, str) else ""


CONTINUED = "CONTINUATION"
"""The vendor's limit for one request is reached, and the answer goes on in another request with a token. Where it is
not asked for, that is an answer cut by length."""

BROKEN = frozenset(
    {
        "MALFORMED_FUNCTION_CALL",
        "MALFORMED_RESPONSE",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
    }
)
"""Reasons that say the answer cannot be used; the same request often succeeds when it is sent again."""

EMPTY_IS_BROKEN = frozenset({"OTHER", "FINISH_REASON_UNSPECIFIED", "NO_IMAGE", "IMAGE_OTHER", "CONTINUATION"})
"""Reasons that are an end where something was said, and a failure where nothing was."""

ACCOUNT = "PUP_LIMITED_DISABLED"
"""The account is limited for violations of the use policy: the operator's matter."""

FINISH_OF = {
    Reason.DONE: "STOP",
    Reason.STOP_SEQUENCE: "STOP",
    Reason.TOOLS: "STOP",
    Reason.PAUSED: "STOP",
    Reason.LENGTH: "MAX_TOKENS",
    Reason.WINDOW: "MAX_TOKENS",
    Reason.REFUSED: "SAFETY",
    Reason.OTHER: "OTHER",
}


def stop(raw: str, *, calls: bool, explanation: str | None = None) -> Stop:
    """Our word for a finish reason. Gemini says STOP also where it waits for results of `calls`. An unknown reason
    after content is OTHER."""
    reason = FINISH.get(raw, Reason.DONE if raw in EMPTY_IS_BROKEN else Reason.OTHER)
    if calls and reason in (Reason.DONE, Reason.OTHER):
        reason = Reason.TOOLS
    return Stop(reason, raw, explanation=explanation if reason is Reason.REFUSED else None)


STATUS = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 408,
    "INTERNAL": 500,
    "UNKNOWN": 500,
    "DATA_LOSS": 500,
    "UNIMPLEMENTED": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
"""Google's words for what went wrong (google.rpc.Code) as HTTP statuses."""

STATUS_OF = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "RESOURCE_EXHAUSTED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
    529: "UNAVAILABLE",
}

SCHEMA = Subset(
    keywords=frozenset(
        {
            "type",
            "format",
            "description",
            "enum",
            "items",
            "prefixItems",
            "minItems",
            "maxItems",
            "minimum",
            "maximum",
            "anyOf",
            "properties",
            "additionalProperties",
            "required",
            "propertyOrdering",
        }
    ),
    formats=frozenset({"date-time", "date", "time", "int32", "int64", "float", "double"}),
)
"""What `parametersJsonSchema` and `responseJsonSchema` take (the SDK's text on `response_json_schema`). References are
taken too, but not recursive ones; ours are written out. `title` and `oneOf` are taken and have no need of it."""


@frozen
class Family:
    """How models of one family reason.

    `efforts` has our words of effort and what they are: a level's name, or a budget in tokens; empty where the model
    takes no such field. `budgets` are the least and the most tokens of a budget. `always` says that it reasons even
    where nobody asked.
    """

    generation: int
    efforts: Mapping[str, str | int]
    budgets: tuple[int, int] | None = None
    always: bool = False

    @property
    def signs_calls(self) -> bool:
        """Whether a call in the history must bear a signature."""
        return self.generation >= 3


_LEVELS: Mapping[str, str | int] = {
    "off": "MINIMAL",
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
}
_FROM_LOW: Mapping[str, str | int] = {"off": "LOW", "low": "LOW", "medium": "MEDIUM", "high": "HIGH"}
_LOW_OR_HIGH: Mapping[str, str | int] = {"off": "LOW", "low": "LOW", "medium": "HIGH", "high": "HIGH"}
_TOKENS: Mapping[str, str | int] = {
    "off": 0,
    "minimal": 512,
    "low": 1024,
    "medium": 8192,
    "high": 24576,
    "xhigh": 32768,
}

_FAMILIES = tuple(
    (re.compile(pattern), family)
    for pattern, family in (
        (r"gemma|gemini-(?:1|2\.0)|learnlm|embedding|-tts|-image|imagen", Family(2, {})),
        (r"gemini-2\.5-pro", Family(2, {**_TOKENS, "off": 128}, (128, 32768), always=True)),
        (r"gemini-2\.5-flash-lite", Family(2, _TOKENS, (512, 24576))),
        (r"gemini-2\.5", Family(2, _TOKENS, (1, 24576))),
        (r"gemini-3-pro", Family(3, _LOW_OR_HIGH, always=True)),
        (r"gemini-3(?:\.\d+)?-pro|gemini-3\.[7-9]-flash(?!-lite)", Family(3, _FROM_LOW, always=True)),
        (r"gemini-3(?:\.\d+)?-flash", Family(3, _LEVELS)),
        (r"gemini-(?:flash|pro)-latest|gemini-[4-9]", Family(4, _FROM_LOW, always=True)),
        (r"gemini-flash-lite-latest", Family(3, _LEVELS)),
    )
)
_NEWEST = Family(4, _FROM_LOW, always=True)


def family(model: str) -> Family:
    """The family a model belongs to by its name. One we do not know is taken for the newest of Google's: new names come
    more often than old ones. A model before 3 that makes images is of no family that reasons; nor is Gemma."""
    name = model.lower()
    if re.search(r"gemini-[3-9][^/]*-image", name):
        return Family(3, {})
    return next((known for pattern, known in _FAMILIES if pattern.search(name)), _NEWEST)
