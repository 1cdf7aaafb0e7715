"""What the request itself tells of a call, each fact computed when somebody asks for it and then kept.

The request is read in our model once, for all conditions and for the translation behind them. Nothing here refuses it:
what cannot be read has no tools, no images and no session, and whoever answers it may say what is wrong with it.
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property

from attrs import field, frozen

from ccproxy.dialects.dialect import Dialect
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
from ccproxy.routing.facts import Facts
from ccproxy.tokens.counting import count
from ccproxy.tokens.estimate import estimate
from ccproxy.tokens.sampling import sampled


@frozen
class Survey(Facts):
    """The facts of a request in this dialect. An unreadable one is taken for a text that somebody wrote."""

    dialect: Dialect = field(kw_only=True)

    @cached_property
    def request(self) -> Request:
        """The request in our model. Raises what reading it raises, each time."""
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
        survey = self.dialect.survey or self.dialect.parse_request
        return survey(self.headers, self.body)

    def forget(self) -> None:
        """Let go of the request as it was read, which takes several times the room of its bytes. What was told of it is
        still known; for whoever asks for more it is read again."""
        for name in ("request", "surveyed", "parameters"):
            with suppress(AttributeError):
                object.__delattr__(self, name)

    @cached_property
    def told_session(self) -> str:
        return self.surveyed.session

    @cached_property
    def told_user(self) -> str:
        return self.surveyed.user

    @cached_property
    def tools(self) -> tuple[str, ...]:
        return tuple(filter(None, map(_name, self.surveyed.tools)))

    @property
    def thinking(self) -> bool:
        return self.surveyed.reasoning.think in (Think.ADAPTIVE, Think.BUDGET)

    @property
    def web_search(self) -> bool:
        return any(_searches(tool) for tool in self.surveyed.tools)

    @cached_property
    def images(self) -> bool:
        return any(_has_image(part) for turn in self.surveyed.turns for part in turn.parts)

    @cached_property
    def tokens(self) -> int:
        """Of a long prompt a sample is measured."""
        return count(self.surveyed, lambda text: sampled(text, estimate))


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
