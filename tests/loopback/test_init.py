"""`ccproxy init` and `ccproxy install`: from nothing to a configuration, at a terminal and without one."""

import json
import os
import socket
from typing import Any

from ccproxy.config.load import load
from tests.loopback.test_process import PersonCase
from tests.support.models_page import ModelsPage
from tests.support.person import CCPROXY
from tests.support.terminal import Terminal

KEY = "sk-right-key-5512"


class InitCase(PersonCase):
    """A person without a configuration, and a vendor that takes one key."""

    def setUp(self) -> None:
        super().setUp()
        self.vendor = ModelsPage([KEY], ["small-1", "large-2"])
        self.addCleanup(self.vendor.stop)
        self.own = ("--provider", "mine", "--url", self.vendor.url, "--dialect", "openai_chat")
        self.path = self.person.place / "config.json"

    def settings(self, **environment: str) -> Any:
        """What the file comes to."""
        return load(str(self.path), environment)

    def at_terminal(self, *arguments: str, **environment: str) -> Terminal:
        """Type a command at a terminal."""
        terminal = Terminal([*CCPROXY, *arguments], {**self.person.environment, **environment}, self.person.directory)
        self.addCleanup(terminal.close)
        return terminal


class AtTerminalTests(InitCase):
    """Asked and answered."""

    def test_own_server(self) -> None:
        """A wrong key is told, and asked for again; it is never shown; the model is one of those that there are."""
        terminal = self.at_terminal("init", *self.own)
        terminal.answer("Key (not shown)", "sk-wrong-key-9")
        terminal.wait_for("refuses the key")
        terminal.answer("Write it all the same?", "n")
        terminal.answer("Key (not shown)", KEY)
        terminal.wait_for("answers (200)")
        terminal.wait_for("small-1, large-2")
        terminal.answer("Model", "large-3")
        terminal.answer("It lists no large-3", "n")
        terminal.wait_for("Near to it: large-2")
        terminal.answer("Model", "large-2")
        self.assertEqual(terminal.end(), 0)
        self.assertIn("ccproxy check", terminal.shown)
        for key in (KEY, "sk-wrong"):
            self.assertNotIn(key, terminal.shown)
        self.assertEqual(self.vendor.presented, ["sk-wrong-key-9", KEY])
        (provider,) = self.settings().providers
        self.assertEqual((provider.name, provider.api_key.reveal(), provider.models), ("mine", KEY, ("large-2",)))
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.path.parent.stat().st_mode & 0o777, 0o700)

    def test_key_of_the_environment(self) -> None:
        """A key in the environment is proposed, and only its variable is written."""
        terminal = self.at_terminal("init", "--no-test", GROQ_API_KEY=KEY)
        terminal.answer("Provider [groq]", "groqq")
        terminal.wait_for("near to it are groq")
        terminal.answer("Provider [groq]", "")
        terminal.answer("Take the key from there?", "")
        terminal.answer("Model", "")
        self.assertEqual(terminal.end(), 0)
        self.assertNotIn(KEY, self.path.read_text())
        (provider,) = self.settings(GROQ_API_KEY="another").providers
        self.assertEqual((provider.name, provider.api_key.reveal()), ("groq", "another"))

    def test_overwrite(self) -> None:
        """What is there is replaced only if that is wanted; Ctrl-C changes nothing."""
        self.person.configure({"port": 5})
        before = self.path.read_bytes()
        terminal = self.at_terminal("init", *self.own, "--no-test")
        terminal.answer("Overwrite?", "n")
        self.assertEqual(terminal.end(), 1)
        terminal = self.at_terminal("init", *self.own, "--no-test")
        terminal.answer("Overwrite?", "y")
        terminal.wait_for("Key (not shown)")
        terminal.type("\x03")
        self.assertEqual(terminal.end(), 1)
        self.assertEqual(self.path.read_bytes(), before)

    def test_colours(self) -> None:
        """A terminal is shown colours, unless it is asked not to; a pipe never is."""
        for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
            terminal = self.at_terminal("status", **environment)
            self.assertEqual(terminal.end(), 3)
            self.assertEqual(b"\x1b[" in terminal.raw, coloured)
        self.assertNotIn("\x1b", self.ccproxy("status").stdout)


