"""Server-sent events: every way of writing them gives the same frames."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.errors import ApiError, Kind
from ccproxy.wire.sse import Decoder, Frame, encode, encode_data


def decode(*chunks: bytes) -> list[Frame]:
    """All frames of a stream that comes in these chunks and ends."""
    decoder = Decoder()
    return [frame for chunk in chunks for frame in decoder.feed(chunk)] + decoder.close()


class DecoderTests(SynchronousTestCase):
    """What counts as a frame."""

    def test_what_we_write_we_read(self) -> None:
        """A frame survives its own encoding."""
        self.assertEqual(decode(encode(b"ping", b"{}")), [Frame(b"ping", b"{}")])
        self.assertEqual(decode(encode_data(b"[DONE]")), [Frame(b"", b"[DONE]")])

    def test_line_ends(self) -> None:
        """LF, CRLF and CR end lines alike, and a CRLF cut in two is still one."""
        expected = [Frame(b"a", b"1"), Frame(b"", b"2")]
        for end in (b"\n", b"\r\n", b"\r"):
            data = end.join([b"event: a", b"data: 1", b"", b"data: 2", b"", b""])
            for cut in range(len(data) + 1):
                self.assertEqual(decode(data[:cut], data[cut:]), expected, (end, cut))

    def test_other_separators_are_text(self) -> None:
        """U+2028, U+0085 and form feed are text, not line ends."""
        text = "a\u2028b\u0085c\x0cd".encode()
        self.assertEqual(decode(b"data: " + text + b"\n\n"), [Frame(b"", text)])

    def test_lines_of_data_are_joined(self) -> None:
        """Several data lines are one text; the space after the colon is optional, and only one is cut off."""
        self.assertEqual(decode(b"data:a\ndata:  b\ndata:\n\n"), [Frame(b"", b"a\n b\n")])

    def test_what_is_no_frame(self) -> None:
        """Comments, ids, retries and events without data are no frames, and a name does not outlive its event."""
        data = b": hello\n\nid: 1\nretry: 5\n\nevent: lost\n\ndata: x\n\n"
        self.assertEqual(decode(data), [Frame(b"", b"x")])

    def test_no_blank_lines(self) -> None:
        """Objects in lines of data that no blank line parts are events of their own, told as they come; of an object
        over several lines every line is a part."""
        data = b'data: {"a":1}\ndata: {"b":2}\ndata: [DONE]\n\n'
        for cut in range(len(data)):
            self.assertEqual([one.data for one in decode(data[:cut], data[cut:])], [b'{"a":1}', b'{"b":2}', b"[DONE]"])
        self.assertEqual(Decoder().feed(data[:-1]), [Frame(b"", b'{"a":1}'), Frame(b"", b'{"b":2}')])
        for lines in (b'data: {\ndata: "a":{}\ndata: }\n\n', b'data: [\ndata: {"a":1}\ndata: ]\n\n'):
            self.assertEqual(len(decode(lines)), 1, lines)

    def test_error_field(self) -> None:
        """What llama.cpp writes into a field `error` is an event of that name."""
        data = b'data: {}\n\nerror: {"code":500}\n\n'
        for cut in range(len(data)):
            self.assertEqual(decode(data[:cut], data[cut:]), [Frame(b"", b"{}"), Frame(b"error", b'{"code":500}')])

    def test_byte_order_mark(self) -> None:
        """A byte order mark before the first line is no part of it."""
        self.assertEqual(decode(b"\xef\xbb", b"\xbfdata: x\n\n"), [Frame(b"", b"x")])

    def test_missing_blank_line(self) -> None:
        """The last frame counts though its blank line never came."""
        self.assertEqual(decode(b"data: x"), [Frame(b"", b"x")])
        self.assertEqual(decode(b"data: x\n"), [Frame(b"", b"x")])

    def test_limit(self) -> None:
        """A frame beyond the limit is refused, whether it comes in one line or many, at once or in pieces."""
        for chunks in (
            [b"data: " + b"x" * 100],
            [b"data: x\n"] * 20,
            [b"x" * 10] * 10,
            [b"data: " + b"x" * 99 + b"\n"],
        ):
            decoder = Decoder(limit=90)
            with self.assertRaises(ApiError) as caught:
                for chunk in chunks:
                    decoder.feed(chunk)
            self.assertIs(caught.exception.kind, Kind.BROKEN)

    def test_limit_is_for_one_frame(self) -> None:
        """A long stream of short frames is no long frame."""
        decoder = Decoder(limit=50)
        for _ in range(1000):
            self.assertEqual(len(decoder.feed(b"data: 12345678901234567890\n\n")), 1)

    @settings(derandomize=True, max_examples=200)
    @given(st.lists(st.binary(max_size=30), max_size=8))
    def test_any_bytes_in_any_cut(self, chunks: list[bytes]) -> None:
        """No bytes confuse it, and no cut changes what they mean."""
        whole = b"".join(chunks)
        self.assertEqual(decode(*chunks), decode(whole))
        self.assertEqual(decode(*(whole[i : i + 1] for i in range(len(whole)))), decode(whole))
