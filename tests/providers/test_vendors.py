"""What the catalogue says of its worked vendors, held against vendors that refuse what the real ones do."""

import json

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.diagnosis import repair
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.registry import DIALECTS
from ccproxy.dialects.seals import seal
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import (
    Choose,
    Effort,
    Inline,
    Media,
    Medium,
    Output,
    Reasoning,
    Request,
    Role,
    Sampling,
    Text,
    Think,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
    Turn,
)
from ccproxy.providers.catalogue import vendor
from ccproxy.providers.provider import Provider
from ccproxy.providers.target import Target
from ccproxy.secret import Secret
from tests.support.vendor_mocks import MOCKS, Body, ChatMock, Refusal, Subject

WORKED = {
    "anthropic", "openai", "azure", "gemini", "deepseek", "openrouter", "groq", "mistral", "xai", "ollama", "moonshot",
    "zai", "qwen", "minimax", "vllm", "lmstudio", "llamacpp", "cerebras", "together", "fireworks", "github",
    "huggingface", "nvidia", "perplexity",
}  # fmt: skip

PNG = Inline("image/png", "iVBORw0KGgo=")
PDF = Inline("application/pdf", "JVBERi0=")
MARK = {"anthropic": {"cache_control": {"type": "ephemeral"}}}
READ = Tool(
    "Read",
    "Reads a file.",
    {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"path": {"type": "string"}, "limit": {"type": "integer", "exclusiveMinimum": 0}},
        "required": ["path"],
    },
    strict=True,
    extras=MARK,
)
EXACT = Tool(
    "Exact",
    "",
    {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    },
    strict=True,
)
LONG = Tool("mcp__" + "x" * 90, "", {})
ASK = Request(
    "asked",
    (Turn(Role.SYSTEM, (Text("Be brief.", MARK), Text("Be kind."))), Turn(Role.USER, (Text("Hi"),))),
    sampling=Sampling(max_tokens=10_000_000),
    user="someone",
    session="session-1",
)
WITH_TOOLS = evolve(ASK, tools=(READ, LONG, EXACT))
CALLS = (
    ToolUse("toolu_01AbCdEfGhIjKlMnOpQrStUv", "Read", '{"path": "a"}'),
    ToolUse("toolu_02:odd id/" + "z" * 80, LONG.name, ""),
)


def loop(*thoughts: Thinking) -> Request:
    """A loop of two parallel calls, results out of order, an image among them, late words of the system and the user,
    and a second loop whose call was never answered."""
    turns = (
        Turn(Role.ASSISTANT, (*thoughts, Text("Let me see."), *CALLS)),
        Turn(
            Role.USER,
            (
                ToolResult(CALLS[1].id, (), failed=True),
                ToolResult(CALLS[0].id, (Text("done"), Media(Medium.IMAGE, PNG)), extras=MARK),
                Text("Go on."),
            ),
        ),
        Turn(Role.SYSTEM, (Text("It is late."),)),
        Turn(Role.ASSISTANT, (*thoughts, ToolUse("toolu_03", "Read", '{"path": "b"}'))),
        Turn(Role.USER, (Text("Never mind."),)),
        Turn(Role.USER, (Media(Medium.IMAGE, PNG), Media(Medium.DOCUMENT, PDF, name="a.pdf"))),
        Turn(Role.ASSISTANT, (*thoughts, CALLS[0])),
        Turn(Role.USER, (ToolResult(CALLS[0].id, (Text("again"),)),)),
    )
    return evolve(WITH_TOOLS, turns=(*ASK.turns, *turns))