class WithoutTerminalTests(InitCase):
    """All said beforehand."""

    def test_key_by_standard_input(self) -> None:
        """The key comes by standard input, is tried, and stands in a file that nobody else reads."""
        ended = self.ccproxy("init", *self.own, "--model", "small-1", said=f"{KEY}\n")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertNotIn(KEY, ended.stdout + ended.stderr)
        settings = self.settings()
        self.assertEqual(settings.providers[0].api_key.reveal(), KEY)
        self.assertEqual(settings.routes["default"].model, "small-1")
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.ccproxy("check").returncode, 0)

    def test_wrong_key(self) -> None:
        """A wrong key is told, and nothing is written; unless that is wanted."""
        ended = self.ccproxy("init", *self.own, said="sk-wrong-key-9\n")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("refuses the key", ended.stdout)
        self.assertFalse(self.path.exists())
        self.assertEqual(self.ccproxy("init", *self.own, "--no-test", said="sk-wrong-key-9\n").returncode, 0)

    def test_environment_alone(self) -> None:
        """A key in the environment says who answers; without any, what is wanted is told."""
        self.assertIn("--provider", self.ccproxy("init", "--no-test").stderr)
        self.assertEqual(self.ccproxy("init", "--no-test", DEEPSEEK_API_KEY=KEY).returncode, 0)
        self.assertEqual(self.settings(DEEPSEEK_API_KEY=KEY).providers[0].name, "deepseek")

    def test_own_login(self) -> None:
        """Anthropic without a key is the user's own login, passed on."""
        self.assertEqual(self.ccproxy("init", "--provider", "anthropic", "--no-test").returncode, 0)
        settings = self.settings()
        self.assertEqual((settings.providers[0].api_key.reveal(), dict(settings.routes)), ("", {}))

    def test_local_server(self) -> None:
        """A server that wants no key is asked for none."""
        self.assertEqual(self.ccproxy("init", "--provider", "ollama", "--model", "qwen3", "--no-test").returncode, 0)
        self.assertEqual(self.settings().routes["default"].model, "qwen3")

    def test_not_known(self) -> None:
        """A name that nobody has is told what is wanted, and what may be meant."""
        ended = self.ccproxy("init", "--provider", "opnrouter", "--no-test", said=KEY)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("did you mean 'openrouter'?", ended.stderr)
        self.assertIn("--url", ended.stderr)

    def test_project(self) -> None:
        """A project's configuration is in the directory where one works, and ccproxy finds it there."""
        arguments = ("init", "--scope", "project", *self.own, "--no-test")
        self.assertEqual(self.ccproxy(*arguments, said=KEY).returncode, 0)
        self.assertFalse(self.path.exists())
        path = self.person.directory / ".ccproxy" / "config.json"
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertIn("mine", self.ccproxy("check").stdout)
        self.assertEqual(self.ccproxy("init", "--scope", "nowhere").returncode, 2)

    def test_install(self) -> None:
        """A file to begin with, once; it loads, and what is in its comments is right."""
        first = self.ccproxy("install")
        self.assertEqual((first.returncode, first.stderr), (0, ""))
        self.assertTrue(self.settings().demo)
        self.path.write_text("{}")
        again = self.ccproxy("install")
        self.assertEqual(again.returncode, 1)
        self.assertIn("--force", again.stderr)
        self.assertEqual(self.ccproxy("install", "--force").returncode, 0)
        text = self.path.read_text()
        self.path.write_text(text.replace('// {"name"', '{"name"'))
        self.assertEqual(self.settings(OPENROUTER_API_KEY=KEY).providers[0].name, "openrouter")


