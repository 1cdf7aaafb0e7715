"""What pictures, documents and sounds cost."""

import base64

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.model.messages import Inline, Media, Medium, Remote, Stored
from ccproxy.tokens import media
from tests.tokens.test_pictures import jpeg, png


def inline(medium: Medium, data: bytes) -> int:
    """The tokens of this file in a request."""
    return media.tokens(Media(medium, Inline("any/type", base64.b64encode(data).decode())))


class Pictures(SynchronousTestCase):
    """By their size in pixels."""

    def test_formula(self) -> None:
        """A picture costs its pixels by 750; one to which Anthropic's documentation gives 1590 tokens is told so."""
        self.assertEqual(inline(Medium.IMAGE, png(1092, 1092)), 1590)
        self.assertEqual(inline(Medium.IMAGE, jpeg(200, 200)), 54)

    def test_scaled(self) -> None:
        """A large picture is scaled down first, so that a photograph does not cost sixteen thousand tokens."""
        self.assertEqual(inline(Medium.IMAGE, png(4000, 3000)), media.DEAREST_PICTURE)
        self.assertLess(inline(Medium.IMAGE, png(8000, 200)), 8000 * 200 / 750)

    def test_unknown(self) -> None:
        """A picture that we cannot see costs what a usual one does."""
        self.assertEqual(inline(Medium.IMAGE, b"<svg/>"), media.UNKNOWN_PICTURE)
        self.assertEqual(media.tokens(Media(Medium.IMAGE, Remote("http://x/y.png"))), media.UNKNOWN_PICTURE)
        self.assertEqual(media.tokens(Media(Medium.IMAGE, Inline("image/png", "no base64 \u20ac"))), 1600)

    def test_first_bytes_suffice(self) -> None:
        """The size is read from the beginning: a broken end of the file changes nothing."""
        data = base64.b64encode(png(1092, 1092)).decode() + "A" * media.HEAD + "!"
        self.assertEqual(media.tokens(Media(Medium.IMAGE, Inline("image/png", data))), 1590)


class Documents(SynchronousTestCase):
    """By their pages."""

    def test_pages_in_sight(self) -> None:
        """Each page object is a page, and the tree that holds them is none."""
        pdf = b"%PDF-1.4 <</Type /Pages /Kids []>> " + b"<</Type /Page>> <</Type/Page/Parent 1>>" * 2
        self.assertEqual(inline(Medium.DOCUMENT, pdf), 4 * media.PAGE)

    def test_counted_in_the_tree(self) -> None:
        """Where pages are compressed, the tree may still tell their number."""
        self.assertEqual(inline(Medium.DOCUMENT, b"%PDF-1.7 <</Type/Pages/Count 12>>"), 12 * media.PAGE)

    def test_by_size(self) -> None:
        """Where nothing is in sight, the size tells."""
        self.assertEqual(inline(Medium.DOCUMENT, b"%PDF-1.7" + bytes(4 * media.PAGE_BYTES)), 5 * media.PAGE)
        self.assertEqual(inline(Medium.DOCUMENT, b""), media.PAGE)

    def test_bookmarks(self) -> None:
        """A count that no request may have is not believed."""
        self.assertEqual(inline(Medium.DOCUMENT, b"<</Count 99999>>"), media.MOST_PAGES * media.PAGE)

    def test_unseen(self) -> None:
        """A document that only the vendor has costs what several pages do."""
        for source in (Remote("http://x/y.pdf"), Stored("file_1")):
            self.assertEqual(media.tokens(Media(Medium.DOCUMENT, source)), media.UNKNOWN_DOCUMENT)


class Sounds(SynchronousTestCase):
    """By their length."""

    def test_minute(self) -> None:
        """A minute at 128 kbit/s is 600 tokens."""
        self.assertEqual(inline(Medium.AUDIO, bytes(960_000)), 600)