def demands(target: Target) -> dict[str, Request]:
    """Requests that try a vendor's patience, by name."""
    own = Thinking("Hm.", seal(target.quirks, {"t": "Hm."}))
    found = {
        "a question": ASK,
        "tools": WITH_TOOLS,
        "a loop of tools": loop(),
        "a loop of tools, with this vendor's reasoning": loop(own),
        "a loop of tools, with Anthropic's reasoning": loop(Thinking("Hm.", "bm90IG91cnM=")),
        "a loop of tools, with reasoning nobody sealed": loop(Thinking("Hm.")),
        "one call at a time": evolve(WITH_TOOLS, tool_choice=ToolChoice(parallel=False)),
        "no call": evolve(loop(), tool_choice=ToolChoice(Choose.NONE)),
        "any call": evolve(WITH_TOOLS, tool_choice=ToolChoice(Choose.ANY)),
        "a certain call": evolve(loop(own), tool_choice=ToolChoice(Choose.NAMED, LONG.name)),
        "history without tools": evolve(loop(own), tools=()),
        "stops": evolve(ASK, sampling=Sampling(max_tokens=100, stop=tuple("abcdef"))),
        "sampling": evolve(ASK, sampling=Sampling(max_tokens=100, temperature=2.0, top_p=0.5, top_k=5)),
        "JSON": evolve(ASK, output=Output({"type": "object", "properties": {"a": {"type": "string"}}})),
        "the answer begun": evolve(ASK, turns=(*ASK.turns, Turn(Role.ASSISTANT, (Text("Well,"),)))),
    }
    for effort in Effort:
        found[f"effort {effort.value}"] = evolve(
            loop(own),
            reasoning=Reasoning(Think.ADAPTIVE, effort),
            sampling=Sampling(max_tokens=50_000, temperature=0.5, stop=("END",)),
        )
        found[f"effort {effort.value} and a forced call"] = evolve(
            loop(own), reasoning=Reasoning(Think.ADAPTIVE, effort), tool_choice=ToolChoice(Choose.ANY)
        )
    found["effort and a certain call"] = evolve(
        loop(own), reasoning=Reasoning(Think.ADAPTIVE, Effort.HIGH), tool_choice=ToolChoice(Choose.NAMED, "Read")
    )
    found["reasoning off"] = evolve(loop(own), reasoning=Reasoning(Think.OFF))
    found["a small budget"] = evolve(loop(own), reasoning=Reasoning(Think.BUDGET, budget=1500))
    found["a large budget"] = evolve(loop(own), reasoning=Reasoning(Think.BUDGET, budget=60_000))
    found["adaptive"] = evolve(loop(own), reasoning=Reasoning(Think.ADAPTIVE))
    return found


def target(subject: Subject) -> Target:
    """The target that the catalogue makes of a vendor's name and a model's."""
    row = vendor(subject.vendor)
    assert row is not None
    url = row.located(subject.places).base_url if subject.places else ""
    return Provider.of(subject.vendor, base_url=url, key=Secret("k")).target(subject.model)


def written(request: Request, asked: Target, quirks: Quirks) -> Body:
    """The JSON that is sent."""
    body = json.loads(DIALECTS[asked.dialect].render_request(request, quirks).body)
    assert isinstance(body, dict)
    return body


def answers(subject: Subject, quirks: Quirks | None = None) -> dict[str, Refusal | None]:
    """What the vendor says to each of the demands; `quirks` replace the catalogue's."""
    asked = target(subject)
    found = {}
    for name, request in demands(asked).items():
        try:
            found[name] = subject.refuse(written(request, asked, quirks or asked.quirks))
        except ApiError as error:
            assert error.kind is Kind.UNTRANSLATABLE, error
    return found


class Taken(SynchronousTestCase):
    """Requests that are written by the catalogue's rows."""

    def test_every_worked_vendor_has_a_mock(self) -> None:
        """The vendors that are said to be fully worked are the ones that are tried here."""
        self.assertEqual({subject.vendor for subject in MOCKS}, WORKED)

    def test_nothing_is_refused(self) -> None:
        """Whatever a client asks for, each worked vendor takes what it is sent."""
        refused = [
            f"{subject.vendor},{subject.model}: {name}: {said}"
            for subject in MOCKS
            for name, said in answers(subject).items()
            if said is not None
        ]
        self.assertEqual(refused, [], "\n".join(refused))

    def test_rows_make_the_difference(self) -> None:
        """Without its row each vendor refuses something of the same demands: the mocks do look."""
        for subject in MOCKS:
            if isinstance(subject.mock, ChatMock):
                asked = target(subject)
                plain = Quirks(model=subject.model, vendor=asked.quirks.vendor, account=asked.quirks.account)
                self.assertTrue(any(answers(subject, plain).values()), f"{subject.vendor},{subject.model}")