class DoctorTests(InitCase):
    """`ccproxy doctor`."""

    def findings(self, *arguments: str, **environment: str) -> dict[str, dict[str, str]]:
        """What it found, by subject; of several about one, the worst."""
        told = json.loads(self.ccproxy("doctor", "--json", *arguments, **environment).stdout)
        order = ["ok", "note", "bad"]
        found = sorted(told["findings"], key=lambda one: order.index(one["state"]))
        return {one["subject"]: one for one in found}

    def configured(self, key: str = KEY) -> None:
        """A configuration of the vendor."""
        provider = {"name": "mine", "api_base_url": self.vendor.url, "dialect": "openai_chat", "api_key": key}
        self.person.configure({"providers": [{**provider, "models": ["small-1"]}]}).chmod(0o600)
        self.person.program("claude", "#!/bin/sh\necho '2.1.329 (Claude Code)'\n")

    def test_sound(self) -> None:
        """Where all is well it says so, of each thing, and ends with 0."""
        self.configured()
        self.ccproxy("start")
        ended = self.ccproxy("doctor")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        self.assertIn("Nothing is wrong", ended.stdout)
        for words in ("mine answers (200)", "2.1.329", "goes with that of mine", "GB free", "1 provider"):
            self.assertIn(words, ended.stdout)
        self.assertEqual({one["state"] for one in self.findings().values()}, {"ok"})

    def test_each_fault(self) -> None:
        """Each thing that is wrong is found, with a cure."""
        self.configured("sk-wrong-key-9")
        self.vendor.now = 1_000_000_000.0
        (self.person.home / ".claude").mkdir()
        settings = self.person.home / ".claude" / "settings.json"
        settings.write_text(json.dumps({"env": {"ANTHROPIC_BASE_URL": "http://elsewhere"}}))
        found = self.findings(ANTHROPIC_BASE_URL="http://elsewhere")
        self.assertEqual(self.ccproxy("doctor").returncode, 1)
        for subject, words, cure in (
            ("provider", "refuses the key", "api_key"),
            ("clock", "ahead of", "timedatectl"),
            ("settings", "ANTHROPIC_BASE_URL", "take it out"),
            ("environment", "leads elsewhere", "unset"),
        ):
            self.assertNotEqual(found[subject]["state"], "ok")
            self.assertIn(words, found[subject]["words"])
            self.assertIn(cure, found[subject]["cure"])
        self.path.chmod(0o644)
        self.assertIn("chmod 600", self.findings()["configuration"]["cure"])
        (self.person.programs / "claude").unlink()
        self.assertIn("npm install", self.findings("--offline", PATH="/usr/bin:/bin")["claude"]["cure"])
        proxied = self.findings("--offline", HTTPS_PROXY="http://proxy.invalid", ANTHROPIC_API_KEY="x")
        self.assertIn("HTTPS_PROXY", proxied["environment"]["words"])

    def test_wrong_configuration(self) -> None:
        """A configuration that cannot be read is one finding among the others."""
        self.person.configure({"prot": 1})
        ended = self.ccproxy("doctor")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("prot", ended.stdout)
        self.assertIn("disk", ended.stdout)

    def test_taken(self) -> None:
        """Another program at the address that is wanted is found, before a start fails of it."""
        self.configured()
        with socket.create_server(("127.0.0.1", self.person.port)):
            found = self.findings("--offline")["daemon"]
        self.assertEqual(found["state"], "bad")
        self.assertIn(f"another program listens at http://127.0.0.1:{self.person.port}", found["words"])

    def test_daemon(self) -> None:
        """A daemon that runs by another configuration, and one that does not answer, are told."""
        self.configured()
        self.ccproxy("start")
        self.assertIn("another one is configured", self.findings("--offline", CCPROXY_PORT="1")["daemon"]["words"])
        os.kill(self.person.daemon(), 19)
        self.assertIn("does not answer", self.findings("--offline")["daemon"]["words"])

    def test_report(self) -> None:
        """A report has all that helps, and no key: not the file's, not the environment's, not one in the log."""
        self.configured()
        self.person.place.joinpath("ccproxy.log").write_text(f"the key {KEY} and Bearer abcdefghijklmnop in a line\n")
        secrets = {
            "OPENAI_API_KEY": "not-like-a-key-77",
            "MY_TOKEN": "tok-88-88-88",
            "ANTHROPIC_AUTH_TOKEN": "aut-99-99",
        }
        ended = self.ccproxy("doctor", "--report", **secrets)
        self.assertEqual(ended.returncode, 0)
        path = self.person.directory / "ccproxy-report.txt"
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        text = path.read_text()
        for words in ("mine answers (200)", "OPENAI_API_KEY is set", "small-1", "in a line", "Python 3"):
            self.assertIn(words, text)
        for secret in (KEY, KEY[-4:], "abcdefghijklmnop", *secrets.values()):
            self.assertNotIn(secret, text)
        named = self.ccproxy("doctor", "--offline", "--report", "elsewhere.txt")
        self.assertEqual(named.returncode, 0)
        self.assertTrue((self.person.directory / "elsewhere.txt").exists())
