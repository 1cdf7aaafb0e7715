"""`ccproxy translate`: from every dialect into every other, and what it says where it cannot."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from ccproxy.cli.main import main
from ccproxy.cli.translating import REPLY, REQUEST, STREAM, Recorded, Unrecognised, recognised
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.registry import DIALECTS
from ccproxy.model.messages import Request, Role, Sampling, Text, Tool, Turn
from ccproxy.model.replies import fold
from tests.cli.test_check import CommandCase
from tests.support.streams import parse
from tests.support.wires import Call, Reply, Say, anthropic, chat, gemini, reply, responses

WIRES = {"anthropic": anthropic, "openai_chat": chat, "openai_responses": responses, "gemini": gemini}
SAID = reply(Say("Hello"), Call("look", {"at": "x"}, "call_1"))
ASKED = Request(
    model="m",
    turns=(Turn(Role.SYSTEM, (Text("Be brief."),)), Turn(Role.USER, (Text("Hello"),))),
    tools=(Tool("look", "Looks.", {"type": "object", "properties": {"at": {"type": "string"}}}),),
    sampling=Sampling(max_tokens=100, top_k=3),
    stream=True,
)


def bodies(dialect: str) -> dict[str, bytes]:
    """A request, a whole reply and a stream of a dialect."""
    return {
        REQUEST: DIALECTS[dialect].render_request(ASKED, Quirks(model="m")).body,
        REPLY: b"".join(WIRES[dialect](SAID, stream=False)),
        STREAM: b"".join(WIRES[dialect](SAID)),
    }


def words(said: Reply) -> str:
    """The text of a reply."""
    return "".join(part.text for part in said.parts if isinstance(part, Say))


class TranslateTests(CommandCase):
    """The command, over all pairs of dialects."""

    def translate(self, data: bytes, *arguments: str) -> Result:
        path = self.home / "recorded"
        path.write_bytes(data)
        return self.run_it("translate", str(path), *arguments)

    def test_recognised(self) -> None:
        """What is given is seen from itself: its kind, and its dialect."""
        for dialect in DIALECTS:
            for kind, data in bodies(dialect).items():
                self.assertEqual(recognised(data), Recorded(kind, dialect), (dialect, kind))
        plain = b'{"model": "m", "messages": [{"role": "user", "content": "x"}]}'
        self.assertEqual(recognised(plain), Recorded(REQUEST, ""))
        for data in (b"", b"{", b"[1", b"{}"):
            self.assertRaises(Unrecognised, recognised, data)

    def test_requests(self) -> None:
        """A request comes out in the other dialect, as that dialect's own reader understands it."""
        for source in DIALECTS:
            for target in DIALECTS:
                result = self.translate(bodies(source)[REQUEST], "--to", target, "--model", "n", "--json")
                self.assertEqual(result.exit_code, 0, result.output)
                report: dict[str, Any] = json.loads(result.stdout)
                again = DIALECTS[target].parse_request({}, json.dumps(report["body"]).encode())
                self.assertEqual([tool.name for tool in again.tools if isinstance(tool, Tool)], ["look"])
                self.assertIn("Hello", json.dumps(report["body"]))
                self.assertTrue(report["path"].startswith("/"))

    def test_answers(self) -> None:
        """Replies and streams say the same in the other dialect, and a reply can be made a stream."""
        for source in DIALECTS:
            recorded = bodies(source)
            for target in ("anthropic", "openai_chat", "openai_responses"):
                for kind, options in ((REPLY, ()), (STREAM, ()), (REPLY, ("--stream",))):
                    result = self.translate(recorded[kind], "--to", target, "--model", "m", *options)
                    self.assertEqual(result.exit_code, 0, result.output)
                    data = result.stdout.encode()
                    if kind == STREAM or options:
                        done = fold(parse(DIALECTS[target].parse_stream(Quirks(model="m")), [data]))
                    else:
                        done = DIALECTS[target].parse_response(data, Quirks(model="m"))
                    self.assertEqual([type(block).__name__ for block in done.blocks], ["Text", "ToolUse"])
                    self.assertEqual([block.text for block in done.blocks if isinstance(block, Text)], [words(SAID)])

    def test_provider(self) -> None:
        """For a provider it is what that one's model would get, with what is lost on the way; one of the configuration
        goes before one of the catalogue."""
        asked = {"model": "m", "max_tokens": 9, "top_k": 3, "messages": [{"role": "user", "content": "Hello"}]}
        body = json.dumps(asked).encode()
        result = self.translate(body, "--to", "groq,openai/gpt-oss-120b")
        self.assertEqual(json.loads(result.stdout)["model"], "openai/gpt-oss-120b")
        self.assertIn("lost: top_k", result.stderr)
        config = {
            "providers": [
                {"name": "groq", "api_key": "k", "quirks": {"top_k": True, "body": {"tier": "x"}}, "models": ["z"]},
            ]
        }
        (self.home / ".ccproxy" / "config.json").write_text(json.dumps(config))
        result = self.translate(body, "--to", "groq")
        sent: Mapping[str, Any] = json.loads(result.stdout)
        self.assertEqual((sent["model"], sent["tier"], sent["top_k"]), ("z", "x", 3))

    def test_standard_input(self) -> None:
        """Without a file, standard input is read."""
        result = CliRunner().invoke(main, ["translate", "--to", "openai_chat"], input=bodies("anthropic")[REQUEST])
        self.assertEqual(json.loads(result.stdout)["model"], "m")

    def test_refused(self) -> None:
        """What is no dialect, no provider, no model, or nothing that can be read is told with what would be."""
        body = bodies("anthropic")[REQUEST]
        for data, arguments, said in (
            (body, ("--to", "klingon"), "neither a dialect nor a provider"),
            (body, ("--to", "openai_chat", "--from", "klingon"), "anthropic"),
            (body, ("--to", "vllm"), "name a model"),
            (b'{"messages": [{"role": "user", "content": "x"}]}', ("--to", "anthropic"), "--from DIALECT"),
            (b'{"messages": 1, "max_tokens": 1}', ("--to", "openai_chat"), "no request"),
            (b'{"messages": [1], "model": "m", "max_tokens": 1}', ("--to", "openai_chat"), "messages"),
            (b"nothing", ("--to", "openai_chat"), "cannot be seen"),
        ):
            result = self.translate(data, *arguments)
            self.assertNotEqual(result.exit_code, 0)
            self.assertIn(said, result.stderr)

    def test_failed_stream(self) -> None:
        """A stream that failed is told in the other dialect, and is an error."""
        cut = b"".join(chat(SAID)[:3])
        result = self.translate(cut, "--to", "anthropic")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("event: error", result.stdout)
        self.assertIn("the stream failed", result.stderr)

    def test_path(self) -> None:
        """A file that is not there is an error of usage."""
        self.assertEqual(self.run_it("translate", str(Path("nothing")), "--to", "anthropic").exit_code, 2)