def kept(subject: Subject, mock: ChatMock) -> dict[str, bool]:
    """Of what the vendor takes, by name: whether it gets it when a client asks for it."""
    asked = target(subject)
    bodies = {name: written(request, asked, asked.quirks) for name, request in demands(asked).items()}
    loop_text = json.dumps(bodies["a loop of tools, with this vendor's reasoning"])
    found = {
        "stops": len(bodies["stops"].get("stop", ())) == (6 if mock.stops is None else min(6, mock.stops)),
        "images": ('"image_url"' in loop_text) is mock.images,
        "files": ('"file"' in loop_text) is mock.files,
        "cache markers": ("cache_control" in loop_text) is mock.marks,
        "reasoning of earlier turns": ("Hm." in loop_text) is bool(mock.said),
        "sampling": ("temperature" in bodies["sampling"]) is mock.samples,
        "strictness": ('"strict": true' in loop_text) is mock.strict,
        "a schema": (bodies["JSON"]["response_format"]["type"] == "json_schema") is mock.schemas,
        "late words of the system": ("It is late." in loop_text) is True,
        "an effort": (asked_for(bodies["effort high"]) != "-") is bool(mock.efforts or mock.switches or _switch(mock)),
    }
    user = "safety_identifier" if "safety_identifier" in mock.fields else "user"
    for name in ("top_k", "prompt_cache_key", user):
        if name in mock.fields:
            found[name] = name in bodies["sampling"]
    for name, word in (("none", "no call"), ("required", "any call")):
        if name in mock.choices:
            found[f"tool_choice {name}"] = bodies[word].get("tool_choice") == name
    return found


def _switch(mock: ChatMock) -> bool:
    return bool(mock.fields & {"enable_thinking", "reasoning"})


class Kept(SynchronousTestCase):
    """What a vendor takes is not kept from it."""

    def test_chat(self) -> None:
        """Stops, images, files, cache markers, reasoning of earlier turns, sampling and users go where they are taken;
        users, and choices that no reasoning forbids, too."""
        missing = [
            f"{subject.vendor},{subject.model}: {name}"
            for subject in MOCKS
            if isinstance(subject.mock, ChatMock)
            for name, fine in kept(subject, subject.mock).items()
            if not fine
        ]
        self.assertEqual(missing, [], "\n".join(missing))

    def test_too_many_tools(self) -> None:
        """More tools than a vendor takes are told as that, not sent."""
        for subject in MOCKS:
            if isinstance(subject.mock, ChatMock) and subject.mock.tools is not None:
                tools = tuple(Tool(f"t{number}", "", {}) for number in range(subject.mock.tools + 1))
                asked = target(subject)
                error = self.assertRaises(ApiError, written, evolve(ASK, tools=tools), asked, asked.quirks)
                self.assertIs(error.kind, Kind.UNTRANSLATABLE)

    def test_words_of_their_own(self) -> None:
        """Headers and fields that only one vendor has are sent to it."""
        for name, model, field, expected in (
            ("groq", "qwen/qwen3-32b", "reasoning_format", "parsed"),
            ("zai", "glm-4.7", "tool_stream", True),
            ("xai", "grok-4", "include", ["reasoning.encrypted_content"]),
            ("xai", "grok-4.6", "include", ["reasoning.encrypted_content"]),
            ("openai", "gpt-6-sol", "include", ["reasoning.encrypted_content"]),
        ):
            asked = Provider.of(name, key=Secret("k")).target(model)
            self.assertEqual(written(ASK, asked, asked.quirks)[field], expected)
        asked = Provider.of("openrouter", key=Secret("k")).target("x/y")
        headers = DIALECTS[asked.dialect].render_request(ASK, asked.quirks).headers
        self.assertEqual((headers["x-title"], headers["http-referer"]), ("ccproxy", "http://localhost:3456"))

    def test_results_of_nothing(self) -> None:
        """Vendors that refuse a message without content are told that there was no output, in whatever dialect."""
        calls = Turn(Role.ASSISTANT, (ToolUse("abcdefghi", "Read", "{}"),))
        asked_for = evolve(
            ASK, turns=(*ASK.turns, calls, Turn(Role.USER, (ToolResult("abcdefghi", ()),))), tools=(READ,)
        )
        for name, model in (
            ("mistral", "mistral-large-latest"),
            ("moonshot", "kimi-k2.6"),
            ("zai", "glm-5.2"),
            ("minimax", "minimax-m2"),
        ):
            asked = Provider.of(name, key=Secret("k")).target(model)
            self.assertIn("(no output)", json.dumps(written(asked_for, asked, asked.quirks)), name)

    def test_coldest(self) -> None:
        """MiniMax refuses a temperature of 0, in both its dialects, and gets the least that it takes."""
        coldest = evolve(ASK, sampling=Sampling(max_tokens=100, temperature=0.0))
        for dialect in ("anthropic", "openai_chat"):
            asked = Provider.of("minimax", key=Secret("k"), dialect=dialect).target("minimax-m2")
            self.assertEqual(written(coldest, asked, asked.quirks)["temperature"], 0.01, dialect)

    def test_documents(self) -> None:
        """PDFs reach the models that read them, in whatever dialect."""
        for name, model in (
            ("anthropic", "claude-opus-4-7"),
            ("openai", "gpt-4o"),
            ("openai", "gpt-6-sol"),
            ("gemini", "gemini-3.1-pro-preview"),
            ("openrouter", "x/y"),
            ("xai", "grok-4.6"),
        ):
            asked = Provider.of(name, key=Secret("k")).target(model)
            self.assertIn(PDF.data, json.dumps(written(loop(), asked, asked.quirks)), (name, model))


