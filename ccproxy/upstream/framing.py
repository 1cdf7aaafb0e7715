"""Where the body of an answer ends, by the length, the chunks or the close that its head announces.

Bytes in, bytes out: the connection that they come on is in `connections`.
"""

from twisted.web.http_headers import Headers

HEAD_LIMIT = 64 * 1024
"""Bytes of a status line and headers: node allows 16 KiB, nginx 32 KiB."""

CHUNK_LINE_LIMIT = 1024
"""Bytes of a line that tells a chunk's size, extensions included."""


class Framing:
    """How a body ends. `feed` gives the body's bytes; `ended` says that it ended, and `rest` what came behind. `fault`
    says why it cannot be read on: what was read before it counts."""

    length: int | None = None
    ended = False
    rest = b""
    fault = ""

    def feed(self, data: bytes) -> bytes:
        """Takes bytes as they come, cut anywhere; gives those that are body."""
        raise NotImplementedError


class Sized(Framing):
    """It has a length."""

    def __init__(self, length: int) -> None:
        self.length = self._left = length
        self.ended = not length

    def feed(self, data: bytes) -> bytes:
        body, self.rest = data[: self._left], data[self._left :]
        self._left -= len(body)
        self.ended = not self._left
        return body


class UntilClose(Framing):
    """It ends where the connection does."""

    def feed(self, data: bytes) -> bytes:
        return data


class Chunked(Framing):
    """It comes in chunks, each behind its size (RFC 9112, section 7.1)."""

    def __init__(self) -> None:
        self._left = 0
        """Bytes of the present chunk that are still to come; then its line end."""
        self._line = b""
        self._in_trailers = False

    def feed(self, data: bytes) -> bytes:
        body: list[bytes] = []
        if self._line:
            data, self._line = self._line + data, b""
        try:
            position = self._read(data, body)
        except ValueError as error:
            self.fault = str(error)
        else:
            if self.ended:
                self.rest = data[position:]
        return body[0] if len(body) == 1 else b"".join(body)

    def _read(self, data: bytes, body: list[bytes]) -> int:
        """Adds the pieces of the chunks to `body`; gives the position behind what it read. Raises ValueError where no
        chunk is."""
        position, end, left = 0, len(data), self._left
        while position < end and not self.ended:
            if left > 2:
                piece = data[position : position + left - 2]
                body.append(piece)
                position += len(piece)
                left -= len(piece)
                if left > 2:
                    break
            mark = data.find(b"\r\n", position)
            if mark < 0:
                self._line = data[position:]
                self._check(self._line)
                break
            if not left:
                left = self._take_line(data[position:mark])
            elif mark == position:
                left = 0
            else:
                raise ValueError("a chunk is longer than its size")
            position = mark + 2
        self._left = left
        return position

    def _take_line(self, line: bytes) -> int:
        """Bytes of the chunk that comes behind this line, its line end included; 0 where none does."""
        self._check(line)
        if self._in_trailers:
            self.ended = not line
            return 0
        size = line.partition(b";")[0].strip()
        if not size or size.strip(b"0123456789abcdefABCDEF"):
            raise ValueError("a chunk has no size")
        length = int(size, 16)
        self._in_trailers = not length
        return length + 2 if length else 0

    def _check(self, line: bytes) -> None:
        if len(line) > (HEAD_LIMIT if self._in_trailers else CHUNK_LINE_LIMIT):
            raise ValueError("the line before a chunk is too long")


def framing_of(code: int, headers: Headers) -> Framing:
    """How the body of an answer with this head ends (RFC 9112, section 6.3). Raises ValueError for lengths that
    contradict each other."""
    if code in (204, 304):
        return Sized(0)
    coding = b",".join(headers.getRawHeaders(b"transfer-encoding", [])).strip().lower()
    if coding and coding != b"identity":
        return Chunked() if coding.endswith(b"chunked") else UntilClose()
    lengths = {value.strip() for line in headers.getRawHeaders(b"content-length", []) for value in line.split(b",")}
    if not lengths:
        return UntilClose()
    (length,) = lengths if len(lengths) == 1 else (b"",)
    if not length.isdigit():
        raise ValueError("its length is none")
    return Sized(int(length))
