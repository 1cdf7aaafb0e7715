"""What stays behind where an upstream of this dialect is not Anthropic."""

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.anthropic.requests import verbatim
from ccproxy.dialects.anthropic.tailoring import FIELDS
from ccproxy.dialects.quirks import Quirks
from ccproxy.providers.provider import Provider

FIRST_PARTY = Provider.of("anthropic").target("claude-sonnet-5").quirks
DEEPSEEK = Provider.of("deepseek", dialect="anthropic").target("deepseek-v4-pro").quirks
FOUNDRY = Provider.of("azure", base_url="https://x.services.ai.azure.com/anthropic", dialect="anthropic")
RELAY = Provider.of("relay", base_url="https://relay.example.com", dialect="anthropic").target("any").quirks
BETAS = "claude-code-20250219,oauth-2025-04-20,context-management-2025-06-27,prompt-caching-scope-2026-01-05"
LINE = "x-anthropic-billing-header: cc_version=2.1.300; cc_entrypoint=cli; cch=abcde;"
MARK = {"type": "ephemeral", "scope": "global"}


def body(**fields: Any) -> bytes:
    """A request with all that goes with the flags."""
    value = {
        "model": "m",
        "max_tokens": 1.50,
        "system": [{"type": "text", "text": LINE}, {"type": "text", "text": "Be brief.", "cache_control": MARK}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi", "cache_control": MARK}]}],
        "context_management": {"edits": []},
        **fields,
    }
    return json.dumps(value).encode()


class BetaTests(SynchronousTestCase):
    """Flags and what goes with them."""

    def test_first_party(self) -> None:
        """Anthropic gets flags and body to the byte, known or not; so does a service that the catalogue does not
        know."""
        data = body(novelty=1)
        for quirks in (FIRST_PARTY, RELAY, Quirks(vendor="anthropic", model="claude-x")):
            outgoing = verbatim({"anthropic-beta": BETAS + ", new-2027-01-01"}, data, quirks)
            self.assertIs(outgoing.body, data)
            self.assertEqual(outgoing.headers["anthropic-beta"], BETAS + ", new-2027-01-01")
            self.assertEqual(outgoing.losses, ())

    def test_own_models(self) -> None:
        """A vendor of its own models gets no flag, and none of the fields that go with them; what goes with no flag
        stays. All of it is named."""
        outgoing = verbatim({"anthropic-beta": BETAS}, body(thinking={"type": "adaptive"}), DEEPSEEK)
        self.assertNotIn("anthropic-beta", outgoing.headers)
        sent = json.loads(outgoing.body)
        self.assertNotIn("context_management", sent)
        self.assertEqual(sent["messages"][0]["content"][0]["cache_control"], {"type": "ephemeral"})
        self.assertEqual(
            sent["system"], [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
        )
        self.assertEqual(sent["thinking"], {"type": "adaptive"})
        self.assertIn("beta context-management-2025-06-27", outgoing.losses)
        self.assertIn("context_management", outgoing.losses)

    def test_partner(self) -> None:
        """Who serves Claude gets the flags that it takes, with their fields, and not the others."""
        outgoing = verbatim({"anthropic-beta": BETAS}, body(), FOUNDRY.target("claude-sonnet-5").quirks)
        self.assertEqual(outgoing.headers["anthropic-beta"], "claude-code-20250219,context-management-2025-06-27")
        sent = json.loads(outgoing.body)
        self.assertIn("context_management", sent)
        self.assertNotIn("scope", json.dumps(sent))
        self.assertEqual(sent["system"][0]["text"], LINE)

    def test_no_flags(self) -> None:
        """Without a refused flag the body is not written anew."""
        data = body(system="Be brief.")
        self.assertIs(verbatim({}, data, DEEPSEEK).body, data)

    def test_fields(self) -> None:
        """Each field of the table goes with its flag, wherever it stands, and only with it."""
        values: dict[str, Any] = {
            "tools.*.": {"tools": [{"name": "a", "X": 1}, {"name": "b"}]},
            "messages.*.": {"messages": [{"role": "user", "content": "x", "X": 1}]},
            "output_config.": {"output_config": {"X": 1}},
            "thinking.": {"thinking": {"type": "adaptive", "X": 1}},
            "cache_control.": {"cache_control": {"type": "ephemeral", "X": 1}},
            "*.cache_control.": {"tools": [{"name": "a", "cache_control": {"type": "ephemeral", "X": 1}}]},
            "": {"X": 1},
        }
        for pattern, paths in FIELDS:
            flag = pattern.replace("*", "2026-01-01")
            for path in paths:
                prefix, _, name = path.rpartition(".")
                shape = values[f"{prefix}." if prefix else ""]
                data = json.dumps({"model": "m", **shape}).replace('"X"', f'"{name}"').encode()
                sent = verbatim({"anthropic-beta": flag}, data, DEEPSEEK).body
                self.assertNotIn(f'"{name}"'.encode(), sent, path)
                self.assertEqual(verbatim({"anthropic-beta": "other-2026-01-01"}, data, DEEPSEEK).body, data)


class AttributionTests(SynchronousTestCase):
    """The line that attributes the prompt."""

    def test_removed(self) -> None:
        """A model that is no Claude does not see it: as a block, as the first line of one, or of a plain prompt."""
        for system, left in (
            ([{"type": "text", "text": LINE}, {"type": "text", "text": "B"}], [{"type": "text", "text": "B"}]),
            ([{"type": "text", "text": f"{LINE}\nA"}], [{"type": "text", "text": "A"}]),
            (f"{LINE}\n\nA", "A"),
        ):
            data = json.dumps({"model": "m", "system": system, "max_tokens": 1.50}).encode()
            sent = verbatim({}, data, DEEPSEEK).body
            self.assertEqual(json.loads(sent)["system"], left)
            self.assertIn(b"1.5", sent)

    def test_kept(self) -> None:
        """Anthropic and Claude elsewhere get it in its place."""
        data = body()
        for quirks in (FIRST_PARTY, FOUNDRY.target("claude-sonnet-5").quirks, RELAY):
            self.assertIs(verbatim({}, data, quirks).body, data)
