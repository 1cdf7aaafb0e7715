"""Arguments of calls, put right where they can be read in one way only."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.arguments import Arguments
from ccproxy.dialects.mending import mend
from tests.support.legal_streams import arguments

MENDED = {
    '{"a":1,}': {"a": 1},
    '{"a":[1,2,],\n}': {"a": [1, 2]},
    "{'a':'b'}": {"a": "b"},
    "{'a': \"it's\"}": {"a": "it's"},
    "{'a':'say \"hi\"'}": {"a": 'say "hi"'},
    "{'a':'it\\'s'}": {"a": "it's"},
    '{"a": True, "b": None, "c": False}': {"a": True, "b": None, "c": False},
    "{a: 1, b_c: [2]}": {"a": 1, "b_c": [2]},
    '```json\n{"a":1}\n```': {"a": 1},
    '```\n{"a":1,}```': {"a": 1},
    '"{\\"a\\":1}"': {"a": 1},
    '"\\"{\\\\\\"a\\\\\\":1}\\""': {"a": 1},
    "\"{'a': True}\"": {"a": True},
    '{"a":"x\ny\tz"}': {"a": "x\ny\tz"},
    '{"path":"C:\\dir","re":"\\d+"}': {"path": "C:\\dir", "re": "\\d+"},
    '{"a":{"b":1}': {"a": {"b": 1}},
    '{"a":[{"b":"c"': {"a": [{"b": "c"}]},
    '{"a":true': {"a": True},
    '{"a":1}}': {"a": 1},
    '{"a":1}]}\n': {"a": 1},
}
"""What models write, and what they mean."""

BROKEN = (
    '{"a":1',
    '{"a":"b',
    '{"a":',
    '{"a"',
    '{"a":1,',
    '{"a":tru',
    '{"a":1}{"b":2}',
    '{"a" 1}',
    '{"a":"it"s"}',
    "{'a':'it's'}",
    '{"a":,}',
    '{"a":nan}',
    '{"a":01}',
    '{"a":1,,"b":2}',
    '{"a":[1}',
    "[1]",
    '"text"',
    "rm -rf x",
    "1",
)
"""What would take a guess."""


def told(text: str, size: int, cut: bool = False) -> tuple[str | None, bool]:
    """All that is told of arguments that come in pieces of this size, None where they are broken, and whether they
    were mended."""
    told_of = Arguments()
    said = "".join(told_of.feed(text[at : at + size]) for at in range(0, len(text), size))
    rest = told_of.close(cut)
    return None if rest is None else said + rest, told_of.mended


class MendTests(SynchronousTestCase):
    """Garbled JSON."""

    def test_mended(self) -> None:
        """What can be meant in one way only is told so, however it was cut, and that it was mended."""
        for text, meant in MENDED.items():
            self.assertEqual(json.loads(mend(text) or ""), meant, text)
            for size in range(1, len(text) + 1):
                said, mended = told(text, size)
                self.assertEqual(json.loads(said or ""), meant, (text, size))
                self.assertTrue(mended, (text, size))

    def test_twice(self) -> None:
        """The same object twice is one."""
        for size in range(1, 19):
            self.assertEqual(told('{"abc":1}{"abc":1}', size)[0], '{"abc":1}', size)

    def test_broken(self) -> None:
        """What would take a guess is broken, however it was cut."""
        for text in BROKEN:
            self.assertIsNone(mend(text), text)
            for size in range(1, len(text) + 1):
                self.assertEqual(told(text, size), (None, False), (text, size))

    def test_nothing(self) -> None:
        """No arguments at all, and `null`, are none; an object without members is itself."""
        for text, said in (("", ""), ("null", ""), ("  ", ""), ("{}", "{}")):
            for size in range(1, len(text) + 1 or 2):
                self.assertEqual(told(text, size), (said, False), text)

    def test_placeholder(self) -> None:
        """An empty object or `null` before the real arguments is none of them."""
        for before in ("{}", "null", ""):
            of = Arguments()
            said = of.feed(before) + of.feed('{"a"') + of.feed(":1}")
            self.assertEqual(said + (of.close() or ""), '{"a":1}')

    def test_snapshots(self) -> None:
        """A vendor that repeats all so far in each piece is told once."""
        of = Arguments()
        pieces = ('{"cmd": "ls', '{"cmd": "ls -l', '{"cmd": "ls -l /"}', '{"cmd": "ls -l /"}')
        self.assertEqual("".join(map(of.feed, pieces)) + (of.close() or ""), '{"cmd": "ls -l /"}')
        self.assertFalse(of.mended)

    def test_cut(self) -> None:
        """Where the limit cut the answer, what is sound was told and nothing is added or mended."""
        for text, sound in (
            ('{"a":"b', '{"a":"b'),
            ('{"a":[1,', '{"a":[1'),
            ("{'a':1", "{"),
            ('{"a":"\\u00', '{"a":"'),
        ):
            for size in range(1, len(text) + 1):
                self.assertEqual(told(text, size, cut=True), (sound, False), (text, size))

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(arguments, st.integers(1, 9), st.booleans())
    def test_sound(self, value: dict[str, object], size: int, ascii_only: bool) -> None:
        """What is JSON is told as it came, character by character."""
        text = json.dumps(value, ensure_ascii=ascii_only)
        self.assertEqual(told(text, size), (text, False))

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(st.text(alphabet="{}[]\",:'\\ntruefalsN0123.- \n`", max_size=24), st.integers(1, 5))
    def test_any(self, text: str, size: int) -> None:
        """Of anything, what is told in the end is an object, or broken; and what was told before is its beginning."""
        said, _ = told("{" + text, size)
        if said:
            self.assertIsInstance(json.loads(said), dict)
        self.assertEqual(said, told("{" + text, 100)[0])
