"""Errors in a client's JSON name the place and what belongs there."""

from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.errors import ApiError, Kind
from ccproxy.wire import fields

Reader = Callable[[Any, str, str], Any]

REQUIRED: dict[Reader, tuple[Any, list[Any]]] = {
    # a reader: something it takes, and what it refuses
    fields.text: ("a", [None, 1, True, [], {}]),
    fields.integer: (3, [None, True, "3", 1.5, -1]),
    fields.mapping: ({"a": 1}, [None, [], "x"]),
    fields.array: ([1], [None, {}, "x"]),
}
OPTIONAL: dict[Reader, tuple[Any, list[Any], Any]] = {
    # a reader: something it takes, what it refuses, and what stands for nothing
    fields.optional_text: ("a", [1, []], ""),
    fields.optional_integer: (3, [True, "3", -1], None),
    fields.optional_number: (0.5, [True, "3"], None),
    fields.optional_mapping: ({"a": 1}, [[], 1], None),
    fields.optional_array: ([1], [{}, 1], []),
    fields.flag: (True, [1, "true"], False),
}


class FieldsTests(SynchronousTestCase):
    """Each reader with what it takes and what it does not."""

    def refuses(self, read: Reader, value: Any) -> None:
        """The reader's error names the path."""
        error = self.assertRaises(ApiError, read, value, "key", "messages[2]")
        self.assertIs(error.kind, Kind.INVALID)
        self.assertTrue(error.message.startswith("messages[2].key: expected "), error.message)

    def test_required(self) -> None:
        """A required field must be there, with the right type."""
        for read, (good, bad) in REQUIRED.items():
            self.assertEqual(read({"key": good}, "key", ""), good)
            for value in bad:
                self.refuses(read, {"key": value})
            self.refuses(read, {})

    def test_optional(self) -> None:
        """An optional field may be missing or null, and never of another type."""
        for read, (good, bad, nothing) in OPTIONAL.items():
            self.assertEqual(read({"key": good}, "key", ""), good)
            self.assertEqual(read({}, "key", ""), nothing)
            self.assertEqual(read({"key": None}, "key", ""), nothing)
            for value in bad:
                self.refuses(read, {"key": value})

    def test_texts(self) -> None:
        """In an array of strings the wrong element is named."""
        self.assertEqual(fields.texts({"stop": ["a", "b"]}, "stop", ""), ("a", "b"))
        error = self.assertRaises(ApiError, fields.texts, {"stop": ["a", 2]}, "stop", "")
        self.assertEqual(error.message, "stop[1]: expected a string, found the number 2")
