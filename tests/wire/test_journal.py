"""Entries of systemd's journal."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.wire.journal import LIMIT, entry, field_name


class JournalTests(SynchronousTestCase):
    """The journal's own form."""

    def test_simple(self) -> None:
        """A value of one line is written behind its name."""
        self.assertEqual(entry({"MESSAGE": "a=b é", "PRIORITY": "6"}), "MESSAGE=a=b é\nPRIORITY=6\n".encode())

    def test_lines(self) -> None:
        """A value of several lines is told with its length, so that none of them passes for a field."""
        expected = b"MESSAGE\n" + (7).to_bytes(8, "little") + b"one\ntwo\n"
        self.assertEqual(entry({"MESSAGE": "one\ntwo"}), expected)

    def test_limits(self) -> None:
        """What is too long is cut; half a character is no reason to fail."""
        self.assertEqual(len(entry({"M": "x" * 10 * LIMIT})), LIMIT + 3)
        self.assertEqual(entry({"M": "\ud800"}), b"M=?\n")

    def test_names(self) -> None:
        """A name is what the journal takes."""
        self.assertEqual(field_name("first_content"), "FIRST_CONTENT")
        self.assertEqual(field_name("_x-ü y"), "X___Y")
