"""Keys that are in files of their own."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.keyfiles import LIMIT
from ccproxy.config.load import load
from ccproxy.config.settings import ConfigError, Settings

CONFIGURATION = """{
  "apikey": {"file": "client"},
  "providers": [
    {"name": "openai", "api_key": {"file": "keys/openai"}},
  ],
}
"""


class KeyFileTests(SynchronousTestCase):
    """A configuration with its keys beside it."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        (self.directory / "keys").mkdir(parents=True)
        (self.directory / "config.json").write_text(CONFIGURATION)
        (self.directory / "client").write_text("for-clients\n")
        (self.directory / "keys" / "openai").write_text("  sk-one\n")

    def load(self) -> Settings:
        return load(str(self.directory / "config.json"), {})

    def refusal(self) -> str:
        """Why it does not load."""
        return str(self.assertRaises(ConfigError, self.load))

    def test_read(self) -> None:
        """Each key is the text of its file, without what surrounds it; the file is read anew each time."""
        self.assertEqual(self.load().apikey.reveal(), "for-clients")
        self.assertEqual(self.load().providers[0].api_key.reveal(), "sk-one")
        (self.directory / "keys" / "openai").write_text("sk-two")
        self.assertEqual(self.load().providers[0].api_key.reveal(), "sk-two")

    def test_no_expansion(self) -> None:
        """A key may hold what would be a variable in a configuration."""
        (self.directory / "client").write_text("a${HOME}b")
        self.assertEqual(self.load().apikey.reveal(), "a${HOME}b")

    def test_missing(self) -> None:
        """A file that cannot be read is named, with the line that names it."""
        (self.directory / "keys" / "openai").unlink()
        said = self.refusal()
        self.assertIn("line 4: providers[0].api_key: the key's file ", said)
        self.assertIn('keys/openai" cannot be read: No such file or directory', said)

    def test_no_key(self) -> None:
        """What is no key is not shown, and is refused."""
        for text in ("", "one secret\ntwo", "sécret", "secret" * LIMIT):
            (self.directory / "client").write_text(text)
            said = self.refusal()
            self.assertIn("does not hold a key: expected one line of printable ASCII", said)
            self.assertNotIn("secret", said)

    def test_elsewhere(self) -> None:
        """Only where a key may stand is a file read: of any other option it is the wrong kind of value."""
        (self.directory / "config.json").write_text('{"host": {"file": "client"}}')
        self.assertIn("host: found an object", self.refusal())
