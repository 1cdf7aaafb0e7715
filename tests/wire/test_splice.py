"""One value of a JSON object replaced, and no other byte."""

import json
import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.wire.splice import NoSuchKey, member, put, splice

values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["model", "a", '"', "\\", "{"]), inner, max_size=3)
    ),
    max_leaves=6,
)
members = st.lists(st.tuples(st.sampled_from(["model", "x", "mode\\l", 'm"', "modelé"]), values), max_size=6)
spaces = st.text(alphabet=" \t\r\n", max_size=3)


@st.composite
def objects(draw: st.DrawFn) -> bytes:
    """JSON objects with the key at least once, duplicates, any whitespace, and escapes where they may be."""
    pairs = [*draw(members), ("model", draw(values)), *draw(members)]

    def word(value: Any) -> str:
        written = json.dumps(value, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 2])))
        return draw(spaces) + written + draw(spaces)

    def name(key: str) -> str:
        if key == "model" and draw(st.booleans()):
            return '"\\u006dod\\u0065l"'
        return word(key)

    return ("{" + ",".join(f"{name(key)}:{word(value)}" for key, value in pairs) + "}" + draw(spaces)).encode()


class SpliceTests(SynchronousTestCase):
    """What passes through is what came, but for one value."""

    @settings(derandomize=True, max_examples=200, deadline=None)
    @given(objects(), st.text(max_size=8))
    def test_any_object(self, body: bytes, value: str) -> None:
        """The result reads as the same object with another value, wherever the key stands, and however often."""
        spliced = splice(body, "model", json.dumps(value).encode())
        self.assertEqual(
            json.loads(spliced, object_pairs_hook=list),
            [(k, value if k == "model" else v) for k, v in json.loads(body, object_pairs_hook=list)],
        )

    def test_bytes_stay(self) -> None:
        """Spaces, escapes and the spelling of numbers stay as they were."""
        body = b'{ "a" : [1.50, "\\u00e9", {"model": "mine"}] ,\n"model" :  "old"  ,"b":1e3}'
        self.assertEqual(splice(body, "model", b'"new"'), body.replace(b'"old"', b'"new"'))

    def test_byte_order_mark(self) -> None:
        """A byte order mark is no obstacle."""
        self.assertEqual(splice(b'\xef\xbb\xbf{"model":1}', "model", b"2"), b'\xef\xbb\xbf{"model":2}')

    def test_absent(self) -> None:
        """A key that is only deeper inside, or nowhere, is an error."""
        for body in (b"{}", b'{"a":{"model":1}}', b"[]", b"", b'{"a"', b'{"model"', b'{"model":', b'"model"'):
            self.assertRaises(NoSuchKey, splice, body, "model", b"1")

    def test_large_body(self) -> None:
        """A megabyte is spliced in the blink of an eye, also where the key comes last."""
        text = json.dumps({"messages": [{"role": "user", "content": 'say "hi"\n' * 20}] * 5000})
        started = time.perf_counter()
        for body in ('{"model":"a",' + text[1:], text[:-1] + ',"model":"a"}'):
            self.assertIn(b'"model":"b"', splice(body.encode(), "model", b'"b"'))
        self.assertLess(time.perf_counter() - started, 2)


class MemberTests(SynchronousTestCase):
    """One value read where it stands, and put where there is none."""

    @settings(deadline=None, derandomize=True)
    @given(objects())
    def test_as_a_reader_sees_it(self, body: bytes) -> None:
        """The value found is the one that readers of JSON find."""
        found = member(body, "model")
        assert found is not None
        self.assertEqual(json.loads(found), json.loads(body)["model"])
        self.assertIsNone(member(body, "temperature"))

    @settings(deadline=None, derandomize=True)
    @given(objects())
    def test_put(self, body: bytes) -> None:
        """What is put is there afterwards, whether it was before or not, and all else is as it was."""
        for key in ("model", "temperature"):
            self.assertEqual(json.loads(put(body, key, b"[1]")), {**json.loads(body), key: [1]})

    def test_put_into_nothing(self) -> None:
        """An empty object gets its first member; what is no object is refused."""
        self.assertEqual(put(b" { } ", "a", b"1"), b' {"a":1 } ')
        self.assertEqual(put(b"\xef\xbb\xbf{}", "a", b"1"), b'\xef\xbb\xbf{"a":1}')
        self.assertRaises(NoSuchKey, put, b"[]", "a", b"1")
