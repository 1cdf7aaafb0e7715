"""Requests for upstreams of chat completions: fields, and how each quirk changes them."""

from collections.abc import Mapping
from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.openai_chat.outgoing import render_request, verbatim
from ccproxy.dialects.quirks import Quirks, ReasoningControl
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import (
    Choose,
    Effort,
    Opaque,
    Output,
    Reasoning,
    Request,
    Role,
    Sampling,
    Text,
    Think,
    Tool,
    ToolChoice,
    ToolUse,
    Turn,
    WebSearch,
)
from ccproxy.wire.jsontext import loads

ASK = Request("asked", (Turn(Role.USER, (Text("Hi"),)),))
READ = Tool("Read", "Reads a file.", {"$schema": "s", "type": "object", "properties": {"path": {"type": "string"}}})
GLOB = Tool("Glob", "", {})
SCHEMA = {"$schema": "s", "type": "object", "properties": {"a": {"type": "string"}}}
EFFORTS = {"off": "none", "low": "low", "high": "high"}


def sent(request: Request, quirks: Quirks | None = None) -> dict[str, Any]:
    """The body of the upstream's request."""
    body = loads(render_request(request, quirks or Quirks()).body)
    assert isinstance(body, dict)
    return body


def losses(request: Request, quirks: Quirks) -> tuple[str, ...]:
    """What the upstream is not told."""
    return render_request(request, quirks).losses


class BodyTests(SynchronousTestCase):
    """The request as a whole."""

    def test_least(self) -> None:
        """A plain question is the model's name, the messages, and the wish for a stream with usage."""
        outgoing = render_request(ASK, Quirks(model="m"))
        self.assertEqual((outgoing.path, outgoing.query, outgoing.losses), ("/chat/completions", "", ()))
        self.assertEqual(outgoing.headers["content-type"], "application/json")
        self.assertEqual(
            loads(outgoing.body),
            {
                "model": "m",
                "messages": [{"role": "user", "content": "Hi"}],
                "stream": True,
                "stream_options": {"include_usage": True},
            },
        )

    def test_streams(self) -> None:
        """A vendor that does not know `stream_options` is not sent it, and one better asked whole is asked so."""
        self.assertNotIn("stream_options", sent(ASK, Quirks(stream_usage=False)))
        body = sent(ASK, Quirks(streams=False))
        self.assertIs(body["stream"], False)
        self.assertNotIn("stream_options", body)

    def test_body_and_headers(self) -> None:
        """What the quirks add comes last: objects are joined, other values replaced."""
        quirks = Quirks(body={"provider": {"sort": "price"}, "stream_options": {"x": 1}}, headers={"x-title": "t"})
        body = sent(ASK, quirks)
        self.assertEqual(body["provider"], {"sort": "price"})
        self.assertEqual(body["stream_options"], {"include_usage": True, "x": 1})
        self.assertEqual(render_request(ASK, quirks).headers["x-title"], "t")

    def test_people(self) -> None:
        """Users and sessions are hashed, and told only where the vendor wants to know."""
        request = evolve(ASK, user="alice@example.org", session="s1")
        for field in ("user", "safety_identifier"):
            self.assertRegex(sent(request, Quirks(user_field=field))[field], "^[0-9a-f]{64}$")
        nobody = sent(request, Quirks(user_field=""))
        self.assertEqual(nobody.keys() & {"user", "safety_identifier", "prompt_cache_key"}, set())
        keyed = [
            sent(evolve(request, session=name), Quirks(cache_key=True))["prompt_cache_key"] for name in ("a", "a", "b")
        ]
        self.assertEqual(keyed[0], keyed[1])
        self.assertNotEqual(keyed[0], keyed[2])

    def test_own_extras(self) -> None:
        """Fields that only this dialect knows go on to it, and never replace ours; others' stay behind."""
        extras = {"openai_chat": {"seed": 5, "model": "x", "stream_options": {}}, "anthropic": {"container": "c"}}
        body = sent(evolve(ASK, extras=extras), Quirks(model="m"))
        self.assertEqual((body["seed"], body["model"]), (5, "m"))
        self.assertNotIn("container", body)

    def test_verbatim(self) -> None:
        """A client's own body is not touched, and its credentials stay behind."""
        headers = {"authorization": "Bearer x", "openai-organization": "o", "cookie": "c"}
        outgoing = verbatim(headers, b'{"model": 1 }', Quirks(headers={"x-title": "t"}))
        self.assertEqual(outgoing.body, b'{"model": 1 }')
        self.assertEqual(set(outgoing.headers), {"content-type", "openai-organization", "x-title"})