class Cured(SynchronousTestCase):
    """Refusals of these vendors, in the words of their kind, lead to requests that they take."""

    def test_without_a_row(self) -> None:
        """A model of which nothing is known is asked in its own words after a few refusals, one repair at a time."""
        for subject in MOCKS:
            if not isinstance(subject.mock, ChatMock):
                continue
            asked = target(subject)
            request = evolve(
                WITH_TOOLS,
                turns=ASK.turns[1:],
                tools=(evolve(READ, strict=False),),
                sampling=Sampling(max_tokens=100_000, temperature=0.5, top_p=0.9, stop=("END",)),
                reasoning=Reasoning(Think.ADAPTIVE, Effort.XHIGH),
            )
            body = written(request, asked, Quirks(model=subject.model, efforts={"xhigh": "xhigh"}, cache_key=True))
            done: list[str] = []
            while (refusal := subject.refuse(body)) is not None:
                found = repair(body, json.dumps(refusal[1]))
                assert found is not None, (subject.model, refusal, done)
                body = found.apply(body)
                done.append(found.name)
                self.assertLess(len(done), 12, (subject.model, done))


LEVELS = ("off", "low", "medium", "high", "xhigh", "max")


def asked_for(body: Body) -> str:
    """The vendor's word for how much to reason; a dash where none is said."""
    if "generationConfig" in body and "thinkingConfig" in body["generationConfig"]:
        config = body["generationConfig"]["thinkingConfig"]
        return str(config.get("thinkingLevel", config.get("thinkingBudget", "-")))
    if "enable_thinking" in body:
        return str(body["enable_thinking"]).lower()
    if "thinking" in body:
        effort = body.get("output_config", {}).get("effort", "")
        return " ".join(filter(None, (body["thinking"]["type"], effort))).replace(" ", "+")
    if "reasoning" in body:
        return str(body["reasoning"].get("effort", "off" if body["reasoning"].get("enabled") is False else "-"))
    return str(body.get("reasoning_effort", "-"))


REASONING = (
    # vendor, model: what is sent for off, low, medium, high, xhigh, max
    ("openai", "gpt-6-sol", "none low medium high xhigh max"),
    ("openai", "gpt-5.6-terra", "none low medium high xhigh max"),
    ("openai", "gpt-6-astra", "low low medium high xhigh max"),
    ("openai", "gpt-6.1-sol", "low low medium high xhigh max"),
    ("openai", "gpt-5.1", "none low medium high high high"),
    ("openai", "gpt-5.1-codex-max", "none low medium high xhigh xhigh"),
    ("openai", "gpt-5.5", "none low medium high xhigh xhigh"),
    ("openai", "gpt-5", "minimal low medium high high high"),
    ("openai", "gpt-5-pro", "high high high high high high"),
    ("openai", "o4-mini", "low low medium high high high"),
    ("openai", "gpt-4o", "- - - - - -"),
    ("gemini", "gemini-2.5-flash", "0 1024 8192 24576 24576 24576"),
    ("gemini", "gemini-2.5-pro", "128 1024 8192 24576 32768 32768"),
    ("gemini", "gemini-3-flash-preview", "MINIMAL LOW MEDIUM HIGH HIGH HIGH"),
    ("gemini", "gemini-3.1-pro-preview", "LOW LOW MEDIUM HIGH HIGH HIGH"),
    ("deepseek", "deepseek-v4-pro", "disabled low high high high max"),
    ("deepseek", "deepseek-chat", "- - - - - -"),
    ("moonshot", "kimi-k2.5", "disabled enabled enabled enabled enabled enabled"),
    ("moonshot", "kimi-k2.6", "disabled low high high max max"),
    ("moonshot", "kimi-k2.7-code", "- low high high max max"),
    ("moonshot", "kimi-k3", "low low high high max max"),
    ("zai", "glm-4.7", "disabled enabled enabled enabled enabled enabled"),
    ("zai", "glm-5.2", "disabled low medium high xhigh max"),
    ("zai", "glm-5.3", "low low high high max max"),
    ("qwen", "qwen3.7-plus", "false true true true true true"),
    ("qwen", "qwen3-coder-plus", "- - - - - -"),
    ("mistral", "mistral-medium-latest", "none low medium high xhigh max"),
    ("mistral", "magistral-medium-latest", "- - - - - -"),
    ("xai", "grok-4.3", "none low medium high high high"),
    ("xai", "grok-4.5", "low low medium high high high"),
    ("xai", "grok-4.6", "low low medium high xhigh xhigh"),
    ("xai", "grok-4", "- - - - - -"),
    ("groq", "openai/gpt-oss-120b", "low low medium high high high"),
    ("groq", "qwen/qwen3-32b", "none default default default default default"),
    ("groq", "qwen/qwen3.8-27b", "low low medium high high high"),
    ("groq", "llama-3.3-70b-versatile", "- - - - - -"),
    ("openrouter", "openai/gpt-6-sol", "off low medium high xhigh xhigh"),
    ("ollama", "qwen3:32b", "none low medium high xhigh max"),
    ("cerebras", "zai-glm-4.7", "none low medium high high high"),
    ("fireworks", "accounts/fireworks/models/glm-5p1", "none high high high max max"),
    ("perplexity", "sonar-reasoning-pro", "minimal low medium high high high"),
    ("anthropic", "claude-opus-4-7", "- adaptive+low adaptive+medium adaptive+high adaptive+xhigh adaptive+max"),
)


