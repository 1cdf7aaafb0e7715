"""What a command loads: that is nearly all of its start, which shall take less than 100 ms where nothing is served.

Time itself is not measured here. Each command is run as it is typed, in a process of its own, which tells at its end
what it has loaded.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

RUN = """
import sys
from ccproxy.cli.main import main
try:
    main()
finally:
    print("loaded:", *sys.modules, file=sys.stderr)
"""

PROVIDER = {"name": "mine", "api_base_url": "http://127.0.0.1:1/v1", "dialect": "openai_chat", "models": ["m"]}
CONFIGURATION = {"providers": [PROVIDER], "port": 1}

SERVING = {"twisted", "zope", "treq", "OpenSSL", "asyncio", "tiktoken", "ccproxy.web", "ccproxy.exchange"}
REQUESTS = {"ccproxy.model.messages", "ccproxy.model.events", "ccproxy.dialects.dialect", "ccproxy.tokens"}
ASKING = {"http.client", "email", "ssl", "concurrent.futures"}
OTHERS = {"ccproxy.config.imports.reading", "ccproxy.config.imports.parts", "yaml"}
HASHING = {"hashlib", "_hashlib"}
LEDGER = {"sqlite3", "ccproxy.ledger.database"}
CHAT = {"ccproxy.dialects.openai_chat.dialect"}
READING = {"ccproxy.config.load", "cattrs"}
"""What serves, reads requests, asks providers, reads configurations of other programs and in YAML, hashes, reads the
ledger, speaks another dialect than Anthropic's, and reads a configuration at all."""

ALL = SERVING | REQUESTS | ASKING | OTHERS | HASHING | LEDGER | CHAT

WITHOUT = {
    ("stop",): ALL | READING | {"socket"},
    ("status",): ALL,
    ("logs",): ALL,
    ("tail",): ALL,
    ("reload",): ALL,
    ("providers",): ALL,
    ("usage",): ALL - LEDGER,
    ("show",): ALL - LEDGER,
    # These tell who would be asked, and for which account.
    ("env",): ALL - HASHING,
    ("check",): ALL - HASHING,
    ("models",): ALL - HASHING,
    ("route", "request.json"): ALL - HASHING - REQUESTS,
}
"""Commands, and what each does without."""


class LightTests(SynchronousTestCase):
    """Commands at a small configuration, where no daemon runs."""

    def setUp(self) -> None:
        self.home = Path(self.mktemp()).absolute()
        (self.home / ".ccproxy").mkdir(parents=True)
        (self.home / ".ccproxy" / "config.json").write_text(json.dumps(CONFIGURATION))
        request = {"model": "claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
        (self.home / "request.json").write_text(json.dumps(request))

    def loaded(self, *command: str) -> set[str]:
        """The modules that a command has loaded."""
        environ = {"HOME": str(self.home), "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
        ended = subprocess.run(
            [sys.executable, "-c", RUN, *command],
            cwd=self.home,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        said, _, modules = ended.stderr.rpartition("loaded:")
        self.assertNotIn("Traceback", said)
        return set(modules.split())

    def test_each(self) -> None:
        """Each loads the modules that it needs, and none of those that it does without."""
        for command, without in WITHOUT.items():
            self.assertEqual(self.loaded(*command) & without, set(), command)

    def test_what_is_needed_is_seen(self) -> None:
        """The names of this table are those of modules: each is loaded by a command that needs it."""
        config = str(self.home / "router.yaml")
        Path(config).write_text(f"Router: {{}}\nProviders: [{json.dumps(PROVIDER)}]\n")
        (self.home / ".ccproxy" / "ledger.db").touch()
        seen = set()
        for command in (
            ("check", "--online", config),
            ("usage",),
            ("route", "request.json"),
            ("route", "request.json", "--dialect", "openai_chat"),
        ):
            seen |= self.loaded(*command)
        named = REQUESTS | ASKING | OTHERS | HASHING | LEDGER | CHAT | READING | {"socket"}
        self.assertEqual(named - seen, set())
