"""Tests of `ccproxy.dialects.seals`."""

import base64
import json
import zlib
from typing import Any

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects import seals
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.seals import family, is_ours, seal, unseal

QUIRKS = Quirks(vendor="openai", model="gpt-5.6-2026-03-01", account="a1b2c3")
STATE = {"i": [{"type": "reasoning", "id": "rs_1", "encrypted_content": "gAAAA+/=" * 40}], "ph": "commentary"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def packed(value: Any) -> str:
    """What anyone could send who knows the format."""
    text = zlib.compress(value if isinstance(value, bytes) else json.dumps(value).encode())
    return "px1." + base64.urlsafe_b64encode(text).decode().rstrip("=")


class SealTests(SynchronousTestCase):
    """A seal gives its state back to where it came from."""

    def test_gives_back_the_state(self) -> None:
        """What was sealed is what is unsealed, by the same vendor, model and account."""
        self.assertEqual(unseal(seal(QUIRKS, STATE), QUIRKS), STATE)

    def test_is_the_same_every_time(self) -> None:
        """Equal states give equal seals, so that prompt caches stay warm."""
        self.assertEqual(seal(QUIRKS, STATE), seal(QUIRKS, json.loads(json.dumps(STATE))))

    def test_is_recognised(self) -> None:
        """A seal of ours is known by its beginning; native signatures, which are base64, never are."""
        self.assertTrue(is_ours(seal(QUIRKS, STATE)))
        self.assertFalse(is_ours("EqQBCkYIBhgCKkBpx1ErUBYabc+/=="))
        self.assertFalse(is_ours(""))

    def test_has_only_characters_that_clients_keep(self) -> None:
        """A seal consists of letters, digits, `-`, `_` and the one dot."""
        self.assertRegex(seal(QUIRKS, STATE), r"^px1\.[A-Za-z0-9_-]+$")

    def test_survives_a_new_snapshot_of_the_model(self) -> None:
        """The state of a model is good for another snapshot of the same model."""
        other = evolve(QUIRKS, model="openai/GPT-5.6-2026-09-09")
        self.assertEqual(unseal(seal(QUIRKS, STATE), other), STATE)

    def test_goes_to_nobody_else(self) -> None:
        """Another vendor, another model or another account does not get the state."""
        sealed = seal(QUIRKS, STATE)
        for change in ({"vendor": "xai"}, {"model": "gpt-5.4"}, {"model": "gpt-5.6-mini"}, {"account": "d4"}):
            self.assertIsNone(unseal(sealed, evolve(QUIRKS, **change)), change)

    def test_refuses_its_own_keys_as_state(self) -> None:
        """State that would overwrite the owner is a mistake of the caller, and is told."""
        self.assertRaises(ValueError, seal, QUIRKS, {"p": "someone"})

    def test_drops_what_it_could_not_give_back(self) -> None:
        """State beyond the limit is not sealed at all."""
        self.assertEqual(seal(QUIRKS, {"i": "x" * (seals.LIMIT + 1)}), "")


class BrokenSealTests(SynchronousTestCase):
    """Whatever a client sends as a signature, the worst it gets is no state."""

    def test_a_seal_cut_short_or_damaged_is_ignored(self) -> None:
        """No beginning of a seal, and no seal with a changed character, gives a state."""
        sealed = seal(QUIRKS, STATE)
        for length in range(len(sealed)):
            self.assertIsNone(unseal(sealed[:length], QUIRKS), length)
        for place in range(4, len(sealed), 3):
            other = "A" if sealed[place] != "A" else "B"
            damaged = sealed[:place] + other + sealed[place + 1 :]
            self.assertIn(unseal(damaged, QUIRKS), (None, STATE), place)

    def test_other_things_in_our_wrapping_are_ignored(self) -> None:
        """Well packed nonsense is not a state: no object, no owner, no JSON, nested beyond reason."""
        for value in ([], 1, None, "x", {}, {"p": "openai"}, b"not json", b"\xff", b"[" * 100000):
            self.assertIsNone(unseal(packed(value), QUIRKS))

    def test_a_bomb_is_not_unpacked(self) -> None:
        """A small seal that would become gigabytes is ignored within bounded memory."""
        self.assertIsNone(unseal(packed(b'{"p":"' + b"x" * (4 * seals.LIMIT)), QUIRKS))

    def test_characters_outside_the_alphabet_are_not_skipped(self) -> None:
        """Blanks, line ends, standard base64 and foreign letters within a seal make it broken."""
        sealed = seal(QUIRKS, STATE)
        for intruder in (" ", "\n", "+", "/", "=", "é", "\ud800"):
            self.assertIsNone(unseal(sealed + intruder, QUIRKS))

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(st.text() | st.text().map("px1.".__add__) | st.binary(max_size=50).map(packed) | json_values.map(packed))
    def test_any_text_is_survived(self, text: str) -> None:
        """No signature whatsoever raises, and none that we did not make gives a state."""
        self.assertIsNone(unseal(text, QUIRKS))

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(st.dictionaries(st.text().filter(lambda key: key not in ("p", "m", "k")), json_values, max_size=4))
    def test_any_state_returns(self, state: dict[str, Any]) -> None:
        """Whatever JSON a vendor gives as state comes back equal."""
        self.assertEqual(unseal(seal(QUIRKS, state), QUIRKS), state)


class FamilyTests(SynchronousTestCase):
    """Which models read each other's state."""

    def test_snapshots_are_one_family(self) -> None:
        """Dates, `-latest`, previews, folders and price tags do not separate."""
        for model, expected in (
            ("gpt-5.4-2026-03-05", "gpt-5.4"),
            ("claude-opus-4-5@20251101", "claude-opus-4-5"),
            ("deepseek/deepseek-r1-0528:free", "deepseek-r1"),
            ("models/gemini-2.5-flash-preview-09-2025", "gemini-2.5-flash"),
            ("gemini-2.0-flash-001", "gemini-2.0-flash"),
            ("mistral-large-latest", "mistral-large"),
            ("", ""),
        ):
            self.assertEqual(family(model), expected)

    def test_versions_and_sizes_are_families_of_their_own(self) -> None:
        """A model of another version or size is another model."""
        names = ["gpt-5", "gpt-5.4", "gpt-5.6", "gpt-5.4-mini", "o3", "o4-mini", "glm-4.6", "kimi-k2", "qwen3:8b"]
        self.assertEqual([family(name) for name in names], names)

    def test_a_name_of_nothing_but_a_snapshot_stays(self) -> None:
        """A name is never stripped away whole."""
        self.assertEqual(family("-latest"), "-latest")
