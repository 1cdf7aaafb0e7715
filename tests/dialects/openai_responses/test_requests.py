"""Tests of `ccproxy.dialects.openai_responses.requests` and `items`."""

import json
from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.dialect import Peek
from ccproxy.dialects.openai_responses.dialect import OPENAI_RESPONSES
from ccproxy.dialects.openai_responses.requests import peek, render_request, verbatim, with_model
from ccproxy.dialects.openai_responses.signatures import carry
from ccproxy.dialects.quirks import LateSystem, Quirks, ReasoningControl
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import (
    Choose,
    Effort,
    Inline,
    Media,
    Medium,
    Opaque,
    Reasoning,
    Remote,
    Request,
    Sampling,
    Stored,
    Text,
    Think,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolUse,
    Turn,
    WebSearch,
)
from tests.dialects.openai_responses.conversations import (
    BASH,
    CONVERSATIONS,
    PNG,
    RICH_QUIRKS,
    SEAL,
    STATE,
    STRICT,
    model,
    system,
    user,
)

PLAIN = Quirks(vendor="v", model="m-up")


def body(request: Request, quirks: Quirks = RICH_QUIRKS) -> dict[str, Any]:
    """What is sent."""
    value = json.loads(render_request(request, quirks).body)
    assert isinstance(value, dict)
    return value


def items(*turns: Turn, quirks: Quirks = RICH_QUIRKS) -> list[dict[str, Any]]:
    """The input items of these turns."""
    found = body(Request("m", turns), quirks)["input"]
    assert isinstance(found, list)
    return found


def kinds(*turns: Turn, quirks: Quirks = RICH_QUIRKS) -> list[str]:
    """What the items are: their type, of messages their role."""
    return [item.get("role") or item["type"] for item in items(*turns, quirks=quirks)]


USE = ToolUse("t1", "Bash", '{"command": "ls"}')
RESULT = ToolResult("t1", (Text("a"),))