class SamplingTests(SynchronousTestCase):
    """Limits and sampling."""

    def sampled(self, quirks: Quirks, **sampling: Any) -> dict[str, Any]:
        body = sent(evolve(ASK, sampling=Sampling(**sampling)), quirks)
        return {key: body[key] for key in body if key not in ("model", "messages", "stream", "stream_options")}

    def test_max_tokens(self) -> None:
        """The limit goes into the vendor's field, never above what the model can, and never as nothing."""
        self.assertEqual(self.sampled(Quirks(), max_tokens=9), {"max_tokens": 9})
        quirks = Quirks(max_tokens_field="max_completion_tokens", max_output_tokens=100)
        self.assertEqual(self.sampled(quirks, max_tokens=32000), {"max_completion_tokens": 100})
        self.assertEqual(self.sampled(quirks, max_tokens=50), {"max_completion_tokens": 50})
        self.assertEqual(self.sampled(Quirks(), max_tokens=0), {"max_tokens": 1})

    def test_sampling(self) -> None:
        """Sampling is sent as far as the vendor takes it."""
        given = {"temperature": 1.8, "top_p": 0.5, "top_k": 3}
        self.assertEqual(self.sampled(Quirks(), **given), {"temperature": 1.8, "top_p": 0.5})
        self.assertEqual(self.sampled(Quirks(max_temperature=1.0, top_k=True), **given), {**given, "temperature": 1.0})
        self.assertEqual(self.sampled(Quirks(min_temperature=0.01), temperature=0.0), {"temperature": 0.01})
        self.assertEqual(self.sampled(Quirks(samples=False), **given), {})
        self.assertEqual(losses(evolve(ASK, sampling=Sampling(**given)), Quirks()), ("top_k",))

    def test_while_reasoning(self) -> None:
        """Where sampling and reasoning exclude each other, sampling gives way."""
        quirks = Quirks(samples_while_reasoning=False, efforts=EFFORTS)
        for think, has in ((Think.OFF, True), (Think.ADAPTIVE, False), (Think.UNSAID, True)):
            request = evolve(ASK, sampling=Sampling(temperature=0.5), reasoning=Reasoning(think))
            self.assertEqual("temperature" in sent(request, quirks), has, think)
            self.assertEqual("temperature" in losses(request, quirks), not has, think)

    def test_stop(self) -> None:
        """Stop sequences beyond the vendor's limit are left to us to watch for."""
        request = evolve(ASK, sampling=Sampling(stop=("a", "b", "c", "d", "e")))
        for limit, given, rest in ((4, 4, ("e",)), (1, 1, ("b", "c", "d", "e")), (None, 5, ())):
            outgoing = render_request(request, Quirks(stop_limit=limit))
            self.assertEqual(loads(outgoing.body)["stop"], ["a", "b", "c", "d", "e"][:given])
            self.assertEqual(outgoing.unwatched_stops, rest)
        self.assertNotIn("stop", sent(request, Quirks(stop_limit=0)))


