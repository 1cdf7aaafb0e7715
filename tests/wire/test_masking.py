"""Values masked in JSON of any depth, in texts within texts, and in what is cut off."""

import json
import random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.wire.masking import MASK, Fields, condensed, names_in, patterns_in, wrong

FIELDS = Fields(["password", "pin"])
HIDDEN = "unspeakable"


class FieldsTests(SynchronousTestCase):
    """The fields of two names."""

    def masked(self, value: Any) -> Any:
        text, _ = FIELDS.mask(json.dumps(value).encode())
        return json.loads(text)

    def test_any_value(self) -> None:
        """Texts, numbers, lists and objects are masked as a whole, whatever quotes and brackets are in them."""
        for value in ('x"y\\', "", "]}", 12, True, None, [1, {"z": "]"}], {"a": '}"', "b": [[]]}):
            self.assertEqual(self.masked({"a": 1, "pin": value, "b": 2}), {"a": 1, "pin": MASK.decode(), "b": 2})

    def test_any_depth(self) -> None:
        """A field is found wherever it is, and its neighbours stay."""
        found = self.masked({"a": [{"b": {"password": "x", "c": 1}}]})
        self.assertEqual(found, {"a": [{"b": {"password": MASK.decode(), "c": 1}}]})

    def test_texts_within_texts(self) -> None:
        """The arguments of a tool are JSON in a text, and may have such texts themselves: they stay JSON."""
        value: Any = {"password": 'a"\\b', "pin": [1, 'q"'], "kept": '"'}
        for _ in range(4):
            masked = self.masked({"arguments": json.dumps(value)})
            inner = masked["arguments"]
            while isinstance(inner, str):
                inner = json.loads(inner)
                inner = inner.get("arguments", inner)
            self.assertEqual(inner, {"password": MASK.decode(), "pin": MASK.decode(), "kept": '"'})
            value = {"arguments": json.dumps(value)}

    def test_nothing_else_moves(self) -> None:
        """Without such a field the very same bytes come back; words that are no fields are left alone."""
        for text in (b'{"a": "password: x", "b": ["pin", "password"]}', b"pin", b'"pin"', b"\\\\\\\\", b""):
            self.assertEqual(FIELDS.mask(text), (text, 0))

    def test_a_value_without_an_end(self) -> None:
        """What was cut off within a value is masked to the end; in a piece of a text, to the end of that piece."""
        start = b'{"password": "' + MASK
        self.assertEqual(FIELDS.mask(b'{"password": "uns'), (start, 1))
        self.assertEqual(FIELDS.mask(b'{"password": ["a", "uns'), (start + b'"', 1))
        self.assertEqual(FIELDS.mask(b'{"password": {"a": "uns'), (start + b'"', 1))
        piece = json.dumps({"partial_json": '{"password": "uns'}).encode()
        text, _ = FIELDS.mask(piece)
        self.assertEqual(json.loads(text), {"partial_json": '{"password": "' + MASK.decode()})

    def test_schemas_stay(self) -> None:
        """With texts only, what tells of a field instead of holding a value stays as it is."""
        texts = Fields(["password"], texts_only=True)
        schema = b'{"properties": {"password": {"type": "string"}}, "password":"x"}'
        self.assertEqual(texts.mask(schema)[0], schema.replace(b'"x"', b'"' + MASK + b'"'))

    def test_random_values(self) -> None:
        """In random values nothing of what is hidden is left, all else is the same, and it is JSON as before."""
        for seed in range(300):
            chance = random.Random(seed)
            value = self.value(chance, 5)
            text = json.dumps(value).encode()
            masked, count = FIELDS.mask(text)
            self.assertNotIn(HIDDEN.encode(), masked, seed)
            self.assertEqual(json.loads(masked), self.hide(value), seed)
            self.assertEqual(count > 0, self.hide(value) != value, seed)

    def value(self, chance: random.Random, depth: int) -> Any:
        kind = chance.randrange(6 if depth else 3)
        if kind < 3:
            return chance.choice([1.5, None, True, "", 'a"b', "\\", '\\"', "é\n", "{[", "pin"])
        if kind == 3:
            return [self.value(chance, depth - 1) for _ in range(chance.randrange(3))]
        found = {chance.choice("abc") + '"\\'[: chance.randrange(3)]: self.value(chance, depth - 1) for _ in range(2)}
        if chance.random() < 0.4:
            found[chance.choice(["password", "pin"])] = chance.choice(
                [HIDDEN, {"x": [HIDDEN, '"}']}, [[HIDDEN + '"\\']], {HIDDEN: 1}]
            )
        if kind == 4:
            return found
        return json.dumps(found)

    def hide(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.hide(one) for one in value]
        if isinstance(value, dict):
            return {k: MASK.decode() if k in ("password", "pin") else self.hide(one) for k, one in value.items()}
        if isinstance(value, str) and value.startswith('{"'):
            return json.dumps(self.hide(json.loads(value)))
        return value


class CondensedTests(SynchronousTestCase):
    """Values that have no end yet."""

    def test_ends_alike(self) -> None:
        """Wherever a value is cut, what follows ends the short form where it ends the whole one; and that is short."""
        values: list[Any] = [
            'x"y\\',
            [1, {"z": ']"}', "k": [["\\"]]}],
            {"a": {"b": '}"\\'}, "c": []},
            "é" * 500,
            [{}] * 300,
        ]
        for value in values:
            text = json.dumps(value).encode()
            for cut in range(1, len(text)):
                short = condensed(text[:cut], b'"')
                self.assertLess(len(short), 12)
                masked, _ = FIELDS.mask(b'{"pin": ' + short + text[cut:] + b', "b": 1}')
                self.assertEqual(json.loads(masked), {"pin": MASK.decode(), "b": 1}, (value, cut))


class EntriesTests(SynchronousTestCase):
    """What an operator writes."""

    def test_two_kinds(self) -> None:
        """A text names a field; one between slashes is a regular expression."""
        entries = ["user_id", r"/\b\d{4}\b/", "a/b"]
        self.assertEqual(names_in(entries), ("user_id", "a/b"))
        self.assertEqual([pattern.pattern for pattern in patterns_in(entries)], [rb"\b\d{4}\b"])
        self.assertEqual([wrong(entry) for entry in entries], ["", "", ""])

    def test_wrong(self) -> None:
        """Nothing, and an expression that is none, are told as such."""
        self.assertIn("expression", wrong("/(/"))
        self.assertIn("name of a field", wrong(""))
        self.assertIn("name of a field", wrong("//"))
