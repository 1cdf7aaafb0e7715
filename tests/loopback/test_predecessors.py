"""What users of the three programs of this name type, as their READMEs have it, with the files that they have."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from tests.clients.live import unavailable
from tests.support.person import Person
from tests.support.processes import Process
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.scripted_vendors import CHAT, KEY
from tests.support.wires import reply

CLAUDE = """#!/bin/sh
# Asks the gateway one question, as Claude Code does, and prints the answer.
body='{"model": "claude-sonnet-4-20250514", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]}'
curl -s "$ANTHROPIC_BASE_URL/v1/messages?beta=true" -H 'content-type: application/json' \\
    -H "Authorization: Bearer $ANTHROPIC_AUTH_TOKEN" -d "$body"
echo " $*"
exit 4
"""

ASKS = 'curl -s $BASE/v1/messages -H \'content-type: application/json\' -d \'{"model": "claude-3-5-sonnet-20241022", '
ASKS += '"max_tokens": 100, "messages": [{"role": "user", "content": "Hello!"}]}\''
ANSWER = '"text":"It works."'


@frozen
class Typed:
    """A line, how it ends, and what is then to be read. `asks` if an upstream is asked by it. `stays` if it goes on
    until it is told to end, once that is to be read."""

    line: str
    status: int = 0
    shows: str = ""
    asks: bool = False
    stays: bool = False


@frozen
class Program:
    """A program's users: `files` in their home, their environment, and what they type, in this order. `PORT` and
    `UPSTREAM` stand for ports."""

    name: str
    files: Mapping[str, str]
    typed: tuple[Typed, ...]
    environ: Mapping[str, str] = field(factory=dict)


ORCHESTRE = Program(
    "orchestre-dev/ccproxy",
    {
        ".ccproxy/config.json": """{
            "host": "127.0.0.1", "port": PORT, "log": true, "apikey": "",
            "providers": [{
                "name": "openai", "api_base_url": "http://127.0.0.1:UPSTREAM/v1", "api_key": "${OPENAI_API_KEY}",
                "models": ["gpt-4.1"], "enabled": true
            }],
            "routes": {"default": {"provider": "openai", "model": "gpt-4.1"}},
            "performance": {"request_timeout": "30s", "max_request_body_size": 10485760, "metrics_enabled": true}
        }"""
    },
    (
        Typed("ccproxy version", shows="ccproxy "),
        Typed("ccproxy --version", shows="ccproxy "),
        Typed("ccproxy status", 3, "does not run"),
        Typed("ccproxy start", shows="http://127.0.0.1:PORT"),
        Typed("ccproxy start", shows="already"),
        Typed("ccproxy status", shows="http://127.0.0.1:PORT"),
        Typed("curl -s http://127.0.0.1:PORT/health", shows='"healthy"'),
        Typed(ASKS, shows=ANSWER, asks=True),
        Typed("ccproxy code", 4, ANSWER, asks=True),
        Typed("ccproxy status", shows="runs"),
        Typed('eval "$(ccproxy env)"; claude', 4, ANSWER, asks=True),
        Typed("ccproxy stop", shows="stopped"),
        Typed("ccproxy stop", shows="does not run"),
        Typed("ccproxy code --model sonnet -p hello", 4, "--model sonnet -p hello", asks=True),
        Typed("ccproxy status", 3),
        Typed("ccproxy start --foreground", shows="listens at http://127.0.0.1:PORT", stays=True),
        Typed("ccproxy start -f", shows="listens at http://127.0.0.1:PORT", stays=True),
        Typed("ccproxy start --config ~/.ccproxy/config.json", shows="http://127.0.0.1:PORT"),
        Typed("ccproxy stop --timeout 5s", shows="stopped"),
        Typed("ccproxy start -c ~/.ccproxy/config.json --port OTHER", shows="http://127.0.0.1:OTHER"),
        Typed("ccproxy stop --force", shows="killed"),
    ),
    {"OPENAI_API_KEY": KEY},
)

AISTACK = Program(
    "aistackhq/claude-code-proxy",
    {
        ".ccproxy/settings.json": """{
            "server": {"port": PORT, "host": "0.0.0.0"},
            "providers": {"openai": {"apiKey": "KEY", "baseURL": "http://127.0.0.1:UPSTREAM/v1"}},
            "models": {
                "bigModel": "gpt-4.1@openai", "smallModel": "gpt-4.1-mini@openai", "preferredProvider": "openai"
            },
            "logging": {"level": "info", "format": "json"},
            "claude": {"args": "--verbose --continue"}
        }"""
    },
    (
        Typed("ccproxy help", shows="code"),
        Typed("ccproxy --help", shows="code"),
        Typed("ccproxy version", shows="ccproxy "),
        Typed("ccproxy", 4, ANSWER, asks=True),
        Typed("ccproxy", 4, " --verbose --continue\n", asks=True),
        Typed("ccproxy -p 'Hello there'", 4, "--verbose --continue -p Hello there", asks=True),
        Typed("ccproxy status", 3),
        Typed("ccproxy server", shows="listens at http://127.0.0.1:PORT", stays=True),
        Typed("ccproxy server --port OTHER", shows="listens at http://127.0.0.1:OTHER", stays=True),
        Typed("ccproxy server --port OTHER --debug", shows="listens at http://127.0.0.1:OTHER", stays=True),
        Typed("ccproxy server --help", shows="--port"),
        Typed("ccproxy init --scope foo", 2, "project"),
        Typed("printf KEY | ccproxy init -s project --provider openai --no-test", shows="Written"),
        Typed("test -e .ccproxy/config.json"),
    ),
)

STARBASED = Program(
    "starbased-co/ccproxy",
    {
        ".ccproxy/ccproxy.yaml": """
