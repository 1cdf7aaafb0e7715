"""`ccproxy code`, `ccproxy run` and `ccproxy env`: what programs are launched with, and what becomes of the daemon."""

import json
import shutil
import signal
import subprocess
from typing import Any

from tests.clients.live import unavailable
from tests.loopback.test_process import PersonCase
from tests.support.person import CCPROXY, PATIENCE, end
from tests.support.terminal import Terminal

PROVIDER = {
    "name": "mine",
    "api_base_url": "http://127.0.0.1:9/v1",
    "dialect": "openai_chat",
    "api_key": "sk-mine-77",
    "models": ["qwen"],
    "quirks": {"window": 128000, "max_output_tokens": 50000},
}

CLAUDE = """#!/bin/sh
# Tells what it was launched with, says whether the gateway serves, and does what it is asked for.
{ for argument; do printf '%s\\n' "$argument"; done; } > "$HOME/arguments"
env > "$HOME/environment"
curl -s -o /dev/null -w '%{http_code}' "$ANTHROPIC_BASE_URL/health" > "$HOME/gateway"
echo ready
case "$1" in
    waits) read -r answer; exit 0 ;;
    hears) trap 'echo heard; exit 5' TERM HUP; echo listening; while :; do sleep 0.1; done ;;
    *) exit 42 ;;
esac
"""


TYPED = """#!/bin/sh
trap 'echo interrupted' INT
echo ready
until read -r line; do :; done
echo "got $line"
exit 9
"""


GLANCES = 'curl -s -o /dev/null -w "%{http_code}" "$ANTHROPIC_BASE_URL/health"'


class LaunchCase(PersonCase):
    """A person with a `claude` that tells what it was launched with."""

    def setUp(self) -> None:
        if shutil.which("curl") is None:
            raise unavailable("curl is not installed")
        super().setUp()
        self.person.program("claude", CLAUDE)

    def told(self, name: str) -> list[str]:
        """What the program wrote down."""
        return (self.person.home / name).read_text().splitlines()

    def environment(self) -> dict[str, str]:
        """The environment that the program had."""
        return dict(line.split("=", 1) for line in self.told("environment") if "=" in line)


