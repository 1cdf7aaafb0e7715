"""Server-sent events: bytes to frames and back (WHATWG HTML, section 9.2.6).

Lines end at LF, CRLF or CR and nowhere else: U+2028 is text. Everything happens on bytes, so a write that cuts a
character in two does no harm. Time is linear in the input, and what an unfinished frame may hold is limited.
"""

from typing import NamedTuple

from ccproxy.errors import ApiError, Kind

FRAME_LIMIT = 16 * 1024 * 1024
"""Bytes one frame may have: an image in one event fits (Gemini sends such), a stream without line ends does not."""

_BOM = b"\xef\xbb\xbf"


class Frame(NamedTuple):
    """One event: its name (`b""` where none was sent) and its data lines, joined by LF."""

    event: bytes
    data: bytes


def encode(event: bytes, data: bytes) -> bytes:
    """A frame with a name, as Anthropic's clients want it. `data` must hold no line end (compact JSON never does)."""
    return b"event: %b\ndata: %b\n\n" % (event, data)


def encode_data(data: bytes) -> bytes:
    """A frame without a name, as OpenAI's clients want it."""
    return b"data: %b\n\n" % data


def _are_two(before: list[bytes], line: bytes) -> bool:
    """Whether a line of data is an event of its own, and what stands before it another, whose server forgot the blank
    line between them: two objects in a row are no JSON."""
    return len(before) == 1 and _is_whole(before[0]) and _is_whole(line)


def _is_whole(line: bytes) -> bool:
    return (line[:1] == b"{" and line[-1:] == b"}") or line == b"[DONE]"


class Decoder:
    """Frames from bytes as they come, cut anywhere.

    `feed` gives the frames that are complete by now. `close` says that the input ended and gives the last frame if only
    its blank line is missing (some servers forget it). Comments, `id` and `retry` are skipped; a frame without data is
    none; `error:`, which is no field, is the data of an event of that name. Raises `ApiError(BROKEN)` for a frame
    beyond `limit`.
    """

    def __init__(self, limit: int = FRAME_LIMIT) -> None:
        self._limit = limit
        self._line: list[bytes] = []
        self._event = b""
        self._data: list[bytes] = []
        self._held = 0
        self._after_cr = False
        self._at_start = True

    def feed(self, data: bytes) -> list[Frame]:
        if self._after_cr and data:
            self._after_cr = False
            if data[:1] == b"\n":
                data = data[1:]
        if b"\n" not in data and b"\r" not in data:
            self._hold(data)
            return []
        if self._line:
            self._held -= sum(map(len, self._line))
            data = b"".join([*self._line, data])
            self._line = []
        if self._at_start:
            self._at_start = False
            data = data.removeprefix(_BOM)
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = data.split(b"\n")
        rest = lines.pop()
        frames: list[Frame] = []
        for line in lines:
            if not line:
                if self._data:
                    frames.append(self._take())
                self._event = b""
            elif line.startswith(b"data:"):
                text = line[6:] if line[5:6] == b" " else line[5:]
                if self._data and _are_two(self._data, text):
                    frames.append(self._take())
                self._data.append(text)
                self._held += len(line)
            elif line.startswith(b"event:"):
                self._event = line[6:].strip()
            elif line.startswith(b"error:"):
                # No field of the standard: llama.cpp tells so that it failed.
                self._event = b"error"
                self._data.append(line[6:].strip())
                self._held += len(line)
        self._hold(rest)
        return frames

    def close(self) -> list[Frame]:
        frames = self.feed(b"\n") if self._line else []
        if self._data:
            frames.append(self._take())
        self._event = b""
        return frames

    def _take(self) -> Frame:
        data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        self._data = []
        self._held = 0
        return Frame(self._event, data)

    def _hold(self, rest: bytes) -> None:
        if rest:
            self._line.append(rest)
            self._held += len(rest)
        if self._held > self._limit:
            raise ApiError(Kind.BROKEN, f"the upstream sent an event of more than {self._limit} bytes")
