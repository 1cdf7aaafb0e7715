"""Requests of other dialects' clients, written for Anthropic and vendors of its dialect; its own SDK is the judge."""

import json
from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.anthropic.outgoing import render_request
from ccproxy.dialects.anthropic.requests import parse_request
from ccproxy.dialects.dialect import Outgoing
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import (
    Choose,
    Effort,
    Inline,
    Media,
    Medium,
    Opaque,
    Output,
    Part,
    Reasoning,
    Remote,
    Request,
    Role,
    Sampling,
    Searched,
    Source,
    Stored,
    Text,
    Think,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
    Turn,
    WebSearch,
)
from tests.support.typed_dicts import problems

CLAUDE = Quirks(vendor="anthropic", model="claude-opus-5-5", documents=True, top_k=True, stop_limit=None)
OLD = evolve(CLAUDE, model="claude-sonnet-4-5")
MIDDLE = evolve(CLAUDE, model="claude-opus-4-6")
FABLE = evolve(CLAUDE, model="claude-fable-5-2")
FOREIGN = Quirks(vendor="minimax", model="MiniMax-M3")
HI = Turn(Role.USER, (Text("Hi"),))
BASH = Tool("Bash", "Runs a command", {"type": "object", "properties": {"command": {"type": "string"}}})


def user(*parts: Part | str) -> Turn:
    """A user's turn; a string is text."""
    return Turn(Role.USER, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def assistant(*parts: Part | str) -> Turn:
    """An assistant's turn; a string is text."""
    return Turn(Role.ASSISTANT, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def system(words: str) -> Turn:
    """A system turn."""
    return Turn(Role.SYSTEM, (Text(words),))


def call(id: str, arguments: str = "{}", name: str = "Bash") -> ToolUse:
    """A call of a tool."""
    return ToolUse(id, name, arguments)


def result(id: str, words: str = "ok") -> ToolResult:
    """Its result."""
    return ToolResult(id, (Text(words),))


class OutgoingCase(SynchronousTestCase):
    """Writing for a model; whatever is written for Claude must fit the SDK's own types."""

    def send(self, *turns: Turn, quirks: Quirks = CLAUDE, **fields: Any) -> Outgoing:
        outgoing = render_request(Request("asked", turns or (HI,), **fields), quirks)
        self.judge(json.loads(outgoing.body))
        return outgoing

    def judge(self, body: dict[str, Any]) -> None:
        try:
            from anthropic.types import message_create_params as params
        except ImportError:
            return
        # Version 2026-10-21 of the API, which the types describe, dropped what 2023-06-01 still takes.
        old = ("temperature", "top_p", "top_k")
        kind = params.MessageCreateParamsStreaming if body["stream"] else params.MessageCreateParamsNonStreaming
        found = problems({key: value for key, value in body.items() if key not in old}, kind)
        self.assertEqual(found, [])

    def written(self, *turns: Turn, **fields: Any) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.send(*turns, **fields).body)
        return body

    def messages(self, *turns: Turn, **fields: Any) -> list[tuple[str, list[dict[str, Any]]]]:
        return [(message["role"], message["content"]) for message in self.written(*turns, **fields)["messages"]]


def kinds(messages: list[tuple[str, list[dict[str, Any]]]]) -> list[tuple[str, list[str]]]:
    """Roles, and the types of their blocks."""
    return [(role, [block["type"] for block in content]) for role, content in messages]


class TurnTests(OutgoingCase):
    """The order that Anthropic insists on."""

    def test_plain(self) -> None:
        """The system prompt apart, then the messages; path and version are Anthropic's, and it is streamed."""
        outgoing = self.send(system("Be brief."), HI)
        body = json.loads(outgoing.body)
        self.assertEqual(body["system"], [{"type": "text", "text": "Be brief."}])
        self.assertEqual(body["messages"], [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}])
        self.assertEqual((body["model"], body["stream"]), ("claude-opus-5-5", True))
        self.assertEqual((outgoing.path, outgoing.headers["anthropic-version"]), ("/v1/messages", "2023-06-01"))
        self.assertEqual(outgoing.losses, ())

    def test_results_first(self) -> None:
        """Results stand first behind their calls, in the order of the calls, however they came."""
        messages = self.messages(
            HI,
            assistant("So:", call("a"), call("b")),
            user("meanwhile"),
            user(result("b", "B")),
            user(result("a", "A")),
        )
        self.assertEqual(
            kinds(messages)[1:],
            [("assistant", ["text", "tool_use", "tool_use"]), ("user", ["tool_result", "tool_result", "text"])],
        )
        self.assertEqual([block["tool_use_id"] for block in messages[2][1][:2]], ["a", "b"])
        self.assertEqual(messages[2][1][0]["content"], [{"type": "text", "text": "A"}])

    def test_interrupted_call(self) -> None:
        """A call without a result gets one that says so, also at the end."""
        for turns in ((HI, assistant(call("a"))), (HI, assistant(call("a")), user("stop"))):
            block = self.messages(*turns)[2][1][0]
            self.assertEqual((block["tool_use_id"], block["is_error"]), ("a", True))
            self.assertIn("interrupted", block["content"])

    def test_orphan_result(self) -> None:
        """A result without a call becomes text."""
        messages = self.messages(user(result("z", "lost")), assistant("Hm"), user("so"))
        self.assertEqual(kinds(messages)[0], ("user", ["text", "text"]))
        self.assertIn("lost", json.dumps(messages))

    def test_result_twice(self) -> None:
        """Of two results of one call the last counts."""
        messages = self.messages(HI, assistant(call("a")), user(result("a", "old"), result("a", "new")))
        self.assertEqual(
            messages[2][1], [{"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "new"}]}]
        )

    def test_ids(self) -> None:
        """Ids that Anthropic refuses are rewritten, the same in call and result; one that comes again is told apart."""
        first = (HI, assistant(call("Bash:0")), user(result("Bash:0")))
        messages = self.messages(*first, assistant(call("Bash:0")), user(result("Bash:0", "again")))
        ids = [block.get("id") or block["tool_use_id"] for _, content in messages[1:] for block in content]
        self.assertEqual(ids[0], ids[1])
        self.assertEqual(ids[2], ids[3])
        self.assertNotEqual(ids[0], ids[2])
        self.assertRegex(ids[0], r"^[a-zA-Z0-9_-]+$")
        self.assertEqual(self.messages(*first), messages[:3])

    def test_same_roles(self) -> None:
        """Neighbours of one role are one message; whitespace alone is no text."""
        messages = self.messages(user("a"), user(" \n"), user("b"), assistant("c"), assistant("d"), user("e"))
        self.assertEqual(kinds(messages), [("user", ["text"] * 2), ("assistant", ["text"] * 2), ("user", ["text"])])

    def test_user_first(self) -> None:
        """A conversation begins with a user, and there is always one."""
        self.assertEqual(kinds(self.messages(assistant("Welcome."), HI))[0], ("user", ["text"]))
        self.assertEqual(kinds(self.messages(system("Only this."))), [("user", ["text"])])

    def test_late_system(self) -> None:
        """Late system turns stay where they are for models that know them; for others they are within the user's."""
        turns = (system("First."), HI, system("Late."), assistant("So"), HI)
        self.assertEqual([role for role, _ in self.messages(*turns)], ["user", "system", "assistant", "user"])
        old = self.messages(*turns, quirks=OLD)
        self.assertEqual([role for role, _ in old], ["user", "assistant", "user"])
        self.assertEqual(old[0][1][1]["text"], "<system>\nLate.\n</system>")

    def test_late_system_after_calls(self) -> None:
        """A late system turn never comes between a call and its result."""
        turns = (HI, assistant(call("a")), system("Late."), user(result("a")))
        self.assertEqual([role for role, _ in self.messages(*turns)], ["user", "assistant", "user", "system"])

    def test_prefill(self) -> None:
        """An answer that the client began is gone on with by old models; newer ones are asked to continue."""
        turns = (HI, assistant("The best answer is ( "))
        self.assertEqual(self.messages(*turns, quirks=OLD)[-1][1][0]["text"], "The best answer is (")
        outgoing = self.send(*turns)
        self.assertEqual(json.loads(outgoing.body)["messages"][-1]["content"][0]["text"], "Continue.")
        self.assertIn("prefill", outgoing.losses[0])

    def test_prefix_is_stable(self) -> None:
        """What was sent in one turn is the beginning of what is sent in the next."""
        turns = [
            HI,
            assistant("Hm", call("a:1")),
            user(result("a:1"), "and?"),
            assistant(call("a:1")),
            user(result("a:1")),
        ]
        before = self.messages(*turns[:3])
        self.assertEqual(self.messages(*turns)[:3], before)


class PartTests(OutgoingCase):
    """What messages hold."""

    def test_media(self) -> None:
        """Images and documents, inline or by address; a text file is a document of plain text."""
        messages = self.messages(
            user(
                Media(Medium.IMAGE, Inline("image/png", "AAAA")),
                Media(Medium.IMAGE, Remote("https://a.test/x.png")),
                Media(Medium.DOCUMENT, Inline("application/pdf", "JVBE"), "a.pdf"),
                Media(Medium.DOCUMENT, Inline("text/plain", "SGk="), "b.txt"),
            )
        )
        image, remote, pdf, plain = messages[0][1]
        self.assertEqual(image["source"], {"type": "base64", "media_type": "image/png", "data": "AAAA"})
        self.assertEqual(remote["source"], {"type": "url", "url": "https://a.test/x.png"})
        self.assertEqual((pdf["type"], pdf["title"]), ("document", "a.pdf"))
        self.assertEqual(plain["source"], {"type": "text", "media_type": "text/plain", "data": "Hi"})

    def test_not_taken(self) -> None:
        """Sound, and images for a model without eyes, are replaced by a note and named as lost."""
        sound = Media(Medium.AUDIO, Inline("audio/wav", "AAAA"))
        image = Media(Medium.IMAGE, Inline("image/png", "AAAA"))
        outgoing = self.send(user(sound, image), quirks=evolve(FOREIGN, images=False))
        self.assertEqual(len(outgoing.losses), 2)
        self.assertIn("audio omitted", outgoing.body.decode())

    def test_stored(self) -> None:
        """A file that another vendor keeps cannot be sent, and the client is told what to do."""
        error = self.assertRaises(ApiError, self.send, user(Media(Medium.IMAGE, Stored("file_9"))))
        self.assertIs(error.kind, Kind.UNTRANSLATABLE)
        self.assertIn("file_9", error.message)

    def test_images_in_results(self) -> None:
        """A result may hold images; one that failed says so; one without content has none."""
        image = Media(Medium.IMAGE, Inline("image/png", "AAAA"))
        results = user(ToolResult("a", (Text("see"), image)), ToolResult("b", (), failed=True))
        content = self.messages(HI, assistant(call("a"), call("b")), results)[2][1]
        self.assertEqual([block["type"] for block in content[0]["content"]], ["text", "image"])
        self.assertEqual(content[1], {"type": "tool_result", "tool_use_id": "b", "is_error": True})

    def test_image_of_an_assistant(self) -> None:
        """An image in an answer goes into the user's next message."""
        image = Media(Medium.IMAGE, Inline("image/png", "AAAA"))
        self.assertEqual(
            kinds(self.messages(HI, assistant("Look:", image), user("Nice")))[1:],
            [("assistant", ["text"]), ("user", ["image", "text"])],
        )

    def test_thinking(self) -> None:
        """Claude's own signatures go back to the byte; ours, and reasoning without one, never."""
        thoughts = [
            Thinking("mine", "EuYB+/=="),
            Thinking("", "ENC", withheld=True),
            Thinking("theirs", "px1.abc"),
            Thinking("unsigned"),
        ]
        outgoing = self.send(HI, assistant(*thoughts, "Hi"), HI)
        content = json.loads(outgoing.body)["messages"][1]["content"]
        self.assertEqual(content[0], {"type": "thinking", "thinking": "mine", "signature": "EuYB+/=="})
        self.assertEqual(content[1], {"type": "redacted_thinking", "data": "ENC"})
        self.assertEqual(len(content), 3)
        self.assertEqual(outgoing.losses, ("reasoning of another vendor", "reasoning of earlier turns"))

    def test_thinking_of_other_vendors(self) -> None:
        """A vendor that writes thinking without signatures gets it back."""
        content = self.messages(HI, assistant(Thinking("unsigned"), "Hi"), HI, quirks=FOREIGN)[1][1]
        self.assertEqual(content[0], {"type": "thinking", "thinking": "unsigned", "signature": ""})

    def test_arguments(self) -> None:
        """Arguments are an object, whatever a model made of them."""
        calls = [call("a", '{"b":1,"a":2}'), call("b", ""), call("c", '{"cut'), call("d", "[1]")]
        inputs = [block["input"] for block in self.messages(HI, assistant(*calls), HI)[1][1]]
        self.assertEqual(inputs, [{"b": 1, "a": 2}, {}, {"unparsed_arguments": '{"cut'}, {"unparsed_arguments": "[1]"}])

    def test_foreign_blocks(self) -> None:
        """Blocks of other dialects become the words in them; our own go back; searches of others are told in words."""
        search = Searched("s", "ants", (Source("https://a.test", "A"),))
        foreign = Opaque("gemini", {"type": "novelty", "text": "Words."})
        own = Opaque("anthropic", {"type": "container_upload", "file_id": "f"})
        outgoing = self.send(HI, assistant(search, foreign), user(own))
        text = outgoing.body.decode()
        for words in ("Searched the web for: ants", "https://a.test", "Words.", "container_upload"):
            self.assertIn(words, text)
        self.assertEqual(len(outgoing.losses), 1)

    def test_cache_markers(self) -> None:
        """Markers are kept, the last four of them: Anthropic refuses more."""
        marked = {"anthropic": {"cache_control": {"type": "ephemeral"}}}
        turns = [Turn(Role.SYSTEM, (Text("S", marked),)), *(user(Text(str(n), marked)) for n in range(4))]
        body = self.written(*turns, tools=(evolve(BASH, extras=marked),))
        self.assertEqual(json.dumps(body).count("cache_control"), 4)
        self.assertNotIn("cache_control", json.dumps([body["tools"], body["system"]]))

    def test_order_of_cache_markers(self) -> None:
        """What is kept for minutes may not stand before what is kept for an hour, so it is kept for an hour too; what
        stands behind stays."""
        short, long = ({"cache_control": {"type": "ephemeral", **ttl}} for ttl in ({}, {"ttl": "1h"}))
        marks = [short, long, {"cache_control": {"type": "ephemeral", "ttl": "5m"}}]
        body = self.written(*(user(Text(str(at), {"anthropic": mark})) for at, mark in enumerate(marks)))
        told = [part["cache_control"].get("ttl") for message in body["messages"] for part in message["content"]]
        self.assertEqual(told, ["1h", "1h", "5m"])


class ToolTests(OutgoingCase):
    """Tools and the choice among them."""

    def test_tools(self) -> None:
        """A tool keeps its schema; a search is Anthropic's own; tools of Claude are as they were declared."""
        native = {"type": "bash_20250124", "name": "bash"}
        editor = Tool("bash", "", {}, extras={"anthropic": native})
        search = WebSearch(max_uses=3, allowed_domains=("a.test",))
        tools = self.written(tools=(BASH, search, editor, Tool("Now", "", {})))["tools"]
        self.assertEqual(tools[0]["input_schema"], dict(BASH.schema))
        self.assertEqual((tools[1]["type"], tools[1]["max_uses"]), ("web_search_20250305", 3))
        self.assertEqual(tools[2], native)
        self.assertEqual(tools[3], {"name": "Now", "input_schema": {"type": "object"}})

    def test_long_names(self) -> None:
        """Claude takes longer names than others; where they are shortened, history and choice are too."""
        name = "mcp__" + "x" * 80
        tool, choice = evolve(BASH, name=name), ToolChoice(Choose.NAMED, name)
        turns = (HI, assistant(call("a", name=name)), user(result("a")))
        self.assertEqual(self.written(*turns, tools=(tool,))["tools"][0]["name"], name)
        body = self.written(*turns, tools=(tool,), tool_choice=choice, quirks=FOREIGN)
        names = {body["tools"][0]["name"], body["tool_choice"]["name"], body["messages"][1]["content"][0]["name"]}
        self.assertEqual(len(names), 1)
        self.assertEqual(len(names.pop()), 64)

    def test_choice(self) -> None:
        """Every choice has its word; without tools there is none; one that a vendor lacks is free and named as lost."""
        for choice, told in (
            (ToolChoice(), None),
            (ToolChoice(parallel=False), {"type": "auto", "disable_parallel_tool_use": True}),
            (ToolChoice(Choose.ANY), {"type": "any"}),
            (
                ToolChoice(Choose.NAMED, "Bash", False),
                {"type": "tool", "name": "Bash", "disable_parallel_tool_use": True},
            ),
            (ToolChoice(Choose.NONE, parallel=False), {"type": "none"}),
        ):
            self.assertEqual(self.written(tools=(BASH,), tool_choice=choice).get("tool_choice"), told)
            self.assertNotIn("tool_choice", self.written(tool_choice=choice))
        few = evolve(FOREIGN, tool_choices=frozenset({"auto", "none"}))
        outgoing = self.send(tools=(BASH,), tool_choice=ToolChoice(Choose.ANY), quirks=few)
        self.assertEqual(outgoing.losses, ("tool_choice any",))

    def test_foreign_tools(self) -> None:
        """A tool that another vendor runs is left out and named; where the client cannot do without, it is refused."""
        foreign = Opaque("openai_responses", {"type": "file_search"})
        self.assertEqual(len(self.send(tools=(BASH, foreign)).losses), 1)
        error = self.assertRaises(ApiError, self.send, tools=(foreign,))
        self.assertIs(error.kind, Kind.UNTRANSLATABLE)

    def test_called_tools(self) -> None:
        """A vendor that insists gets a declaration of each tool that the history calls."""
        quirks = evolve(FOREIGN, declares_called_tools=True)
        turns = (HI, assistant(call("a")), user(result("a")))
        self.assertEqual([tool["name"] for tool in self.written(*turns, quirks=quirks)["tools"]], ["Bash"])
        self.assertNotIn("tools", self.written(*turns))


class ReasoningTests(OutgoingCase):
    """Thinking and effort, as each generation of Claude takes them."""

    def fields(self, reasoning: Reasoning, quirks: Quirks, **fields: Any) -> tuple[Any, Any]:
        body = self.written(reasoning=reasoning, quirks=quirks, **fields)
        return body.get("thinking"), body.get("output_config")

    def test_adaptive(self) -> None:
        """New models think as they see fit; a budget becomes the effort that it stands for."""
        shown = {"type": "adaptive", "display": "summarized"}
        self.assertEqual(self.fields(Reasoning(Think.ADAPTIVE), CLAUDE), (shown, None))
        self.assertEqual(self.fields(Reasoning(effort=Effort.XHIGH), CLAUDE), (shown, {"effort": "xhigh"}))
        self.assertEqual(self.fields(Reasoning(Think.BUDGET, budget=8000), CLAUDE), (shown, {"effort": "medium"}))
        hidden = Reasoning(Think.ADAPTIVE, shown=False)
        self.assertEqual(self.fields(hidden, CLAUDE)[0], {"type": "adaptive", "display": "omitted"})

    def test_efforts(self) -> None:
        """An effort that a model lacks is the next below it."""
        self.assertEqual(self.fields(Reasoning(effort=Effort.XHIGH), MIDDLE)[1], {"effort": "high"})
        self.assertEqual(self.fields(Reasoning(effort=Effort.MINIMAL), MIDDLE)[1], {"effort": "low"})

    def test_budget(self) -> None:
        """Old models want a budget, which an effort becomes; it is below the limit of output and not too small."""
        self.assertEqual(
            self.fields(Reasoning(effort=Effort.HIGH), OLD)[0], {"type": "enabled", "budget_tokens": 24576}
        )
        self.assertEqual(self.fields(Reasoning(Think.BUDGET, budget=5), OLD)[0]["budget_tokens"], 1024)
        body = self.written(reasoning=Reasoning(Think.BUDGET, budget=9000), sampling=Sampling(500), quirks=OLD)
        self.assertEqual((body["thinking"]["budget_tokens"], body["max_tokens"]), (9000, 9500))
        body = self.written(reasoning=Reasoning(Think.BUDGET, budget=99_000), sampling=Sampling(500), quirks=OLD)
        self.assertEqual((body["thinking"]["budget_tokens"], body["max_tokens"]), (62_976, 64_000))

    def test_little_room(self) -> None:
        """Where the model's own limit leaves no room for the least budget, there is no thinking."""
        quirks = evolve(OLD, max_output_tokens=1000)
        body = self.written(reasoning=Reasoning(Think.BUDGET, budget=2000), quirks=quirks)
        self.assertEqual((body["max_tokens"], body.get("thinking")), (1000, None))

    def test_off(self) -> None:
        """Thinking is switched off as the model wants it told, or not at all where nothing is to be switched."""
        off = Reasoning(Think.OFF)
        self.assertEqual(self.fields(off, CLAUDE)[0], {"type": "disabled"})
        self.assertIsNone(self.fields(off, evolve(CLAUDE, model="claude-opus-4-7"))[0])
        self.assertIsNone(self.fields(off, evolve(CLAUDE, model="claude-3-5-haiku-latest"))[0])
        self.assertEqual(self.fields(off, FABLE), (None, {"effort": "low"}))
        self.assertEqual(self.fields(Reasoning(), CLAUDE), (None, None))

    def test_none(self) -> None:
        """A model that cannot think is not asked to, and the loss is named."""
        outgoing = self.send(
            reasoning=Reasoning(Think.ADAPTIVE), quirks=evolve(CLAUDE, model="claude-3-5-haiku-latest")
        )
        self.assertEqual(len(outgoing.losses), 1)

    def test_forced_choice(self) -> None:
        """A tool that must be called outweighs the reasoning, for Claude refuses both together."""
        fields: dict[str, Any] = {"tools": (BASH,), "tool_choice": ToolChoice(Choose.ANY)}
        outgoing = self.send(reasoning=Reasoning(Think.ADAPTIVE), **fields)
        body = json.loads(outgoing.body)
        self.assertEqual((body["thinking"]["type"], body["tool_choice"]["type"]), ("disabled", "any"))
        self.assertEqual(len(outgoing.losses), 1)

    def test_calls_without_thinking(self) -> None:
        """With a budget Claude goes on only from calls that were made with thinking; else it does without."""
        asked = Reasoning(Think.BUDGET, budget=2000)
        bare = (HI, assistant(call("a")), user(result("a")))
        self.assertNotIn("thinking", self.written(*bare, reasoning=asked, quirks=OLD))
        signed = (HI, assistant(Thinking("Hm", "Eu"), call("a")), user(result("a")))
        self.assertIn("thinking", self.written(*signed, reasoning=asked, quirks=OLD))


class SettingTests(OutgoingCase):
    """Everything else."""

    def test_max_tokens(self) -> None:
        """The API demands a limit: the client's, clamped to the model's, else all that the model has."""
        self.assertEqual(self.written()["max_tokens"], 128_000)
        self.assertEqual(self.written(quirks=FOREIGN)["max_tokens"], 32_000)
        self.assertEqual(self.written(sampling=Sampling(50))["max_tokens"], 50)
        self.assertEqual(self.written(sampling=Sampling(0))["max_tokens"], 1)
        self.assertEqual(
            self.written(sampling=Sampling(9**9), quirks=evolve(CLAUDE, max_output_tokens=7))["max_tokens"], 7
        )

    def test_sampling(self) -> None:
        """Old models take sampling within Anthropic's bounds, new ones none of it; what is dropped is named."""
        sampling = Sampling(temperature=1.7, top_p=0.5, top_k=4)
        body = self.written(sampling=sampling, quirks=OLD)
        self.assertEqual((body["temperature"], body.get("top_p"), body["top_k"]), (1.0, None, 4))
        outgoing = self.send(sampling=sampling)
        self.assertEqual(outgoing.losses, ("temperature", "top_p", "top_k"))
        self.assertNotIn("temperature", json.loads(outgoing.body))
        foreign = self.written(sampling=Sampling(temperature=1.7, top_p=0.5), quirks=FOREIGN)
        self.assertEqual((foreign["temperature"], foreign["top_p"]), (1.7, 0.5))

    def test_sampling_while_thinking(self) -> None:
        """With thinking only a high top_p is taken."""
        fields: dict[str, Any] = {"reasoning": Reasoning(Think.ADAPTIVE), "quirks": MIDDLE}
        body = self.written(sampling=Sampling(temperature=0.5, top_p=0.97, top_k=3), **fields)
        self.assertEqual((body.get("temperature"), body["top_p"], body.get("top_k")), (None, 0.97, None))

    def test_stops(self) -> None:
        """Stop sequences of space alone are refused by Anthropic, and too many by others: we watch for them."""
        outgoing = self.send(sampling=Sampling(stop=("END", "\n\n")))
        self.assertEqual(json.loads(outgoing.body)["stop_sequences"], ["END"])
        self.assertEqual(outgoing.unwatched_stops, ("\n\n",))
        self.assertEqual(self.send(sampling=Sampling(stop=tuple("abcdef")), quirks=FOREIGN).unwatched_stops, ("e", "f"))

    def test_schema(self) -> None:
        """A schema for the output goes where the model takes one, else into words."""
        output = Output({"type": "object"})
        form = {"type": "json_schema", "schema": {"type": "object"}}
        self.assertEqual(self.written(output=output)["output_config"], {"format": form})
        both = self.written(output=output, reasoning=Reasoning(effort=Effort.LOW))["output_config"]
        self.assertEqual(both, {"effort": "low", "format": form})
        words = self.written(output=output, quirks=FOREIGN)["system"][0]["text"]
        self.assertIn('{"type":"object"}', words)
        self.assertIn("JSON object", self.written(output=Output())["system"][0]["text"])

    def test_user(self) -> None:
        """Who asks is told as a hash, or not at all."""
        told = self.written(user="alice@example.org")["metadata"]["user_id"]
        self.assertRegex(told, r"^[0-9a-f]{64}$")
        self.assertNotIn("metadata", self.written(user="alice", quirks=evolve(FOREIGN, user_field="")))

    def test_quirks(self) -> None:
        """What the operator wrote goes into every request."""
        quirks = evolve(CLAUDE, headers={"anthropic-beta": "x"}, body={"service_tier": "auto"}, streams=False)
        outgoing = render_request(Request("asked", (HI,)), quirks)
        body = json.loads(outgoing.body)
        self.assertEqual((body["service_tier"], body["stream"]), ("auto", False))
        self.assertEqual(outgoing.headers["anthropic-beta"], "x")

    def test_model(self) -> None:
        """A target without a name for the model takes the client's."""
        self.assertEqual(self.written(quirks=Quirks(user_field=""))["model"], "asked")

    def test_own_request(self) -> None:
        """A request of this very dialect survives being read and written."""
        given: dict[str, Any] = {
            "model": "claude-opus-5-5",
            "max_tokens": 100,
            "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "Hm", "signature": "Eu=="},
                        {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "tool_result",
                            "tool_use_id": "toolu_1",
                            "content": [{"type": "text", "text": "a"}],
                            "is_error": True,
                        },
                        {"type": "text", "text": "And?"},
                    ],
                },
                {"role": "system", "content": [{"type": "text", "text": "Soon."}]},
            ],
            "tools": [
                {"name": "Bash", "description": "Runs", "input_schema": {"type": "object"}},
                {"type": "web_search_20250305", "name": "web_search", "max_uses": 2},
                {"type": "code_execution_20260521", "name": "code_execution"},
            ],
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
            "thinking": {"type": "adaptive", "display": "summarized"},
            "output_config": {"effort": "xhigh"},
            "stop_sequences": ["END"],
            "service_tier": "auto",
            "stream": True,
        }
        written = json.loads(render_request(parse_request({}, json.dumps(given).encode()), CLAUDE).body)
        self.assertEqual(written, given)