class TopLevelTests(SynchronousTestCase):
    """Fields beside the conversation."""

    def test_nothing_is_stored(self) -> None:
        """Every request says so, and wants reasoning back encrypted; the path follows the base URL."""
        outgoing = render_request(CONVERSATIONS["plain"], RICH_QUIRKS)
        sent = json.loads(outgoing.body)
        self.assertEqual((outgoing.path, outgoing.headers["content-type"]), ("/responses", "application/json"))
        self.assertIs(sent["store"], False)
        self.assertEqual(sent["include"], ["reasoning.encrypted_content"])
        self.assertEqual((sent["stream"], sent["stream_options"]), (True, {"include_obfuscation": False}))
        self.assertEqual(sent["model"], "gpt-5.6")

    def test_everything(self) -> None:
        """Each wish finds its field, and what has none is told as a loss."""
        outgoing = render_request(CONVERSATIONS["everything of the top level"], RICH_QUIRKS)
        sent = json.loads(outgoing.body)
        self.assertEqual(sent["instructions"], "Be kind.\n\nBe brief.")
        self.assertEqual(sent["tool_choice"], {"type": "function", "name": "Bash"})
        self.assertIs(sent["parallel_tool_calls"], False)
        self.assertEqual(sent["max_output_tokens"], 64000)
        self.assertEqual(sent["reasoning"], {"effort": "high", "summary": "auto"})
        self.assertEqual(sent["text"]["format"]["name"], "answer")
        self.assertIs(sent["text"]["format"]["strict"], True)
        self.assertIn("web_search_call.action.sources", sent["include"])
        self.assertEqual(len(sent["safety_identifier"]), 64)
        self.assertNotIn("alice", outgoing.body.decode())
        self.assertEqual(len(sent["prompt_cache_key"]), 64)
        self.assertEqual(outgoing.losses, ("temperature", "top_p", "top_k"))
        self.assertEqual(outgoing.unwatched_stops, ("STOP",))
        self.assertFalse({"temperature", "top_p", "top_k", "stop", "max_tokens"} & sent.keys())

    def test_a_cached_part_is_marked(self) -> None:
        """Where the client ends a cached prefix the vendor is told so: in the user's message, and in the system prompt,
        which then is a message too. Vendors without breakpoints get neither."""
        sent = body(CONVERSATIONS["everything of the top level"])
        mark = {"mode": "explicit"}
        self.assertEqual(sent["input"][0]["content"][0]["prompt_cache_breakpoint"], mark)
        marked = body(Request("m", (system("Be kind.", marked=True), user(Text("Hi")))))
        self.assertNotIn("instructions", marked)
        self.assertEqual(marked["input"][0]["role"], "developer")
        self.assertEqual(marked["input"][0]["content"][0]["prompt_cache_breakpoint"], mark)
        plain = body(CONVERSATIONS["everything of the top level"], PLAIN)
        self.assertNotIn("prompt_cache_breakpoint", json.dumps(plain))

    def test_limits_of_output(self) -> None:
        """The wish for tokens is lowered to the model's cap and raised to the least that the API takes; a vendor that
        refuses the field does not get it."""
        for wish, sent in ((1, 16), (64000, 64000), (10**6, 128000)):
            request = Request("m", (user(Text("Hi")),), sampling=Sampling(max_tokens=wish))
            self.assertEqual(body(request)["max_output_tokens"], sent)
        self.assertNotIn("max_output_tokens", body(request, evolve(RICH_QUIRKS, max_tokens_field="")))

    def test_reasoning(self) -> None:
        """Effort by words, budgets by size, off where it can be off; the summary only where it is shown."""
        for reasoning, sent in (
            (Reasoning(Think.ADAPTIVE), {"summary": "auto"}),
            (Reasoning(Think.ADAPTIVE, Effort.LOW, shown=False), {"effort": "low"}),
            (Reasoning(Think.ADAPTIVE, Effort.MINIMAL), {"effort": "low", "summary": "auto"}),
            (Reasoning(Think.BUDGET, budget=2048), {"effort": "low", "summary": "auto"}),
            (Reasoning(Think.BUDGET, budget=8193), {"effort": "high", "summary": "auto"}),
            (Reasoning(Think.BUDGET, budget=60000), {"effort": "xhigh", "summary": "auto"}),
            (Reasoning(effort=Effort.MAX), {"effort": "max", "summary": "auto"}),
            (Reasoning(Think.OFF), {"effort": "none"}),
            (Reasoning(), {"effort": "none"}),
        ):
            self.assertEqual(body(Request("m", (), reasoning=reasoning))["reasoning"], sent, reasoning)

    def test_models_without_reasoning(self) -> None:
        """A model that does not reason gets no field of it, and samples."""
        quirks = evolve(RICH_QUIRKS, reasoning=ReasoningControl.NONE)
        request = Request("m", (), reasoning=Reasoning(effort=Effort.HIGH), sampling=Sampling(temperature=0.5))
        sent = body(request, quirks)
        self.assertFalse({"reasoning", "include"} & sent.keys())
        self.assertEqual(sent["temperature"], 0.5)

    def test_models_that_always_reason(self) -> None:
        """That reasoning cannot be switched off is told as a loss."""
        quirks = evolve(RICH_QUIRKS, efforts={"low": "low"})
        outgoing = render_request(Request("m", (), reasoning=Reasoning(Think.OFF)), quirks)
        self.assertNotIn("reasoning", json.loads(outgoing.body))
        self.assertIn("reasoning switched off (this model always reasons)", outgoing.losses)

    def test_own_extras_return(self) -> None:
        """Fields that only this dialect knows are sent as they came, beside ours of the same name."""
        sent = body(
            evolve(
                CONVERSATIONS["a custom tool"], output=CONVERSATIONS["documents, searches, late system turns"].output
            )
        )
        self.assertEqual(sent["truncation"], "auto")
        self.assertEqual(sent["text"], {"verbosity": "low", "format": {"type": "json_object"}})

    def test_quirks_of_the_body(self) -> None:
        """What the configuration wants in every body and header is there, last."""
        quirks = evolve(PLAIN, body={"store": True, "provider": {"a": 1}}, headers={"x-title": "t"}, streams=False)
        outgoing = render_request(CONVERSATIONS["plain"], quirks)
        sent = json.loads(outgoing.body)
        self.assertEqual((sent["store"], sent["provider"], sent["stream"]), (True, {"a": 1}, False))
        self.assertNotIn("stream_options", sent)
        self.assertEqual(outgoing.headers["x-title"], "t")

    def test_schema_in_words(self) -> None:
        """A vendor that knows no schemas is told in words, and asked for JSON."""
        request = CONVERSATIONS["everything of the top level"]
        sent = body(request, evolve(RICH_QUIRKS, schema_output=False))
        self.assertEqual(sent["text"], {"format": {"type": "json_object"}})
        self.assertIn('"additionalProperties":false', sent["instructions"])


