"""Taking tiktoken's ranks out of archives."""

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.tokens.archives import take
from ccproxy.tokens.ranks import NoRanks, Pinned

WANTED = Pinned("ranks", 5, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
"""A file that says `hello`."""


class Taking(SynchronousTestCase):
    """From whatever archive, the right bytes and no others."""

    def setUp(self) -> None:
        self.root = Path(self.mktemp())
        self.root.mkdir()
        self.archive = self.root / "archive"
        self.directory = self.root / "new" / "place"

    def zipped(self, **members: bytes) -> None:
        with zipfile.ZipFile(self.archive, "w", zipfile.ZIP_DEFLATED) as file:
            for name, data in members.items():
                file.writestr(f"package/{name}", data)

    def tarred(self, **members: bytes) -> None:
        with tarfile.open(self.archive, "w:gz") as file:
            folder = tarfile.TarInfo("package")
            folder.type = tarfile.DIRTYPE
            file.addfile(folder)
            for name, data in members.items():
                info = tarfile.TarInfo(f"package/{name}")
                info.size = len(data)
                file.addfile(info, io.BytesIO(data))

    def assert_taken(self) -> None:
        path = take(self.archive, self.directory, WANTED)
        self.assertEqual(path, self.directory / "ranks")
        self.assertEqual(path.read_bytes(), b"hello")
        self.assertEqual(path.stat().st_mode & 0o777, 0o644)
        self.assertEqual([entry.name for entry in self.directory.iterdir()], ["ranks"])

    def refusal(self) -> str:
        error = self.assertRaises(NoRanks, take, self.archive, self.directory, WANTED)
        self.assertFalse(self.directory.exists())
        return str(error)

    def test_zip(self) -> None:
        """A wheel is a zip; the file is found under any name, beside others of its size."""
        self.zipped(first=b"hallo", other=b"x" * 100, some_name=b"hello")
        self.assert_taken()

    def test_tar(self) -> None:
        """What another registry gives is a compressed tar."""
        self.tarred(first=b"hallo", some_name=b"hello")
        self.assert_taken()

    def test_replaces(self) -> None:
        """A wrong file in its place is replaced."""
        self.directory.mkdir(parents=True)
        (self.directory / "ranks").write_bytes(b"hallo")
        self.zipped(some_name=b"hello")
        self.assert_taken()

    def test_not_in_it(self) -> None:
        """An archive with other bytes of the same size and name gives nothing."""
        self.zipped(ranks=b"hallo")
        self.assertIn("does not hold", self.refusal())

    def test_no_archive(self) -> None:
        """What is no archive, or a broken one, is told to be."""
        whole = b"".join(bytes([n % 251]) * 97 for n in range(400))
        self.tarred(some_name=whole)
        cut = self.archive.read_bytes()[:200]
        for data in (b"", b"nothing", gzip.compress(b"nothing"), cut):
            self.archive.write_bytes(data)
            self.assertIn(str(self.archive), self.refusal())

    def test_broken_member(self) -> None:
        """A member whose bytes were changed on the way is not taken."""
        self.zipped(some_name=b"hello")
        data = self.archive.read_bytes()
        self.archive.write_bytes(data[:47] + bytes([data[47] ^ 0xFF]) + data[48:])
        self.assertIn(str(self.archive), self.refusal())

    def test_missing(self) -> None:
        """An archive that is not there is told with the reason."""
        self.assertIn("No such file", self.refusal())
