"""Changing a configuration file: what is changed, and that all else is not."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.draft import Draft
from ccproxy.config.jsonfile import read_json

JSON = """\
// head
{
  // the port
  "port": 1, // here
  "providers": [
    // first
    {"name": "a", "models": ["x"]}, // a
    {
      "name": "b", // b
      "enabled": true,
    }
    // end
  ],
}
"""

YAML = """\
# head
port: 1  # here
providers:
  # first
  - name: a
    models: [x]
  - name: b
# about routes
routes:
  default: {provider: a}  # a
"""


class JsonDrafts(SynchronousTestCase):
    """JSON with comments, which all stay."""

    def draft(self, text: str = JSON) -> Draft:
        return Draft(text, "config.json")

    def comments(self, text: str) -> list[str]:
        return [line[line.index("//") :] for line in text.split("\n") if "//" in line]

    def test_append(self) -> None:
        """A new element comes last, behind the comments that were there."""
        draft = self.draft()
        draft.append(("providers",), {"name": "c", "models": ["y"]})
        self.assertEqual([one["name"] for one in draft.value["providers"]], ["a", "b", "c"])
        self.assertEqual(self.comments(draft.text), self.comments(JSON))
        self.assertLess(draft.text.index("// end"), draft.text.index('"c"'))

    def test_put(self) -> None:
        """A value is replaced where it stands; a new key comes last."""
        draft = self.draft()
        draft.put(("providers", 0), "models", ["z"])
        draft.put(("providers", 0), "enabled", False)
        draft.put(("providers", 1), "enabled", False)
        draft.put((), "log", False)
        expected = JSON.replace('["x"]', '["z"], "enabled": false').replace("true", "false")
        expected = expected.replace("  ],\n}", '  ],\n  "log": false,\n}')
        self.assertEqual(draft.text, expected)

    def test_remove(self) -> None:
        """An element goes with its comma; the comments around it stay."""
        draft = self.draft()
        draft.remove(("providers", 1))
        draft.remove(("providers", 0))
        self.assertEqual(draft.value, {"port": 1, "providers": []})
        # What is within an element goes with it.
        self.assertEqual(self.comments(draft.text), [one for one in self.comments(JSON) if one != "// b"])
        draft.append(("providers",), {"name": "c"})
        self.assertEqual(draft.value["providers"], [{"name": "c"}])

    def test_empty(self) -> None:
        """A file with nothing in it yet."""
        draft = self.draft("{}")
        draft.put((), "providers", [])
        draft.append(("providers",), {"name": "a"})
        self.assertEqual(draft.value, {"providers": [{"name": "a"}]})

    def test_line_ends(self) -> None:
        """A file of Windows stays one."""
        draft = self.draft(JSON.replace("\n", "\r\n"))
        draft.append(("providers",), {"name": "c"})
        self.assertEqual(draft.text.count("\n"), draft.text.count("\r\n"))

    @settings(max_examples=200, deadline=None)
    @given(st.data())
    def test_any_change(self, data: Any) -> None:
        """Whatever is changed in whatever layout, the draft says what was meant, and reads as it is written."""
        values = st.recursive(
            st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            max_leaves=5,
        )
        objects = st.dictionaries(st.text("abc", min_size=1, max_size=2), values, max_size=3)
        elements = data.draw(st.lists(objects, max_size=4))
        indent = data.draw(st.sampled_from([None, 1, 2, "\t"]))
        draft = self.draft(json.dumps({"providers": elements}, indent=indent))
        for _ in range(data.draw(st.integers(1, 5))):
            choice = data.draw(st.sampled_from(["append", "put", "remove"] if elements else ["append"]))
            if choice == "append":
                value = data.draw(objects)
                elements.append(value)
                draft.append(("providers",), value)
                continue
            index = data.draw(st.integers(0, len(elements) - 1))
            if choice == "remove":
                del elements[index]
                draft.remove(("providers", index))
            else:
                key, part = data.draw(st.text("abc", min_size=1, max_size=2)), data.draw(values)
                elements[index][key] = part
                draft.put(("providers", index), key, part)
        self.assertEqual(draft.value, {"providers": elements})
        self.assertEqual(read_json(draft.text, "config.json").value, {"providers": elements})


class YamlDrafts(SynchronousTestCase):
    """YAML, of which only the changed section loses its comments."""

    def test_change(self) -> None:
        """All changes are made, and the other sections are as they were."""
        draft = Draft(YAML, "config.yaml")
        draft.append(("providers",), {"name": "c"})
        draft.put(("providers", 0), "enabled", False)
        draft.remove(("providers", 1))
        names = [(one["name"], one.get("enabled")) for one in draft.value["providers"]]
        self.assertEqual(names, [("a", False), ("c", None)])
        for kept in ("# head\nport: 1  # here\n", "# about routes\nroutes:\n  default: {provider: a}  # a\n"):
            self.assertIn(kept, draft.text)

    def test_new_section(self) -> None:
        """A section that was not there comes last."""
        draft = Draft("port: 1", "config.yml")
        draft.put((), "providers", [{"name": "a"}])
        self.assertEqual(draft.value, {"port": 1, "providers": [{"name": "a"}]})
        self.assertTrue(draft.text.startswith("port: 1\nproviders:\n"))
