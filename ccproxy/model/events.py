"""What a stream says, in order, whatever dialect it came in. `model.grammar` has the legal orders.

The events are made and read at the rate of tokens, so they are plain slotted values without behaviour.
"""

from attrs import define, frozen

from ccproxy.errors import ApiError
from ccproxy.model.messages import Citation, Media, Opaque, Searched, Text, Thinking, ToolUse
from ccproxy.model.usage import Stop, Usage

Block = Text | Thinking | ToolUse | Media | Searched | Opaque
"""What a block is. It starts as a shell: text and arguments are empty and come as deltas. `Media`, `Searched` and
`Opaque` are whole."""


@frozen
class Started:
    """First, once. `id` and `model` are the upstream's words; `usage` is what is known of the prompt by now."""

    id: str
    model: str
    usage: Usage


@frozen
class BlockStarted:
    """A block begins. Indices rise strictly; blocks may overlap (interleaved tool calls do)."""

    index: int
    block: Block


@define(unsafe_hash=True)
class BlockDelta:
    """More of a block: of its text, its reasoning, or the JSON text of its arguments. There is one for each token, and
    to freeze it would triple the cost of making it; nobody changes it all the same."""

    index: int
    text: str


@frozen
class BlockStopped:
    """A block is complete; every started block stops. `seal` is a thinking block's, known only now. `mended` says that
    a call's arguments came garbled and were put right; `citations` are a text's."""

    index: int
    seal: str = ""
    mended: bool = False
    citations: tuple[Citation, ...] = ()


@frozen
class Finished:
    """Last, once. `usage` is final and complete."""

    stop: Stop
    usage: Usage


@frozen
class Failed:
    """Last, instead of `Finished`: the upstream said so, or broke off. Blocks may still be open."""

    error: ApiError


Event = Started | BlockStarted | BlockDelta | BlockStopped | Finished | Failed
