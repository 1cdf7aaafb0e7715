"""`ccproxy key`: what it prints can be pasted, and lets the client in."""

import json
import os
from pathlib import Path

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.hashes import KeyHash
from ccproxy.access.keys import hash_of
from ccproxy.cli.key import key
from ccproxy.config.admission import keyring
from ccproxy.config.load import load


class KeyTests(SynchronousTestCase):
    """The command, with a configuration of the test's own."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp()).with_suffix(".json")
        self.path.write_text("{}")

    def run_key(self, *options: str, typed: str = "") -> Result:
        return CliRunner().invoke(key, [*options, "--config", str(self.path)], input=typed)

    def add(self, name: str, line: str) -> None:
        """Paste a line into the file."""
        value = json.loads(self.path.read_text())
        value.setdefault("clients", []).append({"name": name, **json.loads("{" + line + "}")})
        self.path.write_text(json.dumps(value))

    def test_new(self) -> None:
        """A new key lets in whoever has it, once the hash is in the file; the key itself is not in the output that is
        pasted."""
        result = self.run_key()
        made = result.stderr.split()[-1]
        self.assertTrue(made.startswith("ccp-"))
        self.assertNotIn(made, result.stdout)
        self.add("anna", result.stdout)
        known = keyring(load(str(self.path), {}))
        for proof in known.proofs({"x-api-key": made}):
            proof.settle(proof.run())
        self.assertEqual(known.identify({"x-api-key": made}, "203.0.113.5").name, "anna")

    def test_one_salt(self) -> None:
        """All hashes of a file have one salt; without any, and in spite of what is no hash, a new one is made."""
        self.path.write_text('{"clients": [{"name": "plain", "key": "k"}]}')
        for name in ("anna", "bert", "carl"):
            self.add(name, self.run_key().stdout)
        _, *clients = json.loads(self.path.read_text())["clients"]
        self.assertEqual(len({KeyHash.parse(client["key_hash"]).salt for client in clients}), 1)
        self.assertEqual(len({client["key_hash"] for client in clients}), 3)

    def test_given(self) -> None:
        """A key that one has is hashed, and not shown again."""
        result = self.run_key("--hash", typed="  my-own-key \n")
        self.assertNotIn("my-own-key", result.output)
        text = json.loads("{" + result.stdout + "}")["key_hash"]
        self.assertEqual(hash_of("my-own-key", KeyHash.parse(text)), KeyHash.parse(text))
        self.assertEqual(self.run_key("--hash", typed="\n").exit_code, 1)

    def test_bad_file(self) -> None:
        """A file that cannot be read is told as everywhere."""
        self.path.write_text("{")
        result = self.run_key()
        self.assertEqual(result.exit_code, os.EX_CONFIG)
        self.assertIn("line 1", result.output)