ccproxy:
  debug: false
  default_model_passthrough: false
  handler: "ccproxy.handler:CCProxyHandler"
  hooks:
    - ccproxy.hooks.rule_evaluator
    - ccproxy.hooks.model_router
  rules:
    - name: token_count
      rule: ccproxy.rules.TokenCountRule
      params:
        - threshold: 60000
litellm:
  host: 127.0.0.1
  port: PORT
""",
        ".ccproxy/config.yaml": """
model_list:
  - model_name: default
    litellm_params:
      model: openai/gpt-4.1
      api_base: http://127.0.0.1:UPSTREAM/v1
      api_key: os.environ/OPENAI_API_KEY
  - model_name: token_count
    litellm_params:
      model: openai/gpt-4.1-long
      api_base: http://127.0.0.1:UPSTREAM/v1
      api_key: os.environ/OPENAI_API_KEY
litellm_settings:
  callbacks: ccproxy.handler
general_settings:
  forward_client_headers_to_llm_api: true
""",
    },
    (
        Typed("ccproxy start --detach", shows="http://127.0.0.1:PORT"),
        Typed("ccproxy status", shows="http://127.0.0.1:PORT"),
        Typed("ccproxy status --json", shows='"proxy": true'),
        Typed("ccproxy run claude", 4, ANSWER, asks=True),
        Typed("ccproxy run claude -p 'Explain quantum computing'", 4, "-p Explain quantum computing", asks=True),
        Typed("ccproxy run -- claude --version", 4, "--version", asks=True),
        Typed("ccproxy logs", shows="starting"),
        Typed("ccproxy logs -n 1"),
        Typed("ccproxy logs -f", shows="starting", stays=True),
        Typed("ccproxy restart --detach", shows="http://127.0.0.1:PORT"),
        Typed("ccproxy restart -d", shows="stopped"),
        Typed("ccproxy stop", shows="stopped"),
        Typed("ccproxy start -d", shows="http://127.0.0.1:PORT"),
        Typed("ccproxy stop"),
        Typed("ccproxy --config-dir ~/.ccproxy start", shows="http://127.0.0.1:PORT"),
        Typed("ccproxy --config-dir ~/.ccproxy status", shows=".yaml"),
        Typed("ccproxy --config-dir ~/.ccproxy stop", shows="stopped"),
        Typed("ccproxy --config-dir ~/elsewhere install", shows="config.json"),
        Typed("ccproxy --config-dir ~/elsewhere install", 1, "--force"),
        Typed("ccproxy --config-dir ~/elsewhere install --force", shows="config.json"),
    ),
    {"OPENAI_API_KEY": KEY},
)


class PredecessorTests(TestCase):
    """Each line of each program's users does what they know it to do; an upstream answers what is asked of it."""

    timeout = 120

    def setUp(self) -> None:
        if shutil.which("curl") is None:
            raise unavailable("curl is not installed")
        self.upstream = ScriptedUpstream(reactor)
        self.addCleanup(self.upstream.stop)
        self.person = Person(Path(self.mktemp()))
        self.addCleanup(self.person.leave)
        self.person.program("claude", CLAUDE)
        del self.person.environment["CCPROXY_PORT"]
        self.other = Person(Path(self.mktemp())).port

    async def use(self, program: Program) -> None:
        """Type all of it, in the order in which it stands there."""
        for name, text in program.files.items():
            path = self.person.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.filled(text))
        self.person.environment |= program.environ
        for typed in program.typed:
            if typed.asks:
                self.upstream.script(CHAT.says(reply("It works.")))
            await self.type(typed)
        self.upstream.check()
        for request in self.upstream.received:
            self.assertEqual(CHAT.key_of(request), KEY)
            self.assertEqual(request.json()["model"], "gpt-4.1")

    def filled(self, text: str) -> str:
        """The text with ports and keys for their names."""
        values = {"UPSTREAM": self.upstream.port, "PORT": self.person.port, "OTHER": self.other, "KEY": KEY}
        base = f"http://127.0.0.1:{self.person.port}"
        text = text.replace("$BASE", base)
        return re.sub(r"(?<![A-Z_])(UPSTREAM|PORT|OTHER|KEY)(?![A-Z_])", lambda match: str(values[match[1]]), text)

    async def type(self, typed: Typed) -> None:
        """Type one line, and read."""
        line, words = self.filled(typed.line), self.filled(typed.shows)
        shown: Deferred[None] = Deferred()

        def watch() -> None:
            if words in process.output.decode() and not shown.called:
                shown.callback(None)

        def ended(status: int) -> int:
            if not shown.called:
                shown.callback(None)
            return status

        command = ["/bin/sh", "-c", f"exec {line}" if typed.stays else line]
        process = Process(reactor, command, self.person.environment, self.person.directory, on_output=watch)
        process.end_input()
        self.addCleanup(process.stop, "KILL")
        end = process.when_ended().addCallback(ended)
        if typed.stays:
            await shown
            await process.stop("INT")
        status = await end
        said = (process.output + process.errors).decode()
        self.assertIn(words, said, line)
        self.assertNotIn("Traceback", said, line)
        if not typed.stays:
            self.assertEqual(status, typed.status, f"{line}\n{said}")

    async def test_orchestre(self) -> None:
        """orchestre-dev/ccproxy."""
        await self.use(ORCHESTRE)

    async def test_aistack(self) -> None:
        """aistackhq/claude-code-proxy."""
        await self.use(AISTACK)

    async def test_starbased(self) -> None:
        """starbased-co/ccproxy."""
        await self.use(STARBASED)
