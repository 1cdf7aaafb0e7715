"""Feeding stream parsers in every way the network could, and watching the grammar as they speak."""

from collections.abc import Callable, Iterable

from ccproxy.dialects.dialect import StreamParser, StreamRenderer
from ccproxy.model.events import BlockDelta, Event
from ccproxy.model.grammar import Checker


def parse(parser: StreamParser, chunks: Iterable[bytes]) -> list[Event]:
    """All events of a stream that comes in these chunks and ends; the grammar is checked, and that the end is told."""
    checker = Checker()
    events: list[Event] = []
    for chunk in chunks:
        events += parser.feed(chunk)
    events += parser.close()
    for event in events:
        checker.see(event)
    if not checker.ended:
        raise AssertionError(f"the parser never said the end: {events}")
    if parser.feed(b"data: {}\n\n") or parser.close():
        raise AssertionError("the parser spoke after the end")
    return events


def render(renderer: StreamRenderer, events: Iterable[Event]) -> bytes:
    """What a client sees of these events."""
    return b"".join(renderer.render(event) for event in events)


def joined(events: Iterable[Event]) -> list[Event]:
    """The same events with neighbouring deltas of one block joined: cuts of the bytes may cut deltas differently."""
    result: list[Event] = []
    for event in events:
        last = result[-1] if result else None
        if isinstance(event, BlockDelta) and isinstance(last, BlockDelta) and last.index == event.index:
            result[-1] = BlockDelta(event.index, last.text + event.text)
        else:
            result.append(event)
    return result


def every_cut(make: Callable[[], StreamParser], data: bytes) -> list[Event]:
    """The events of `data`, after showing that no cut changes them: whole, byte by byte, split once at each position,
    and with CRLF and CR for LF. `Failed` events compare by their text."""
    whole = parse(make(), [data])
    expected = repr(joined(whole))
    ways: list[tuple[str, list[bytes]]] = [("byte by byte", [data[i : i + 1] for i in range(len(data))])]
    ways += [(f"cut at {i}", [data[:i], data[i:]]) for i in range(1, len(data))]
    for name, end in (("CRLF", b"\r\n"), ("CR", b"\r")):
        other = data.replace(b"\n", end)
        ways += [(name, [other]), (f"{name} byte by byte", [other[i : i + 1] for i in range(len(other))])]
    for way, chunks in ways:
        found = repr(joined(parse(make(), chunks)))
        if found != expected:
            raise AssertionError(f"{way}: {found}\nwhole: {expected}")
    return whole