class ReasoningTable(SynchronousTestCase):
    """How each vendor's models are asked to reason."""

    def test_efforts(self) -> None:
        """Every effort has the word that the model knows for it, and off is off or the least there is."""
        for name, model, line in REASONING:
            asked = Provider.of(name, key=Secret("k")).target(model)
            for level, expected in zip(LEVELS, line.split(), strict=True):
                think = Reasoning(Think.OFF) if level == "off" else Reasoning(Think.ADAPTIVE, Effort(level))
                request = evolve(ASK, turns=ASK.turns[1:], reasoning=think)
                self.assertEqual(asked_for(written(request, asked, asked.quirks)), expected, (name, model, level))

    def test_budgets(self) -> None:
        """A budget is passed on where the model takes one, and is an effort where it does not."""
        for name, model, budget, expected in (
            ("openai", "gpt-6-sol", 2000, "low"),
            ("openai", "gpt-6-sol", 8000, "medium"),
            ("openai", "gpt-6-sol", 24_000, "high"),
            ("openai", "gpt-6-sol", 60_000, "xhigh"),
            ("gemini", "gemini-2.5-flash", 5000, "5000"),
            ("gemini", "gemini-3.1-pro-preview", 5000, "MEDIUM"),
            ("deepseek", "deepseek-v4-pro", 60_000, "high"),
        ):
            asked = Provider.of(name, key=Secret("k")).target(model)
            request = evolve(ASK, turns=ASK.turns[1:], reasoning=Reasoning(Think.BUDGET, budget=budget))
            self.assertEqual(asked_for(written(request, asked, asked.quirks)), expected, (name, model, budget))

    def test_budget_fields(self) -> None:
        """Qwen and OpenRouter have fields of their own for it."""
        request = evolve(ASK, turns=ASK.turns[1:], reasoning=Reasoning(Think.BUDGET, budget=5000))
        for name, model, field, expected in (
            ("qwen", "qwen3.7-plus", "thinking_budget", 5000),
            ("openrouter", "anthropic/claude-sonnet-4.5", "reasoning", {"max_tokens": 5000}),
        ):
            asked = Provider.of(name, key=Secret("k")).target(model)
            self.assertEqual(written(request, asked, asked.quirks)[field], expected)

    def test_one_word_for_reasoning(self) -> None:
        """No request says two things of reasoning that exclude each other."""
        for name, model, _ in REASONING:
            asked = Provider.of(name, key=Secret("k")).target(model)
            for level in (None, *Effort):
                for budget in (None, 5000):
                    think = Reasoning(Think.ADAPTIVE if budget is None else Think.BUDGET, level, budget)
                    body = written(evolve(ASK, turns=ASK.turns[1:], reasoning=think), asked, asked.quirks)
                    said = [
                        key for key in ("thinking", "enable_thinking", "reasoning", "reasoning_effort") if key in body
                    ]
                    self.assertLessEqual(len(said), 1, (name, model, said))