class ReasoningTests(SynchronousTestCase):
    """How reasoning is asked for: what the client wants, and each vendor's field for it."""

    def asked(self, control: ReasoningControl, efforts: Mapping[str, str], reasoning: Reasoning) -> dict[str, Any]:
        body = sent(evolve(ASK, reasoning=reasoning), Quirks(reasoning=control, efforts=efforts))
        return {key: body[key] for key in body if key not in ("model", "messages", "stream", "stream_options")}

    def test_controls(self) -> None:
        """The same wish in each vendor's field."""
        off, low, budget, adaptive = (
            Reasoning(Think.OFF),
            Reasoning(Think.ADAPTIVE, Effort.LOW),
            Reasoning(Think.BUDGET, budget=20000),
            Reasoning(Think.ADAPTIVE),
        )
        switch = {"off": "disabled", "low": "enabled"}
        disabled = {"thinking": {"type": "disabled"}}
        enabled = {"thinking": {"type": "enabled"}}
        for control, efforts, expected in (
            (ReasoningControl.NONE, EFFORTS, ({}, {}, {}, {})),
            (
                ReasoningControl.EFFORT,
                EFFORTS,
                ({"reasoning_effort": "none"}, {"reasoning_effort": "low"}, {"reasoning_effort": "high"}, {}),
            ),
            (
                ReasoningControl.OPENROUTER,
                EFFORTS,
                (
                    {"reasoning": {"enabled": False}},
                    {"reasoning": {"effort": "low"}},
                    {"reasoning": {"max_tokens": 20000}},
                    {"reasoning": {"enabled": True}},
                ),
            ),
            (ReasoningControl.THINKING, switch, (disabled, enabled, enabled, enabled)),
            (
                ReasoningControl.THINKING_EFFORT,
                EFFORTS,
                (disabled, {"reasoning_effort": "low"}, {"reasoning_effort": "high"}, {}),
            ),
            (
                ReasoningControl.ENABLE_THINKING,
                EFFORTS,
                (
                    {"enable_thinking": False},
                    {"enable_thinking": True},
                    {"enable_thinking": True, "thinking_budget": 20000},
                    {"enable_thinking": True},
                ),
            ),
        ):
            found = tuple(self.asked(control, efforts, reasoning) for reasoning in (off, low, budget, adaptive))
            self.assertEqual(found, expected, control)

    def test_budgets(self) -> None:
        """A budget is as much effort as its size says."""
        efforts = {effort.value: effort.value for effort in Effort}
        for budget, word in ((1024, "low"), (2048, "low"), (8192, "medium"), (24576, "high"), (31999, "xhigh")):
            found = self.asked(ReasoningControl.EFFORT, efforts, Reasoning(Think.BUDGET, budget=budget))
            self.assertEqual(found, {"reasoning_effort": word})

    def test_nearest(self) -> None:
        """For an effort that the vendor lacks the nearest below is sent, or else above; never `off`."""
        for effort, word in ((Effort.MAX, "high"), (Effort.MEDIUM, "low"), (Effort.MINIMAL, "low")):
            found = self.asked(ReasoningControl.EFFORT, EFFORTS, Reasoning(Think.ADAPTIVE, effort))
            self.assertEqual(found, {"reasoning_effort": word}, effort)

    def test_unsaid(self) -> None:
        """Who does not ask for reasoning gets none, where the model can be without."""
        self.assertEqual(self.asked(ReasoningControl.EFFORT, EFFORTS, Reasoning()), {"reasoning_effort": "none"})
        self.assertEqual(self.asked(ReasoningControl.EFFORT, {"low": "low"}, Reasoning()), {})
        request = evolve(ASK, reasoning=Reasoning(Think.OFF))
        self.assertIn("always reasons", losses(request, Quirks(efforts={"low": "low"}))[0])

    def test_no_field(self) -> None:
        """Where no efforts are known no field is sent, and an explicit wish is listed as lost."""
        request = evolve(ASK, reasoning=Reasoning(Think.ADAPTIVE, Effort.HIGH))
        self.assertEqual(losses(request, Quirks()), ("reasoning effort",))
        self.assertNotIn("reasoning_effort", sent(request))


