"""`ccproxy route`: what is printed of where a request would go."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.cli.route import route
from tests.support.routing import AGENT, BASH, HELLO

CONFIGURATION = {
    "providers": [
        {"name": "openai", "api_key": "secret-1"},
        {"name": "groq", "api_key": "secret-2"},
        {"name": "anthropic", "api_key": "secret-3"},
    ],
    "routes": {
        "default": {"provider": "anthropic", "fallbacks": ["openai,gpt-5.4"]},
        "haiku": {"provider": "groq", "model": "small", "parameters": {"temperature": 0.2, "top_p": {"override": 1}}},
        "think": "openai,gpt-5.4",
        "subagent": {"provider": "groq", "model": "agents", "conditions": [{"type": "client", "value": "alice"}]},
    },
}
REQUEST: dict[str, Any] = {"model": "claude-sonnet-5-5", "max_tokens": 100, "messages": [HELLO]}


class RouteTests(SynchronousTestCase):
    """The command, run as it is typed."""

    def setUp(self) -> None:
        self.configuration = self.written(CONFIGURATION)

    def written(self, value: Any) -> str:
        path = Path(self.mktemp()).with_suffix(".json")
        path.write_text(json.dumps(value))
        return str(path)

    def run_with(self, *words: str, text: str | None = None) -> Result:
        return CliRunner().invoke(route, [*words, "--config", self.configuration], input=text)

    def told(self, request: dict[str, Any], *words: str) -> Any:
        result = self.run_with("--json", *words, text=json.dumps(request))
        self.assertEqual(result.exit_code, 0, result.output)
        return json.loads(result.output)

    def test_from_a_file(self) -> None:
        """The body of a request is read from a file; three lines tell where it goes."""
        result = self.run_with(self.written(REQUEST))
        self.assertEqual(
            result.output,
            "asked for    claude-sonnet-5-5\n"
            "answered by  anthropic,claude-sonnet-5-5  verbatim as anthropic\n"
            "else by      openai,gpt-5.4  translated as openai_responses\n"
            "because of   route default: a name that nothing else answers\n",
        )
        self.assertEqual(result.exit_code, 0)

    def test_from_standard_input(self) -> None:
        """Without a file, or as `-`, it is read from standard input."""
        text = json.dumps(REQUEST)
        self.assertEqual(self.run_with(text=text).output, self.run_with("-", text=text).output)
        self.assertIn("route default", self.run_with(text=text).output)

    def test_every_rule(self) -> None:
        """`--explain` shows each rule with its verdict and what decided it, in the order in which they were tried."""
        thinking = {**REQUEST, "model": "claude-haiku-5-5", "thinking": {"type": "adaptive"}}
        lines = self.run_with("--explain", text=json.dumps(thinking)).output.splitlines()
        for line in (
            "  - route haiku     it is for the name haiku",
            "  - route subagent  agent == true does not hold: agent is none",
            "  * route haiku     it is for a model of the family haiku",
            "  + route think     thinking == true holds: thinking is true",
            "  + route default   it is for a name that nothing else answers",
        ):
            self.assertIn(line, lines)
        self.assertLess(lines.index("what the request is:"), lines.index("families of models:"))

    def test_as_json(self) -> None:
        """`--json` has the same for programs, and what a route sets."""
        told = self.told({**REQUEST, "model": "claude-haiku-5-5[1m]"})
        self.assertEqual((told["asked"], told["model"]), ("claude-haiku-5-5[1m]", "claude-haiku-5-5"))
        self.assertEqual((told["rule"], told["error"]), ("route haiku", None))
        (target,) = told["targets"]
        self.assertEqual((target["provider"], target["model"], target["plan"]), ("groq", "small", "translated"))
        self.assertEqual(target["parameters"]["top_p"], {"value": 1, "override": True})
        self.assertEqual([one["rule"] for one in told["rules"] if one["verdict"] == "chosen"], ["route haiku"])

    def test_who_asks(self) -> None:
        """Headers, the client's name and the model can be given on the command line, or headers beside the body."""
        header = "X-Claude-Code-Agent-Id: a1"
        self.assertEqual(self.told(REQUEST, "-H", header)["rule"], "route default")
        self.assertEqual(self.told(REQUEST, "-H", header, "--client", "alice")["rule"], "route subagent")
        both = {"headers": {name.upper(): value for name, value in AGENT.items()}, "body": REQUEST}
        self.assertEqual(self.told(both, "--client", "alice")["rule"], "route subagent")
        self.assertEqual(self.told(REQUEST, "-m", "groq,x")["rule"], "provider groq")

    def test_dialects(self) -> None:
        """What a body speaks is seen, and can be said."""
        function = {"type": "function", "function": {"name": "f"}}
        for body, dialect in (
            (REQUEST, "anthropic"),
            ({**REQUEST, "tools": [BASH]}, "anthropic"),
            ({"model": "m", "messages": [HELLO], "tools": [function]}, "openai_chat"),
            ({"model": "m", "messages": [HELLO], "max_completion_tokens": 5}, "openai_chat"),
            ({"model": "m", "input": "Hello"}, "openai_responses"),
        ):
            self.assertEqual(self.told(body)["dialect"], dialect)
        self.assertEqual(self.told(REQUEST, "--dialect", "openai_chat")["dialect"], "openai_chat")

    def test_nobody(self) -> None:
        """Where nothing would answer that is told, and the exit status says so."""
        result = self.run_with("-m", "nobody,x", text=json.dumps(REQUEST))
        self.assertEqual(result.exit_code, 1)
        self.assertIn("answered by  nobody: 'nobody,x' names a provider that is not configured", result.output)
        result = self.run_with("--json", "-m", "nobody,x", text=json.dumps(REQUEST))
        self.assertEqual(result.exit_code, 1)
        self.assertIsNone(json.loads(result.output)["rule"])

    def test_no_request(self) -> None:
        """What is no request is told as what is wrong with it."""
        for text, said in (
            ("{", "not JSON"),
            ("[]", "no object"),
            ("{}", "refused before it is routed: messages"),
            (json.dumps({**REQUEST, "messages": []}), "at least one message"),
        ):
            result = self.run_with(text=text)
            self.assertEqual(result.exit_code, 1, text)
            self.assertIn(said, result.output)
        self.assertIn("is no header", self.run_with("-H", "nonsense", text=json.dumps(REQUEST)).output)
        self.assertEqual(self.run_with("/nowhere/to/be/found").exit_code, 2)

    def test_a_bad_configuration(self) -> None:
        """A configuration that does not load is told as the daemon tells it."""
        self.configuration = self.written({"routes": {"default": "nobody"}})
        result = self.run_with(text=json.dumps(REQUEST))
        self.assertEqual(result.exit_code, 78)
        self.assertIn("routes.default", result.output)

    def test_no_secret(self) -> None:
        """No key is ever shown."""
        for words in ((), ("--explain",), ("--json",)):
            self.assertNotIn("secret", self.run_with(*words, text=json.dumps(REQUEST)).output)
