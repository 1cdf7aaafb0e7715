"""Every command of README.md, typed as it stands there by somebody who has nothing but the demo."""

import re
import shutil
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.clients.live import unavailable
from tests.support.daemon import CHECKOUT
from tests.support.person import Person

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
ROW = re.compile(r"^\| (`ccproxy[^|]*`) \|", re.MULTILINE)
SPAN = re.compile(r"`([^`]+)`")

CLAUDE = """#!/bin/sh
[ "$1" = --version ] && echo "2.1.332 (Claude Code)" && exit
# Asks the gateway one question, as Claude Code does, and prints the answer.
curl -sN "$ANTHROPIC_BASE_URL/v1/messages" -H "Authorization: Bearer $ANTHROPIC_AUTH_TOKEN" \\
  -H 'content-type: application/json' -d '{"model": "claude-sonnet-5-5", "max_tokens": 9, "messages":
  [{"role": "user", "content": "Hello"}]}'
"""

ELSEWHERE = {
    "make": "tests.test_make",
    "ccproxy init": "tests.loopback.test_init",
    "ccproxy start --foreground": "tests.loopback.test_start",
    "ccproxy tail": "tests.loopback.test_tail",
    "ccproxy logs -f": "tests.loopback.test_predecessors",
}
"""What asks questions, or goes on until it is told to end, and where that is tried."""

SHOWS = {
    "ccproxy": "built-in demo",
    "ccproxy run COMMAND": "built-in demo",
    "ccproxy ask QUESTION": "built-in demo",
    "ccproxy check --online": "demo",
    "ccproxy doctor": "Nothing is wrong",
    "ccproxy status": "ccproxy runs",
    "ccproxy show": "demo",
    "ccproxy usage": "demo",
    "ccproxy models": "demo",
    "ccproxy providers": "demo",
    "ccproxy start": "ccproxy",
    "ccproxy reload": "read again",
    "ccproxy restart": "listens",
    "ccproxy stop": "stopped",
    "curl": "event: message_stop",
    "ANTHROPIC_BASE_URL": "built-in demo",
}
"""What is to be read. The longest beginning of a line counts."""

FILLED = {
    "http://127.0.0.1:3456": "http://127.0.0.1:PORT",
    "COMMAND": "claude",
    "QUESTION": "Hello",
    "ccproxy show": "ccproxy show last",
}


def typed() -> list[str]:
    """The command lines of README.md: those behind a prompt, and those of the table of commands."""
    lines = [line[2:] for block in BLOCK.findall(README) for line in block.splitlines() if line.startswith("$ ")]
    lines = [line.partition("    #")[0].rstrip() for line in lines]
    return lines + [line for row in ROW.findall(README) for line in SPAN.findall(row)]


def known(line: str, table: dict[str, str]) -> str | None:
    """What the table says of the line, by its longest beginning."""
    words = re.sub(r"^[A-Z_]+=\.\.\. ", "", line).split()
    for count in range(len(words), 0, -1):
        if (found := table.get(" ".join(words[:count]))) is not None:
            return found
    return table.get(words[0].partition("=")[0])


class ReadmeTests(SynchronousTestCase):
    """One person, and all of it."""

    timeout = 120

    def setUp(self) -> None:
        if shutil.which("curl") is None:
            raise unavailable("curl is not installed")
        self.person = Person(Path(self.mktemp()))
        self.addCleanup(self.person.leave)
        self.person.program("claude", CLAUDE)

    def test_every_command(self) -> None:
        """Each shows what it is to show, and its status is 0. What the daemon is needed for comes before its end."""
        lines = [line for line in dict.fromkeys(typed()) if known(line, ELSEWHERE) is None]
        self.assertGreater(len(lines), 12)
        last = [line for line in lines if re.match("ccproxy (stop|re)", line)]
        self.person.ccproxy("start")
        for line in [line for line in lines if line not in last] + sorted(last):
            shown = known(line, SHOWS)
            assert shown is not None, line
            if line == "ccproxy":
                self.assertIn(shown, self.person.run("sh", "-c", "ccproxy").stdout)
                continue
            command = line
            for name, value in FILLED.items():
                command = command.replace(name, value)
            ended = self.person.run("sh", "-c", command.replace("PORT", str(self.person.port)))
            self.assertEqual(ended.returncode, 0, f"{line}: {ended.stdout}{ended.stderr}")
            self.assertIn(shown, ended.stdout + ended.stderr, line)