class ToolTests(SynchronousTestCase):
    """Tools and their choice."""

    def test_strict_is_always_said(self) -> None:
        """Without the field OpenAI would try strict mode, so it is stated; true only where the client wants it and the
        schema is fit."""
        sent = body(Request("m", (), tools=(BASH, STRICT, evolve(BASH, name="Loose", strict=True))))
        self.assertEqual([tool["strict"] for tool in sent["tools"]], [False, True, False])

    def test_schemas_have_an_object_at_the_root(self) -> None:
        """A tool without parameters gets an empty object; `$schema` is left out."""
        tool = evolve(BASH, schema={"$schema": "x"})
        self.assertEqual(body(Request("m", (), tools=(tool,)))["tools"][0]["parameters"], _EMPTY)

    def test_choices(self) -> None:
        """Each choice in OpenAI's words; without tools there is none; one that the vendor ignores is a loss."""
        for choice, sent in (
            (ToolChoice(), None),
            (ToolChoice(Choose.ANY), "required"),
            (ToolChoice(Choose.NONE), "none"),
            (ToolChoice(Choose.NAMED, "Bash"), {"type": "function", "name": "Bash"}),
        ):
            request = Request("m", (), tools=(BASH,), tool_choice=choice)
            self.assertEqual(body(request).get("tool_choice"), sent)
            self.assertNotIn("tool_choice", body(evolve(request, tools=())))
        outgoing = render_request(
            Request("m", (), tools=(BASH,), tool_choice=ToolChoice(Choose.ANY)),
            evolve(PLAIN, tool_choices=frozenset({"auto"})),
        )
        self.assertIn("tool_choice any", outgoing.losses)

    def test_long_names(self) -> None:
        """A long name is shortened alike in the tool, the choice and the history."""
        name = "mcp__" + "x" * 70
        request = Request(
            "m",
            (user(Text("Hi")), model(ToolUse("t1", name, "{}")), user(RESULT)),
            tools=(evolve(BASH, name=name),),
            tool_choice=ToolChoice(Choose.NAMED, name),
        )
        sent = body(request)
        short = sent["tools"][0]["name"]
        self.assertEqual(len(short), 64)
        self.assertEqual(sent["tool_choice"]["name"], short)
        self.assertEqual(sent["input"][1]["name"], short)

    def test_web_search(self) -> None:
        """The vendor's own search, with what it can of the client's wishes; others lose it and say so."""
        search = WebSearch(max_uses=3, blocked_domains=("b.org",))
        outgoing = render_request(Request("m", (), tools=(search,)), RICH_QUIRKS)
        self.assertEqual(json.loads(outgoing.body)["tools"], [{"type": "web_search"}])
        self.assertEqual(outgoing.losses, ("tools.web_search.blocked_domains", "tools.web_search.max_uses"))
        with self.assertRaises(ApiError):
            render_request(Request("m", (), tools=(search,)), evolve(PLAIN, web_search=False))

    def test_foreign_tools(self) -> None:
        """A tool that another vendor runs is left out and told; too many tools are an error that says how many."""
        foreign = Opaque("anthropic", {"type": "code_execution_20250825", "name": "code_execution"})
        outgoing = render_request(Request("m", (), tools=(BASH, foreign)), RICH_QUIRKS)
        self.assertEqual(len(json.loads(outgoing.body)["tools"]), 1)
        self.assertIn("code_execution", outgoing.losses[0])
        error = self.assertRaises(
            ApiError, render_request, Request("m", (), tools=(BASH, STRICT)), evolve(PLAIN, max_tools=1)
        )
        self.assertIn("at most 1 tools, the request has 2", error.message)


_EMPTY = {"type": "object", "properties": {}}


