"""Whole replies, and how they and streams become each other.

A whole reply is the fold of its stream and nothing else, so there is one path to test. `unfold` is its inverse: an
upstream that answers whole is told to the client as a stream of few events.
"""

from collections.abc import Iterable, Iterator

from attrs import evolve, frozen

from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import Block, BlockDelta, BlockStarted, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.messages import Media, Opaque, Searched, Text, Thinking, ToolUse
from ccproxy.model.usage import Stop, Usage


@frozen
class Response:
    """A whole answer: its blocks in order, complete."""

    id: str
    model: str
    blocks: tuple[Block, ...]
    stop: Stop
    usage: Usage


def fold(events: Iterable[Event]) -> Response:
    """The reply that a complete stream says. Raises the stream's own `ApiError`, or BROKEN for a stream with no end."""
    started: Started | None = None
    shells: dict[int, Block] = {}
    texts: dict[int, list[str]] = {}
    stops: dict[int, BlockStopped] = {}
    for event in events:
        match event:
            case BlockDelta():
                texts[event.index].append(event.text)
            case BlockStarted():
                shells[event.index] = event.block
                texts[event.index] = []
            case BlockStopped():
                stops[event.index] = event
            case Started():
                started = event
            case Failed():
                raise event.error
            case Finished():
                if started is None:
                    break
                blocks = tuple(
                    _complete(shells[index], "".join(texts[index]), stops.get(index, BlockStopped(index)))
                    for index in sorted(shells)
                )
                usage = started.usage.merge(event.usage)
                return Response(started.id, started.model, blocks, event.stop, usage)
    raise ApiError(Kind.BROKEN, "the upstream's answer ended before it was complete")


def _complete(shell: Block, text: str, stop: BlockStopped) -> Block:
    match shell:
        case Text():
            return evolve(shell, text=shell.text + text, citations=stop.citations)
        case Thinking():
            return evolve(shell, text=shell.text + text, seal=stop.seal or shell.seal)
        case ToolUse():
            return evolve(shell, arguments=shell.arguments + text)
        case Media() | Searched() | Opaque():
            return shell


def unfold(response: Response) -> Iterator[Event]:
    """The stream that says this reply: a whole block is one delta."""
    yield Started(response.id, response.model, response.usage)
    for index, block in enumerate(response.blocks):
        shell, text, seal = _open(block)
        citations = block.citations if isinstance(block, Text) else ()
        yield BlockStarted(index, shell)
        if text:
            yield BlockDelta(index, text)
        yield BlockStopped(index, seal, citations=citations)
    yield Finished(response.stop, response.usage)


def _open(block: Block) -> tuple[Block, str, str]:
    match block:
        case Text():
            return evolve(block, text="", citations=()), block.text, ""
        case Thinking():
            return evolve(block, text="", seal=""), block.text, block.seal
        case ToolUse():
            return evolve(block, arguments=""), block.arguments, ""
        case Media() | Searched() | Opaque():
            return block, "", ""
