"""What may be known of a call before it is routed, without reading what the request says.

Most configurations look at nothing but the model's name, and for them a request costs nothing here. What the request
itself tells is found out by a `routing.survey.Survey`, which is a `Facts` as well; here, where nothing is read, it is
taken for a request that says nothing.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from attrs import field, frozen

from ccproxy.routing.names import plain
from ccproxy.wire import jsontext

SESSION, AGENT = "x-claude-code-session-id", "x-claude-code-agent-id"
"""Headers of Claude Code. A subagent has its session's id and an id of its own."""

NAME_LIMIT = 200
"""Characters of a conversation's name, which is remembered in many places. Of a longer one there is a digest."""


@frozen
class Facts:
    """One request, for whoever chooses who answers it. `client` is the name of who asks. Where only a model's name is
    to be looked at, such as by `ccproxy check`, that is enough."""

    model: str
    """The name asked for."""
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    client: str = ""

    @cached_property
    def name(self) -> str:
        """The name asked for, without what only marks it."""
        return plain(self.model)

    @cached_property
    def readings(self) -> dict[tuple[str, str], Any]:
        """What conditions have read of this call so far: of hundreds, many look at the same."""
        return {}

    @property
    def session(self) -> str:
        """The conversation's id: Claude Code's header, else what the client's dialect has for it; `""` for none."""
        return self.headers.get(SESSION) or self.told_session

    @property
    def conversation(self) -> str:
        """What keeps its prompt cache together: a session, in it each agent by itself; else whoever the client says
        the user is. `""` where nothing tells."""
        session = self.session
        agent = self.agent
        name = f"{session}/{agent}" if session and agent else session or self.told_user
        return name if len(name) <= NAME_LIMIT else _digest(name)

    @property
    def agent(self) -> str:
        """The id of the subagent that asks; `""` where the main one does."""
        return self.headers.get(AGENT, "")

    @property
    def program(self) -> str:
        """What the client's program calls itself, such as `claude-cli/2.1.329 (external, cli)`."""
        return self.headers.get("user-agent", "")

    @property
    def told_session(self) -> str:
        """The conversation's id in the request itself; `""` for none."""
        return ""

    @property
    def told_user(self) -> str:
        """The user's name in the request itself; `""` for none."""
        return ""

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools that are offered, in their order."""
        return ()

    @property
    def thinking(self) -> bool:
        """Whether the model is to reason first. Claude Code says `disabled` where it must not: that is no wish."""
        return False

    @property
    def web_search(self) -> bool:
        """Whether the upstream is to search the web by itself. A client's own tool of that name is not meant."""
        return False

    @property
    def images(self) -> bool:
        """Whether there is an image anywhere in the conversation, those within results of tools included."""
        return False

    @property
    def tokens(self) -> int:
        """About how many tokens the prompt is: system, messages, tools, and results of tools."""
        return 0

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
    import hashlib

    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
