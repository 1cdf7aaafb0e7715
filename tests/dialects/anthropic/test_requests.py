"""A client's requests, Claude Code's above all: routed, passed on, and read whole."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.anthropic.errors import render_error
from ccproxy.dialects.anthropic.requests import parse_request, peek, verbatim, with_model
from ccproxy.dialects.dialect import Peek
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
    Reasoning,
    Remote,
    Request,
    Role,
    Sampling,
    Searched,
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

USER = {"role": "user", "content": "Hi"}
BILLING = "x-anthropic-billing-header: cc_version=2.1; cc_entrypoint=cli; cch=1a2b;"


def body(**fields: Any) -> bytes:
    """A request with what it must have, and these fields; None leaves one out."""
    whole = {"model": "claude-x", "max_tokens": 100, "messages": [USER], **fields}
    return json.dumps({key: value for key, value in whole.items() if value is not None}).encode()


def parsed(headers: dict[str, str] | None = None, **fields: Any) -> Request:
    """A request as it is read."""
    return parse_request(headers or {}, body(**fields))


def content(*blocks: Any, role: str = "user") -> tuple[Any, ...]:
    """The parts of a message with these blocks."""
    return parsed(messages=[{"role": role, "content": list(blocks)}]).turns[0].parts


class RefusalCase(SynchronousTestCase):
    """Errors that name the place."""

    def refuses(self, place: str, *, kind: Kind = Kind.INVALID, **fields: Any) -> None:
        error = self.assertRaises(ApiError, parse_request, {}, body(**fields))
        self.assertIs(error.kind, kind)
        self.assertTrue(error.message.startswith(place), error.message)


class PeekTests(SynchronousTestCase):
    """What is asked of every request before anything else."""

    def test_good(self) -> None:
        """Model and stream are found; a stream that is not mentioned is not wanted."""
        self.assertEqual(peek(body(stream=True)), Peek("claude-x", True))
        self.assertEqual(peek(body()), Peek("claude-x", False))
        self.assertEqual(peek(body(model="  odd,name ", max_tokens=0)), Peek("  odd,name ", False))

    def test_bad(self) -> None:
        """What is missing or wrong is named."""
        for fields, place in (
            ({"model": None}, "model: expected a string, found nothing"),
            ({"model": 7}, "model: expected a string, found the number 7"),
            ({"model": ""}, "model: expected"),
            ({"messages": None}, "messages: expected an array, found nothing"),
            ({"messages": "Hi"}, "messages: expected an array"),
            ({"messages": []}, "messages: at least one"),
            ({"max_tokens": None}, "max_tokens: expected"),
            ({"max_tokens": "100"}, "max_tokens: expected"),
            ({"max_tokens": True}, "max_tokens: expected"),
            ({"stream": "yes"}, "stream: expected true or false"),
        ):
            error = self.assertRaises(ApiError, peek, body(**fields))
            self.assertIs(error.kind, Kind.INVALID)
            self.assertTrue(error.message.startswith(place), error.message)

    def test_no_object(self) -> None:
        """A body that is no JSON object says so, and where it is wrong."""
        for data, words in ((b"", "not JSON"), (b'{"model":', "line 1"), (b"[1]", "an object"), (b"\xff", "UTF-8")):
            error = self.assertRaises(ApiError, peek, data)
            self.assertIs(error.kind, Kind.INVALID)
            self.assertIn(words, error.message)


class VerbatimTests(SynchronousTestCase):
    """A request on its way to an upstream of its own dialect."""

    CLAUDE = Quirks(vendor="anthropic", model="claude-opus-5-5")

    def thinking(self, signature: str, type_: str = "thinking", key: str = "signature") -> bytes:
        block = {"type": type_, "thinking": "Hm", key: signature}
        assistant = {"role": "assistant", "content": [block, {"type": "text", "text": "Hi"}]}
        return body(messages=[USER, assistant, USER])

    def test_as_it_came(self) -> None:
        """The body is the same bytes, and the headers of the protocol go with it, but no credential."""
        headers = {"anthropic-beta": "a,b", "authorization": "Bearer x", "x-api-key": "y", "x-app": "cli"}
        outgoing = verbatim(headers, body(novelty=1.50), self.CLAUDE)
        self.assertEqual((outgoing.path, outgoing.body), ("/v1/messages", body(novelty=1.50)))
        self.assertEqual(
            outgoing.headers,
            {
                "content-type": "application/json",
                "anthropic-version": "2023-06-01",
                "anthropic-beta": "a,b",
                "x-app": "cli",
            },
        )

    def test_version(self) -> None:
        """The version that the client speaks goes along."""
        outgoing = verbatim({"anthropic-version": "2026-10-21"}, body(), self.CLAUDE)
        self.assertEqual(outgoing.headers["anthropic-version"], "2026-10-21")

    def test_native_thinking(self) -> None:
        """Signed thinking goes back as it came, to the byte."""
        data = self.thinking("EuYB+/==")
        self.assertIs(verbatim({}, data, self.CLAUDE).body, data)

    def test_foreign_thinking(self) -> None:
        """Reasoning of other vendors, sealed or unsigned, is left out before Claude, who would refuse the request."""
        for data in (
            self.thinking("px1.abc"),
            self.thinking(""),
            self.thinking("px1.abc", "redacted_thinking", "data"),
        ):
            outgoing = verbatim({}, data, self.CLAUDE)
            self.assertEqual(json.loads(outgoing.body)["messages"][1]["content"], [{"type": "text", "text": "Hi"}])
            self.assertEqual(outgoing.losses, ("reasoning of another vendor",))

    def test_nothing_else_in_the_message(self) -> None:
        """A message of nothing but such reasoning is left out."""
        assistant = {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm", "signature": ""}]}
        sent = json.loads(verbatim({}, body(messages=[USER, assistant, USER]), self.CLAUDE).body)
        self.assertEqual(sent["messages"], [USER, USER])

    def test_unsigned_for_other_vendors(self) -> None:
        """Other vendors of this dialect write thinking without signatures, and get it back."""
        data = self.thinking("")
        self.assertIs(verbatim({}, data, Quirks(vendor="minimax", model="MiniMax-M3")).body, data)

    def test_mere_words(self) -> None:
        """Words that look like such a seal are no seal."""
        data = body(messages=[{"role": "user", "content": 'what is "px1.abc" and "signature":""?'}])
        self.assertIs(verbatim({}, data, self.CLAUDE).body, data)

    def test_model(self) -> None:
        """Only the model's name changes where the target has another."""
        data = b'{ "messages":[{"model":"a"}],\n"model" : "claude-\\u0078" ,"max_tokens":1.0}'
        self.assertEqual(with_model(data, 'new"name'), data.replace(b'"claude-\\u0078"', b'"new\\"name"'))


