"""`ccproxy check` and `ccproxy import`, as they are typed."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.cli.main import main
from ccproxy.config.load import load
from tests.config.imports.files import AISTACK, FILES, ROUTER, STARBASED, File

PROGRAM = [sys.executable, "-c", "from ccproxy.cli.main import main; main()"]
CHECKOUT = Path(__file__).parents[2]


class CommandCase(SynchronousTestCase):
    """A home directory, and files in it."""

    def setUp(self) -> None:
        self.home = Path(self.mktemp()).absolute()
        (self.home / ".ccproxy").mkdir(parents=True)
        # Nothing of the machine's own is found: neither in the working directory nor in its environment.
        self.environ: dict[str, str | None] = {**dict.fromkeys(os.environ), "HOME": str(self.home), "NO_COLOR": "1"}

    def put(self, file: File) -> Path:
        """Puts a file and those beside it where they are found, and sets its variables."""
        for name, text in ((file.name, file.text), *file.others.items()):
            (self.home / ".ccproxy" / name).write_text(text)
        self.environ |= file.environ
        return self.home / ".ccproxy" / file.name

    def run_it(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments), env=self.environ, catch_exceptions=False)


class CheckTests(CommandCase):
    """What it says of right and of wrong configurations."""

    def test_sections(self) -> None:
        """It says whose format it is, where it serves, who is asked, where Claude Code's names lead, and what is not
        taken; and shows no key."""
        self.put(ROUTER)
        result = self.run_it("check")
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertIn("~/.ccproxy/config.json, in the format of claude-code-router: right", result.output)
        self.assertRegex(result.output, r"claude-sonnet-5-5 +deepseek,deepseek-chat")
        self.assertRegex(result.output, r"claude-haiku-5-5 +ollama,qwen2.5-coder:latest")
        self.assertRegex(result.output, r"log_level +\"debug\"")
        self.assertIn("line 4: CUSTOM_ROUTER_PATH: ignored: it is JavaScript", result.output)
        for key in ("sk-", "my-secret", "g-key"):
            self.assertNotIn(key, result.output)

    def test_json(self) -> None:
        """The same for programs, for every format, with all settings and no key."""
        for file in FILES:
            self.setUp()
            result = self.run_it("check", str(self.put(file)), "--json")
            self.assertEqual(result.exit_code, 0, file.title + result.output)
            report: dict[str, Any] = json.loads(result.output)
            self.assertTrue(report["ok"])
            self.assertEqual(report["format"], file.tradition)
            self.assertEqual(report["settings"]["port"], file.port)
            self.assertEqual(len(report["files"]), 1 + sum(name.endswith(".yaml") for name in file.others))
            self.assertNotIn("sk-", result.output)
            self.assertTrue(all(name["place"] and name["text"] for name in report["notes"]))

    def test_wrong(self) -> None:
        """A mistake is told as `ccproxy start` tells it, with status 78; as JSON on standard output."""
        path = self.home / "x.json"
        path.write_text('{"prot": 1}')
        result = self.run_it("check", str(path))
        self.assertEqual(result.exit_code, 78)
        self.assertIn('did you mean "port"?', result.stderr)
        result = self.run_it("check", str(path), "--json")
        self.assertEqual(result.exit_code, 78)
        self.assertFalse(json.loads(result.stdout)["ok"])

    def test_nothing(self) -> None:
        """Without any configuration it says that the demo answers, and how to change that."""
        result = self.run_it("check")
        self.assertEqual(result.exit_code, 0)
        self.assertIn("OPENROUTER_API_KEY", result.output)

    def test_doubts(self) -> None:
        """A key that nobody has put in yet, one that is missing, and a name that leads nowhere are doubtful."""
        path = self.home / "x.json"
        path.write_text(
            json.dumps(
                {
                    "providers": [
                        {"name": "openai", "api_key": "YOUR_OPENAI_API_KEY"},
                        {"name": "groq", "api_key": ""},
                    ],
                    "routes": {"opus": {"provider": "openai", "model": "gpt-5"}},
                }
            )
        )
        result = self.run_it("check", str(path))
        self.assertEqual(result.exit_code, 0)
        self.assertIn("the key of openai looks like a placeholder", result.output)
        self.assertIn("GROQ_API_KEY", result.output)
        self.assertIn("claude-haiku-5-5: no route leads", result.output)

    def test_prompts_for_everybody(self) -> None:
        """Captured prompts that whoever is on this machine can read are worth a word; with a key nobody else can."""
        path = self.home / "x.json"
        for more, doubtful in (({}, True), ({"apikey": "our-own-key"}, False), ({"capture": {}}, False)):
            providers = [{"name": "groq", "api_key": "k", "models": ["m"]}]
            content = {"providers": providers, "capture": {"enabled": True}, **more}
            path.write_text(json.dumps(content))
            path.chmod(0o600)
            result = self.run_it("check", str(path))
            self.assertEqual("prompts are captured" in result.output, doubtful, result.output)

    def test_names_that_nobody_has(self) -> None:
        """A route without a model, to a provider that has none of Claude Code's names, is doubtful; once for each."""
        path = self.home / "x.json"
        for routes, doubtful in (
            ({"default": "groq"}, ["groq"]),
            ({"default": {"provider": "groq", "fallbacks": ["mine"]}}, ["groq", "mine"]),
            ({"default": "groq,openai/gpt-oss-120b"}, []),
            ({"default": "anthropic"}, []),
            ({}, []),
        ):
            providers = [
                {"name": "groq", "api_key": "k"},
                {"name": "anthropic"},
                {"name": "mine", "api_base_url": "http://x/v1", "dialect": "openai_chat", "models": ["m"]},
            ]
            path.write_text(json.dumps({"providers": providers, "routes": routes}))
            lines = [line for line in self.run_it("check", str(path)).output.splitlines() if "hardly has" in line]
            self.assertEqual([line.split()[0] for line in lines], doubtful)
            self.assertEqual([line for line in lines if "claude-opus-5-5" not in line], [])

    def test_starts_without_twisted(self) -> None:
        """A process of its own says the same, and never loads Twisted."""
        self.put(STARBASED)
        script = "import sys; from ccproxy.cli.main import main\ntry: main()\nfinally: print('twisted' in sys.modules)"
        ended = subprocess.run(
            [sys.executable, "-c", script, "check"],
            env={"HOME": str(self.home), "PYTHONPATH": str(CHECKOUT), **STARBASED.environ},
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn("in the format of starbased-co/ccproxy", ended.stdout)
        self.assertTrue(ended.stdout.endswith("False\n"))


class ImportTests(CommandCase):
    """From another program's file to ours."""

    def test_means_the_same(self) -> None:
        """The file that is written gives the same settings as the one that was read, and is for its owner alone."""
        for file in FILES:
            self.setUp()
            path = self.put(file)
            output = path.parent / "ours.json"
            result = self.run_it("import", str(path), "--output", str(output))
            self.assertEqual(result.exit_code, 0, result.output)
            self.assertEqual(stat.S_IMODE(output.stat().st_mode), 0o600)
            for key in file.notes:
                if "API_KEY" not in file.notes[key]:
                    self.assertIn(f": {key}: ", result.stderr)
            environ = {"HOME": str(self.home), **file.environ, "GROQ_API_KEY": "a-key"}
            self.assertEqual(load(str(output), environ), load(str(path), environ), file.title)

    def test_shown(self) -> None:
        """Without --output the file is shown, with the remarks in it, and nothing is written."""
        self.put(AISTACK)
        result = self.run_it("import")
        self.assertEqual(result.exit_code, 0)
        self.assertIn("// Not taken as it stood there:", result.output)
        self.assertIn('"haiku": {"provider": "litellm", "model": "qwen"}', result.output)
        self.assertEqual(sorted(path.name for path in (self.home / ".ccproxy").iterdir()), ["settings.json"])

    def test_never_over_a_file(self) -> None:
        """A file that is there stays as it is, unless --force is given."""
        path = self.put(ROUTER)
        output = self.home / "mine.json"
        output.write_text("mine")
        output.chmod(0o644)
        result = self.run_it("import", str(path), "--output", str(output))
        self.assertEqual(result.exit_code, 1)
        self.assertIn("--force", result.stderr)
        self.assertEqual(output.read_text(), "mine")
        self.assertEqual(self.run_it("import", str(path), "--output", str(output), "--force").exit_code, 0)
        self.assertEqual(load(str(output), dict(ROUTER.environ)).port, 3456)
        self.assertEqual(stat.S_IMODE(output.stat().st_mode), 0o600)

    def test_ours(self) -> None:
        """Our own configuration needs no import, where there is none there is nothing to import, and a wrong one has
        status 78."""
        path = self.home / "x.json"
        path.write_text('{"port": 1}')
        self.assertIn("already", self.run_it("import", str(path)).stderr)
        self.assertIn("name a FILE", self.run_it("import").stderr)
        path.write_text('{"Router": {"default": "x"}}')
        self.assertEqual(self.run_it("import", str(path)).exit_code, 78)

    def test_not_usable_yet(self) -> None:
        """What the new file still lacks is told, when it is written."""
        path = self.home / "x.json"
        path.write_text(
            '{"Router": {}, "Providers": [{"name": "groq", "api_base_url": "https://api.groq.com/openai/v1"}]}'
        )
        result = self.run_it("import", str(path), "--output", str(self.home / "y.json"))
        self.assertEqual(result.exit_code, 0)
        self.assertIn("cannot be used yet", result.stderr)
        self.assertIn("GROQ_API_KEY", result.stderr)


class SoughtKeyTests(CommandCase):
    """A key that only the daemon looks for."""

    def test_told(self) -> None:
        """It is told as what it is; nobody is asked without it, and no command is run for a check."""
        path = self.home / "x.json"
        ran = self.home / "ran"
        provider = {"name": "groq", "api_key": {"command": f"touch {ran}; echo key"}, "models": ["m"]}
        path.write_text(json.dumps({"providers": [provider]}))
        result = self.run_it("check", str(path), "--online")
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertIn("key: (from a command)", result.output)
        self.assertIn("was not asked", result.output)
        result = self.run_it("ask", "hi", "--config", str(path))
        self.assertEqual(result.exit_code, 1)
        self.assertIn("ccproxy start", result.stderr)
        self.assertFalse(ran.exists())
