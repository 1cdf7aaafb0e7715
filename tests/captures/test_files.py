"""Captures on disk: whose they are, how long they stay, and what becomes of them when a disk is full."""

import os
import stat
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.captures import files as files_module
from ccproxy.captures.captured import read
from ccproxy.captures.files import Files, Keeping
from ccproxy.captures.masks import Masks
from ccproxy.captures.note import Note
from ccproxy.captures.shelf import kept, text_of

AGE = 100.0


class FilesTests(SynchronousTestCase):
    """A directory of captures."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()) / "captures"
        self.files = self.make(Keeping(AGE, 10**6, 10**6))

    def make(self, keeping: Keeping) -> Files:
        return Files(str(self.directory), keeping, Masks())

    def exchange(self, name: str, size: int = 10, at: float | None = None, files: Files | None = None) -> None:
        """One that is over."""
        (files or self.files).write(
            [
                Note(name, "exchange", {"id": name}),
                Note(name, "asked", {"headers": {}, "url": "/"}, b"x" * size, "asked", whole=True),
                Note(name, "over", {}, b"", "over", whole=True, last=True),
            ]
        )
        if at is not None:
            os.utime(self.directory / f"{name}.capture", (at, at))

    @property
    def ids(self) -> list[str]:
        return sorted(one.id for one in kept(self.directory))

    def test_nobody_else_may_read(self) -> None:
        """Files and their directory are their owner's alone, whatever the umask."""
        former = os.umask(0)
        self.addCleanup(os.umask, former)
        self.exchange("req_a")
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (self.directory, self.directory / "req_a.capture")]
        self.assertEqual(modes, [0o700, 0o600])

    def test_a_file_of_somebody_else(self) -> None:
        """What stands in the place of a new capture, a link above all, is neither followed nor written to."""
        self.directory.mkdir(parents=True)
        elsewhere = self.directory.parent / "elsewhere"
        elsewhere.write_bytes(b"mine")
        (self.directory / "req_a.capture").symlink_to(elsewhere)
        (self.directory / "req_b.capture").write_bytes(b"mine")
        for name in ("req_a", "req_b"):
            written = self.files.write([Note(name, "exchange", last=True)])
            self.assertEqual((written.lost, written.reason), ((name,), "File exists"))
        self.assertEqual(elsewhere.read_bytes(), b"mine")
        self.assertEqual((self.directory / "req_b.capture").read_bytes(), b"mine")

    def test_names(self) -> None:
        """Only names that exchanges have lead to a file, and only files of captures are taken for such."""
        self.exchange("req_a")
        self.assertIsNotNone(text_of(self.directory, "req_a"))
        for name in ("../captures/req_a", "/etc/passwd", "", ".", "req_b", "req_a\0", "x" * 300):
            self.assertIsNone(text_of(self.directory, name), name)
        (self.directory / "notes.txt").write_text("mine")
        (self.directory / "sub.capture").mkdir()
        (self.directory / "a b.capture").write_text("mine")
        self.assertEqual(self.ids, ["req_a"])
        self.files.forget(10**12)
        self.assertEqual(
            sorted(path.name for path in self.directory.iterdir()), ["a b.capture", "notes.txt", "sub.capture"]
        )

    def test_forgotten_by_age(self) -> None:
        """What nothing was added to since a time is deleted; what still runs is not."""
        self.exchange("req_old", at=10.0)
        self.exchange("req_new", at=30.0)
        self.files.write([Note("req_runs", "exchange")])
        os.utime(self.directory / "req_runs.capture", (5.0, 5.0))
        self.files.forget(20.0)
        self.assertEqual(self.ids, ["req_new", "req_runs"])

    def test_forgotten_by_size(self) -> None:
        """Beyond the cap the oldest go first, as soon as it is passed."""
        files = self.make(Keeping(AGE, 5000, 10**6))
        for number in range(10):
            self.exchange(f"req_{number}", 1000, at=float(number), files=files)
        left = self.ids
        self.assertEqual(left, [f"req_{number}" for number in range(10 - len(left), 10)])
        self.assertIn(len(left), (3, 4))
        self.assertLessEqual(sum(one.size for one in kept(self.directory)), 5000)

    def test_a_full_disk(self) -> None:
        """An exchange that cannot be written is told once, and costs no other; what comes of it later is not tried."""
        self.directory.parent.mkdir(parents=True)
        self.directory.write_bytes(b"no directory")
        first = self.files.write([Note("req_a", "exchange"), Note("req_b", "exchange")])
        self.assertEqual(sorted(first.lost), ["req_a", "req_b"])
        self.directory.unlink()
        second = self.files.write([Note("req_a", "told", last=True), Note("req_c", "exchange", last=True)])
        self.assertEqual((second.lost, self.ids), ((), ["req_c"]))

    def test_bodies_without_end(self) -> None:
        """What waits for its end is bounded for all together: who holds most is given up, and the others go on."""
        self.patch(files_module, "HELD_LIMIT", 1000)
        names = ("req_a", "req_b", "req_c")
        written = self.files.write(
            [Note(name, "said", {}, b"x" * size, "said") for name, size in zip(names, (500, 800, 300), strict=True)]
        )
        self.assertEqual(written.lost, ("req_b",))
        ends = [Note(name, "said", {}, b"!", "said", whole=True, last=True) for name in names]
        self.assertEqual(self.files.write(ends).lost, ())
        self.assertEqual(self.ids, ["req_a", "req_c"])
        self.assertIn(b"x" * 500 + b"!", text_of(self.directory, "req_a") or b"")

    def test_another_place(self) -> None:
        """Who runs when the place changes stays where it is."""
        self.files.write([Note("req_a", "exchange", {"id": "req_a"})])
        elsewhere = self.directory.parent / "elsewhere"
        self.files.adopt(str(elsewhere), Keeping(AGE, 10**6, 10**6), Masks())
        self.files.write([Note("req_a", "asked", {}, b"x", "asked", whole=True, last=True)])
        self.exchange_there(elsewhere)
        self.assertIsNotNone(read(text_of(self.directory, "req_a") or b""))

    def exchange_there(self, elsewhere: Path) -> None:
        self.files.write([Note("req_b", "exchange", last=True)])
        self.assertEqual([one.id for one in kept(elsewhere)], ["req_b"])

    def test_a_stream_is_masked_in_lines(self) -> None:
        """A key that comes in pieces is masked, and a line waits for its end; all else goes on at once."""
        files = Files(str(self.directory), Keeping(AGE, 10**6, 10**6), Masks(["a-key-to-hide"]))
        files.write([Note("req_a", "exchange")])
        for piece in (b"data: one a-key", b"-to-hide two\n\nda", b"ta: a-key-to-", b"hide", b"\n\n"):
            files.write([Note("req_a", "said", {"in_lines": True}, piece, "said")])
            self.assertNotIn(b"a-key", text_of(self.directory, "req_a") or b"")
        self.assertIn(b"data: one <redacted> two\n\n", text_of(self.directory, "req_a") or b"")
        files.write([Note("req_a", "said", {}, b"", "said", whole=True)])
        found = text_of(self.directory, "req_a") or b""
        self.assertIn(b"data: <redacted>\n\n", found)
        self.assertIn(b'"masked":2', found)
