"""A provider's options, as they go over HTTP: what is shown of them, what is taken, and where its key goes."""

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.settings import ProviderKey, ProviderSettings
from ccproxy.errors import ApiError, Kind
from ccproxy.secret import Secret
from ccproxy.web.options import changes, given, keep_the_key_at_home, shown

KEY = "sk-the-key-that-nobody-sees-1234"
PRESENT = ProviderSettings(
    "mine",
    "http://127.0.0.1:9/v1",
    ProviderKey(Secret(KEY)),
    (ProviderKey(Secret(KEY + "5")),),
    models=("a", "b"),
    dialect="openai_chat",
)


def body(**options: Any) -> bytes:
    """These options as a client sends them."""
    return json.dumps(options).encode()


class Options(SynchronousTestCase):
    """One provider's."""

    def refusal(self, **options: Any) -> str:
        """Why these are not taken."""
        error = self.assertRaises(ApiError, given, body(**options))
        self.assertIs(error.kind, Kind.INVALID)
        return error.message

    def test_shown(self) -> None:
        """All but the corrections, which may hold keys in headers; keys are masked."""
        seen = shown(PRESENT)
        self.assertEqual((seen["name"], seen["models"], seen["enabled"]), ("mine", ["a", "b"], True))
        self.assertEqual((seen["api_key"], seen["api_keys"]), ("sk-…1234", ["sk-…2345"]))
        self.assertNotIn("quirks", seen)
        self.assertNotIn(KEY, json.dumps(seen))

    def test_names(self) -> None:
        """Options have the names of the configuration file, or those with humps; what is none is told."""
        self.assertEqual(given(body(apiBaseUrl="u", api_key="k")), {"api_base_url": "u", "api_key": "k"})
        self.assertIn('did you mean "api_key"', self.refusal(api_kye="x"))

    def test_file_alone(self) -> None:
        """Variables, commands and files are for the file."""
        self.assertIn("without ${...}", self.refusal(models=["${HOME}"]))
        for name, value in (("api_key", {"command": "id"}), ("api_keys", [{"file": "/etc/passwd"}])):
            self.assertIn("commands and files", self.refusal(**{name: value}))

    def test_sent_back(self) -> None:
        """What was shown of a key and comes back is no new key; anything else is."""
        seen = shown(PRESENT)
        self.assertEqual(changes(PRESENT, body(**{name: seen[name] for name in ("api_key", "api_keys")})), {})
        self.assertEqual(
            changes(PRESENT, body(api_key="sk-new", models=["a", "b"])), {"api_key": "sk-new", "models": ["a", "b"]}
        )

    def test_stays_at_home(self) -> None:
        """A key that is there goes to no other host, by whatever option that is changed, unless all keys come along."""
        for options in (
            {"api_base_url": "http://203.0.113.5/v1"},
            {"api_base_url": "https://127.0.0.1:9/v1"},
            {"api_base_url": "http://127.0.0.1:10/v1"},
            {"api_base_url": "http://127.0.0.1:10/v1", "api_key": "k"},
            {"api_base_url": "", "name": "openai", "dialect": ""},
        ):
            self.assertRaises(ApiError, keep_the_key_at_home, PRESENT, options)
        for options in (
            {"api_base_url": "http://127.0.0.1:9/v2"},
            {"api_base_url": "http://127.0.0.1:10/v1", "api_key": "k", "api_keys": []},
            {"models": ["c"]},
        ):
            keep_the_key_at_home(PRESENT, options)
        keyless = ProviderSettings("mine", "http://127.0.0.1:9", dialect="openai_chat")
        keep_the_key_at_home(keyless, {"api_base_url": "http://203.0.113.5"})
