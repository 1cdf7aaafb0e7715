"""Random streams of the model, all of them legal: what any parser may say, and any renderer must be able to write.

Ids and tool names are such as every dialect takes, arguments are JSON objects, and the stop reason agrees with the
blocks. So a dialect that writes such a stream and reads it again owes the same fold, but for what it cannot say.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from ccproxy.errors import ApiError, Kind
from ccproxy.model.events import Block, BlockDelta, BlockStarted, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.messages import Text, Thinking, ToolUse
from ccproxy.model.usage import Reason, Stop, Usage
from ccproxy.wire.jsontext import dumps_str

TOOL_NAMES = ("Bash", "Read", "mcp__files__list", "web_fetch")
"""The names that tools have here."""

texts = st.text(min_size=1, max_size=12)
"""What one delta may say; every character but surrogates may come."""

arguments = st.dictionaries(
    st.text(max_size=6),
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), texts, st.lists(texts, max_size=2)),
    max_size=3,
)
"""Arguments of a call, as an object."""

usages = st.builds(
    Usage,
    input=st.integers(1, 10**6),
    output=st.integers(1, 10**5),
    cache_read=st.integers(0, 10**6),
    cache_written=st.integers(0, 10**6),
)
"""Full reports: a part that is not known would come back as zero."""


@st.composite
def legal_streams(
    draw: st.DrawFn,
    *,
    kinds: Sequence[type[Block]] = (Text, Thinking, ToolUse),
    overlap: bool = True,
    failing: bool = False,
    blocks: int = 4,
) -> list[Event]:
    """A whole stream with at most `blocks` blocks of these kinds. `overlap` lets neighbouring tool calls be open at the
    same time, and a text begin within them; `failing` makes it break off anywhere, with `Failed` at its end."""
    scripts = [
        _block(draw, kind, at) for at, kind in enumerate(draw(st.lists(st.sampled_from(kinds), max_size=blocks)))
    ]
    usage = draw(usages)
    events: list[Event] = [Started(f"up_{draw(st.integers(0, 10**9))}", "model-1", Usage(input=usage.input))]
    events += _woven(draw, scripts, overlap)
    if failing:
        cut = draw(st.integers(1, len(events)))
        return [*events[:cut], Failed(ApiError(Kind.OVERLOADED, "the upstream gave up"))]
    calls = any(isinstance(shell, ToolUse) for shell, _, _ in scripts)
    reason = Reason.TOOLS if calls else draw(st.sampled_from((Reason.DONE, Reason.LENGTH, Reason.REFUSED)))
    return [*events, Finished(Stop(reason), usage)]


Script = tuple[Block, list[str], str]
"""A block's shell, its deltas, its seal."""


def _block(draw: st.DrawFn, kind: type[Block], at: int) -> Script:
    if kind is ToolUse:
        whole = dumps_str(draw(arguments))
        if whole == "{}" and draw(st.booleans()):
            return ToolUse(f"call_{at}", draw(st.sampled_from(TOOL_NAMES)), ""), [], ""
        return ToolUse(f"call_{at}", draw(st.sampled_from(TOOL_NAMES)), ""), _cut(draw, whole), ""
    if kind is Thinking:
        return Thinking(""), draw(st.lists(texts, min_size=1, max_size=3)), draw(st.sampled_from(("", "c2VhbA==")))
    return Text(""), draw(st.lists(texts, min_size=1, max_size=3)), ""


def _cut(draw: st.DrawFn, text: str) -> list[str]:
    """The text in up to three pieces."""
    cuts = sorted({draw(st.integers(0, len(text))) for _ in range(2)} | {0, len(text)})
    return [text[start:end] for start, end in pairwise(cuts)]


def _woven(draw: st.DrawFn, scripts: list[Script], overlap: bool) -> list[Event]:
    """The events of all blocks: one after the other, but for calls, which may go on while the next block begins."""
    events: list[Event] = []
    running: dict[int, list[Event]] = {}
    index = 0
    for script in scripts:
        index += draw(st.integers(0, 1))
        shell, deltas, seal = script
        mine: list[Event] = [BlockDelta(index, text) for text in deltas]
        mine.append(BlockStopped(index, seal))
        events.append(BlockStarted(index, shell))
        running[index] = mine
        index += 1
        if not (overlap and isinstance(shell, ToolUse) and draw(st.booleans())):
            _run_down(draw, events, running)
    _run_down(draw, events, running)
    return events


def _run_down(draw: st.DrawFn, events: list[Event], running: dict[int, list[Any]]) -> None:
    """All that is open goes on in turns, in any order, to its end."""
    while running:
        index = draw(st.sampled_from(sorted(running)))
        events.append(running[index].pop(0))
        if not running[index]:
            del running[index]
