"""Finding and checking tiktoken's ranks, and counting by them."""

import os
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from ccproxy.tokens.ranks import RANKS, SLICE, NoRanks, Pinned, find, load, own_directory

SMALL = Pinned("small", 5, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
"""A file that says `hello`."""


class Pins(SynchronousTestCase):
    """A file known to the byte."""

    def test_matches(self) -> None:
        """Only these very bytes do."""
        self.assertTrue(SMALL.matches(b"hello"))
        self.assertFalse(SMALL.matches(b"hallo"))
        self.assertFalse(SMALL.matches(b"hello, world"))


class Places(SynchronousTestCase):
    """Where ranks are looked for."""

    def setUp(self) -> None:
        self.root = Path(self.mktemp())
        self.named, self.home, self.system = (self.root / name for name in ("named", "home", "system"))
        self.cache = self.home / ".cache" / "ccproxy" / "tiktoken"
        for place in (self.named, self.cache, self.system):
            place.mkdir(parents=True)

    def found(self, **environ: str) -> Path | None:
        return find(environ, self.home, self.system, SMALL)

    def test_order(self) -> None:
        """The user's own come before the system's, and none are found where none are."""
        self.assertIsNone(self.found())
        (self.system / "small").write_bytes(b"hello")
        self.assertEqual(self.found(), self.system)
        (self.cache / "small").write_bytes(b"hello")
        self.assertEqual(self.found(), self.cache)

    def test_named(self) -> None:
        """A directory that the environment names is the only one looked at: naming an empty one turns tiktoken off."""
        (self.system / "small").write_bytes(b"hello")
        self.assertIsNone(self.found(CCPROXY_TOKENS_DIR=str(self.named)))
        (self.named / "small").write_bytes(b"hello")
        self.assertEqual(self.found(CCPROXY_TOKENS_DIR=str(self.named)), self.named)

    def test_wrong_size(self) -> None:
        """A file that was cut short is not there."""
        (self.cache / "small").write_bytes(b"hell")
        self.assertIsNone(self.found())

    def test_own_directory(self) -> None:
        """What is fetched goes where it is looked for first."""
        self.assertEqual(own_directory({}, self.home), self.cache)
        self.assertEqual(own_directory({"CCPROXY_TOKENS_DIR": "/elsewhere"}, self.home), Path("/elsewhere"))


class Loading(SynchronousTestCase):
    """What is refused before tiktoken sees it."""

    def test_missing(self) -> None:
        """The error says what to do."""
        error = self.assertRaises(NoRanks, load, Path(self.mktemp()))
        self.assertIn("ccproxy tokens fetch", str(error))

    def test_wrong_bytes(self) -> None:
        """A file of the right name and size with other contents is refused: tiktoken would fetch it anew, from the
        network."""
        directory = Path(self.mktemp())
        directory.mkdir()
        (directory / RANKS.name).write_bytes(b"x" * RANKS.size)
        self.assertEqual(find({"CCPROXY_TOKENS_DIR": str(directory)}, directory), directory)
        error = self.assertRaises(NoRanks, load, directory)
        self.assertIn("delete it", str(error))


class Counting(SynchronousTestCase):
    """Counting with the true ranks, where this machine has them."""

    def setUp(self) -> None:
        directory = find(os.environ, Path.home())
        if directory is None:
            raise SkipTest("tiktoken's ranks are not provisioned: `ccproxy tokens fetch`")
        self.before = os.environ.get("TIKTOKEN_CACHE_DIR")
        self.measure = load(directory)

    def test_texts(self) -> None:
        """Known counts; what looks like a special token is text, and a lone surrogate is no error."""
        self.assertEqual(self.measure(""), 0)
        self.assertEqual(self.measure("hello world"), 2)
        self.assertGreater(self.measure("<|endoftext|>"), 1)
        self.assertGreater(self.measure("\ud800"), 0)

    def test_a_million_blanks(self) -> None:
        """They are counted, though tiktoken panics on them in one piece."""
        self.assertGreater(self.measure(" " * 1_000_000), 1000)

    def test_slices(self) -> None:
        """Cutting a long text costs two tokens a cut at most."""
        sentence = "All the king's horses and all the king's men."
        text = (sentence + "\n") * 2500
        whole = 2500 * self.measure(sentence + "\n")
        self.assertLessEqual(abs(self.measure(text) - whole), 2 * len(text) / SLICE)

    def test_environment_is_left_alone(self) -> None:
        """The variable by which tiktoken is told its cache is as before when the ranks are loaded."""
        self.assertEqual(os.environ.get("TIKTOKEN_CACHE_DIR"), self.before)