class ToolTests(SynchronousTestCase):
    """Tools and the choice among them."""

    def request(self, *tools: Tool | WebSearch | Opaque, choice: ToolChoice | None = None) -> Request:
        return evolve(ASK, tools=tools, tool_choice=choice or ToolChoice())

    def test_declared(self) -> None:
        """A tool is a function with an object as its parameters; a description only where there is one."""
        body = sent(self.request(READ, GLOB))
        properties = {"path": {"type": "string"}}
        self.assertEqual(
            body["tools"],
            [
                {
                    "type": "function",
                    "function": {
                        "name": "Read",
                        "description": "Reads a file.",
                        "parameters": {"type": "object", "properties": properties},
                    },
                },
                {"type": "function", "function": {"name": "Glob", "parameters": {"type": "object", "properties": {}}}},
            ],
        )
        self.assertNotIn("tool_choice", body)
        self.assertNotIn("parallel_tool_calls", body)

    def test_none(self) -> None:
        """Without tools there is no choice and no word about parallel calls."""
        body = sent(self.request(choice=ToolChoice(Choose.ANY, parallel=False)))
        self.assertEqual(body.keys() & {"tools", "tool_choice", "parallel_tool_calls"}, set())

    def test_choices(self) -> None:
        """Each choice in this dialect's words."""
        named = {"type": "function", "function": {"name": "Read"}}
        for choose, written in (
            (Choose.AUTO, None),
            (Choose.NONE, "none"),
            (Choose.ANY, "required"),
            (Choose.NAMED, named),
        ):
            self.assertEqual(sent(self.request(READ, choice=ToolChoice(choose, "Read"))).get("tool_choice"), written)

    def test_choice_not_honoured(self) -> None:
        """What the vendor does not honour becomes the free choice, and is listed as lost."""
        quirks = Quirks(tool_choices=frozenset({"auto"}))
        for choose in (Choose.NONE, Choose.ANY, Choose.NAMED):
            request = self.request(READ, choice=ToolChoice(choose, "Read"))
            self.assertNotIn("tool_choice", sent(request, quirks))
            self.assertEqual(losses(request, quirks), (f"tool_choice {choose.value}",))

    def test_named_by_any(self) -> None:
        """Where some tool can be forced but none by name, the named one is the only one left."""
        quirks = Quirks(tool_choices=frozenset({"auto", "any"}))
        body = sent(self.request(READ, GLOB, choice=ToolChoice(Choose.NAMED, "Glob")), quirks)
        self.assertEqual([tool["function"]["name"] for tool in body["tools"]], ["Glob"])
        self.assertEqual(body["tool_choice"], "required")

    def test_forced_while_reasoning(self) -> None:
        """A forced call outweighs reasoning; where reasoning cannot be off, the call is not forced."""
        request = evolve(
            self.request(READ, choice=ToolChoice(Choose.ANY)), reasoning=Reasoning(Think.ADAPTIVE, Effort.LOW)
        )
        both = sent(request, Quirks(efforts=EFFORTS))
        self.assertEqual((both["tool_choice"], both["reasoning_effort"]), ("required", "low"))
        quirks = Quirks(efforts=EFFORTS, forced_choice_with_reasoning=False)
        off = sent(request, quirks)
        self.assertEqual((off["tool_choice"], off["reasoning_effort"]), ("required", "none"))
        self.assertEqual(losses(request, quirks), ("reasoning (together with a forced tool_choice)",))
        always = Quirks(efforts={"low": "low"}, forced_choice_with_reasoning=False)
        self.assertNotIn("tool_choice", sent(request, always))
        self.assertEqual(sent(request, always)["reasoning_effort"], "low")

    def test_parallel(self) -> None:
        """One call at a time is asked for where the vendor knows the field."""
        request = self.request(READ, choice=ToolChoice(parallel=False))
        self.assertIs(sent(request)["parallel_tool_calls"], False)
        quirks = Quirks(parallel_tool_field=False)
        self.assertNotIn("parallel_tool_calls", sent(request, quirks))
        self.assertEqual(len(losses(request, quirks)), 1)

    def test_strict(self) -> None:
        """`strict` is sent only where vendor, client and schema all agree."""
        closed = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
        for tool, quirk, has in (
            (Tool("A", "", closed, strict=True), True, True),
            (Tool("A", "", closed, strict=True), False, False),
            (Tool("A", "", closed), True, False),
            (Tool("A", "", {}, strict=True), True, False),
        ):
            [written] = sent(self.request(tool), Quirks(strict_tools=quirk))["tools"]
            self.assertEqual("strict" in written["function"], has)

    def test_long_names(self) -> None:
        """A long name is the same in the declaration, in the choice and in the history."""
        name = "mcp__" + "x" * 80
        turns = (*ASK.turns, Turn(Role.ASSISTANT, (ToolUse("i", name, "{}"),)))
        request = evolve(self.request(Tool(name, "", {}), choice=ToolChoice(Choose.NAMED, name)), turns=turns)
        body = sent(request)
        short = body["tools"][0]["function"]["name"]
        self.assertEqual(len(short), 64)
        self.assertEqual(body["tool_choice"]["function"]["name"], short)
        self.assertEqual(body["messages"][1]["tool_calls"][0]["function"]["name"], short)

    def test_web_search(self) -> None:
        """OpenRouter searches by a plugin; elsewhere the search is left out, unless nothing is left then."""
        self.assertEqual(sent(self.request(WebSearch()), Quirks(web_plugin=True))["plugins"], [{"id": "web"}])
        self.assertIn("web_search", losses(self.request(READ, WebSearch()), Quirks())[0])
        # A plugin is no function, and to force one that is not declared is an error of every vendor.
        for tools in ((WebSearch(),), (READ, WebSearch())):
            forced = self.request(*tools, choice=ToolChoice(Choose.NAMED, "web_search"))
            self.assertNotIn("tool_choice", sent(forced, Quirks(web_plugin=True)))
            self.assertIn("tool_choice", losses(forced, Quirks(web_plugin=True))[0])
        alone = self.request(WebSearch())
        forced = self.request(READ, WebSearch(), choice=ToolChoice(Choose.NAMED, "web_search"))
        foreign = self.request(Opaque("anthropic", {"type": "mcp_toolset"}))
        for request in (alone, forced, foreign):
            with self.assertRaises(ApiError) as caught:
                render_request(request, Quirks(vendor="groq"))
            self.assertIs(caught.exception.kind, Kind.UNTRANSLATABLE)
            self.assertIn("groq", caught.exception.message)

    def test_too_many(self) -> None:
        """More tools than the vendor takes are refused with both figures and a cure."""
        with self.assertRaises(ApiError) as caught:
            render_request(self.request(READ, GLOB), Quirks(vendor="groq", max_tools=1))
        self.assertIn("2 tools are declared and groq takes at most 1", caught.exception.message)

    def test_history_without_tools(self) -> None:
        """Where the vendor insists, the tools that the history calls are declared at least."""
        turns = (*ASK.turns, Turn(Role.ASSISTANT, (ToolUse("i", "Read", "{}"), ToolUse("j", "Read", "{}"))))
        request = evolve(ASK, turns=turns)
        self.assertNotIn("tools", sent(request))
        [tool] = sent(request, Quirks(declares_called_tools=True))["tools"]
        self.assertEqual(tool["function"], {"name": "Read", "parameters": {"type": "object", "properties": {}}})