class SystemTests(RefusalCase):
    """System prompts, at the beginning and later."""

    def test_string_and_blocks(self) -> None:
        """A prompt may be a string or blocks, whose cache markers are kept."""
        self.assertEqual(parsed(system="Be brief.").turns[0], Turn(Role.SYSTEM, (Text("Be brief."),)))
        block = {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}
        (part,) = parsed(system=[block]).turns[0].parts
        self.assertEqual(part, Text("Be brief.", {"anthropic": {"cache_control": {"type": "ephemeral"}}}))

    def test_attribution(self) -> None:
        """The attribution line never reaches another vendor, be it a block or the first line of one."""
        blocks = [{"type": "text", "text": BILLING}, {"type": "text", "text": "Be brief."}]
        for system in (blocks, f"{BILLING}\n\nBe brief.", [{"type": "text", "text": f"{BILLING}\nBe brief."}]):
            self.assertEqual(parsed(system=system).turns[0], Turn(Role.SYSTEM, (Text("Be brief."),)))
        self.assertEqual(parsed(system=BILLING).turns[0].role, Role.USER)

    def test_late(self) -> None:
        """System messages stand where they stood, as string or blocks; one without content is none."""
        late = [{"role": "system", "content": words} for words in ("One.", [{"type": "text", "text": "Two."}], [])]
        turns = parsed(messages=[USER, *late, {"role": "system", "output_config": {"effort": "low"}}]).turns
        self.assertEqual([turn.role for turn in turns], [Role.USER, Role.SYSTEM, Role.SYSTEM])
        self.assertEqual([turn.parts for turn in turns[1:]], [(Text("One."),), (Text("Two."),)])

    def test_cleared(self) -> None:
        """A system message for one user message only is gone when a later one exists."""
        cleared = {"role": "system", "content": "Now only.", "clear_at": "next_user_message"}
        self.assertEqual(len(parsed(messages=[USER, cleared]).turns), 2)
        self.assertEqual(len(parsed(messages=[USER, cleared, USER]).turns), 2)

    def test_wrong(self) -> None:
        """What is wrong is named."""
        self.refuses("system: expected a string or an array", system=7)
        self.refuses("system[1].text: expected a string", system=[{"type": "text", "text": "a"}, {"type": "text"}])


