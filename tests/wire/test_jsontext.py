"""Reading and writing JSON: fast where it may be, and never wrong where it is not."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.wire.jsontext import NotJson, dumps, dumps_str, loads

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class JsonTests(SynchronousTestCase):
    """Text to values and back."""

    @settings(derandomize=True, max_examples=200)
    @given(VALUES)
    def test_round_trip(self, value: object) -> None:
        """What is written is read again, and the standard library reads the same."""
        self.assertEqual(loads(dumps(value)), value)
        self.assertEqual(json.loads(dumps(value)), value)
        self.assertEqual(loads(json.dumps(value)), value)

    def test_what_the_fast_reader_refuses(self) -> None:
        """Lone surrogates, as tools cut texts into, pass in both directions."""
        value = loads(b'"\\ud83d"')
        self.assertEqual(value, "\ud83d")
        self.assertEqual(loads(dumps(value)), value)

    def test_order_of_keys(self) -> None:
        """Keys keep their order: caches depend on it."""
        self.assertEqual(dumps_str(loads('{"b":1,"a":2}')), '{"b":1,"a":2}')

    def test_errors_name_the_place(self) -> None:
        """A fault is told with its line and column."""
        with self.assertRaises(NotJson) as caught:
            loads(b'{"a": 1,\n "b" 2}')
        self.assertIn("line 2 column", str(caught.exception))
        with self.assertRaises(NotJson) as caught:
            loads(b'{"a": "no end')
        self.assertEqual(str(caught.exception), "Unterminated string starting at line 1 column 7")
        with self.assertRaises(NotJson) as caught:
            loads(b'"\xff"')
        self.assertIn("UTF-8", str(caught.exception))

    def test_deepest(self) -> None:
        """The reader that decides what the fast one refuses reads no deeper than that, whatever Python's limit is."""
        self.assertEqual(len(loads("[NaN, " + "[" * 200 + "]" * 201)), 2)
        for text in ("[" * 1500 + "]" * 1500, "[NaN, " + "[" * 1500 + "]" * 1501):
            with self.assertRaises(NotJson) as caught:
                loads(text)
            self.assertEqual(str(caught.exception), "nested too deeply")

    def test_depth(self) -> None:
        """No nesting exhausts the stack: it is read and written, or refused as not JSON."""
        for depth in (10, 300, 1100, 100_000):
            text = b"[" * depth + b"]" * depth
            try:
                self.assertEqual(len(dumps(loads(text))), 2 * depth)
            except NotJson as error:
                self.assertIn("nested too deeply", str(error))
                self.assertGreater(depth, 300)

    def test_what_json_cannot_hold(self) -> None:
        """A value that is no JSON is refused, not written somehow."""
        with self.assertRaises(NotJson):
            dumps({"a": object()})