class CodeTests(LaunchCase):
    """Claude Code, or what stands for it here."""

    def test_ways(self) -> None:
        """However it is launched, it finds a gateway that serves, gets every argument, and its status is ours. The
        daemon that was started for it is gone with it."""
        arguments = ["-p", "say hi", "--model", "x y", "--help", ""]
        for words in ((), ("--",), ("code",), ("code", "--"), ("claude",), ("run", "claude")):
            ended = self.ccproxy(*words, *arguments)
            self.assertEqual((ended.returncode, ended.stderr), (42, ""), words)
            self.assertEqual(self.told("arguments"), arguments)
            self.assertEqual(self.told("gateway"), ["200"])
            self.assertEqual(self.ccproxy("status").returncode, 3)

    def test_alone(self) -> None:
        """`ccproxy` without a word is Claude Code without one, and a prompt in quotes is its prompt."""
        self.assertEqual(self.ccproxy().returncode, 42)
        self.assertEqual(self.told("arguments"), [])
        self.assertEqual(self.ccproxy("explain this").returncode, 42)
        self.assertEqual(self.told("arguments"), ["explain this"])

    def test_environment(self) -> None:
        """It is told where to ask, and what it cannot know of the model that answers; keys of others are kept from it.
        What the user has chosen stays."""
        self.person.configure({"apikey": "the-key", "providers": [PROVIDER]})
        own = {"ANTHROPIC_API_KEY": "sk-ant-user", "ANTHROPIC_DEFAULT_HAIKU_MODEL": "mine/small", "OTHER": "1"}
        self.ccproxy("code", HTTPS_PROXY="http://proxy.invalid", NO_PROXY="intern", **own)
        environment = self.environment()
        expected = {
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{self.person.port}",
            "ANTHROPIC_AUTH_TOKEN": "the-key",
            "ANTHROPIC_DEFAULT_OPUS_MODEL": "claude-via-default",
            "ANTHROPIC_DEFAULT_SONNET_MODEL": "claude-via-default",
            "ANTHROPIC_DEFAULT_HAIKU_MODEL": "mine/small",
            "CLAUDE_CODE_SUBAGENT_MODEL": "claude-via-default",
            "CLAUDE_CODE_DISABLE_1M_CONTEXT": "1",
            "CLAUDE_CODE_MAX_CONTEXT_TOKENS": "128000",
            "CLAUDE_CODE_MAX_OUTPUT_TOKENS": "32000",
            "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
            "NO_PROXY": "intern,127.0.0.1,localhost",
            "OTHER": "1",
        }
        self.assertEqual({name: environment.get(name) for name in expected}, expected)
        self.assertNotIn("ANTHROPIC_API_KEY", environment)
        self.assertNotIn("sk-mine-77", repr(environment))

    def test_own_login(self) -> None:
        """Where the user's own Claude login goes through, no token takes its place, and models keep their names."""
        self.person.configure({"providers": [{"name": "anthropic"}]})
        self.ccproxy("code", ANTHROPIC_API_KEY="")
        environment = self.environment()
        for name in ("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_DEFAULT_OPUS_MODEL", "CLAUDE_CODE_MAX_CONTEXT_TOKENS"):
            self.assertNotIn(name, environment)

    def test_project(self) -> None:
        """A configuration in the directory where one works decides where all that is said goes: it is named. One of
        another program's, of that name, is passed over."""
        (self.person.directory / "config.json").write_text('{"name": "my-app", "version": 1}')
        self.assertEqual((self.ccproxy("code").returncode, self.ccproxy("code").stderr), (42, ""))
        place = self.person.directory / ".ccproxy"
        place.mkdir()
        (place / "config.json").write_text(json.dumps({"providers": [PROVIDER]}))
        self.assertIn("configured by .ccproxy/config.json, in this directory", self.ccproxy("code").stderr)

    def test_settings_are_left_alone(self) -> None:
        """No file of Claude Code's is written; what in them leads past ccproxy is told."""
        settings = self.person.home / ".claude" / "settings.json"
        settings.parent.mkdir()
        settings.write_text(json.dumps({"env": {"ANTHROPIC_BASE_URL": "http://elsewhere"}, "apiKeyHelper": "x"}))
        before = settings.read_bytes()
        ended = self.ccproxy("code")
        self.assertEqual(ended.returncode, 42)
        self.assertEqual(ended.stderr.count(str(settings)), 2)
        self.assertIn("ANTHROPIC_BASE_URL", ended.stderr)
        self.assertEqual(settings.read_bytes(), before)
        self.assertFalse((self.person.home / ".claude.json").exists())

    def test_not_installed(self) -> None:
        """Without Claude Code it says how to get it, and starts nothing."""
        (self.person.programs / "claude").unlink()
        for words in ((), ("run", "claude")):
            ended = self.ccproxy(*words, PATH="/usr/bin:/bin")
            self.assertEqual(ended.returncode, 127)
            self.assertIn("npm install", ended.stderr)
        self.assertFalse(self.person.place.exists())

    def test_elsewhere(self) -> None:
        """CLAUDE_PATH names it; where its installer puts it, it is found without."""
        program = self.person.programs / "claude"
        own = self.person.home / ".local" / "bin" / "claude"
        own.parent.mkdir(parents=True)
        program.rename(own)
        self.assertEqual(self.ccproxy("code", PATH="/usr/bin:/bin").returncode, 42)
        own.rename(self.person.home / "my claude")
        self.assertEqual(self.ccproxy("code", CLAUDE_PATH=str(self.person.home / "my claude")).returncode, 42)

    def test_no_daemon(self) -> None:
        """Where no daemon comes to be, its reason is told, and Claude Code is not launched."""
        self.person.configure({"providers": [PROVIDER], "listen": ["unix:/nowhere/at/all"]})
        ended = self.ccproxy("code", CCPROXY_PORT="")
        self.assertNotIn(ended.returncode, (0, 42))
        self.assertIn("/nowhere/at/all", ended.stderr)
        self.assertFalse((self.person.home / "arguments").exists())

    def test_in_a_terminal(self) -> None:
        """In a terminal it is the terminal's: it reads what is typed, and Ctrl-C is for it alone."""
        self.person.program("claude", TYPED)
        terminal = Terminal([*CCPROXY, "code"], self.person.environment, self.person.directory)
        self.addCleanup(terminal.close)
        terminal.wait_for("ready")
        terminal.type("\x03")
        terminal.wait_for("interrupted")
        terminal.type("hello\r")
        terminal.wait_for("got hello")
        self.assertEqual(terminal.end(), 9)