class ItemTests(SynchronousTestCase):
    """The conversation as items."""

    def test_a_tool_loop(self) -> None:
        """Reasoning, text, call, output and the user's words in their order, each item without an id but reasoning."""
        sent = body(CONVERSATIONS["a tool loop with reasoning"])["input"]
        self.assertEqual(
            [item.get("role") or item["type"] for item in sent],
            ["user", "reasoning", "assistant", "function_call", "function_call_output", "reasoning", "function_call",
             "function_call_output", "user"],
        )  # fmt: skip
        self.assertEqual(sent[1], {"type": "reasoning", **STATE})
        self.assertEqual(sent[2]["content"], "I look.")
        self.assertEqual(
            sent[3],
            {"type": "function_call", "call_id": "t1", "name": "Bash", "arguments": USE.arguments.replace(" ", "")},
        )
        image = {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,aGk="}
        self.assertEqual(sent[4]["output"], [{"type": "input_text", "text": "a"}, image])
        self.assertEqual(sent[6]["arguments"], "{}")
        self.assertEqual(sent[7]["output"], [{"type": "input_text", "text": "Error: the tool failed"}][0]["text"])
        self.assertFalse([item for item in sent if "id" in item and item["type"] != "reasoning"])

    def test_arguments_stay_as_they_are(self) -> None:
        """The text of arguments is sent byte for byte, or caches would miss."""
        self.assertEqual(items(model(USE), user(RESULT))[0]["arguments"], '{"command": "ls"}')

    def test_prefix_is_stable(self) -> None:
        """The items of one request are the beginning of those of the next."""
        turns = CONVERSATIONS["a tool loop with reasoning"].turns
        whole = items(*turns)
        for count in (1, 3):
            before = items(*turns[:count])
            self.assertEqual(before, whole[: len(before)])

    def test_phases(self) -> None:
        """Text beside calls is commentary, the last text of an answer is final; other vendors get no phase."""
        sent = items(user(Text("Hi")), model(Text("One."), Text("Two.")), model(Text("I look."), USE), user(RESULT))
        phases = [item["phase"] for item in sent if item.get("role") == "assistant"]
        self.assertEqual(phases, ["commentary", "final_answer", "commentary"])
        self.assertNotIn("phase", json.dumps(items(model(Text("One.")), quirks=PLAIN)))

    def test_reasoning_that_led_to_nothing(self) -> None:
        """Reasoning whose item is gone is left out, as the API refuses it; so is foreign reasoning."""
        self.assertEqual(kinds(model(Thinking("Hm.", SEAL)), user(Text("Hi"))), ["user"])
        self.assertEqual(kinds(model(Text("A"), Thinking("Hm.", SEAL)), user(Text("Hi"))), ["assistant", "user"])
        for foreign in ("EqQBCkYI==", "px1.AAAA", ""):
            self.assertEqual(kinds(model(Thinking("Hm.", foreign), USE), user(RESULT))[0], "function_call")
        other = evolve(RICH_QUIRKS, account="k2")
        self.assertEqual(kinds(model(Thinking("Hm.", SEAL), USE), user(RESULT), quirks=other)[0], "function_call")

    def test_every_call_has_its_output(self) -> None:
        """A call without a result was interrupted, whoever speaks next; words between a call and its result wait."""
        call, output = "function_call", "function_call_output"
        self.assertEqual(kinds(model(USE), user(Text("Stop."))), [call, output, "user"])
        self.assertEqual(kinds(model(USE), model(Text("Well.")), user(Text("Hi"))), [call, "assistant", output, "user"])
        self.assertEqual(kinds(model(USE)), [call, output])
        self.assertEqual(kinds(model(USE), user(Text("Wait.")), user(RESULT)), [call, output, "user"])
        self.assertEqual(kinds(model(USE), user(Text("See:"), RESULT)), [call, output, "user"])
        self.assertEqual(kinds(model(USE), system("Hurry."), user(RESULT)), [call, output, "developer"])
        stopped = (model(USE), user(Text("Stop.")), model(Text("Well.")), user(Text("Hi")))
        self.assertEqual(kinds(*stopped), [call, output, "user", "assistant", "user"])
        two = ToolUse("t2", "Bash", "{}")
        interrupted = items(
            model(USE, two), user(ToolResult("t2", (Text("b"),))), model(Text("Well.")), user(Text("x"))
        )
        self.assertEqual(
            [item["output"] for item in interrupted if item["type"] == output], ["b", "(tool call was interrupted)"]
        )

    def test_every_output_has_its_call(self) -> None:
        """A result without a call becomes the user's words; a second result of a call is left out."""
        orphan = items(user(Text("Hi"), ToolResult("t9", (Text("late"),))))
        self.assertEqual(
            [part["text"] for part in orphan[0]["content"]], ["Hi", "[Result of the earlier tool call t9]", "late"]
        )
        outgoing = render_request(Request("m", (model(USE), user(RESULT, ToolResult("t1", (Text("b"),))))), RICH_QUIRKS)
        outputs = [
            item["output"] for item in json.loads(outgoing.body)["input"] if item["type"] == "function_call_output"
        ]
        self.assertEqual(outputs, ["a"])
        self.assertIn("messages: a second result for the call t1", outgoing.losses)

    def test_long_ids(self) -> None:
        """An id that is too long or has other characters is rewritten, in call and output alike."""
        id = "call:" + "x" * 100
        call, output = items(model(ToolUse(id, "Bash", "{}")), user(ToolResult(id, ())))
        self.assertEqual(call["call_id"], output["call_id"])
        self.assertRegex(call["call_id"], "^[a-zA-Z0-9_-]{1,64}$")

    def test_the_model_spoke_last(self) -> None:
        """A conversation that ends with the model goes on with the user's word for that, which is told as a loss."""
        outgoing = render_request(Request("m", (user(Text("Hi")), model(Text("{")))), RICH_QUIRKS)
        self.assertEqual(json.loads(outgoing.body)["input"][-1]["content"][0]["text"], "Continue.")
        self.assertIn("begins anew", outgoing.losses[0])

    def test_nothing_to_say(self) -> None:
        """A request without any words still has an item, since the API wants one."""
        self.assertEqual(kinds(), ["user"])
        self.assertEqual(kinds(user(Text(""))), ["user"])

    def test_late_system_turns(self) -> None:
        """They stay in their place, in the vendor's role or as a tagged message of the user."""
        turns = (user(Text("Hi")), model(Text("Yes?")), system("Be brief."), user(Text("So.")))
        self.assertEqual(kinds(*turns), ["user", "assistant", "developer", "user"])
        told = items(*turns, quirks=evolve(RICH_QUIRKS, late_system=LateSystem.USER))
        self.assertEqual(told[2]["content"][0]["text"], "<system>\nBe brief.\n</system>")

    def test_media(self) -> None:
        """What a model does not take is said in words; a file of another vendor is an error that says what to do."""
        quirks = evolve(PLAIN, images=False)
        picture, paper = Media(Medium.IMAGE, PNG), Media(Medium.DOCUMENT, PNG, "a.pdf")
        texts = [part["text"] for part in items(user(picture, paper), quirks=quirks)[0]["content"]]
        self.assertEqual(
            texts, [f"[{what} omitted: this model does not take any]" for what in ("image", "document a.pdf")]
        )
        stored = Request("m", (user(Media(Medium.IMAGE, Stored("file_1"))),))
        error = self.assertRaises(ApiError, render_request, stored, RICH_QUIRKS)
        self.assertEqual(error.kind, Kind.UNTRANSLATABLE)
        self.assertIn("file_1", error.message)

    def test_names_of_files(self) -> None:
        """A file has its name, or one, since OpenAI wants one."""
        named, nameless = Media(Medium.DOCUMENT, PNG, "a.pdf"), Media(Medium.DOCUMENT, PNG)
        written = [part["filename"] for part in items(user(named, nameless))[0]["content"]]
        self.assertEqual(written, ["a.pdf", "document.pdf"])

    def test_nothing_to_tell(self) -> None:
        """A call whose result is nothing has the vendor's word for that."""
        quirks = evolve(RICH_QUIRKS, empty_tool_result="(no output)")
        self.assertEqual(items(model(USE), user(ToolResult("t1", ())), quirks=quirks)[-1]["output"], "(no output)")

    def test_names_of_documents(self) -> None:
        """A document at a URL has no place for a name, which is told; inline it has."""
        for source, lost in ((Remote("https://a.test/a.pdf"), True), (Inline("application/pdf", "JVBE"), False)):
            asked = Request("m", (user(Media(Medium.DOCUMENT, source, "Report")),))
            losses = render_request(asked, RICH_QUIRKS).losses
            self.assertEqual("messages: names of documents that stand at a URL" in losses, lost)

    def test_foreign_parts(self) -> None:
        """What only another vendor understands is told in words where it has any, and as a loss."""
        found = Opaque("anthropic", {"type": "web_search_tool_result", "content": [{"title": "T", "url": "https://t"}]})
        outgoing = render_request(Request("m", (user(Text("Hi")), model(found), user(Text("x")))), RICH_QUIRKS)
        self.assertIn("https://t", outgoing.body.decode())
        self.assertEqual(outgoing.losses, ("messages: web_search_tool_result, which only anthropic knows",))

    def test_custom_tools(self) -> None:
        """A custom tool keeps its form: its definition, its calls with free text, its outputs."""
        sent = body(CONVERSATIONS["a custom tool"])
        self.assertEqual(sent["tools"][0]["type"], "custom")
        self.assertEqual(
            sent["input"][1], {"type": "custom_tool_call", "call_id": "c1", "name": "apply_patch", "input": "*** x"}
        )
        self.assertEqual(sent["input"][2]["type"], "custom_tool_call_output")


class ClientBodyTests(SynchronousTestCase):
    """A client's body, without being translated."""

    def test_peek(self) -> None:
        """The model and whether to stream; what is wrong is named."""
        self.assertEqual((peek(b'{"model":"m","input":"x","stream":true}').model), "m")
        self.assertIs(peek(b'{"model":"m","input":[]}').stream, False)
        for bad, place in (
            (b"[]", "the request body"),
            (b"{", "not JSON"),
            (b'{"input":"x"}', "model"),
            (b'{"model":"m"}', "input"),
            (b'{"model":"m","input":5}', "input"),
            (b'{"model":"m","input":"x","stream":"yes"}', "stream"),
            (b'{"model":"m","input":"x","conversation":{"id":"c"}}', "conversation"),
            (b'{"model":"m","input":"x","background":true}', "background"),
        ):
            error = self.assertRaises(ApiError, peek, bad)
            self.assertEqual((error.kind, error.status), (Kind.INVALID, 400))
            self.assertIn(place, error.message)

    def test_nothing_to_refuse(self) -> None:
        """Those fields may be there as long as they ask for nothing, and what a response is kept for is no fault."""
        for good in (
            b'{"model":"m","input":"x","conversation":null,"store":true,"background":false}',
            b'{"model":"m","input":"x","previous_response_id":"resp_1"}',
        ):
            self.assertEqual(peek(good), Peek("m", False))

    def test_with_model(self) -> None:
        """Only the model's name changes."""
        self.assertEqual(
            with_model(b'{"input": [{"model":"a"}], "model": "a",\n"x": 1.0}', "b\u00fc"),
            '{"input": [{"model":"a"}], "model": "bü",\n"x": 1.0}'.encode(),
        )

    def test_verbatim(self) -> None:
        """The body as it came, with the client's own headers, and without those of its account."""
        headers = {
            "authorization": "Bearer k",
            "cookie": "c",
            "openai-organization": "org",
            "session_id": "s",
            "x-codex-turn": "1",
            "user-agent": "codex",
            "content-type": "application/json; charset=utf-8",
            "host": "localhost",
        }
        outgoing = verbatim(headers, b'{"a" : 1}', evolve(PLAIN, headers={"x-own": "1"}))
        self.assertEqual((outgoing.path, outgoing.body), ("/responses", b'{"a" : 1}'))
        self.assertEqual(set(outgoing.headers), {"session_id", "x-codex-turn", "user-agent", "content-type", "x-own"})

    def test_verbatim_drops_foreign_reasoning(self) -> None:
        """Reasoning of another vendor from earlier in the conversation does not reach OpenAI; nothing else changes."""
        ours = {"type": "reasoning", "summary": [], "encrypted_content": SEAL}
        signed = {**ours, "encrypted_content": carry("EqQBCkYI==", False)}
        native = {**ours, "encrypted_content": "gAAAA"}
        words = {"role": "user", "content": "px1. is a prefix"}
        sent = json.dumps({"model": "m", "input": [ours, words, signed, native], "x": 1.50}).encode()
        outgoing = verbatim({}, sent, PLAIN)
        self.assertEqual(json.loads(outgoing.body)["input"], [words, native])
        self.assertIn(b'"x": 1.5', outgoing.body)
        clean = json.dumps({"model": "m", "input": [words, native]}).encode()
        self.assertEqual(verbatim({}, clean, PLAIN).body, clean)

    def test_every_conversation_is_read_back(self) -> None:
        """What we write for an upstream our own front reads: the same words, calls and results."""
        for name, request in CONVERSATIONS.items():
            back = OPENAI_RESPONSES.parse_request({}, render_request(request, RICH_QUIRKS).body)
            told, again = _calls_and_results(request), _calls_and_results(back)
            self.assertEqual(told, again, name)


def _calls_and_results(request: Request) -> list[tuple[str, str]]:
    parts = [part for turn in request.turns for part in turn.parts]
    calls = [(part.id, part.name) for part in parts if isinstance(part, ToolUse)]
    return calls + [(part.id, "") for part in parts if isinstance(part, ToolResult)]
