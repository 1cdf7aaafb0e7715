"""Bodies as lines, and two of them side by side."""

import json
import random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.captures.difference import PASSING, Row, Side, difference, shortened
from ccproxy.captures.outline import LONGEST, Line, outline


def lines(value: Any) -> list[str]:
    """The outline of a value, as it is shown."""
    return [str(line) for line in outline(json.dumps(value).encode())]


class OutlineTests(SynchronousTestCase):
    """What stands on which line."""

    def test_fields_and_lists(self) -> None:
        """A field is a line, and a part of a list begins with a dash."""
        value = {"model": "m", "n": 1.5, "on": True, "no": None, "parts": [{"a": 1, "b": []}, "x", [2, {}]]}
        shown = ["model: m", "n: 1.5", "on: true", "no: null", "parts:"]
        shown += ["  - a: 1", "    b: []", "  - x", "  - - 2", "    - {}"]
        self.assertEqual(lines(value), shown)
        self.assertEqual([lines(one) for one in ({}, [], "x", 1)], [["{}"], ["[]"], ["x"], ["1"]])

    def test_texts(self) -> None:
        """A text of several lines stands below its name, line by line; JSON in a text is laid out."""
        self.assertEqual(lines({"text": "one\n two\n\nthree"}), ["text: |", "  one", "   two", "  ", "  three"])
        self.assertEqual(lines({"arguments": '{"a": [1]}'}), ["arguments: (JSON in a text)", "  a:", "    - 1"])
        self.assertEqual(lines({"a": "{}", "b": "{no", "c": ""}), ["a: {}", "b: {no", 'c: ""'])

    def test_what_moves_cursors(self) -> None:
        """Nothing that a terminal would obey is shown; letters of all languages are."""
        shown = lines({"a": "\x1b[31mred\x07\r\u202e\x9b", "\x1b]0;": "é漢\ud800", "t": "a\tb"})
        self.assertEqual(shown, ["a: \\x1b[31mred\\x07\\r\\u202e\\x9b", "\\x1b]0;: é漢\\ud800", "t: a    b"])

    def test_long_lines(self) -> None:
        """A line that nobody reads is told by its length and a digest, so that two can be told apart."""
        one, other = ("x" * (LONGEST + 1), "x" * LONGEST + "y")
        (first,), (second,) = lines({"data": one}), lines({"data": other})
        self.assertIn("(2,001 characters, ", first)
        self.assertLess(len(first), 200)
        self.assertNotEqual(first, second)

    def test_depth(self) -> None:
        """Values that are nested without end come to one."""
        deep: Any = 1
        for _ in range(300):
            deep = {"a": deep}
        self.assertLess(len(lines(deep)), 150)

    def test_what_is_no_json(self) -> None:
        """Any other body is shown by its lines."""
        self.assertEqual([line.text for line in outline(b"<html>\n\xff\x1b")], ["<html>", "\\xff\\x1b"])


class DifferenceTests(SynchronousTestCase):
    """Two outlines."""

    def test_the_same_words_wrapped_otherwise(self) -> None:
        """What both say is said once, however deep each has it, and whether it begins a part of a list."""
        first = outline(b'{"system": "Be\\nterse", "tools": [{"name": "Bash", "d": "x"}]}')
        second = outline(
            b'{"messages": [{"role": "system", "content": "Be\\nterse"}], "tools": [{"f": {"name": "Bash", "d": "x"}}]}'
        )
        both = [row.text.strip() for row in difference(first, second) if row.side is Side.BOTH]
        self.assertEqual(both, ["Be", "terse", "tools:", "name: Bash", "d: x"])

    def test_nothing_is_lost(self) -> None:
        """Each side can be read out of a difference: its own lines, and those that both have, in order."""
        for seed in range(100):
            chance = random.Random(seed)
            first, second = ([Line(0, chance.choice("abcdef")) for _ in range(chance.randrange(30))] for _ in range(2))
            rows = difference(first, second)
            for own, said in ((Side.FIRST, first), (Side.SECOND, second)):
                self.assertEqual(
                    [row.text for row in rows if row.side in (own, Side.BOTH)], [line.text for line in said]
                )

    def test_shortened(self) -> None:
        """What both say is left out but for some lines around what differs, and counted; alike ones leave nothing."""
        both = [Row(Side.BOTH, str(number)) for number in range(10)]
        rows = [*both, Row(Side.FIRST, "x"), *both]
        shown = [str(row) for row in shortened(rows, around=1)]
        self.assertEqual(shown, ["  ⋯ 9 lines that both have", "  9", "- x", "  0", "  ⋯ 9 lines that both have"])
        self.assertEqual(list(shortened(both)), [])
        long = [Row(Side.BOTH, "x" * 500), Row(Side.FIRST, "y" * 500)]
        self.assertEqual([len(row.text) for row in shortened(long)], [PASSING + 1, 500], "what both say is in passing")
        first, *_ = shortened([*both[:2], rows[10]], 1)
        self.assertEqual(str(first), "  0", "a line takes no more room than that it is left out")