class OutputTests(SynchronousTestCase):
    """Answers in JSON."""

    def test_schema(self) -> None:
        """A schema is sent as one, strict only where it is."""
        written = sent(evolve(ASK, output=Output(SCHEMA, "title")))["response_format"]
        schema = {"type": "object", "properties": {"a": {"type": "string"}}}
        described = {"name": "title", "schema": schema, "strict": False}
        self.assertEqual(written, {"type": "json_schema", "json_schema": described})
        closed = {**schema, "required": ["a"], "additionalProperties": False}
        written = sent(evolve(ASK, output=Output(closed)))["response_format"]
        self.assertIs(written["json_schema"]["strict"], True)

    def test_in_words(self) -> None:
        """A vendor that knows no schema is told it in the system prompt."""
        body = sent(evolve(ASK, output=Output(SCHEMA)), Quirks(schema_output=False))
        self.assertEqual(body["response_format"], {"type": "json_object"})
        self.assertEqual(body["messages"][0]["role"], "system")
        self.assertIn('"properties":{"a"', body["messages"][0]["content"])

    def test_any_object(self) -> None:
        """Any JSON object is asked for as such."""
        body = sent(evolve(ASK, output=Output()))
        self.assertEqual(body["response_format"], {"type": "json_object"})
        self.assertEqual(body["messages"], [{"role": "user", "content": "Hi"}])
