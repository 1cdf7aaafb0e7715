"""What may be known of a call before it is routed, each fact computed when somebody asks for it and then kept.

Most configurations look at nothing but the model's name, and for them a request costs nothing here. Headers are looked
up where they are; everything else is told by the request in our model, which is read once for all conditions and for
the translation behind them. Nothing here refuses a request: what cannot be read has no tools, no images and no
session, and whoever answers it may say what is wrong with it.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from attrs import field, frozen

from ccproxy.dialects.dialect import Dialect, Headers
from ccproxy.errors import ApiError
from ccproxy.model.messages import (
    Media,
    Medium,
    Opaque,
    Part,
    Request,
    Role,
    Text,
    Think,
    Tool,
    ToolResult,
    Turn,
    WebSearch,
)
from ccproxy.routing.names import plain
from ccproxy.tokens.counting import count
from ccproxy.tokens.estimate import estimate
from ccproxy.tokens.sampling import sampled
from ccproxy.wire import jsontext

SESSION, AGENT, PARENT = "x-claude-code-session-id", "x-claude-code-agent-id", "x-claude-code-parent-agent-id"
"""Headers of Claude Code. A subagent has its session's id and an id of its own."""

NAME_LIMIT = 200
"""Characters of a conversation's name, which is remembered in many places. Of a longer one there is a digest."""


@frozen
class Facts:
    """One request, for whoever chooses who answers it. `client` is the name of who asks; without a `dialect` nothing is
    known but the model's name. Unreadable requests are taken for a text that somebody wrote."""

    model: str
    """The name asked for."""
    dialect: Dialect | None = None
    headers: Headers = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    client: str = ""

    @cached_property
    def name(self) -> str:
        """The name asked for, without what only marks it."""
        return plain(self.model)

    @cached_property
    def request(self) -> Request:
        """The request in our model. Raises what reading it raises, each time."""
        if self.dialect is None:
            return Request(model=self.model, turns=())
        return self.dialect.parse_request(self.headers, self.body)

    @cached_property
    def surveyed(self) -> Request:
        """The request as far as it can be read."""
        for read in (lambda: self.request, self._survey):
            try:
                return read()
            except ApiError:
                continue
        words = self.body.decode("utf-8", "replace")
        return Request(model=self.model, turns=(Turn(Role.USER, (Text(words),)),))

    def _survey(self) -> Request:
        """What the dialect can still tell of a request that only its own upstreams can serve."""
        if self.dialect is None or self.dialect.survey is None:
            return self.request
        return self.dialect.survey(self.headers, self.body)

    @cached_property
    def readings(self) -> dict[tuple[str, str], Any]:
        """What conditions have read of this call so far: of hundreds, many look at the same."""
        return {}

    @property
    def session(self) -> str:
        """The conversation's id: Claude Code's header, else what the client's dialect has for it; `""` for none."""
        return self.headers.get(SESSION) or self.surveyed.session

    @property
    def conversation(self) -> str:
        """What keeps its prompt cache together: a session, in it each agent by itself; else whoever the client says
        the user is. `""` where nothing tells."""
        session = self.session
        agent = self.agent
        name = f"{session}/{agent}" if session and agent else session or self.surveyed.user
        return name if len(name) <= NAME_LIMIT else _digest(name)

    @property
    def agent(self) -> str:
        """The id of the subagent that asks; `""` where the main one does."""
        return self.headers.get(AGENT, "")

    @property
    def parent_agent(self) -> str:
        """The id of the subagent that started this one; `""` where the main one did."""
        return self.headers.get(PARENT, "")

    @property
    def program(self) -> str:
        """What the client's program calls itself, such as `claude-cli/2.1.329 (external, cli)`."""
        return self.headers.get("user-agent", "")

    @cached_property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools that are offered, in their order."""
        return tuple(filter(None, map(_name, self.surveyed.tools)))

    @property
    def thinking(self) -> bool:
        """Whether the model is to reason first. Claude Code says `disabled` where it must not: that is no wish."""
        return self.surveyed.reasoning.think in (Think.ADAPTIVE, Think.BUDGET)

    @property
    def web_search(self) -> bool:
        """Whether the upstream is to search the web by itself. A client's own tool of that name is not meant."""
        return any(_searches(tool) for tool in self.surveyed.tools)

    @cached_property
    def images(self) -> bool:
        """Whether there is an image anywhere in the conversation, those within results of tools included."""
        return any(_has_image(part) for turn in self.surveyed.turns for part in turn.parts)

    @cached_property
    def tokens(self) -> int:
        """About how many tokens the prompt is: system, messages, tools, and results of tools. Of a long one a sample is
        measured."""
        return count(self.surveyed, lambda text: sampled(text, estimate))

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """The request's body; empty where it is no object."""
        try:
            value = jsontext.loads(self.body) if self.body else {}
        except jsontext.NotJson:
            return {}
        return value if isinstance(value, dict) else {}

    def parameter(self, path: str) -> Any:
        """The value in the body at a dotted path, such as `output_config.effort`; None where there is none."""
        value: Any = self.parameters
        for step in path.split("."):
            if not isinstance(value, Mapping):
                return None
            value = value.get(step)
        return value


def _digest(name: str) -> str:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _name(tool: Tool | WebSearch | Opaque) -> str:
    if isinstance(tool, Opaque):
        return str(tool.value.get("name") or tool.value.get("type") or "")
    return tool.name


def _searches(tool: Tool | WebSearch | Opaque) -> bool:
    """Also in a form that has no word in our model: `web_search_preview`."""
    if isinstance(tool, Opaque):
        return str(tool.value.get("type", "")).startswith("web_search")
    return isinstance(tool, WebSearch)


def _has_image(part: Part) -> bool:
    match part:
        case Media():
            return part.medium is Medium.IMAGE
        case ToolResult():
            return any(map(_has_image, _inner(part)))
        case _:
            return False


def _inner(result: ToolResult) -> Iterator[Part]:
    yield from result.parts
