"""JSON with comments and trailing commas, and the line of every key."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.documents import DEPTH_LIMIT
from ccproxy.config.jsonfile import read_json
from ccproxy.config.settings import ConfigError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
BLANKS = st.lists(
    st.sampled_from([" ", "\n", "\t", '// a "comment" {\n', "/* { \n */", '/* " // */', "//\n", "/***/"]), max_size=3
).map("".join)


def written(value: Any, blank: st.DataObject) -> str:
    """A value as JSON, with comments and blanks wherever they may be, and commas behind some last elements."""

    def gap() -> str:
        return str(blank.draw(BLANKS))

    def close() -> str:
        return blank.draw(st.sampled_from(["", ","])) + gap()

    match value:
        case dict():
            members = [f"{gap()}{json.dumps(k)}{gap()}:{gap()}{written(v, blank)}{gap()}" for k, v in value.items()]
            return "{" + ",".join(members) + (close() if members else gap()) + "}"
        case list():
            elements = [f"{gap()}{written(element, blank)}{gap()}" for element in value]
            return "[" + ",".join(elements) + (close() if elements else gap()) + "]"
        case _:
            return json.dumps(value, ensure_ascii=blank.draw(st.booleans()))


class Reading(SynchronousTestCase):
    """Values and their lines."""

    def test_comments(self) -> None:
        """Both kinds of comments and trailing commas are blank; within strings they are text."""
        text = '// first\n{"a": "http://x/*y*/", /* two\nlines */ "b": [1, 2,], // end\n "c": {"d": null,},\n}\n// last'
        document = read_json(text, "F")
        self.assertEqual(document.value, {"a": "http://x/*y*/", "b": [1, 2], "c": {"d": None}})
        lines = {"a": 2, "b": 3, "c": 4}
        self.assertEqual({path[0]: line for path, line in document.lines.items() if len(path) == 1}, lines)
        self.assertEqual(document.place(("c", "d", "nothing")), "F, line 4")
        self.assertEqual(document.place(("nothing",)), "F")

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(st.dictionaries(TEXT, VALUES, max_size=4), st.data())
    def test_comments_change_nothing(self, value: dict[str, Any], data: st.DataObject) -> None:
        """Whatever comments stand between its parts, a document has the same value, and each key its own line."""
        text = written(value, data)
        document = read_json(text, "F")
        self.assertEqual(document.value, value)
        lines = text.split("\n")
        for path, line in document.lines.items():
            if isinstance(path[-1], str):
                self.assertTrue(
                    any(
                        form in lines[line - 1]
                        for form in (json.dumps(path[-1]), json.dumps(path[-1], ensure_ascii=False))
                    )
                )

    @settings(derandomize=True, max_examples=200, deadline=None)
    @given(st.text(st.sampled_from(list("{}[],:\"\\/*\n 1a-.tu'")), max_size=40))
    def test_any_text(self, text: str) -> None:
        """Any text is a document, or an error that names the place."""
        try:
            read_json(text, "F")
        except ConfigError as error:
            self.assertRegex(str(error), r"^F, line \d+, column \d+: ")


class Refused(SynchronousTestCase):
    """Errors name line and column, what was found and what was expected."""

    def refusal(self, text: str) -> str:
        return str(self.assertRaises(ConfigError, read_json, text, "F"))

    def test_place(self) -> None:
        """The place is that of what is wrong, counted from 1."""
        self.assertIn("line 2, column 8: ", self.refusal('{"a": 1\n, "b": }'))
        self.assertIn("line 1, column 1: ", self.refusal("x"))
        self.assertIn("line 3, column 1: ", self.refusal('{\n"a": 1\n"b": 2}'))

    def test_twice(self) -> None:
        """A key that is there twice is an error that names both lines."""
        message = self.refusal('{"port": 1,\n\n"port": 2}')
        self.assertIn("line 3", message)
        self.assertIn("first on line 1", message)
        self.assertEqual(read_json('{"a": {"x": 1}, "b": {"x": 2}}', "F").value["b"], {"x": 2})

    def test_common_slips(self) -> None:
        """Slips that people make are told as what they are."""
        for text, words in (
            ("", "an empty file"),
            ("[]", "expected an object"),
            ("{'a': 1}", "single quotes"),
            ('{"a": True}', "true"),
            ('{"a": 1 "b": 2}', 'expected "," or "}"'),
            ('{"a" 1}', '":"'),
            ('{"a": "b\n"}', "does not end"),
            ('{"a": "C:\\path"}', "backslash"),
            ("{/* }", "never ends"),
            ('{"a": 1} }', "nothing more"),
            ('{"a": 01}', "expected"),
            ('{"a": ,}', "expected a value"),
            ('{"a": / }', "comments begin"),
            ('{"a": ' + "9" * 5000 + "}", "digits"),
        ):
            self.assertIn(words, self.refusal(text), text[:40])

    def test_keys_without_quotes_stay_secret(self) -> None:
        """A key that lost its quotes, or its comma, is not shown."""
        for text in ('{"api_key": sk-abcdef123456}', '{"api_key": "x" "sk-abcdef123456"}', "{sk-abcdef123456}"):
            self.assertNotIn("abcdef", self.refusal(text))

    def test_depth(self) -> None:
        """Depth is limited, so that no file exhausts the stack."""
        self.assertIn("deep", self.refusal('{"a":' + "[" * 100_000))
        deep = '{"a":' + "[" * (DEPTH_LIMIT - 1) + "]" * (DEPTH_LIMIT - 1) + "}"
        self.assertTrue(read_json(deep, "F").value)
