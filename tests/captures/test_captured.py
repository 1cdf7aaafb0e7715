"""A capture, read back: whole, cut at any byte, and with anything else in its place."""

import random

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.captures.captured import Captured, read
from ccproxy.captures.form import Frame, encode, frames
from tests.captures.hearing import Heard
from tests.captures.test_capture import STREAM


class FormTests(SynchronousTestCase):
    """Frames."""

    def test_back_and_forth(self) -> None:
        """Frames are read as they were written, whatever bytes are in them."""
        chance = random.Random(8)
        written = [
            Frame("a", {"n": 1, "text": 'é"\n'}, chance.randbytes(200)),
            Frame("b"),
            Frame("c", {}, b"\n\n{}\n"),
            Frame("d", {"deep": {"x": [None, True]}}, b"\r\n"),
        ]
        self.assertEqual(list(frames(b"".join(map(encode, written)))), written)

    def test_what_is_no_frame_ends_it(self) -> None:
        """Whatever else stands there is not taken for one."""
        good = encode(Frame("a", {}, b"data"))
        for junk in (b"", b"\n", b"{}\n", b"[]\n", b"junk\n", b'{"what": 1, "bytes": 0}\n', b'{"what": "a"}\n'):
            self.assertEqual([frame.what for frame in frames(good + junk)], ["a"], junk)
        self.assertEqual(list(frames(b'{"what": "a", "bytes": -5}\n')), [])


class CapturedTests(SynchronousTestCase):
    """The file of one exchange."""

    def setUp(self) -> None:
        heard = Heard(self.mktemp())
        heard.wire.ask()
        upstream = heard.wire.upstream()
        upstream.head()
        for piece in STREAM:
            upstream.say(piece)
            heard.write()
        upstream.end()
        heard.write()
        self.text = heard.text()

    def test_cut_at_any_byte(self) -> None:
        """Of a file that ends anywhere what is there is read: never more than of a longer one, and nothing else."""
        whole = read(self.text)
        assert whole is not None
        before: Captured | None = None
        seen = set()
        for end in range(len(self.text)):
            found = read(self.text[:end])
            if found is None:
                self.assertIsNone(before, end)
                continue
            for mine, all_of_it in zip(bodies(found), bodies(whole), strict=False):
                self.assertTrue(all_of_it.startswith(mine), end)
            if before is not None:
                self.assertGreaterEqual(list(map(len, bodies(found))), list(map(len, bodies(before))), end)
            seen.add(tuple(map(len, bodies(found))))
            before = found
        self.assertGreater(len(seen), len(whole.asked.message.body.data))
        assert before is not None
        self.assertEqual(bodies(before), bodies(whole))
        self.assertTrue(whole.complete)

    def test_what_is_cut_is_not_complete(self) -> None:
        """A body whose end is missing says so."""
        start = self.text.index(b'"what":"asked"')
        body = self.text.index(b"\n", start) + 20
        found = read(self.text[:body])
        assert found is not None
        self.assertEqual(len(found.asked.message.body.data), 19)
        self.assertFalse(found.asked.message.body.complete)

    def test_any_bytes(self) -> None:
        """Bytes that were changed at random never break the reader."""
        for seed in range(300):
            chance = random.Random(seed)
            text = bytearray(self.text)
            for _ in range(chance.randrange(1, 20)):
                text[chance.randrange(len(text))] = chance.choice(b'{}[]":,0\n\\a\xff')
            read(bytes(text))


def bodies(found: Captured) -> list[bytes]:
    """Every body of an exchange, in the order in which they begin."""
    answers = [leg.answered.message.body.data for leg in found.legs if leg.answered is not None]
    said = [found.answered.message.body.data] if found.answered is not None else []
    return [found.asked.message.body.data, *(leg.asked.message.body.data for leg in found.legs), *answers, *said]
