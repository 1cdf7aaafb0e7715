"""What the console says about how to use a daemon."""

import json
import shlex
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.cli.banner import banner
from ccproxy.config.listening import url_of
from ccproxy.config.load import load
from ccproxy.config.settings import ClientSettings, ProviderSettings, RouteSettings, Settings
from ccproxy.providers.target import Secret

KEY = "sk-banner-5d1e"
CHAT = {"api_base_url": "http://127.0.0.1:9/v1", "dialect": "openai_chat", "api_key": Secret(KEY)}


def settings(**given: Any) -> Settings:
    """Settings with these fields, and one endpoint."""
    return Settings(**{"listen": ("tcp:3456:interface=127.0.0.1",), **given})


def command(text: str, program: str) -> list[str]:
    """The words of the one command in a banner that runs this program, as a shell takes them."""
    (line,) = [line for line in text.splitlines() if program in line and line.startswith("  ")]
    return shlex.split(line)


def body(text: str) -> dict[str, Any]:
    """What the curl command sends."""
    words = command(text, "curl")
    sent: dict[str, Any] = json.loads(words[words.index("-d") + 1])
    return sent


class BannerTests(SynchronousTestCase):
    """The lines by which a newcomer gets an answer."""

    def test_demo(self) -> None:
        """Without any configuration it says that the demo answers, and what to set for more."""
        text = banner(load(None, {}, {}, directories=[]))
        self.assertIn("demo", text)
        self.assertIn("OPENROUTER_API_KEY", text)
        self.assertEqual(
            command(text, " claude"),
            ["ANTHROPIC_BASE_URL=http://127.0.0.1:3456", "ANTHROPIC_AUTH_TOKEN=unused", "claude"],
        )
        self.assertIn("http://127.0.0.1:3456/v1/messages", command(text, "curl"))

    def test_chosen_port(self) -> None:
        """A port from the environment or the command line is the one that is told."""
        for environ, flags in (({"CCPROXY_PORT": "4001"}, {}), ({"CCPROXY_PORT": "4002"}, {"port": "4001"})):
            text = banner(load(None, environ, flags, directories=[]))
            self.assertIn("http://127.0.0.1:4001/v1/messages", command(text, "curl"))
            self.assertNotIn("3456", text)

    def test_provider(self) -> None:
        """With a provider nothing is said of the demo, and its key is not shown."""
        text = banner(settings(providers=(ProviderSettings("mine", **CHAT, models=("m",)),)))
        self.assertNotIn("demo", text)
        self.assertNotIn(KEY, text)
        self.assertEqual(body(text)["model"], "claude-sonnet-5-5")

    def test_only_named_models(self) -> None:
        """Where no route leads from the usual model, the command asks for one that is answered."""
        providers = (ProviderSettings("mine", **CHAT),)
        text = banner(settings(providers=providers, routes={"fast": RouteSettings("mine", "m")}))
        self.assertEqual(body(text)["model"], "fast")

    def test_models_unknown(self) -> None:
        """Where nobody can know what models there are, the command leaves a place for one, and says so."""
        text = banner(settings(providers=(ProviderSettings("mine", **CHAT),)))
        self.assertEqual(body(text)["model"], "mine,MODEL")
        self.assertIn("one of mine's models in place of MODEL", text)

    def test_keys_of_clients(self) -> None:
        """Where only clients have keys, the commands present one all the same."""
        text = banner(settings(clients=(ClientSettings("ann", key=Secret(KEY)),)))
        self.assertNotIn(KEY, text)
        self.assertIn("ANTHROPIC_AUTH_TOKEN=$CCPROXY_API_KEY", command(text, " claude"))

    def test_apikey(self) -> None:
        """An apikey is a variable in the commands, never itself, and both commands present it."""
        text = banner(settings(apikey=Secret(KEY)))
        self.assertNotIn(KEY, text)
        self.assertIn("ANTHROPIC_AUTH_TOKEN=$CCPROXY_API_KEY", command(text, " claude"))
        self.assertIn("x-api-key: $CCPROXY_API_KEY", command(text, "curl"))

    def test_own_login(self) -> None:
        """Where Claude Code's own login goes to Anthropic, no other token may stand in its way."""
        text = banner(settings(providers=(ProviderSettings("anthropic"),)))
        self.assertEqual(command(text, " claude"), ["ANTHROPIC_BASE_URL=http://127.0.0.1:3456", "claude"])
        self.assertIn("x-api-key: $ANTHROPIC_API_KEY", command(text, "curl"))

    def test_no_url_of(self) -> None:
        """A daemon at a socket in the file system has no URL: no command is made up."""
        text = banner(settings(listen=("unix:/run/ccproxy/sock",)))
        self.assertIn("unix:/run/ccproxy/sock", text)
        self.assertNotIn("http", text)


class AddressTests(SynchronousTestCase):
    """From endpoint strings to URLs."""

    def test_addresses(self) -> None:
        """Each endpoint that a client on this machine reaches over the network has a URL; others have none."""
        for description, url in (
            ("tcp:3456:interface=127.0.0.1", "http://127.0.0.1:3456"),
            ("tcp:3456", "http://127.0.0.1:3456"),
            ("tcp:3456:interface=0.0.0.0", "http://127.0.0.1:3456"),
            ("tcp:port=80:interface=10.1.2.3", "http://10.1.2.3:80"),
            ("tcp:interface=10.1.2.3:port=80", "http://10.1.2.3:80"),
            (r"tcp:3456:interface=\:\:1", "http://[::1]:3456"),
            (r"tcp:3456:interface=\:\:", "http://[::1]:3456"),
            (r"tcp6:3456:interface=\:\:1", "http://[::1]:3456"),
            ("tcp6:3456", "http://[::1]:3456"),
            ("ssl:8443:privateKey=key.pem:certKey=cert.pem", "https://127.0.0.1:8443"),
            ("tcp:0:interface=127.0.0.1", None),
            ("unix:/run/ccproxy/sock", None),
            ("systemd:domain=INET:index=0", None),
        ):
            self.assertEqual(url_of(description), url, description)
