"""What a client may ask for."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.clients import Client
from ccproxy.errors import ApiError, Kind

MAY = [
    # models, routes, model, rule, whether it may
    ((), (), "m", "route default", True),
    (("gpt-*",), (), "gpt-5", "model gpt-5", True),
    (("gpt-*",), (), "o3", "route default", False),
    (("gpt-?",), (), "gpt-5", "model gpt-5", True),
    (("gpt-?",), (), "gpt-50", "model gpt-50", False),
    (("GPT-*",), (), "gpt-5", "model gpt-5", False),
    ((), ("default", "think*"), "m", "route default", True),
    ((), ("default", "think*"), "m", "route thinking", True),
    ((), ("default",), "m", "route background", False),
    ((), ("default",), "m", "model m", False),
    ((), ("default",), "m", "provider p", False),
    (("m",), ("default",), "m", "route default", True),
    (("m",), ("default",), "n", "route default", False),
]


class ClientTests(SynchronousTestCase):
    """The table above."""

    def test_check(self) -> None:
        """Both lists must permit it; an empty one permits all. What a client names itself is no route."""
        for models, routes, model, rule, expected in MAY:
            client = Client("anna", models, routes)
            if expected:
                client.check(model, rule)
                continue
            with self.assertRaises(ApiError, msg=(models, routes, model, rule)) as caught:
                client.check(model, rule)
            self.assertIs(caught.exception.kind, Kind.FORBIDDEN)
            self.assertIn("'anna'", caught.exception.message)
