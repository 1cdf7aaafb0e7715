"""Streams that went wrong on their way or at their maker: frames lost, doubled, shuffled and cut, errors and noise
between them, and fields whose values no documentation has.
"""

import json
import re
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

NOISE = (
    b": ping\n\n",
    b"\n\n",
    b"data:\n\n",
    b"retry: 1\n\n",
    b"event: ping\n\n",
    b'event: ping\ndata: {"type":"ping"}\n\n',
    b"data: [DONE]\n\n",
    b"data: null\n\n",
    b"data: []\n\n",
    b"data: 5\n\n",
    b'data: {"error":null,"choices":null}\n\n',
)
"""What says nothing, or says so at a wrong place."""

ERRORS = (
    b'data: {"error":{"message":"boom","type":"server_error","code":500}}\n\n',
    b'data: {"error":"boom"}\n\n',
    b'data: [{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"boom"}}]\n\n',
    b'data: {"object":"error","message":"boom","code":"3050"}\n\n',
    b'data: {"type":"error","error":{"type":"overloaded_error","message":"boom"}}\n\n',
    b'data: {"base_resp":{"status_code":1002,"status_msg":"boom"}}\n\n',
    b'data: {"detail":"boom"}\n\n',
    b'event: error\ndata: {"message":"boom"}\n\n',
    b"event: error\ndata: boom\n\n",
    b'error: {"message":"boom"}\n\n',
    b"<html><body>502 Bad Gateway</body></html>",
    b'{"error":{"message":"boom"}}\n',
)
"""How vendors and what stands before them tell errors."""

VALUES: tuple[Any, ...] = (
    *(None, "", [], {}, 0, -1, 1e308, True, "x", "null", [[]], {"a": 1}, [None], ["x"], "\ud83d", "{", '{"a":1}'),
    *(2**70, {"text": "t"}, [{"type": "text", "text": "t"}], "stop", "error", 1.5, "5", -5),
)
"""What a field may hold instead of what it should."""

Frames = list[bytes]
Harm = Callable[[Random, Frames, int], None]
"""Does something to the frame at a place, or to all of them."""


def _lose(random: Random, frames: Frames, at: int) -> None:
    del frames[at : at + random.randint(1, 2)]


def _double(random: Random, frames: Frames, at: int) -> None:
    frames.insert(at, frames[at])


def _swap(random: Random, frames: Frames, at: int) -> None:
    other = random.randrange(len(frames))
    frames[at], frames[other] = frames[other], frames[at]


def _shuffle(random: Random, frames: Frames, at: int) -> None:
    random.shuffle(frames)


def _cut(random: Random, frames: Frames, at: int) -> None:
    frames[at] = frames[at][: random.randrange(len(frames[at]))] + b"\n\n"


def _end(random: Random, frames: Frames, at: int) -> None:
    frames[at:] = [frames[at][: random.randint(1, len(frames[at]))]]


def _interrupt(random: Random, frames: Frames, at: int) -> None:
    frames.insert(at, random.choice((*NOISE, *ERRORS)))


def _reframe(random: Random, frames: Frames, at: int) -> None:
    """Other ends of lines, a byte order mark, no name, no blank, no blank line."""
    match random.randrange(5):
        case 0:
            frames[:] = [frame.replace(b"\n", b"\r") for frame in frames]
        case 1:
            frames[0] = b"\xef\xbb\xbf" + frames[0]
        case 2:
            frames[at] = re.sub(rb"^event:.*\n", b"", frames[at])
        case 3:
            frames[at] = frames[at].replace(b"data: ", b"data:")
        case _:
            frames[at] = frames[at].replace(b"\n\n", b"\n")


def _unmark(random: Random, frames: Frames, at: int) -> None:
    frames[:] = [frame for frame in frames if b"[DONE]" not in frame]


def _falsify(random: Random, frames: Frames, at: int) -> None:
    """Some field is missing, or holds what it should not."""
    head, _, data = frames[at].partition(b"data: ")
    try:
        value = json.loads(data)
    except ValueError:
        return
    for _ in range(random.randint(1, 2)):
        if places := _places(value):
            holder, key = random.choice(places)
            if random.random() < 0.25:
                del holder[key]
            else:
                holder[key] = deepcopy(random.choice(VALUES))
    frames[at] = head + b"data: " + json.dumps(value).encode() + b"\n\n"


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Each member of each object and array within a value, as what holds it and its key there."""
    keys: Any = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in ((value, key), *_places(value[key]))]


HARMS: tuple[Harm, ...] = (_lose, _double, _swap, _shuffle, _cut, _end, _interrupt, _interrupt, _reframe, _unmark)


def mutated(random: Random, data: bytes) -> bytes:
    """The stream after one to three harms; half of them are to fields."""
    frames = [frame + b"\n\n" for frame in data.replace(b"\r\n", b"\n").split(b"\n\n") if frame.strip()]
    for _ in range(random.randint(1, 3)):
        if frames:
            harm = _falsify if random.random() < 0.5 else random.choice(HARMS)
            harm(random, frames, random.randrange(len(frames)))
    return b"".join(frames)