class LifetimeTests(LaunchCase):
    """A daemon that is started for its users ends with the last of them, whatever becomes of each."""

    def waiting(self, *words: str) -> "subprocess.Popen[str]":
        """A launched program that runs until it is told something."""
        launched = self.person.begin(*(words or ("code",)), "waits")
        self.addCleanup(launched.communicate)
        self.addCleanup(launched.kill)
        assert launched.stdout is not None
        self.assertEqual(launched.stdout.readline(), "ready\n")
        return launched

    def finish(self, launched: "subprocess.Popen[str]") -> None:
        """Tell it to end, and see that it does."""
        launched.communicate("\n", timeout=PATIENCE)
        self.assertEqual(launched.returncode, 0)

    def test_last_user(self) -> None:
        """Several users share one; it is there until the last of them leaves."""
        first, second = self.waiting(), self.waiting("run", "claude")
        self.assertIn("last program", self.ccproxy("status").stdout)
        daemon = self.person.daemon()
        self.finish(first)
        self.assertEqual(self.person.daemon(), daemon)
        self.finish(second)
        self.assertEqual(self.ccproxy("status").returncode, 3)

    def test_at_the_same_moment(self) -> None:
        """Users who come and go at the same moments all find a daemon that serves, and leave none."""
        for _ in range(3):
            users = [self.person.begin("run", "sh", "-c", GLANCES) for _ in range(4)]
            said = [user.communicate(timeout=PATIENCE) for user in users]
            self.assertEqual([user.returncode for user in users], [0] * 4, said)
            self.assertEqual([out for out, _ in said], ["200"] * 4)
        self.assertEqual(self.ccproxy("status").returncode, 3)

    def test_killed_user(self) -> None:
        """One that is killed is counted no more."""
        first, second = self.waiting(), self.waiting()
        first.kill()
        first.wait()
        self.finish(second)
        self.assertEqual(self.ccproxy("status").returncode, 3)

    def test_daemon_that_ran(self) -> None:
        """One that ran before stays; and so does one that somebody starts meanwhile who means it to stay."""
        self.ccproxy("start")
        self.finish(self.waiting())
        self.assertTrue(self.answers())
        self.ccproxy("stop")
        user = self.waiting()
        self.assertIn("runs already", self.ccproxy("start").stdout)
        self.finish(user)
        self.assertTrue(self.answers())

    def test_signals(self) -> None:
        """What is told to end is the program: it ends as it likes, and the daemon after it."""
        for number in (signal.SIGTERM, signal.SIGHUP):
            launched = self.person.begin("code", "hears")
            self.addCleanup(launched.communicate)
            assert launched.stdout is not None
            while launched.stdout.readline() != "listening\n":
                pass
            launched.send_signal(number)
            out, _ = launched.communicate(timeout=PATIENCE)
            self.assertEqual((launched.returncode, out), (5, "heard\n"))
            self.assertEqual(self.ccproxy("status").returncode, 3)

    def test_daemon_of_another(self) -> None:
        """A ccproxy at the port that is somebody else's is used as it is, and left."""
        self.ccproxy("start")
        daemon = self.person.daemon()
        (self.person.place / "ccproxy.lock").rename(self.person.place / "hidden")
        self.addCleanup(end, daemon, signal.SIGKILL)
        self.assertEqual(self.ccproxy("code").returncode, 42)
        self.assertEqual(self.told("gateway"), ["200"])
        self.assertTrue(self.answers())