class ContentTests(RefusalCase):
    """The blocks of messages."""

    def test_text(self) -> None:
        """A string and a block of text are the same; an empty one says nothing."""
        self.assertEqual(parsed().turns[0].parts, content({"type": "text", "text": "Hi"}))
        self.assertEqual(content({"type": "text", "text": ""}), ())

    def test_images(self) -> None:
        """Images come inline, by address, or stored."""
        for source, expected in (
            ({"type": "base64", "media_type": "image/png", "data": "AA\nBB"}, Inline("image/png", "AABB")),
            ({"type": "url", "url": "https://a.test/x.png"}, Remote("https://a.test/x.png")),
            ({"type": "file", "file_id": "file_1"}, Stored("file_1")),
        ):
            self.assertEqual(content({"type": "image", "source": source}), (Media(Medium.IMAGE, expected),))

    def test_documents(self) -> None:
        """A PDF stays a document with its title; plain text and blocks become text below theirs."""
        pdf = {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}
        self.assertEqual(
            content({"type": "document", "source": pdf, "title": "T"}),
            (Media(Medium.DOCUMENT, Inline("application/pdf", "AAAA"), "T"),),
        )
        plain = {"type": "text", "media_type": "text/plain", "data": "Words."}
        self.assertEqual(content({"type": "document", "source": plain, "title": "T"}), (Text("T\nWords."),))
        blocks = {"type": "content", "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]}
        self.assertEqual(
            content({"type": "document", "source": blocks, "title": "T", "context": "C"}),
            (Text("T\nC"), Text("A"), Text("B")),
        )
        self.assertEqual(content({"type": "document", "source": {"type": "content", "content": "A"}}), (Text("A"),))

    def test_thinking(self) -> None:
        """Thinking keeps its signature; without one it is unsigned, withheld it has only data."""
        thinking = {"type": "thinking", "thinking": "Hm", "signature": "E+/="}
        redacted = {"type": "redacted_thinking", "data": "ENC"}
        unsigned = {"type": "thinking", "thinking": "Hm", "signature": ""}
        self.assertEqual(
            content(thinking, redacted, unsigned, role="assistant"),
            (Thinking("Hm", "E+/="), Thinking("", "ENC", withheld=True), Thinking("Hm")),
        )

    def test_calls(self) -> None:
        """A call's input becomes text again, its keys in their order; an absent one is empty."""
        call = {"type": "tool_use", "id": "functions.Bash:0", "name": "Bash", "input": {"b": 1, "a": "é"}}
        bare = {"type": "tool_use", "id": "t2", "name": "Now", "input": None}
        self.assertEqual(
            content(call, bare, role="assistant"),
            (ToolUse("functions.Bash:0", "Bash", '{"b":1,"a":"é"}'), ToolUse("t2", "Now", "{}")),
        )

    def test_results(self) -> None:
        """A result is a string, nothing, or blocks with images and documents among them."""
        image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}}
        result = {"type": "tool_result", "tool_use_id": "t1"}
        self.assertEqual(
            content(
                {**result, "content": "ok"},
                result,
                {**result, "content": [{"type": "text", "text": "see"}, image], "is_error": True},
            ),
            (
                ToolResult("t1", (Text("ok"),)),
                ToolResult("t1", ()),
                ToolResult("t1", (Text("see"), Media(Medium.IMAGE, Inline("image/png", "AA"))), failed=True),
            ),
        )

    def test_tool_references(self) -> None:
        """A result of nothing but references to tools says that they are available."""
        found = [{"type": "tool_reference", "tool_name": name} for name in ("WebFetch", "Monitor")]
        (result,) = content({"type": "tool_result", "tool_use_id": "t1", "content": found})
        words = [part.text for part in result.parts]
        self.assertEqual(words, ["Tool WebFetch is now available.", "Tool Monitor is now available."])

    def test_searches(self) -> None:
        """A search of the server and its result are one; its pages are kept for a native upstream."""
        call = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "ants"}}
        page = {"type": "web_search_result", "url": "https://a.test", "title": "A", "encrypted_content": "x"}
        result = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [page]}
        (search,) = content(call, result, role="assistant")
        assert isinstance(search, Searched)
        self.assertEqual((search.query, search.sources[0].url), ("ants", "https://a.test"))
        self.assertEqual(content(call, role="assistant"), (Opaque("anthropic", call),))

    def test_search_results(self) -> None:
        """A search result of the client is text with its source."""
        inner = [{"type": "text", "text": "Ants are small."}]
        block = {"type": "search_result", "title": "Ants", "source": "https://a.test", "content": inner}
        self.assertEqual(content(block), (Text("Ants\nhttps://a.test\nAnts are small."),))

    def test_unknown(self) -> None:
        """Blocks, sources and kinds of images that we do not know are kept whole."""
        for block in (
            {"type": "novelty", "x": [1]},
            {"type": "container_upload", "file_id": "f"},
            {"type": "image", "source": {"type": "novelty"}},
        ):
            self.assertEqual(content(block), (Opaque("anthropic", block),))

    def test_wrong(self) -> None:
        """What is wrong is named by its path."""
        text = {"type": "text", "text": "a"}
        result = {"type": "tool_result", "tool_use_id": "t", "content": [text, {"type": "text", "text": None}]}
        for messages, place in (
            ([USER, 7], "messages[1]: expected an object"),
            ([{"content": "x"}], "messages[0].role: expected a string"),
            ([{"role": "robot", "content": "x"}], "messages[0].role: expected user, assistant or system"),
            ([{"role": "user"}], "messages[0].content: expected"),
            ([{"role": "user", "content": [text, "x"]}], "messages[0].content[1]: expected an object"),
            ([USER, USER, {"role": "user", "content": [{"text": "a"}]}], "messages[2].content[0].type: expected"),
            ([{"role": "user", "content": [{"type": "text", "text": 7}]}], "messages[0].content[0].text: expected"),
            ([{"role": "user", "content": [{"type": "image"}]}], "messages[0].content[0].source: expected"),
            ([{"role": "user", "content": [result]}], "messages[0].content[0].content[1].text: expected"),
            (
                [{"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "n", "input": "x"}]}],
                "messages[0].content[0].input: expected an object",
            ),
        ):
            self.refuses(place, messages=messages)


class ToolTests(RefusalCase):
    """Tools and the choice among them."""

    BASH: dict[str, Any] = {"name": "Bash", "description": "Runs", "input_schema": {"type": "object"}}  # noqa: RUF012

    def test_tools(self) -> None:
        """A tool has a name, a description and a schema; what only this dialect knows of it is kept apart."""
        (tool,) = parsed(tools=[{**self.BASH, "strict": True, "defer_loading": True, "type": "custom"}]).tools
        extras = {"anthropic": {"defer_loading": True}}
        self.assertEqual(tool, Tool("Bash", "Runs", {"type": "object"}, True, extras))

    def test_none(self) -> None:
        """An empty list is no tools."""
        self.assertEqual(parsed(tools=[]).tools, ())

    def test_found(self) -> None:
        """Where the client searches for tools itself, deferred ones come with the search that found them, or the call,
        and behind the others, so that the list's beginning stays the same."""
        search = {**self.BASH, "name": "ToolSearch"}
        deferred = [{**self.BASH, "name": name, "defer_loading": True} for name in ("A", "B", "C", "D")]
        tools = [deferred[0], self.BASH, *deferred[1:], search]

        def offered(*messages: Any, **fields: Any) -> list[str]:
            return [tool.name for tool in parsed(tools=tools, messages=[USER, *messages], **fields).tools]

        calls = [{"type": "tool_use", "id": "1", "name": "ToolSearch", "input": {}}]
        found = [{"type": "tool_reference", "tool_name": name} for name in ("C", "unknown")]
        result = [{"type": "tool_result", "tool_use_id": "1", "content": found}]
        steps = [{"role": "assistant", "content": calls}, {"role": "user", "content": result}]
        used = [
            {"role": "assistant", "content": [{"type": "tool_use", "id": "2", "name": "A", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "2", "content": "x"}]},
        ]
        self.assertEqual(offered(), ["Bash", "ToolSearch"])
        self.assertEqual(offered(*steps), ["Bash", "ToolSearch", "C"])
        self.assertEqual(offered(*steps, *used), ["Bash", "ToolSearch", "C", "A"])
        self.assertEqual(offered(tool_choice={"type": "tool", "name": "D"}), ["Bash", "ToolSearch", "D"])

    def test_deferred(self) -> None:
        """Deferred tools are offered like others; the placeholder that nobody can call is not."""
        deferred = {**self.BASH, "name": "WebFetch", "defer_loading": True}
        tools = parsed(tools=[deferred, {**self.BASH, "name": "DeferredToolPlaceholder"}]).tools
        self.assertEqual([tool.name for tool in tools if isinstance(tool, Tool)], ["WebFetch"])

    def test_client_tools(self) -> None:
        """Tools whose schema only Claude knows get one that other models understand."""
        for type_, name, field in (
            ("bash_20250124", "bash", "command"),
            ("text_editor_20250728", "str_replace_based_edit_tool", "old_str"),
            ("memory_20250818", "memory", "new_path"),
            ("computer_20251124", "computer", "action"),
        ):
            (tool,) = parsed(tools=[{"type": type_, "name": name}]).tools
            assert isinstance(tool, Tool)
            self.assertEqual(tool.name, name)
            self.assertIn(field, tool.schema["properties"])
            self.assertEqual(tool.extras["anthropic"]["type"], type_)

    def test_server_tools(self) -> None:
        """A web search is one for every vendor that has it; other tools of servers are Anthropic's alone."""
        search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8, "allowed_domains": ["a.test"]}
        (tool,) = parsed(tools=[search]).tools
        assert isinstance(tool, WebSearch)
        self.assertEqual((tool.max_uses, tool.allowed_domains), (8, ("a.test",)))
        for other in (
            {"type": "code_execution_20260521", "name": "code_execution"},
            {"type": "mcp_toolset", "mcp_server_name": "x"},
            {"type": "computer_toolset_20260801"},
        ):
            self.assertEqual(parsed(tools=[other]).tools, (Opaque("anthropic", other),))

    def test_changes(self) -> None:
        """Tools that messages add and remove are there, or not, by the end."""
        added = {
            "type": "tool_addition",
            "tool": {"type": "tool_definition", "definition": {**self.BASH, "name": "New"}},
        }
        removed = {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "Bash"}}
        back = {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "Bash"}}

        def names(*blocks: Any) -> list[str]:
            request = parsed(tools=[self.BASH], messages=[USER, {"role": "system", "content": list(blocks)}])
            self.assertEqual(len(request.turns), 1)
            return [tool.name for tool in request.tools if isinstance(tool, Tool)]

        self.assertEqual(names(added), ["Bash", "New"])
        self.assertEqual(names(removed, added), ["New"])
        self.assertEqual(names(removed, back), ["Bash"])

    def test_choice(self) -> None:
        """Every choice has our word, and may forbid parallel calls."""
        for asked, expected in (
            (None, ToolChoice()),
            ({"type": "auto", "disable_parallel_tool_use": True}, ToolChoice(parallel=False)),
            ({"type": "any"}, ToolChoice(Choose.ANY)),
            ({"type": "tool", "name": "Bash"}, ToolChoice(Choose.NAMED, "Bash")),
            ({"type": "none"}, ToolChoice(Choose.NONE)),
        ):
            self.assertEqual(parsed(tool_choice=asked).tool_choice, expected)

    def test_wrong(self) -> None:
        """What is wrong is named by its path."""
        self.refuses("tools: expected an array", tools={})
        self.refuses("tools[0]: expected an object", tools=["Bash"])
        self.refuses("tools[1].input_schema: expected an object", tools=[self.BASH, {"name": "x"}])
        self.refuses("tool_choice.type: expected one of auto, any", tool_choice={"type": "all"})
        self.refuses("tool_choice.name: expected", tool_choice={"type": "tool"})


