"""What one client gets to see of an answer: which blocks, under which names and ids."""

import re
from random import getrandbits

from ccproxy.dialects.anthropic.tables import NAME
from ccproxy.dialects.toolids import ClientIds, hashed
from ccproxy.dialects.toolnames import Names
from ccproxy.model.events import Block
from ccproxy.model.messages import Media, Opaque, Request, Searched, Text, Think, Thinking, ToolUse, WebSearch

_PREFIX = "toolu_"
_LEGAL_ID = re.compile(r"[a-zA-Z0-9_-]+")
_ILLEGAL = re.compile(r"[^a-zA-Z0-9_-]")


class Audience:
    """One client and one answer to it: its calls have ids that no other of the conversation has."""

    __slots__ = ("_asked_for_search", "_asked_for_thinking", "_ids", "_names", "reads_thinking")

    def __init__(self, request: Request) -> None:
        self._names = Names(request.tools)
        self._asked_for_thinking = request.reasoning.think not in (Think.OFF, Think.UNSAID)
        self._asked_for_search = any(isinstance(tool, WebSearch) for tool in request.tools)
        self._ids = ClientIds(request)
        self.reads_thinking = request.reasoning.shown
        """Else thinking blocks are empty and carry their seal alone."""

    def sees(self, block: Block) -> bool:
        """Whether the block is told at all. Strict clients choke on reasoning and searches they did not ask for; what
        an upstream of this dialect sent was asked for in words that we did not read."""
        match block:
            case Text() | ToolUse() | Media():
                return True
            case Thinking():
                return self._asked_for_thinking or NAME in block.extras
            case Searched():
                return self._asked_for_search or NAME in block.extras
            case Opaque():
                return block.dialect == NAME

    def name(self, called: str) -> str:
        """The client's own name for the tool that the model called."""
        return self._names.restore(called)

    def call_id(self, id: str) -> str:
        """A call's id as Anthropic's clients take it: of legal characters, and its own within the conversation."""
        return self._ids.own(id if _LEGAL_ID.fullmatch(id) else hashed(id, _PREFIX), _PREFIX)


def message_id(id: str) -> str:
    """An answer's id: the upstream's, and something random behind it. Clients take two answers of one id for one, and
    forget the first; there are upstreams that have one id for all, and Ollama draws its from 999."""
    theirs = _ILLEGAL.sub("", id.removeprefix("msg_"))
    return f"msg_{theirs}_{getrandbits(32):08x}" if theirs else f"msg_{getrandbits(96):024x}"
