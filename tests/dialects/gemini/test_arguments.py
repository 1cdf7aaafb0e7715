"""Arguments of a call that come in pieces."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.gemini.arguments import Pieces


def assembled(*pieces: Any) -> Any:
    """What the pieces make."""
    arguments = Pieces("name", "", "")
    for piece in pieces:
        arguments.add(piece)
    return json.loads(arguments.text())


class Assembling(SynchronousTestCase):
    """Pieces by their paths."""

    def test_values(self) -> None:
        """Each kind of value lands at its path; a whole number is one, though Google sends all as floating."""
        self.assertEqual(
            assembled(
                {"jsonPath": "$.a.b", "stringValue": "x"},
                {"jsonPath": "$.a.c[1]", "numberValue": 3.0},
                {"jsonPath": "$.a.c[0]", "numberValue": 0.5},
                {"jsonPath": "$['odd name']", "boolValue": False},
                {"jsonPath": '$["n"]', "nullValue": "NULL_VALUE"},
            ),
            {"a": {"b": "x", "c": [0.5, 3]}, "odd name": False, "n": None},
        )

    def test_strings_grow(self) -> None:
        """A string goes on only while its path says so; else it is a new value."""
        more = {"jsonPath": "$.a", "stringValue": "x", "willContinue": True}
        self.assertEqual(assembled(more, more, {"jsonPath": "$.a", "stringValue": "y"}), {"a": "xxy"})
        self.assertEqual(
            assembled({"jsonPath": "$.a", "stringValue": "x"}, {"jsonPath": "$.a", "stringValue": "y"}), {"a": "y"}
        )

    def test_nonsense(self) -> None:
        """Illegal paths, values in each other's way and huge indices are ignored."""
        self.assertEqual(
            assembled(
                7,
                {"stringValue": "x"},
                {"jsonPath": "a", "stringValue": "x"},
                {"jsonPath": "$", "stringValue": "x"},
                {"jsonPath": "$..a", "stringValue": "x"},
                {"jsonPath": "$.a[*]", "stringValue": "x"},
                {"jsonPath": "$.list[99999999]", "numberValue": 1},
                {"jsonPath": "$.s", "stringValue": "x"},
                {"jsonPath": "$.s.t", "stringValue": "x"},
                {"jsonPath": "$[0]", "stringValue": "x"},
                {"jsonPath": "$.none"},
            ),
            {"list": [], "s": "x"},
        )

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(
        st.lists(
            st.fixed_dictionaries(
                {"jsonPath": st.text("$.ab[]01'", max_size=9)},
                optional={
                    "stringValue": st.text(max_size=3) | st.just(5),
                    "numberValue": st.floats() | st.just("1"),
                    "willContinue": st.booleans(),
                },
            ),
            max_size=6,
        )
    )
    def test_never_crashes(self, pieces: list[dict[str, Any]]) -> None:
        """Whatever pieces come, there is an object."""
        arguments = Pieces("name", "", "")
        for piece in pieces:
            arguments.add(piece)
        self.assertTrue(arguments.text().startswith("{"))