LIMITS = (
    # vendor, model, the field, what is sent of ten millions (0: all of it)
    ("openai", "gpt-4o", "max_completion_tokens", 16_384),
    ("openai", "gpt-5", "max_completion_tokens", 128_000),
    ("openai", "o3", "max_completion_tokens", 100_000),
    ("openai", "gpt-5.5", "max_output_tokens", 128_000),
    ("azure", "gpt-4o", "max_completion_tokens", 16_384),
    ("azure", "Mistral-Large-3", "max_tokens", 0),
    ("anthropic", "claude-sonnet-4-5", "max_tokens", 64_000),
    ("deepseek", "deepseek-v4-pro", "max_tokens", 384_000),
    ("groq", "llama-3.3-70b-versatile", "max_completion_tokens", 32_768),
    ("groq", "openai/gpt-oss-120b", "max_completion_tokens", 65_536),
    ("zai", "glm-4.5-air", "max_tokens", 98_304),
    ("zai", "glm-5.3", "max_tokens", 131_072),
    ("qwen", "qwen-max", "max_tokens", 8_192),
    ("qwen", "qwen3-coder-plus", "max_tokens", 65_536),
    ("minimax", "MiniMax-M2.5", "max_tokens", 131_072),
    ("cerebras", "gpt-oss-120b", "max_completion_tokens", 40_960),
    ("perplexity", "sonar-pro", "max_tokens", 8_192),
    ("github", "openai/gpt-4.1", "max_tokens", 16_384),
    ("github", "openai/gpt-5", "max_completion_tokens", 100_000),
    ("mistral", "mistral-large-latest", "max_tokens", 0),
    ("xai", "grok-4.6", "max_output_tokens", 0),
    ("moonshot", "kimi-k2-0711-preview", "max_tokens", 16_384),
    ("openrouter", "x/y", "max_tokens", 0),
    ("ollama", "llama3.3", "max_tokens", 0),
)


WINDOWS = (
    ("anthropic", "claude-sonnet-4-5", 200_000),
    ("anthropic", "claude-opus-4-7", 1_000_000),
    ("openai", "gpt-4.1-mini", 1_047_576),
    ("openai", "gpt-5", 400_000),
    ("openai", "gpt-5.5", 1_050_000),
    ("openai", "gpt-5.4-mini", 400_000),
    ("gemini", "gemini-3.1-pro-preview", 1_048_576),
    ("deepseek", "deepseek-v4-pro", 1_000_000),
    ("groq", "openai/gpt-oss-120b", 131_072),
    ("mistral", "mistral-large-latest", 262_144),
    ("xai", "grok-4.6", 500_000),
    ("xai", "grok-4.3", 1_000_000),
    ("moonshot", "kimi-k3", 1_048_576),
    ("moonshot", "kimi-k2.5", 262_144),
    ("zai", "glm-4.6", 204_800),
    ("zai", "glm-5.3", 1_000_000),
    ("qwen", "qwen3-max", 262_144),
    ("minimax", "MiniMax-M3", 1_000_000),
    ("cerebras", "gpt-oss-120b", 131_072),
    ("perplexity", "sonar-pro", 200_000),
    ("ollama", "llama3.3", None),
)


class Limits(SynchronousTestCase):
    """The limit of output, and the window."""

    def test_windows(self) -> None:
        """A model's window is known by its name; where it is the operator's choice, none is made up."""
        for name, model, window in WINDOWS:
            self.assertEqual(Provider.of(name).target(model).quirks.window, window, (name, model))

    def test_lowered_never_raised(self) -> None:
        """A wish above the model's cap becomes the cap, under the vendor's name for it; a lower one stays as it is."""
        for name, model, field, most in LIMITS:
            row = vendor(name)
            assert row is not None
            url = row.located(dict.fromkeys(row.place_variables, "mine")).base_url if row.place_variables else ""
            asked = Provider.of(name, base_url=url, key=Secret("k")).target(model)
            for wish, expected in ((10_000_000, most or 10_000_000), (777, 777)):
                body = written(evolve(ASK, sampling=Sampling(max_tokens=wish)), asked, asked.quirks)
                found = {key: body[key] for key in body if key.startswith("max_")}
                self.assertEqual(found, {field: expected}, (name, model))
