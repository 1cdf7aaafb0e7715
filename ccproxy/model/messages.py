"""A request for one answer, whatever dialect it came in.

Parsers never merge turns and never drop a part: what has no word here becomes an `Opaque`. Renderers do what their own
grammar demands.
"""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

Extras = Mapping[str, Mapping[str, Any]]
"""What only one dialect knows, under that dialect's name: `{"anthropic": {"cache_control": {...}}}`."""

EMPTY: Extras = MappingProxyType({})


class Role(enum.Enum):
    """Who says a turn. A SYSTEM turn may stand anywhere: before all others it is the system prompt."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@frozen
class Citation:
    """A page that a text says it has something from. `start` and `end` are the characters of the text that say it,
    None where nobody told; `quoted` are words of the text or of the page. `extras` hold it as its dialect wrote it: of
    what is no page (a place in a document) there is nothing else."""

    url: str
    title: str = ""
    quoted: str = ""
    start: int | None = None
    end: int | None = None
    extras: Extras = EMPTY


@frozen
class Text:
    """Plain text. As the block of a stream it starts empty and grows by deltas."""

    text: str
    extras: Extras = EMPTY
    citations: tuple[Citation, ...] = ()


@frozen
class Inline:
    """Media in the request itself: `data` is base64 without line breaks."""

    media_type: str
    data: str


@frozen
class Remote:
    """Media to be fetched by the upstream."""

    url: str


@frozen
class Stored:
    """Media uploaded before, known to one vendor by `id`."""

    id: str


class Medium(enum.Enum):
    """What a piece of media is, which decides where a dialect puts it."""

    IMAGE = "image"
    DOCUMENT = "document"
    AUDIO = "audio"


@frozen
class Media:
    """An image, a document or a sound. `name` is a document's title or file name, `""` where it has none."""

    medium: Medium
    source: Inline | Remote | Stored
    name: str = ""
    extras: Extras = EMPTY


@frozen
class Thinking:
    """Reasoning of the model. `seal` is what its vendor wants back unchanged; `withheld` says that reasoning took place
    and its text was not shown (Anthropic's `redacted_thinking`: the seal then carries the data)."""

    text: str
    seal: str = ""
    withheld: bool = False
    extras: Extras = EMPTY


@frozen
class ToolUse:
    """A call of a client's tool. `arguments` is JSON text, kept as it came: the order of its keys matters to caches."""

    id: str
    name: str
    arguments: str
    extras: Extras = EMPTY


@frozen
class Source:
    """A page that a web search found; `title` is `""` where the vendor gives none."""

    url: str
    title: str = ""


@frozen
class Searched:
    """A web search that the upstream ran by itself, whole: what it asked, and what it found. It needs no answer from
    the client."""

    id: str
    query: str
    sources: tuple[Source, ...] = ()
    extras: Extras = EMPTY


@frozen
class Opaque:
    """A part, tool or block that only `dialect` understands, as that dialect writes it."""

    dialect: str
    value: Mapping[str, Any]


@frozen
class ToolResult:
    """What a call gave, in answer to the `ToolUse` of the same `id`."""

    id: str
    parts: tuple[Text | Media | Opaque, ...]
    failed: bool = False
    extras: Extras = EMPTY


Part = Text | Media | Thinking | ToolUse | ToolResult | Searched | Opaque


@frozen
class Turn:
    """One message: who, and what, in order."""

    role: Role
    parts: tuple[Part, ...]
    extras: Extras = EMPTY


@frozen
class Tool:
    """A tool that the client runs. `schema` is JSON Schema of its arguments."""

    name: str
    description: str
    schema: Mapping[str, Any]
    strict: bool = False
    extras: Extras = EMPTY


@frozen
class WebSearch:
    """The vendor's own web search, run by the upstream. At most one of the domain lists is given."""

    name: str = "web_search"
    max_uses: int | None = None
    allowed_domains: tuple[str, ...] = ()
    blocked_domains: tuple[str, ...] = ()
    location: Mapping[str, Any] | None = None
    extras: Extras = EMPTY


class Choose(enum.Enum):
    """Whether the model must call a tool."""

    AUTO = "auto"
    ANY = "any"
    NAMED = "named"
    NONE = "none"


@frozen
class ToolChoice:
    """Which tools the model may call; `name` goes with NAMED. `parallel` False forbids several calls in one answer."""

    choose: Choose = Choose.AUTO
    name: str = ""
    parallel: bool = True


@frozen
class Sampling:
    """How an answer is drawn; None where the client did not say. `max_tokens` limits the output."""

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()


class Think(enum.Enum):
    """Whether the model shall reason first."""

    UNSAID = "unsaid"
    OFF = "off"
    ADAPTIVE = "adaptive"
    BUDGET = "budget"


class Effort(enum.Enum):
    """How hard, from least to most."""

    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


@frozen
class Reasoning:
    """Whether and how hard to reason. `budget` is in tokens and goes with BUDGET. `shown` False asks for no reasoning
    text (the seal still travels)."""

    think: Think = Think.UNSAID
    effort: Effort | None = None
    budget: int | None = None
    shown: bool = True


@frozen
class Output:
    """A demand for JSON: `schema` where the client gave one, else any object."""

    schema: Mapping[str, Any] | None = None
    name: str = "output"


@frozen
class Request:
    """One request for one answer.

    `user` and `session` identify who asks and which conversation this is, for affinity and cache keys; both may be
    empty. `extras` holds top-level fields that only their own dialect knows.
    """

    model: str
    turns: tuple[Turn, ...]
    tools: tuple[Tool | WebSearch | Opaque, ...] = ()
    tool_choice: ToolChoice = field(factory=ToolChoice)
    sampling: Sampling = field(factory=Sampling)
    reasoning: Reasoning = field(factory=Reasoning)
    output: Output | None = None
    stream: bool = False
    user: str = ""
    session: str = ""
    extras: Extras = EMPTY

    @property
    def called(self) -> list[str]:
        """The names of the tools that the history calls, in the order of their first calls."""
        names = (part.name for turn in self.turns for part in turn.parts if isinstance(part, ToolUse))
        return list(dict.fromkeys(names))