class SettingTests(RefusalCase):
    """Everything else in a request."""

    def test_sampling(self) -> None:
        """Sampling parameters are read; what is missing is unsaid."""
        self.assertEqual(parsed().sampling, Sampling(100))
        request = parsed(temperature=0, top_p=0.9, top_k=5, stop_sequences=["a", "", "b"])
        self.assertEqual(request.sampling, Sampling(100, 0, 0.9, 5, ("a", "b")))

    def test_thinking(self) -> None:
        """Every way to ask for thinking, and for not showing it."""
        for asked, expected in (
            (None, Reasoning()),
            ({"type": "adaptive"}, Reasoning(Think.ADAPTIVE)),
            ({"type": "adaptive", "display": "omitted", "budget_tokens": 0}, Reasoning(Think.ADAPTIVE, shown=False)),
            ({"type": "adaptive", "display": "updates"}, Reasoning(Think.ADAPTIVE)),
            ({"type": "enabled", "budget_tokens": 31999}, Reasoning(Think.BUDGET, budget=31999)),
            ({"type": "disabled"}, Reasoning(Think.OFF)),
            ({"type": "between_tools"}, Reasoning(Think.OFF)),
        ):
            self.assertEqual(parsed(thinking=asked).reasoning, expected)

    def test_effort(self) -> None:
        """The effort of the latest message counts; a word that we do not know is none."""
        late = {"role": "system", "output_config": {"effort": "max"}}
        self.assertIs(parsed(output_config={"effort": "low"}).reasoning.effort, Effort.LOW)
        self.assertIs(parsed(output_config={"effort": "low"}, messages=[USER, late]).reasoning.effort, Effort.MAX)
        self.assertIsNone(parsed(output_config={"effort": "ultra"}).reasoning.effort)

    def test_output(self) -> None:
        """A schema for the output, in the field of today and of before."""
        form = {"type": "json_schema", "schema": {"type": "object"}}
        self.assertEqual(parsed(output_config={"format": form}).output, Output({"type": "object"}))
        self.assertEqual(parsed(output_format=form).output, Output({"type": "object"}))
        self.assertIsNone(parsed(output_config={"effort": "low"}).output)

    def test_identity(self) -> None:
        """Who asks and in which conversation, from Claude Code's metadata of today and before, and from its header."""
        today = json.dumps({"device_id": "d1", "account_uuid": "", "session_id": "s1"})
        for user_id, user, session in (
            (today, "d1", "s1"),
            ("user_ab_account_cd_session_ef", "user_ab_account_cd", "ef"),
            ("alice", "alice", ""),
            ("{odd", "{odd", ""),
        ):
            request = parsed(metadata={"user_id": user_id})
            self.assertEqual((request.user, request.session), (user, session))
        headers = {"x-claude-code-session-id": "s2"}
        self.assertEqual(parsed(headers, metadata={"user_id": today}).session, "s2")

    def test_extras(self) -> None:
        """Fields that only Anthropic knows are kept apart from all others."""
        request = parsed(safeguards=[{"type": "x"}], context_management={"edits": []}, novelty=1, stream=True)
        self.assertEqual(set(request.extras["anthropic"]), {"safeguards", "context_management", "novelty"})
        self.assertTrue(request.stream)

    def test_untranslatable(self) -> None:
        """What only Anthropic can do is refused for others, and named."""
        for fields, place in (
            ({"compaction": {"type": "summarize"}}, "compaction"),
            ({"container": "c"}, "container"),
            ({"mcp_servers": [{}]}, "mcp_servers"),
            ({"inference_geo": "us"}, "inference_geo"),
            ({"thread": {"type": "continue"}}, "thread.previous_message_id"),
        ):
            self.refuses(place, kind=Kind.UNTRANSLATABLE, **fields)
        self.assertTrue(parsed(mcp_servers=[], thread={"type": "create"}))

    def test_thread_is_not_here(self) -> None:
        """Whoever goes on with a thread is told so as the SDKs know it, and they send the whole conversation."""
        error = self.assertRaises(ApiError, parsed, thread={"type": "continue", "previous_message_id": "msg_1"})
        told = json.loads(render_error(error, "req_1").body)["error"]
        self.assertEqual(told["details"]["error_code"], "thread_not_found")
        self.assertIn("send all messages", told["message"])

    def test_nested_too_deeply(self) -> None:
        """Results within results without end are refused, not crashed on."""
        opening, closing = b'{"type":"tool_result","tool_use_id":"t","content":[', b"]}"
        data = body().replace(b'"Hi"', b"[" + opening * 480 + closing * 480 + b"]")
        error = self.assertRaises(ApiError, parse_request, {}, data)
        self.assertEqual((error.kind, error.message), (Kind.INVALID, "messages: nested too deeply"))


