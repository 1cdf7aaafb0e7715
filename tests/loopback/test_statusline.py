"""The status line, from a daemon's answer to Claude Code's settings and back."""

import json
import os
import subprocess
import sys
import urllib.request

from ccproxy.cli.line import count, line
from tests.loopback.test_process import PersonCase

SESSION = "0b1c2d3e-1111-2222-3333-444455556666"
LOADED = "import sys; import ccproxy.cli.line; print(*sys.modules)"


class LineTests(PersonCase):
    """The line itself."""

    def shown(self, told: object, **environment: str) -> str:
        """What Claude Code would show."""
        ended = self.person.run(sys.executable, "-m", "ccproxy.cli.line", said=json.dumps(told), **environment)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        return ended.stdout.strip()

    def test_session(self) -> None:
        """It names the model, who answers, tokens and cost of its own session, asked by the key of the gateway."""
        self.person.configure({"apikey": "the-key"})
        self.ccproxy("start")
        url = f"http://127.0.0.1:{self.person.port}"
        body = {"model": "claude-x", "max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}
        headers = {"content-type": "application/json", "x-api-key": "the-key", "x-claude-code-session-id": SESSION}
        request = urllib.request.Request(f"{url}/v1/messages", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request) as answer:
            usage = json.loads(answer.read())["usage"]
        told = {"session_id": SESSION, "model": {"id": "claude-x", "display_name": "X"}}
        surroundings = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_AUTH_TOKEN": "the-key"}
        text = self.shown(told, **surroundings)
        self.assertIn("X -> demo/demo", text)
        self.assertIn(f"{usage['input_tokens']} in, {usage['output_tokens']} out", text)
        self.assertEqual(self.ccproxy("statusline", said=json.dumps(told), **surroundings).stdout.strip(), text)
        unknown = {**told, "session_id": "0b1c2d3e-9999"}
        self.assertIn("nothing by ccproxy yet", self.shown(unknown, **surroundings))

    def test_silent(self) -> None:
        """Without a daemon, without a session, with anything on its input: a line, and no complaint."""
        for told in ({"session_id": SESSION}, {}, [], "x", {"session_id": "../status"}, {"model": 5}):
            self.assertIn("nothing by ccproxy yet", self.shown(told))

    def test_light(self) -> None:
        """It loads nothing that takes long."""
        ended = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
        for name in ("twisted", "click", "attr", "http.client", "urllib.request", "subprocess", "ssl"):
            self.assertNotIn(name, ended.stdout.split())

    def test_words(self) -> None:
        """Short numbers; a cost that is a lower bound says so; one that nobody knows is left out."""
        self.assertEqual([count(n) for n in (7, 999, 1000, 12345, 2_500_000)], ["7", "999", "1.0k", "12.3k", "2.5M"])
        used = {"asked": "a", "target": "p,m/n", "tokens_in": 5, "tokens_out": 6, "cost": 0.5, "all_priced": False}
        self.assertEqual(line({}, used), "a -> p/m/n  5 in, 6 out  $0.5000 and more")
        self.assertEqual(line({}, {**used, "cost": 0.0}), "a -> p/m/n  5 in, 6 out")


class InstallTests(PersonCase):
    """`ccproxy statusline install` and `uninstall`."""

    def setUp(self) -> None:
        super().setUp()
        self.path = self.person.home / ".claude" / "settings.json"
        self.path.parent.mkdir()

    def test_round_trip(self) -> None:
        """All that is not ours stays, also what nobody knows, and the file's rights; what is installed is a line."""
        before = {"model": "opus", "hooks": {"Stop": [{"x": 1}]}, "unknown": None, "env": {"A": "é"}}
        self.path.write_text(json.dumps(before))
        self.path.chmod(0o640)
        self.assertEqual(self.ccproxy("statusline", "install").returncode, 0)
        after = json.loads(self.path.read_text())
        command = after.pop("statusLine")
        self.assertEqual((after, command["type"]), (before, "command"))
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o640)
        ended = self.person.run("/bin/sh", "-c", command["command"], said="{}")
        self.assertIn("nothing by ccproxy yet", ended.stdout)
        self.assertEqual(self.ccproxy("statusline", "uninstall").returncode, 0)
        self.assertEqual(json.loads(self.path.read_text()), before)
        self.assertEqual([path.name for path in self.path.parent.iterdir()], ["settings.json"])

    def test_no_settings(self) -> None:
        """Where there are none, they are made."""
        self.assertEqual(self.ccproxy("statusline", "install").returncode, 0)
        self.assertEqual(list(json.loads(self.path.read_text())), ["statusLine"])

    def test_another(self) -> None:
        """Another status line is replaced only if that is wanted, and never taken away."""
        before = json.dumps({"statusLine": {"type": "command", "command": "mine"}})
        self.path.write_text(before)
        refused = self.ccproxy("statusline", "install")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("--force", refused.stderr)
        self.ccproxy("statusline", "uninstall")
        self.assertEqual(self.path.read_text(), before)
        self.assertEqual(self.ccproxy("statusline", "install", "--force").returncode, 0)

    def test_broken(self) -> None:
        """Settings that cannot be read are left alone."""
        for text in ("{broken", "[]"):
            self.path.write_text(text)
            self.assertEqual(self.ccproxy("statusline", "install").returncode, 1)
            self.assertEqual(self.path.read_text(), text)

    def test_link(self) -> None:
        """Settings that are a link stay one."""
        real = self.person.home / "dotfiles.json"
        real.write_text("{}")
        self.path.symlink_to(real)
        self.ccproxy("statusline", "install")
        self.assertTrue(self.path.is_symlink())
        self.assertIn("statusLine", json.loads(real.read_text()))
        self.assertEqual(os.fspath(self.path.resolve()), os.fspath(real))
