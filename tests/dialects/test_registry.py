"""The dialects side by side."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.registry import DIALECTS
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import Request, Role, Text, Turn
from ccproxy.providers.catalogue import names, vendor


class RegistryTests(SynchronousTestCase):
    """What holds for every dialect."""

    def test_names(self) -> None:
        """Every dialect stands under its own name, and Claude Code's is among them."""
        self.assertIn("anthropic", DIALECTS)
        for name, dialect in DIALECTS.items():
            self.assertEqual(dialect.name, name)

    def test_catalogue(self) -> None:
        """Every endpoint in the catalogue speaks a dialect that we know."""
        for name in names():
            row = vendor(name)
            assert row is not None
            self.assertEqual(set(row.endpoints) - set(DIALECTS), set(), name)

    def test_errors(self) -> None:
        """Every dialect tells every kind of error, before a stream and within it."""
        for dialect in DIALECTS.values():
            for kind in Kind:
                error = ApiError(kind, "Something told")
                self.assertIn(b"Something told", dialect.render_error(error, "req_1").body)
                self.assertIn(b"Something told", dialect.error_frame(error, "req_1"))
                self.assertGreaterEqual(dialect.render_error(error, "req_1").status, 400)

    def test_simplest_request(self) -> None:
        """Every dialect can ask an upstream the simplest question."""
        for dialect in DIALECTS.values():
            outgoing = dialect.render_request(Request("m", (Turn(Role.USER, (Text("Hello there"),)),)), Quirks())
            self.assertIn(b"Hello there", outgoing.body)
            self.assertTrue(outgoing.path.startswith("/"), outgoing.path)