KEYS = [
    "type",
    "text",
    "role",
    "content",
    "source",
    "data",
    "title",
    "tool_use_id",
    "input",
    "id",
    "name",
    "tool",
    "thinking",
    "signature",
    "effort",
    "output_config",
    "budget_tokens",
    "display",
    "format",
    "schema",
    "user_id",
    "input_schema",
    "definition",
    "is_error",
    "system",
    "user",
    "assistant",
    "tool_use",
    "tool_result",
    "document",
    "image",
    "enabled",
    "adaptive",
    "tool_addition",
    "web_search_20250305",
    "base64",
    "url",
    "citations",
]
junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 3), st.floats(), st.sampled_from([*KEYS, "", "\ud800"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)),
    max_leaves=12,
)
FIELDS = [
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "output_format",
    "metadata",
    "stop_sequences",
    "temperature",
    "stream",
    "top_k",
]
block_like = st.fixed_dictionaries(
    {"type": st.sampled_from(KEYS)}, optional=dict.fromkeys(("text", "source", "content", "input", "tool", "id"), junk)
)
message_like = st.one_of(
    junk,
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "system"])},
        optional={"content": st.one_of(junk, st.lists(block_like, max_size=3)), "output_config": junk},
    ),
)


class AnyRequest(SynchronousTestCase):
    """Whatever a client sends."""

    @settings(derandomize=True, max_examples=200, deadline=None)
    @given(st.lists(message_like, max_size=3), st.dictionaries(st.sampled_from(FIELDS), junk, max_size=3))
    def test_never_crashes(self, messages: list[Any], fields: dict[str, Any]) -> None:
        """A request with any JSON in it is read, or refused as the client's fault."""
        data = json.dumps({"model": "m", "max_tokens": 1, "messages": messages, **fields}).encode()
        try:
            peek(data)
            request = parse_request({}, data)
        except ApiError as error:
            self.assertIn(error.kind, (Kind.INVALID, Kind.UNTRANSLATABLE))
        else:
            self.assertEqual(request.model, "m")

    @settings(derandomize=True, max_examples=60, deadline=None)
    @given(st.binary(max_size=40))
    def test_any_bytes(self, data: bytes) -> None:
        """So are bytes of any kind."""
        self.assertRaises(ApiError, peek, data)
