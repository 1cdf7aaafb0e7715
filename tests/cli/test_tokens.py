"""`ccproxy tokens fetch`, without any network: what it takes from an archive, and what it says."""

import zipfile
from pathlib import Path

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.cli.main import main
from ccproxy.tokens.ranks import RANKS


class Fetch(SynchronousTestCase):
    """The command, as it is typed."""

    def setUp(self) -> None:
        self.root = Path(self.mktemp()).absolute()
        self.root.mkdir()

    def fetch(self, *arguments: str, **environ: str) -> Result:
        clean = {"CCPROXY_TOKENS_DIR": None, "HOME": str(self.root), "PIP_NO_INDEX": "1"}
        return CliRunner().invoke(main, ["tokens", "fetch", *arguments], env={**clean, **environ})

    def test_wrong_archive(self) -> None:
        """An archive without the ranks is refused, with the name of one that has them."""
        archive = self.root / "some.whl"
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("ranks", "x" * 1000)
        result = self.fetch("--from", str(archive), "--to", str(self.root / "place"))
        self.assertEqual(result.exit_code, 1)
        self.assertIn("does not hold", result.output)
        self.assertIn("llama-index-core", result.output)
        self.assertFalse((self.root / "place").exists())

    def test_missing_archive(self) -> None:
        """An archive that is not there is an error of usage."""
        result = self.fetch("--from", str(self.root / "none.whl"))
        self.assertEqual(result.exit_code, 2)
        self.assertIn("none.whl", result.output)

    def test_no_download(self) -> None:
        """Where pip cannot download, its last word is shown, and the way around it."""
        result = self.fetch("--to", str(self.root / "place"))
        self.assertEqual(result.exit_code, 1)
        self.assertIn("pip cannot download", result.output)
        self.assertIn("--from", result.output)

    def test_wrong_file_in_place(self) -> None:
        """A file that has the right size and is another one does not count as there."""
        for environ in ({}, {"CCPROXY_TOKENS_DIR": str(self.root / "named")}):
            place = Path(environ.get("CCPROXY_TOKENS_DIR", self.root / ".cache" / "ccproxy" / "tiktoken"))
            place.mkdir(parents=True)
            (place / RANKS.name).write_bytes(b"x" * RANKS.size)
            result = self.fetch(**environ)
            self.assertEqual(result.exit_code, 1, result.output)
            self.assertNotIn("already", result.output)

    def test_help(self) -> None:
        """The help says what comes, from where, and where it goes."""
        result = self.fetch("--help")
        for word in ("SHA-256", "--from", "CCPROXY_TOKENS_DIR"):
            self.assertIn(word, result.output)
