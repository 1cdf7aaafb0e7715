"""Files that are written whole."""

import os
import resource
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.wholefiles import beside, write_whole


class WholeTests(SynchronousTestCase):
    """A directory, and a file in it."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.path = self.directory / "config.yaml"

    def there(self) -> list[str]:
        """What the directory has in it."""
        return sorted(path.name for path in self.directory.iterdir())

    def mode(self, path: Path) -> int:
        return path.stat().st_mode & 0o777

    def test_new(self) -> None:
        """A new file is its owner's alone, as is a directory that is made for it, unless it is said otherwise."""
        write_whole(self.path, "é\r\n")
        self.assertEqual((self.path.read_bytes(), self.there()), ("é\r\n".encode(), ["config.yaml"]))
        self.assertEqual((self.mode(self.path), self.mode(self.directory)), (0o600, 0o700))
        write_whole(self.directory / "open", "x", new=0o644)
        self.assertEqual(self.mode(self.directory / "open"), 0o644)

    def test_permissions(self) -> None:
        """A file that is there keeps its permissions, or those of them that it may."""
        self.directory.mkdir()
        self.path.touch()
        for mode, kept, expected in ((0o644, 0o777, 0o644), (0o664, 0o770, 0o660), (0o644, 0o600, 0o600)):
            self.path.chmod(mode)
            write_whole(self.path, "x", kept=kept)
            self.assertEqual(self.mode(self.path), expected)

    def test_owner(self) -> None:
        """A file keeps its owner and its group."""
        if os.geteuid():
            return  # Only root can make such a file, and only root needs this.
        write_whole(self.path, "x")
        os.chown(self.path, 12345, 54321)
        write_whole(self.path, "y")
        found = self.path.stat()
        self.assertEqual((found.st_uid, found.st_gid, self.mode(self.path)), (12345, 54321, 0o600))

    def test_link(self) -> None:
        """A link stays a link, wherever it leads, be it to a file that is not there yet."""
        real = self.directory / "elsewhere" / "real.yaml"
        self.directory.mkdir()
        self.path.symlink_to(Path("elsewhere", "real.yaml"))
        for text in ("first", "second"):
            write_whole(self.path, text)
            self.assertEqual((self.path.is_symlink(), real.is_symlink(), real.read_text()), (True, False, text))
        self.assertEqual([path.name for path in real.parent.iterdir()], ["real.yaml"])

    def test_full_disk(self) -> None:
        """What cannot be written leaves the old file, and nothing beside it."""
        write_whole(self.path, "old")
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        try:
            self.assertRaises(OSError, write_whole, self.path, "new" * 100)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        self.assertEqual((self.path.read_text(), self.there()), ("old", ["config.yaml"]))

    def test_beside(self) -> None:
        """What is written beside has the file's ending, and is gone if it does not take its place."""
        write_whole(self.path, "old")
        with beside(self.path, b"new") as written:
            self.assertEqual((written.parent, written.suffix), (self.directory, ".yaml"))
            self.assertEqual((written.read_text(), self.path.read_text()), ("new", "old"))
        self.assertEqual((self.path.read_text(), self.there()), ("old", ["config.yaml"]))
        with beside(self.path, b"new") as written:
            written.replace(self.path)
        self.assertEqual((self.path.read_text(), self.there()), ("new", ["config.yaml"]))

    def test_no_plain_file(self) -> None:
        """What is no plain file, such as /dev/stdout, is written to and stays what it is."""
        self.directory.mkdir()
        os.mkfifo(self.path)
        reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        write_whole(self.path, "told")
        self.assertEqual((os.read(reader, 10), self.path.is_fifo()), (b"told", True))
        reads, writes = os.pipe()
        write_whole(Path(f"/dev/fd/{writes}"), "piped")
        os.close(writes)
        self.addCleanup(os.close, reads)
        self.assertEqual(os.read(reads, 10), b"piped")