class RunTests(LaunchCase):
    """Any other program."""

    def test_variables(self) -> None:
        """It has the variables of Anthropic's and OpenAI's SDKs, with a key that the daemon takes."""
        self.person.configure({"apikey": "the-key"})
        script = (
            'curl -s -o /dev/null -w "%{http_code}" -H "Authorization: Bearer $OPENAI_API_KEY" $OPENAI_BASE_URL/models'
        )
        ended = self.ccproxy("run", "sh", "-c", f"env; {script}; exit 7")
        self.assertEqual(ended.returncode, 7)
        self.assertTrue(ended.stdout.endswith("200"), ended.stdout)
        url = f"http://127.0.0.1:{self.person.port}"
        for line in (f"ANTHROPIC_BASE_URL={url}", f"OPENAI_BASE_URL={url}/v1", f"OPENAI_API_BASE={url}/v1"):
            self.assertIn(line, ended.stdout.splitlines())

    def test_mistakes(self) -> None:
        """No command, and one that is not there, are told as shells tell it. `--help` explains, and runs nothing."""
        self.assertEqual(self.ccproxy("run").returncode, 2)
        self.person.place.joinpath("ccproxy.log").unlink(missing_ok=True)
        self.assertEqual(self.ccproxy("run", "no-such-program").returncode, 127)
        self.assertFalse(self.person.place.joinpath("ccproxy.log").exists(), "a daemon was started for nothing")
        self.assertEqual(self.ccproxy("run", str(self.person.home)).returncode, 126)
        shown = self.ccproxy("run", "--help")
        self.assertEqual(shown.returncode, 0)
        self.assertIn("COMMAND", shown.stdout)

    def test_killed(self) -> None:
        """A program that a signal ended has the status that shells give it."""
        self.assertEqual(self.ccproxy("run", "sh", "-c", "kill -TERM $$").returncode, 128 + signal.SIGTERM)


class EnvTests(LaunchCase):
    """`ccproxy env`, taken over by shells."""

    KEY = "k'$HOME\"`\\"

    def expected(self) -> dict[str, Any]:
        return {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{self.person.port}", "ANTHROPIC_AUTH_TOKEN": self.KEY}

    def taken_over(self, shell: str, script: str) -> dict[str, str]:
        """The environment of a program that the shell launches after the script."""
        program = shutil.which(shell)
        if program is None:
            self.skipTest(f"{shell} is not installed")
        ended = self.person.run(program, "-c", f"{script}\nclaude")
        self.assertEqual((ended.returncode, ended.stderr), (42, ""))
        return self.environment()

    def test_shells(self) -> None:
        """Each shell takes over what is said, as it says, whatever is in a key."""
        self.person.configure({"apikey": self.KEY})
        for shell in ("sh", "bash"):
            environment = self.taken_over(shell, 'eval "$(ccproxy env --shell bash)"')
            self.assertEqual({name: environment.get(name) for name in self.expected()}, self.expected())

    def test_fish(self) -> None:
        """And so does fish."""
        self.person.configure({"apikey": self.KEY})
        environment = self.taken_over("fish", "ccproxy env --shell fish | source")
        self.assertEqual({name: environment.get(name) for name in self.expected()}, self.expected())

    def test_anew(self) -> None:
        """Taken over twice, it is what the second time says."""
        self.person.configure({"providers": [PROVIDER]})
        first = self.ccproxy("env", "--shell", "bash").stdout
        again = self.ccproxy("env", "--shell", "bash", ANTHROPIC_DEFAULT_OPUS_MODEL="old").stdout
        self.assertEqual(first, again)
        self.assertIn("ANTHROPIC_DEFAULT_OPUS_MODEL=claude-via-default", again)

    def test_words(self) -> None:
        """PowerShell's words, and the shell that SHELL names."""
        self.person.configure({"apikey": "it's"})
        self.assertIn("$Env:ANTHROPIC_AUTH_TOKEN = 'it''s'", self.ccproxy("env", "--shell", "powershell").stdout)
        self.assertIn("set -gx ANTHROPIC_AUTH_TOKEN 'it\\'s'", self.ccproxy("env", SHELL="/usr/bin/fish").stdout)
        self.assertIn("export ANTHROPIC_AUTH_TOKEN=", self.ccproxy("env", SHELL="/bin/zsh").stdout)

    def test_no_daemon(self) -> None:
        """It starts nothing, and says so where nothing runs; what it says is still taken over."""
        self.assertIn("# The daemon does not run", self.ccproxy("env").stdout)
        self.ccproxy("start")
        self.assertNotIn("does not run", self.ccproxy("env").stdout)
