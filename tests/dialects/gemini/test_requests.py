"""Requests written for Gemini."""

import json
from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects import seals
from ccproxy.dialects.gemini.dialect import GEMINI
from ccproxy.dialects.gemini.signatures import SENTINEL, seal
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

QUIRKS = Quirks(vendor="gemini", model="gemini-3.6-flash", account="a1")
OLD = evolve(QUIRKS, model="gemini-2.5-flash")
BASH = Tool("Bash", "Runs a command.", {"type": "object", "properties": {"command": {"type": "string"}}})
PICTURE = Media(Medium.IMAGE, Inline("image/png", "aGk="))


def user(*parts: Any) -> Turn:
    """A user's turn; strings are texts."""
    return Turn(Role.USER, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def model(*parts: Any) -> Turn:
    """A model's turn."""
    return evolve(user(*parts), role=Role.ASSISTANT)


def system(text: str) -> Turn:
    """A system turn."""
    return Turn(Role.SYSTEM, (Text(text),))


def use(id: str, name: str = "Bash", arguments: str = "{}") -> ToolUse:
    """A call."""
    return ToolUse(id, name, arguments)


def result(id: str, *parts: Any, failed: bool = False) -> ToolResult:
    """A call's result; strings are texts."""
    return ToolResult(id, tuple(Text(part) if isinstance(part, str) else part for part in parts), failed)


def asked(*turns: Turn, **fields: Any) -> Request:
    """A request for a stream."""
    return Request("asked-for", turns, stream=True, **fields)


def body(request: Request, quirks: Quirks = QUIRKS) -> Any:
    """The body written for a request."""
    return json.loads(GEMINI.render_request(request, quirks).body)


def losses(request: Request, quirks: Quirks = QUIRKS) -> tuple[str, ...]:
    """What a request lost."""
    return GEMINI.render_request(request, quirks).losses


def contents(*turns: Turn, quirks: Quirks = QUIRKS) -> list[tuple[str, list[Any]]]:
    """Roles and parts written for these turns."""
    return [(one["role"], one["parts"]) for one in body(asked(*turns), quirks)["contents"]]


class Addressing(SynchronousTestCase):
    """Where a request goes."""

    def test_path(self) -> None:
        """The path names the target's model, quoted, and asks for events; a folder in the name is kept."""
        for name, path in (
            ("gemini-3.6-flash", "/models/gemini-3.6-flash:streamGenerateContent"),
            ("models/gemini-3.6-flash", "/models/gemini-3.6-flash:streamGenerateContent"),
            ("tunedModels/mine", "/tunedModels/mine:streamGenerateContent"),
            ("a b/../c?d", "/models/a%20b%2F..%2Fc%3Fd:streamGenerateContent"),
            ("", "/models/asked-for:streamGenerateContent"),
        ):
            outgoing = GEMINI.render_request(asked(user("Hi")), evolve(QUIRKS, model=name))
            self.assertEqual((outgoing.path, outgoing.query), (path, "alt=sse"))

    def test_whole(self) -> None:
        """A vendor without streams is asked for a whole reply."""
        outgoing = GEMINI.render_request(asked(user("Hi")), evolve(QUIRKS, streams=False))
        self.assertEqual((outgoing.path, outgoing.query), ("/models/gemini-3.6-flash:generateContent", ""))

    def test_verbatim(self) -> None:
        """A body of this dialect goes as it is to the target's model."""
        outgoing = GEMINI.verbatim({}, b'{"contents":[]}', evolve(QUIRKS, headers={"x-extra": "1"}))
        self.assertEqual(
            (outgoing.path, outgoing.body), ("/models/gemini-3.6-flash:streamGenerateContent", b'{"contents":[]}')
        )
        self.assertEqual(outgoing.headers["x-extra"], "1")
        self.assertEqual(GEMINI.with_model(b"{}", "other"), b"{}")

    def test_quirks_body(self) -> None:
        """Fields from the configuration are joined into the body, within its objects too."""
        extra = {"generationConfig": {"seed": 7}, "safetySettings": []}
        request = asked(user("Hi"), sampling=Sampling(max_tokens=9))
        written = body(request, evolve(QUIRKS, body=extra))
        self.assertEqual((written["generationConfig"]["seed"], written["generationConfig"]["maxOutputTokens"]), (7, 9))
        self.assertEqual(written["safetySettings"], [])


class Conversation(SynchronousTestCase):
    """Turns as contents."""

    def test_text(self) -> None:
        """Roles alternate, the system prompt stands apart, empty texts are left out."""
        written = body(
            asked(
                system("Be kind."), system("Be brief."), user("Hi", "", "there"), user("!"), model("Yes?"), user("Go.")
            )
        )
        self.assertEqual(written["systemInstruction"], {"parts": [{"text": "Be kind."}, {"text": "Be brief."}]})
        self.assertEqual(
            [(one["role"], [part["text"] for part in one["parts"]]) for one in written["contents"]],
            [("user", ["Hi", "there", "!"]), ("model", ["Yes?"]), ("user", ["Go."])],
        )

    def test_late_system(self) -> None:
        """A system turn among the others is said by the user, in tags, where it stands."""
        self.assertEqual(
            contents(user("Hi"), system("Now be terse."), model("Ok.")),
            [
                ("user", [{"text": "Hi"}, {"text": "<system>\nNow be terse.\n</system>"}]),
                ("model", [{"text": "Ok."}]),
                ("user", [{"text": "Continue."}]),
            ],
        )

    def test_user_first_and_last(self) -> None:
        """A history that begins or ends with the model, and one without any turn, is completed for the user."""
        self.assertEqual([role for role, _ in contents(model("Hello!"), user("Hi"))], ["user", "model", "user"])
        self.assertEqual(contents(system("Only this.")), [("user", [{"text": "."}])])
        self.assertEqual(contents(user("")), [("user", [{"text": "."}])])
        self.assertIn(
            "the beginning of the answer given by the client (prefill)", losses(asked(user("Hi"), model("{")))
        )

    def test_tool_loop(self) -> None:
        """Each response has the id and the name of its call, and the calls' order; what the user says comes after."""
        turns = (
            user("Look."),
            model("Two calls.", use("c1", "Bash", '{"b":1,"a":2}'), use("c2", "Read")),
            user("By the way", result("c2", "two"), result("c1", "one", failed=True)),
        )
        _, (_, said), (_, answered) = contents(*turns)
        self.assertEqual(
            [part["functionCall"] for part in said[1:]],
            [
                {"id": "c1", "name": "Bash", "args": {"b": 1, "a": 2}},
                {"id": "c2", "name": "Read", "args": {}},
            ],
        )
        self.assertEqual(list(said[1]["functionCall"]["args"]), ["b", "a"])
        self.assertEqual(
            answered,
            [
                {"functionResponse": {"id": "c1", "name": "Bash", "response": {"error": "one"}}},
                {"functionResponse": {"id": "c2", "name": "Read", "response": {"output": "two"}}},
                {"text": "By the way"},
            ],
        )

    def test_interrupted_calls(self) -> None:
        """A call without a result gets one that says so, wherever it stands."""
        for turns in ((user("Go."), model(use("c1"))), (user("Go."), model(use("c1")), user("Stop!"))):
            _, _, (role, parts) = contents(*turns)
            self.assertEqual(role, "user")
            self.assertEqual(parts[0]["functionResponse"]["response"], {"error": "(tool call was interrupted)"})

    def test_orphaned_and_repeated_results(self) -> None:
        """A result whose call is gone is told in words; of two results for one call the last counts."""
        ((_, parts),) = contents(user(result("gone", "old output"), "Hi"))
        self.assertEqual(parts, [{"text": "Result of an earlier tool call: old output"}, {"text": "Hi"}])
        written = contents(user("Go."), model(use("c1")), user(result("c1", "first"), result("c1", "second")))
        self.assertEqual([part["functionResponse"]["response"] for part in written[2][1]], [{"output": "second"}])

    def test_equal_counts(self) -> None:
        """Calls of neighbouring turns are one step with as many responses, though ids repeat."""
        written = contents(user("Go."), model(use("c1")), model(use("c1"), use("c2")), user(result("c1", "x")))
        self.assertEqual([len(parts) for _, parts in written], [1, 3, 3])

    def test_broken_arguments(self) -> None:
        """Arguments that are no object, or cut off, do not break the request."""
        written = contents(user("Go."), model(use("a", "T", ""), use("b", "T", "[1]"), use("c", "T", '{"x": ')))
        self.assertEqual(
            [part["functionCall"]["args"] for part in written[1][1]], [{}, {"input": [1]}, {"input": '{"x": '}]
        )

    def test_ids_and_names(self) -> None:
        """Ids and names that Gemini would refuse are rewritten alike in call, result and declaration; no ids at all are
        sent where the quirks say so."""
        long = "mcp__" + "x" * 80
        request = asked(
            user("Go."),
            model(use("id with spaces", long)),
            user(result("id with spaces", "r")),
            tools=(Tool(long, "", {}),),
        )
        written = body(request)
        call = written["contents"][1]["parts"][0]["functionCall"]
        response = written["contents"][2]["parts"][0]["functionResponse"]
        declared = written["tools"][0]["functionDeclarations"][0]["name"]
        self.assertEqual({call["name"], response["name"]}, {declared})
        self.assertLessEqual(len(declared), 64)
        self.assertEqual(call["id"], response["id"])
        self.assertRegex(call["id"], "^[a-zA-Z0-9_-]+$")
        written = body(request, evolve(QUIRKS, tool_id_pattern=""))
        self.assertNotIn("id", written["contents"][1]["parts"][0]["functionCall"])
        self.assertNotIn("id", written["contents"][2]["parts"][0]["functionResponse"])

    def test_media(self) -> None:
        """Pictures and documents go inline, remote ones by their address; a foreign vendor's file cannot go."""
        document = Media(Medium.DOCUMENT, Inline("application/pdf", "cGRm"), name="a.pdf")
        remote = Media(Medium.IMAGE, Remote("https://example.org/cat.webp?size=1"))
        bare = Media(Medium.DOCUMENT, Remote("https://example.org/paper"))
        ((_, parts),) = contents(user(PICTURE, document, remote, bare))
        self.assertEqual(
            parts,
            [
                {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
                {"inlineData": {"mimeType": "application/pdf", "data": "cGRm"}},
                {"fileData": {"mimeType": "image/webp", "fileUri": "https://example.org/cat.webp?size=1"}},
                {"fileData": {"mimeType": "application/pdf", "fileUri": "https://example.org/paper"}},
            ],
        )
        self.assertEqual(losses(asked(user(document))), ("names of documents",))
        stored = asked(user(Media(Medium.IMAGE, Stored("file_1"))))
        self.assertEqual(self.assertRaises(ApiError, body, stored).kind, Kind.UNTRANSLATABLE)
        blind = evolve(QUIRKS, images=False)
        ((_, parts),) = contents(user(PICTURE), quirks=blind)
        self.assertEqual(parts, [{"text": "[an image that this model cannot see]"}])
        self.assertEqual(losses(asked(user(PICTURE)), blind), ("images",))

    def test_media_in_results(self) -> None:
        """A picture that a tool gives stands in its response from the third generation on, and beside all responses
        before that; so does what a response cannot hold."""
        gif = Media(Medium.IMAGE, Inline("image/gif", "Z2lm"))
        turns = (user("Go."), model(use("c1"), use("c2")), user(result("c1", "seen", PICTURE, gif), result("c2", "x")))
        inline = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}
        first, second, beside = contents(*turns)[2][1]
        self.assertEqual(first["functionResponse"]["parts"], [inline])
        self.assertEqual(first["functionResponse"]["response"], {"output": "seen"})
        self.assertNotIn("parts", second["functionResponse"])
        self.assertEqual(beside["inlineData"]["mimeType"], "image/gif")
        first, second, *beside = contents(*turns, quirks=OLD)[2][1]
        self.assertNotIn("parts", first["functionResponse"])
        self.assertEqual([one["inlineData"]["mimeType"] for one in beside], ["image/png", "image/gif"])

    def test_foreign_parts_in_results(self) -> None:
        """A result's part of another vendor is told in words within the result."""
        other = Opaque("anthropic", {"type": "search_result", "title": "A title"})
        request = asked(user("Go."), model(use("c1")), user(result("c1", "out", other)))
        response = body(request)["contents"][2]["parts"][0]["functionResponse"]["response"]
        self.assertEqual(response, {"output": "out\n\nA title"})
        self.assertEqual(losses(request), ("search_result in tool results, which only anthropic knows",))

    def test_misplaced_parts(self) -> None:
        """A part in the mouth of the wrong role is left out, and named."""
        request = asked(user("Go.", use("c1")), model("Ok.", result("c1", "x")), user("Hm."))
        self.assertEqual(len(body(request)["contents"]), 3)
        self.assertEqual(losses(request), ("model's part said by the user", "tool result said by the model"))

    def test_empty_result(self) -> None:
        """A result without content is empty output, or what the quirks put in its place."""
        turns = (user("Go."), model(use("c1")), user(result("c1")))
        for quirks, expected in ((QUIRKS, ""), (evolve(QUIRKS, empty_tool_result="(no output)"), "(no output)")):
            written = contents(*turns, quirks=quirks)[2][1][0]
            self.assertEqual(written["functionResponse"]["response"], {"output": expected})

    def test_foreign_parts(self) -> None:
        """Our own opaque parts return as they came, others as the words in them, and a search as what it found."""
        own = Opaque("gemini", {"executableCode": {"code": "1"}})
        other = Opaque("anthropic", {"type": "search_result", "title": "A title"})
        search = Searched("s", "rain", (Source("https://example.org", "Rain"),))
        _, (_, parts), _ = contents(user("Go."), model(own, other, search))
        self.assertEqual(parts[0], {"executableCode": {"code": "1"}})
        self.assertEqual(parts[1], {"text": "A title"})
        self.assertIn("rain", parts[2]["text"])
        self.assertIn("https://example.org", parts[2]["text"])
        self.assertIn("search_result content, which only anthropic knows", losses(asked(user(other))))


class Signatures(SynchronousTestCase):
    """What Gemini wants back."""

    def call_parts(self, *turns: Turn, quirks: Quirks = QUIRKS) -> list[str | None]:
        """The signatures of all calls, in order."""
        return [
            part.get("thoughtSignature")
            for _, parts in contents(*turns, quirks=quirks)
            for part in parts
            if "functionCall" in part
        ]

    def test_returned_to_the_call(self) -> None:
        """The signature goes back on the first call of its step and on no other; each step has its own."""
        turns = (
            user("Go."),
            model(Thinking("Hm.", seal(QUIRKS, call="c2ln")), "So.", use("c1"), use("c2")),
            user(result("c1", "1"), result("c2", "2")),
            model(Thinking("", seal(QUIRKS, call="dHdv"), withheld=True), use("c3")),
            user(result("c3", "3")),
        )
        self.assertEqual(self.call_parts(*turns), ["c2ln", None, "dHdv"])
        self.assertNotIn("Hm.", json.dumps(contents(*turns)))

    def test_returned_to_the_text(self) -> None:
        """The signature of a text goes back on the text, and whole parts to their place."""
        ran = {"toolCall": {"id": "s1"}}
        text = Thinking("Hm.", seal(QUIRKS, text="dHh0"))
        parts = Thinking("", seal(QUIRKS, parts=[ran]))
        _, (_, written), _ = contents(user("Go."), model(text, "Yes.", parts, "No."), user("?"))
        self.assertEqual(written, [{"text": "Yes.", "thoughtSignature": "dHh0"}, ran, {"text": "No."}])

    def test_unsigned_steps(self) -> None:
        """A step without a signature gets Google's substitute, in old turns too, so that what was sent stays the same;
        before the third generation there is no need."""
        turns = (user("Go."), model(use("c1"), use("c2")), user(result("c1", "1"), result("c2", "2"), "And now?"))
        self.assertEqual(self.call_parts(*turns), [SENTINEL, None])
        more = (*turns, model("Done."), user("Thanks."))
        self.assertEqual(contents(*more)[: len(turns)], contents(*turns))
        self.assertEqual(self.call_parts(*turns, quirks=OLD), [None, None])

    def test_only_to_its_owner(self) -> None:
        """What another account, model or vendor sealed is never sent, nor what a client forged."""
        foreign = (
            seal(evolve(QUIRKS, account="b2"), call="c2ln"),
            seal(OLD, call="c2ln"),
            seals.seal(evolve(QUIRKS, vendor="openai"), {"call": "c2ln"}),
            "px1.garbage",
            "native-signature",
        )
        for one in foreign:
            self.assertEqual(self.call_parts(user("Go."), model(Thinking("x", one), use("c1"))), [SENTINEL])
        forged = seals.seal(QUIRKS, {"call": 7, "text": ["x"], "parts": [1, "x"]})
        self.assertEqual(self.call_parts(user("Go."), model(Thinking("x", forged), "y", use("c1"))), [SENTINEL])
        self.assertIn(
            "reasoning of another vendor", losses(asked(user("Go."), model(Thinking("x", "sig"), "y"), user("z")))
        )

    def test_snapshots_are_family(self) -> None:
        """A dated name of the same model takes the signature back."""
        preview = evolve(QUIRKS, model="gemini-3.6-flash-preview-10-2026")
        self.assertEqual(
            self.call_parts(user("Go."), model(Thinking("", seal(preview, call="c2ln")), use("c1"))), ["c2ln"]
        )


class Tools(SynchronousTestCase):
    """What the model may call."""

    def test_functions(self) -> None:
        """A tool keeps name, description and schema; one without parameters declares none."""
        written = body(asked(user("Hi"), tools=(BASH, Tool("Stop", "", {"type": "object", "properties": {}}))))
        self.assertEqual(
            written["tools"],
            [
                {
                    "functionDeclarations": [
                        {"name": "Bash", "description": "Runs a command.", "parametersJsonSchema": dict(BASH.schema)},
                        {"name": "Stop"},
                    ]
                }
            ],
        )
        self.assertNotIn("toolConfig", written)

    def test_choice(self) -> None:
        """Each choice has its mode; a choice of a tool that is not there, or that the vendor ignores, is lost."""
        for choice, config in (
            (ToolChoice(Choose.ANY), {"mode": "ANY"}),
            (ToolChoice(Choose.NONE), {"mode": "NONE"}),
            (ToolChoice(Choose.NAMED, "Bash"), {"mode": "ANY", "allowedFunctionNames": ["Bash"]}),
        ):
            written = body(asked(user("Hi"), tools=(BASH,), tool_choice=choice))
            self.assertEqual(written["toolConfig"], {"functionCallingConfig": config})
        missing = asked(user("Hi"), tools=(BASH,), tool_choice=ToolChoice(Choose.NAMED, "Gone"))
        self.assertNotIn("toolConfig", body(missing))
        self.assertEqual(losses(missing), ("tool_choice named",))
        auto = evolve(QUIRKS, tool_choices=frozenset({"auto"}))
        forced = asked(user("Hi"), tools=(BASH,), tool_choice=ToolChoice(Choose.ANY, parallel=False))
        self.assertNotIn("toolConfig", body(forced, auto))
        self.assertEqual(losses(forced, auto), ("one tool call at a time (parallel_tool_calls)", "tool_choice any"))
        self.assertNotIn("toolConfig", body(asked(user("Hi"), tool_choice=ToolChoice(Choose.ANY))))

    def test_search(self) -> None:
        """Google's search stands for the web search; beside functions only from the third generation on."""
        alone = asked(user("Hi"), tools=(WebSearch(max_uses=3, blocked_domains=("x.org",), location={"city": "Bonn"}),))
        for quirks in (QUIRKS, OLD):
            self.assertEqual(body(alone, quirks)["tools"], [{"googleSearch": {}}])
        self.assertEqual(losses(alone), ("domains of web search", "max_uses of web search", "location of web search"))
        beside = asked(user("Hi"), tools=(BASH, WebSearch()))
        self.assertEqual([list(one) for one in body(beside)["tools"]], [["functionDeclarations"], ["googleSearch"]])
        self.assertEqual(body(beside)["toolConfig"], {"includeServerSideToolInvocations": True})
        self.assertEqual([list(one) for one in body(beside, OLD)["tools"]], [["functionDeclarations"]])
        self.assertEqual(losses(beside, OLD), ("web search beside other tools",))

    def test_others(self) -> None:
        """Tools of this dialect pass, other vendors' own do not; limits and missing declarations follow the quirks."""
        own, other = (
            Opaque("gemini", {"codeExecution": {}}),
            Opaque("anthropic", {"type": "bash_20250124", "name": "bash"}),
        )
        request = asked(user("Hi"), tools=(own, other))
        self.assertEqual(body(request)["tools"], [{"codeExecution": {}}])
        self.assertEqual(losses(request), ("the tool bash, which only its own vendor knows",))
        many = asked(user("Hi"), tools=(BASH, Tool("Two", "", {}, strict=True)))
        limited = evolve(QUIRKS, max_tools=1)
        self.assertEqual(len(body(many, limited)["tools"][0]["functionDeclarations"]), 1)
        self.assertEqual(losses(many, limited), ("tools beyond the first 1",))
        self.assertEqual(losses(many), ("strict tools",))
        history = asked(user("Go."), model(use("c1", "Gone"), use("c2", "Gone")))
        self.assertEqual(
            body(history, evolve(QUIRKS, declares_called_tools=True))["tools"],
            [{"functionDeclarations": [{"name": "Gone"}]}],
        )
        self.assertNotIn("tools", body(history))


class Generation(SynchronousTestCase):
    """How the answer is made."""

    def config(self, quirks: Quirks = QUIRKS, **fields: Any) -> Any:
        """The `generationConfig` for these fields of a request."""
        return body(asked(user("Hi"), **fields), quirks).get("generationConfig")

    def thinking(self, model: str, reasoning: Reasoning, **fields: Any) -> Any:
        """The `thinkingConfig` for this model and wish."""
        return (self.config(evolve(QUIRKS, model=model), reasoning=reasoning, **fields) or {}).get("thinkingConfig")

    def test_sampling(self) -> None:
        """Sampling and stops pass, within what the vendor takes; other stops are left to the way back."""
        sampling = Sampling(500, 0.5, 0.9, 40, ("a", "b", "c", "d", "e", "f"))
        off = Reasoning(Think.OFF)
        config = self.config(evolve(QUIRKS, stop_limit=None), sampling=sampling, reasoning=off)
        del config["thinkingConfig"]
        self.assertEqual(
            config,
            {
                "maxOutputTokens": 500,
                "temperature": 0.5,
                "topP": 0.9,
                "topK": 40,
                "stopSequences": ["a", "b", "c", "d", "e"],
            },
        )
        strict = evolve(QUIRKS, samples=False, stop_limit=0, max_output_tokens=100)
        config = self.config(strict, sampling=sampling, reasoning=off)
        self.assertEqual({key for key in config if key != "thinkingConfig"}, {"maxOutputTokens"})
        self.assertEqual(config["maxOutputTokens"], 100)
        self.assertEqual(
            losses(asked(user("Hi"), sampling=sampling), strict),
            ("max_tokens above 100", "temperature", "top_p", "top_k"),
        )
        outgoing = GEMINI.render_request(asked(user("Hi"), sampling=sampling), evolve(QUIRKS, stop_limit=None))
        self.assertEqual(outgoing.unwatched_stops, ("f",))
        hot = self.config(evolve(QUIRKS, max_temperature=1.0), sampling=Sampling(temperature=1.7))
        self.assertEqual(hot["temperature"], 1.0)

    def test_levels(self) -> None:
        """Newer models take a level, each the nearest it has, and never a budget."""
        for name, effort, level in (
            ("gemini-3.6-flash", Effort.MINIMAL, "MINIMAL"),
            ("gemini-3.6-flash", Effort.MAX, "HIGH"),
            ("gemini-3-flash-preview", Effort.MEDIUM, "MEDIUM"),
            ("gemini-3-pro-preview", Effort.MEDIUM, "HIGH"),
            ("gemini-3.1-pro-preview", Effort.MEDIUM, "MEDIUM"),
            ("gemini-3.1-pro-preview", Effort.MINIMAL, "LOW"),
            ("gemini-3.8-flash", Effort.MINIMAL, "LOW"),
            ("gemini-3.1-flash-lite", Effort.MINIMAL, "MINIMAL"),
            ("gemini-4-argon", Effort.XHIGH, "HIGH"),
            ("gemini-flash-latest", Effort.LOW, "LOW"),
            ("some-new-name", Effort.LOW, "LOW"),
        ):
            config = self.thinking(name, Reasoning(Think.ADAPTIVE, effort))
            self.assertEqual(config, {"includeThoughts": True, "thinkingLevel": level}, name)
        for budget, level in ((1024, "LOW"), (8000, "MEDIUM"), (20000, "HIGH"), (60000, "HIGH")):
            config = self.thinking("gemini-3.6-flash", Reasoning(Think.BUDGET, budget=budget))
            self.assertEqual(config, {"includeThoughts": True, "thinkingLevel": level})

    def test_budgets(self) -> None:
        """Older models take a budget within their bounds that leaves room for an answer."""
        flash, pro, lite = "gemini-2.5-flash", "gemini-2.5-pro", "gemini-2.5-flash-lite"
        for name, wish, max_tokens, budget in (
            (flash, Reasoning(Think.BUDGET, budget=5000), None, 5000),
            (flash, Reasoning(Think.BUDGET, budget=50000), None, 24576),
            (flash, Reasoning(Think.BUDGET, budget=5000), 3000, 1976),
            (pro, Reasoning(Think.BUDGET, budget=50000), None, 32768),
            (pro, Reasoning(effort=Effort.MEDIUM), None, 8192),
            (pro, Reasoning(effort=Effort.LOW), 1100, 128),
            (lite, Reasoning(effort=Effort.MINIMAL), None, 512),
        ):
            config = self.thinking(name, wish, sampling=Sampling(max_tokens))
            self.assertEqual(config, {"includeThoughts": True, "thinkingBudget": budget}, (name, wish))
        self.assertEqual(
            self.thinking(flash, Reasoning(effort=Effort.LOW), sampling=Sampling(1000)), {"thinkingBudget": 0}
        )
        self.assertEqual(
            self.thinking(lite, Reasoning(Think.BUDGET, budget=1024), sampling=Sampling(1400)), {"thinkingBudget": 0}
        )

    def test_off_and_unsaid(self) -> None:
        """Reasoning is switched off where it can be, also for a client who says nothing; else the least is asked for,
        and the model's own measure where nothing was said."""
        for name, off, unsaid in (
            ("gemini-2.5-flash", {"thinkingBudget": 0}, {"thinkingBudget": 0}),
            ("gemini-2.5-pro", {"thinkingBudget": 128}, None),
            ("gemini-3.6-flash", {"thinkingLevel": "MINIMAL"}, {"thinkingLevel": "MINIMAL"}),
            ("gemini-3.1-pro-preview", {"thinkingLevel": "LOW"}, None),
            ("gemma-3-27b-it", None, None),
            ("gemini-2.0-flash", None, None),
            ("gemini-3-pro-image-preview", None, None),
        ):
            self.assertEqual(self.thinking(name, Reasoning(Think.OFF)), off, name)
            self.assertEqual(self.thinking(name, Reasoning()), unsaid, name)
        always = evolve(QUIRKS, model="gemini-3.1-pro-preview")
        self.assertEqual(
            losses(asked(user("Hi"), reasoning=Reasoning(Think.OFF)), always),
            ("reasoning switched off (this model always reasons)",),
        )
        none = evolve(QUIRKS, model="gemini-2.0-flash")
        self.assertEqual(losses(asked(user("Hi"), reasoning=Reasoning(Think.ADAPTIVE)), none), ("reasoning effort",))

    def test_own_measure(self) -> None:
        """Adaptive reasoning leaves the measure to the model; reasoning that is not to be shown is not asked for."""
        self.assertEqual(self.thinking("gemini-3.6-flash", Reasoning(Think.ADAPTIVE)), {"includeThoughts": True})
        self.assertIsNone(self.thinking("gemini-3.6-flash", Reasoning(Think.ADAPTIVE, shown=False)))
        hidden = Reasoning(Think.ADAPTIVE, Effort.LOW, shown=False)
        self.assertEqual(self.thinking("gemini-3.6-flash", hidden), {"thinkingLevel": "LOW"})

    def test_efforts_of_the_quirks(self) -> None:
        """A configured map of efforts replaces the family's, with levels or budgets; a forced choice may exclude
        reasoning."""
        quirks = evolve(QUIRKS, efforts={"low": "XHIGH", "high": "-1"})
        for effort, expected in ((Effort.MEDIUM, ("thinkingLevel", "XHIGH")), (Effort.MAX, ("thinkingBudget", -1))):
            config = self.config(quirks, reasoning=Reasoning(effort=effort))["thinkingConfig"]
            self.assertEqual(config, {"includeThoughts": True, expected[0]: expected[1]})
        quirks = evolve(QUIRKS, forced_choice_with_reasoning=False)
        config = self.config(
            quirks, reasoning=Reasoning(effort=Effort.HIGH), tools=(BASH,), tool_choice=ToolChoice(Choose.ANY)
        )
        self.assertEqual(config["thinkingConfig"], {"thinkingLevel": "MINIMAL"})

    def test_json(self) -> None:
        """A demand for JSON is a field, with its schema; where the model does not take it, it is said in words."""
        output = Output({"type": "object", "properties": {"a": {"type": "string", "minLength": 1}}, "$schema": "x"})
        config = self.config(output=output)
        self.assertEqual(config["responseMimeType"], "application/json")
        self.assertEqual(
            config["responseJsonSchema"]["properties"]["a"], {"type": "string", "description": "minLength: 1"}
        )
        self.assertNotIn("responseJsonSchema", self.config(output=Output()))
        written = body(asked(user("Hi"), output=output, tools=(BASH,)), OLD)
        self.assertNotIn("responseMimeType", written["generationConfig"])
        self.assertIn('"minLength"', written["systemInstruction"]["parts"][0]["text"])
        written = body(asked(system("S"), user("Hi"), output=Output()), evolve(QUIRKS, schema_output=False))
        self.assertEqual(written["generationConfig"]["responseMimeType"], "application/json")
        self.assertEqual(len(written["systemInstruction"]["parts"]), 2)

    def test_extras(self) -> None:
        """Top-level fields of this dialect return, those of others are lost by name."""
        request = asked(
            user("Hi"), extras={"gemini": {"cachedContent": "c/1"}, "anthropic": {"context_management": {}}}
        )
        self.assertEqual(body(request)["cachedContent"], "c/1")
        self.assertEqual(losses(request), ("context_management",))
