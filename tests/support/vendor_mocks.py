"""Vendors that refuse what the real ones refuse: each a pure check of one request's JSON.

They are written from what the vendors say of themselves, and know nothing of the catalogue: it is their subject.
`MOCKS` has the models that stand for their kind, by vendor; `refuse` is the vendor's answer to a body, None where it is
taken.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import evolve, field, frozen

Body = Mapping[str, Any]
Refusal = tuple[int, dict[str, Any]]

_PLAIN = {"model", "messages", "tools", "tool_choice", "temperature", "top_p", "stop", "stream", "response_format"}
_ROLES = frozenset({"system", "user", "assistant", "tool"})
_ANY_CHOICE = frozenset({"auto", "none", "required", "named"})


def _error(message: str, status: int = 400) -> Refusal:
    return status, {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


@frozen
class ChatMock:
    """A vendor of chat completions. What is not said here is as with most."""

    fields: frozenset[str]
    """Further top-level fields that it knows; others are refused."""
    limit: str = "max_tokens"
    most: int | None = None
    roles: frozenset[str] = _ROLES
    late_system: bool = True
    choices: frozenset[str] = _ANY_CHOICE
    id: str = r"[a-zA-Z0-9_-]{1,64}"
    stops: int | None = 4
    samples: bool = True
    warmest: float = 2.0
    images: bool = True
    files: bool = False
    marks: bool = False
    schemas: bool = True
    strict: bool = False
    user_after_tool: bool = True
    alternates: bool = False
    efforts: frozenset[str] = frozenset()
    switches: frozenset[str] = frozenset()
    """Of `thinking.type`."""
    said: frozenset[str] = frozenset()
    """Fields in which an assistant's message may have its reasoning."""
    wants_reasoning: bool = False
    """In every message of calls, as long as thinking is on."""
    no_force_while_thinking: bool = False
    thinks_by_default: bool = False
    tools: int | None = None

    def refuse(self, body: Body) -> Refusal | None:
        """The answer to a body that is not taken; None for one that is."""
        return next((_error(words) for words in self._faults(body)), None)

    def _faults(self, body: Body) -> Iterator[str]:
        known = {*_PLAIN, self.limit, *self.fields}
        yield from (f"Unknown parameter: '{name}'." for name in body if name not in known)
        yield from self._wishes(body)
        yield from self._reasoning(body)
        yield from self._tools(body)
        yield from self._messages(body["messages"], self._thinks(body))

    def _wishes(self, body: Body) -> Iterator[str]:
        if not isinstance(body.get(self.limit), int):
            yield f"{self.limit} is required"  # Not so in truth: our requests always have one.
        elif self.most is not None and body[self.limit] > self.most:
            yield f"{self.limit} is too large. This model supports at most {self.most} completion tokens"
        for name in ("temperature", "top_p"):
            if name in body and not self.samples:
                yield f"Unsupported parameter: '{name}' is not supported with this model."
        if body.get("temperature", 0) > self.warmest:
            yield "temperature is out of range"
        stop = body.get("stop", [])
        if stop and self.stops == 0:
            yield "Unsupported parameter: 'stop' is not supported with this model."
        if not isinstance(stop, list) or (self.stops is not None and len(stop) > self.stops):
            yield "too many stop sequences"
        form = body.get("response_format", {}).get("type", "text")
        if form == "json_schema" and not self.schemas:
            yield "This response_format type is unavailable now"

    def _thinks(self, body: Body) -> bool:
        if "enable_thinking" in body:
            return bool(body["enable_thinking"])
        if "thinking" in body:
            return bool(body["thinking"]["type"] != "disabled")
        return self.thinks_by_default or "reasoning_effort" in body

    def _reasoning(self, body: Body) -> Iterator[str]:
        effort = body.get("reasoning_effort")
        if effort is not None and effort not in self.efforts:
            yield f"Unsupported value: 'reasoning_effort' does not support '{effort}' with this model."
        switch = body.get("thinking")
        if switch is not None and switch.get("type") not in self.switches:
            yield f"thinking.type: {switch.get('type')!r} is not supported"
        if effort is not None and switch is not None and switch.get("type") == "disabled":
            yield "thinking options type cannot be disabled when reasoning_effort is set"

    def _tools(self, body: Body) -> Iterator[str]:
        tools = body.get("tools")
        if tools is None:
            yield from (f"'{name}' is only allowed with tools" for name in _OF_TOOLS if name in body)
            return
        if not tools or (self.tools is not None and len(tools) > self.tools):
            yield "wrong number of tools"
        for tool in tools:
            function = tool["function"]
            if not re.fullmatch("[a-zA-Z0-9_-]{1,64}", function["name"]):
                yield f"tools: illegal name {function['name']!r}"
            parameters = function["parameters"]
            if parameters.get("type") != "object" or "properties" not in parameters or "$schema" in parameters:
                yield "tools: parameters must be a schema of an object"
            if "strict" in function and not self.strict:
                yield "tools.0.function.strict: Extra inputs are not permitted"
            if "cache_control" in tool and not self.marks:
                yield "tools.0.cache_control: Extra inputs are not permitted"
        choice = body.get("tool_choice", "auto")
        kind = choice if isinstance(choice, str) else "named"
        if kind not in self.choices:
            yield f"tool_choice {kind!r} is not supported"
        if kind in ("required", "named") and self.no_force_while_thinking and self._thinks(body):
            yield "Thinking mode does not support this tool_choice"

    def _messages(self, messages: list[Any], thinks: bool) -> Iterator[str]:
        if not messages or messages[-1]["role"] not in ("user", "tool"):
            yield "Expected last role User or Tool"
        open_calls: list[str] = []
        seen: set[str] = set()
        for at, message in enumerate(messages):
            role = message["role"]
            before = messages[at - 1]["role"] if at else ""
            if role not in self.roles:
                yield f"messages[{at}].role: unknown variant `{role}`"
            if role == "system" and at and not self.late_system:
                yield "System message must be at the beginning."
            if role == "tool":
                if message["tool_call_id"] not in open_calls:
                    yield f"messages[{at}]: tool message without a preceding call"
                else:
                    open_calls.remove(message["tool_call_id"])
            elif open_calls:
                yield f"messages[{at}]: tool calls without a result: {open_calls}"
            if role == "user" and before == "tool" and not self.user_after_tool:
                yield "Unexpected role 'user' after role 'tool'"
            if self.alternates and role == before and role != "tool":
                yield "user or tool message(s) should alternate with assistant message(s)"
            yield from self._content(at, message)
            calls = message.get("tool_calls", [])
            open_calls += [call["id"] for call in calls]
            for call in calls:
                if not re.fullmatch(self.id, call["id"]) or call["id"] in seen:
                    yield f"messages[{at}].tool_calls: illegal id {call['id']!r}"
                seen.add(call["id"])
                if not isinstance(json.loads(call["function"]["arguments"]), dict):
                    yield f"messages[{at}].tool_calls: arguments are no object"
            if calls and self.wants_reasoning and thinks and "reasoning_content" not in message:
                yield "The `reasoning_content` in the thinking mode must be passed back to the API."
        if open_calls:
            yield f"tool calls without a result: {open_calls}"

    def _content(self, at: int, message: Any) -> Iterator[str]:
        role, content = message["role"], message.get("content")
        allowed = {"role", "content", *(self.said if role == "assistant" else ())}
        allowed |= {"assistant": {"tool_calls"}, "tool": {"tool_call_id"}}.get(role, set())
        yield from (f"messages[{at}].{name}: Extra inputs are not permitted" for name in message if name not in allowed)
        if content is None and not message.get("tool_calls"):
            yield f"messages[{at}].content: is missing"
        if content == "" and role == "user":
            yield f"messages[{at}].content: is empty"
        for part in content if isinstance(content, list) else ():
            kind = part["type"]
            if kind == "image_url" and (not self.images or role != "user"):
                yield f"messages[{at}]: image_url is not supported"
            if kind == "file" and (not self.files or role != "user"):
                yield f"messages[{at}]: file is not supported"
            if kind == "thinking" and "thinking" not in self.said:
                yield f"messages[{at}]: thinking is not supported"
            if kind not in ("text", "image_url", "file", "thinking"):
                yield f"messages[{at}]: unknown part {kind}"
            if "cache_control" in part and not self.marks:
                yield f"messages.{at}.content.0.cache_control: Extra inputs are not permitted"


_NATIVE = re.compile("[A-Za-z0-9+/]+=*")
"""Anthropic's signatures are base64."""
_OF_TOOLS = ("tool_choice", "parallel_tool_calls")


@frozen
class ResponsesMock:
    """A vendor of the Responses dialect."""

    fields: frozenset[str] = frozenset()
    most: int | None = None
    efforts: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset({"user", "assistant", "developer", "system"})
    samples: bool = True
    cold_efforts: frozenset[str] = frozenset({"none"})
    """With which samples are taken all the same."""

    def refuse(self, body: Body) -> Refusal | None:
        """The answer to a body that is not taken; None for one that is."""
        return next((_error(words) for words in self._faults(body)), None)

    def _faults(self, body: Body) -> Iterator[str]:
        known = {"model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text",
                 "store", "include", "stream", "max_output_tokens", "temperature", "top_p", *self.fields}  # fmt: skip
        yield from (f"Unknown parameter: '{name}'." for name in body if name not in known)
        if body.get("store") is not False:
            yield "store must be false: nothing may be kept"
        most = body.get("max_output_tokens", 16)
        if most < 16 or (self.most is not None and most > self.most):
            yield "max_output_tokens is out of range"
        effort = body.get("reasoning", {}).get("effort")
        if "reasoning" in body and not self.efforts:
            yield "Unsupported parameter: 'reasoning.effort' is not supported with this model."
        if effort is not None and effort not in self.efforts:
            yield f"Unsupported value: '{effort}' is not supported with this model."
        if ("temperature" in body or "top_p" in body) and not (self.samples or effort in self.cold_efforts):
            yield "Unsupported parameter: 'temperature' is not supported with this model."
        for tool in body.get("tools", ()):
            if tool["type"] == "function" and "strict" not in tool:
                yield "strict is taken for true"
            if tool["type"] == "function" and not re.fullmatch("[a-zA-Z0-9_-]{1,64}", tool["name"]):
                yield "tools: illegal name"
        if "tools" not in body:
            yield from (f"'{name}' is only allowed with tools" for name in _OF_TOOLS if name in body)
        yield from self._items(body["input"])

    def _items(self, items: list[Any]) -> Iterator[str]:
        open_calls: set[str] = set()
        for at, item in enumerate(items):
            kind = item.get("type", "message")
            if kind == "message":
                if open_calls:
                    yield f"No tool output found for function call {sorted(open_calls)[0]}."
                if item["role"] not in self.roles:
                    yield f"input[{at}].role: unknown {item['role']}"
                if "id" in item:
                    yield f"input[{at}].id: nothing of this id is stored"
            elif kind == "function_call":
                if "id" in item or not 0 < len(item["call_id"]) <= 64:
                    yield f"input[{at}]: illegal id"
                open_calls.add(item["call_id"])
            elif kind == "function_call_output":
                if item["call_id"] not in open_calls:
                    yield f"No tool call found for function call output with call_id {item['call_id']}."
                open_calls.discard(item["call_id"])
            elif kind == "reasoning":
                if not item.get("encrypted_content"):
                    yield f"input[{at}]: nothing of this id is stored"
            else:
                yield f"input[{at}]: unknown item {kind}"
        if open_calls:
            yield f"No tool output found for function call {sorted(open_calls)[0]}."


@frozen
class GeminiMock:
    """Gemini's own dialect."""

    most: int = 65_536
    levels: frozenset[str] = frozenset()
    """Of `thinkingLevel`; empty for a model that takes budgets."""
    budgets: tuple[int, int] | None = None
    signs: bool = False
    """Wants a signature on the first call of each step since the user last spoke."""

    def refuse(self, body: Body) -> Refusal | None:
        """The answer to a body that is not taken; None for one that is."""
        faults = ((400, {"error": {"code": 400, "message": words, "status": "INVALID_ARGUMENT"}}) for words in
                  self._faults(body))  # fmt: skip
        return next(faults, None)

    def _faults(self, body: Body) -> Iterator[str]:
        known = {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig"}
        yield from (f'Invalid JSON payload received. Unknown name "{name}"' for name in body if name not in known)
        config = body.get("generationConfig", {})
        if config.get("maxOutputTokens", 1) > self.most:
            yield "max_output_tokens is out of range"
        if len(config.get("stopSequences", ())) > 5:
            yield "stop_sequences: too many"
        thinking = config.get("thinkingConfig", {})
        if "thinkingLevel" in thinking and thinking["thinkingLevel"] not in self.levels:
            yield "Thinking level is not supported for this model."
        budget = thinking.get("thinkingBudget")
        if budget is not None and (self.budgets is None or not (budget in (-1, 0) or self._fits(budget))):
            yield "Thinking budget is not supported for this model."
        if budget == 0 and self.budgets is not None and self.budgets[0] > 0:
            yield "Budget 0 is invalid. This model only works in thinking mode."
        for tool in body.get("tools", ()):
            for function in tool.get("functionDeclarations", ()):
                text = json.dumps(function.get("parametersJsonSchema", {}))
                yield from (f"unknown keyword {word}" for word in ('"$schema"', '"exclusiveMinimum"') if word in text)
        yield from self._contents(body["contents"])

    def _fits(self, budget: int) -> bool:
        return self.budgets is not None and self.budgets[0] <= budget <= self.budgets[1]

    def _contents(self, contents: list[Any]) -> Iterator[str]:
        if not contents or contents[0]["role"] != "user":
            yield "Please ensure that the conversation begins with the user."
        spoke = max((at for at, one in enumerate(contents) if one["role"] == "user" and
                     not any("functionResponse" in part for part in one["parts"])), default=0)  # fmt: skip
        for at, one in enumerate(contents):
            if at and one["role"] == contents[at - 1]["role"]:
                yield "roles must alternate"
            if not one["parts"]:
                yield "parts must not be empty"
            calls = [part for part in one["parts"] if "functionCall" in part]
            after = contents[at + 1]["parts"] if at + 1 < len(contents) else []
            results = [part["functionResponse"] for part in after if "functionResponse" in part]
            if [call["functionCall"]["name"] for call in calls] != [result["name"] for result in results]:
                yield "the number of function response parts must equal the number of function call parts"
            if calls and self.signs and at > spoke and "thoughtSignature" not in calls[0]:
                yield "Function call is missing a thought_signature in functionCall parts."


@frozen
class AnthropicMock:
    """The dialect of Anthropic, at Anthropic or another vendor that speaks it."""

    most: int = 64_000
    adaptive: bool = True
    budgets: bool = False
    samples: bool = True
    late_system: bool = False
    choices: frozenset[str] = frozenset({"auto", "none", "any", "tool"})
    own_signatures: bool = True
    """Takes no signature but its own."""

    def refuse(self, body: Body) -> Refusal | None:
        """The answer to a body that is not taken; None for one that is."""
        faults = ((400, {"type": "error", "error": {"type": "invalid_request_error", "message": words}}) for words in
                  self._faults(body))  # fmt: skip
        return next(faults, None)

    def _faults(self, body: Body) -> Iterator[str]:
        known = {"model", "max_tokens", "messages", "system", "tools", "tool_choice", "temperature", "top_p", "top_k",
                 "stop_sequences", "stream", "thinking", "output_config", "metadata", "service_tier",
                 "cache_control"}  # fmt: skip
        yield from (f"{name}: Extra inputs are not permitted" for name in body if name not in known)
        if not isinstance(body.get("max_tokens"), int):
            yield "max_tokens: Field required"
        elif body["max_tokens"] > self.most:
            yield f"max_tokens: {body['max_tokens']} > {self.most}, which is the maximum allowed"
        thinking = body.get("thinking", {})
        kind = thinking.get("type", "disabled")
        if (kind == "adaptive" and not self.adaptive) or (kind == "enabled" and not self.budgets):
            yield f"{kind} thinking is not supported on this model"
        if kind == "enabled" and not 1024 <= thinking.get("budget_tokens", 0) < body.get("max_tokens", 0):
            yield "`max_tokens` must be greater than `thinking.budget_tokens`"
        if any(name in body for name in ("temperature", "top_k")) and (kind != "disabled" or not self.samples):
            yield "`temperature` may only be set to 1 when thinking is enabled"
        choice = body.get("tool_choice", {}).get("type", "auto")
        if choice not in self.choices or ("tool_choice" in body and "tools" not in body):
            yield f"tool_choice: {choice} is not supported"
        if choice in ("any", "tool") and kind == "enabled":
            yield "Thinking may not be enabled when tool_choice forces tool use."
        yield from self._messages(body["messages"])

    def _messages(self, messages: list[Any]) -> Iterator[str]:
        waiting: set[str] = set()
        for at, message in enumerate(messages):
            if message["role"] == "system" and not self.late_system:
                yield f"messages.{at}.role: system is not supported"
            content = message["content"]
            blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
            if not blocks:
                yield f"messages.{at}: content must not be empty"
            if message["role"] == "user":
                answered = {block["tool_use_id"] for block in blocks if block["type"] == "tool_result"}
                if answered != waiting:
                    yield f"messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately after"
                waiting = set()
            for block in blocks:
                if block["type"] == "text" and not block["text"].strip():
                    yield f"messages.{at}: text content blocks must be non-empty"
                if block["type"] == "thinking" and self.own_signatures and not _NATIVE.fullmatch(block["signature"]):
                    yield f"messages.{at}.content.0: Invalid `signature` in `thinking` block"
                if block["type"] == "tool_use":
                    waiting.add(block["id"])
        if waiting:
            yield "`tool_use` ids were found without `tool_result` blocks immediately after"


Mock = ChatMock | ResponsesMock | GeminiMock | AnthropicMock


@frozen
class Subject:
    """A model that stands for others of its vendor, and what takes its requests."""

    vendor: str
    model: str
    mock: Mock
    places: Mapping[str, str] = field(factory=dict)

    @property
    def refuse(self) -> Callable[[Body], Refusal | None]:
        """The vendor's answer to a body."""
        return self.mock.refuse


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_OPENAI = ChatMock(
    fields=_set("stream_options parallel_tool_calls prompt_cache_key safety_identifier user reasoning_effort"),
    limit="max_completion_tokens",
    roles=_set("system developer user assistant tool"),
    files=True,
    strict=True,
    tools=128,
)
_O_SERIES = evolve(_OPENAI, samples=False, stops=0, efforts=_set("low medium high"), most=100_000)
_GPT_5 = evolve(_O_SERIES, efforts=_set("minimal low medium high"), most=128_000)
_OPENAI_6 = ResponsesMock(
    fields=_set("prompt_cache_key safety_identifier user stream_options"),
    efforts=_set("none low medium high xhigh max"),
    samples=False,
)
_AZURE = evolve(_OPENAI, fields=_OPENAI.fields - {"safety_identifier"}, files=False)
_DEEPSEEK = ChatMock(
    fields=_set("stream_options reasoning_effort thinking"),
    most=384_000,
    stops=16,
    images=False,
    schemas=False,
    efforts=_set("low high max"),
    switches=_set("enabled disabled"),
    said=_set("reasoning_content"),
    wants_reasoning=True,
    no_force_while_thinking=True,
    thinks_by_default=True,
)
_OPENROUTER = ChatMock(
    fields=_set("stream_options parallel_tool_calls reasoning top_k user plugins"),
    late_system=False,
    stops=None,
    files=True,
    said=_set("reasoning reasoning_details"),
)
_GROQ = ChatMock(
    fields=_set("stream_options parallel_tool_calls user reasoning_format"),
    limit="max_completion_tokens",
    said=_set("reasoning"),
    tools=128,
)
_GROQ_OSS = evolve(
    _GROQ, fields=_GROQ.fields | {"reasoning_effort"}, images=False, efforts=_set("low medium high"), most=65_536
)
_GROQ_QWEN = evolve(
    _GROQ, fields=_GROQ.fields | {"reasoning_effort"}, images=False, efforts=_set("none default"), most=40_960
)
_MISTRAL = ChatMock(
    fields=_set("parallel_tool_calls prompt_cache_key"),
    late_system=False,
    id="[a-zA-Z0-9]{9}",
    stops=None,
    warmest=1.5,
    user_after_tool=False,
)
_MISTRAL_REASONS = evolve(
    _MISTRAL,
    fields=_MISTRAL.fields | {"reasoning_effort"},
    efforts=_set("none low medium high xhigh max"),
    said=_set("thinking"),
)
_XAI = ResponsesMock(
    fields=_set("prompt_cache_key user"),
    efforts=_set("low medium high xhigh"),
    roles=_set("system user assistant"),
)
_KIMI = ChatMock(
    fields=_set("stream_options prompt_cache_key thinking reasoning_effort"),
    choices=_set("auto none"),
    stops=5,
    samples=False,
    warmest=1.0,
    said=_set("reasoning_content"),
    wants_reasoning=True,
    thinks_by_default=True,
)
_GLM = ChatMock(
    fields=_set("stream_options thinking tool_stream"),
    most=131_072,
    choices=_set("auto"),
    stops=1,
    warmest=1.0,
    images=False,
    schemas=False,
    switches=_set("enabled disabled"),
    said=_set("reasoning_content"),
)
_QWEN = ChatMock(
    fields=_set("stream_options top_k enable_thinking thinking_budget parallel_tool_calls"),
    most=65_536,
    choices=_set("auto none named"),
    stops=4,
    warmest=1.99,
    marks=True,
    said=_set("reasoning_content"),
    no_force_while_thinking=True,
    thinks_by_default=True,
)
_MINIMAX = AnthropicMock(most=131_072, budgets=True, choices=_set("auto none"), own_signatures=False)
_OLLAMA = ChatMock(
    fields=_set("stream_options reasoning_effort"),
    late_system=False,
    choices=_set("auto"),
    stops=None,
    efforts=_set("none low medium high xhigh max"),
    said=_set("reasoning"),
)
_VLLM = ChatMock(
    fields=_set("stream_options parallel_tool_calls top_k"), late_system=False, stops=None, said=_set("reasoning")
)
_LM_STUDIO = ChatMock(
    fields=_set("stream_options parallel_tool_calls top_k"),
    late_system=False,
    choices=_set("auto none required"),
    stops=None,
)
_LLAMA_CPP = evolve(_LM_STUDIO, said=_set("reasoning_content"))
_CEREBRAS = ChatMock(
    fields=_set("stream_options parallel_tool_calls user prompt_cache_key reasoning_effort"),
    limit="max_completion_tokens",
    most=40_960,
    images=False,
    efforts=_set("low medium high"),
    said=_set("reasoning"),
)
_TOGETHER = ChatMock(fields=_set("top_k reasoning_effort"), late_system=False, stops=None)
_FIREWORKS = ChatMock(
    fields=_set("stream_options parallel_tool_calls user top_k prompt_cache_key reasoning_effort"),
    late_system=False,
    efforts=_set("none low medium high"),
    said=_set("reasoning_content"),
)
_NIM = ChatMock(fields=_set("stream_options reasoning_effort"), late_system=False, stops=None)
_HUGGING_FACE = ChatMock(fields=_set("stream_options reasoning_effort"), late_system=False)
_PERPLEXITY = ChatMock(
    fields=_set("top_k reasoning_effort parallel_tool_calls"),
    late_system=False,
    choices=_set("auto none required"),
    stops=None,
    alternates=True,
)
_GITHUB = ChatMock(
    fields=_set("stream_options parallel_tool_calls reasoning_effort"),
    roles=_set("system developer user assistant tool"),
)

MOCKS: tuple[Subject, ...] = (
    Subject("anthropic", "claude-sonnet-4-5", AnthropicMock(adaptive=False, budgets=True)),
    Subject("anthropic", "claude-opus-4-7", AnthropicMock(most=128_000, samples=False, late_system=True)),
    Subject("openai", "gpt-4o", evolve(_OPENAI, most=16_384)),
    Subject("openai", "gpt-5", _GPT_5),
    Subject("openai", "gpt-5.1", evolve(_GPT_5, efforts=_set("none low medium high"), samples=True)),
    Subject("openai", "o4-mini", _O_SERIES),
    Subject("openai", "gpt-6-sol", _OPENAI_6),
    Subject("openai", "gpt-6-astra", evolve(_OPENAI_6, efforts=_OPENAI_6.efforts - {"none"})),
    Subject("azure", "gpt-4o", evolve(_AZURE, most=16_384), {"AZURE_RESOURCE_NAME": "mine"}),
    Subject(
        "azure",
        "gpt-5",
        evolve(_GPT_5, fields=_AZURE.fields, files=False),
        {"AZURE_RESOURCE_NAME": "mine"},
    ),
    Subject(
        "azure",
        "mistral-large-2411",
        evolve(_MISTRAL, fields=_set("parallel_tool_calls stream_options"), id=".*", late_system=True,
               user_after_tool=True, stops=4, warmest=2.0),
        {"AZURE_RESOURCE_NAME": "mine"},
    ),
    Subject("gemini", "gemini-2.5-flash", GeminiMock(budgets=(0, 24_576))),
    Subject("gemini", "gemini-2.5-pro", GeminiMock(budgets=(128, 32_768))),
    Subject("gemini", "gemini-3-flash-preview", GeminiMock(levels=_set("MINIMAL LOW MEDIUM HIGH"), signs=True)),
    Subject("gemini", "gemini-3.1-pro-preview", GeminiMock(levels=_set("LOW MEDIUM HIGH"), signs=True)),
    Subject("deepseek", "deepseek-v4-pro", _DEEPSEEK),
    Subject("deepseek", "deepseek-flash", evolve(_DEEPSEEK, images=True)),
    Subject(
        "deepseek",
        "deepseek-reasoner",
        evolve(_DEEPSEEK, efforts=frozenset(), switches=frozenset(), choices=_set("auto none")),
    ),
    Subject("openrouter", "openai/gpt-6-sol", _OPENROUTER),
    Subject("openrouter", "anthropic/claude-opus-4.7", evolve(_OPENROUTER, marks=True)),
    Subject("groq", "openai/gpt-oss-120b", _GROQ_OSS),
    Subject("groq", "qwen/qwen3-32b", _GROQ_QWEN),
    Subject("groq", "llama-3.3-70b-versatile", evolve(_GROQ, images=False, most=32_768)),
    Subject("mistral", "mistral-large-latest", _MISTRAL),
    Subject("mistral", "mistral-medium-latest", _MISTRAL_REASONS),
    Subject("xai", "grok-4.6", _XAI),
    Subject("xai", "grok-4.3", evolve(_XAI, efforts=_set("none low medium high"))),
    Subject("xai", "grok-4", evolve(_XAI, efforts=frozenset())),
    Subject("ollama", "qwen3:32b", _OLLAMA),
    Subject("ollama", "llama3.3", evolve(_OLLAMA, efforts=frozenset())),
    Subject("moonshot", "kimi-k2.5", evolve(_KIMI, switches=_set("enabled disabled"))),
    Subject("moonshot", "kimi-k2.6", evolve(_KIMI, switches=_set("enabled disabled"), efforts=_set("low high max"))),
    Subject("moonshot", "kimi-k3", evolve(_KIMI, efforts=_set("low high max"))),
    Subject("moonshot", "kimi-k2-0905-preview", evolve(_KIMI, samples=True, images=False, thinks_by_default=False)),
    Subject("zai", "glm-4.7", _GLM),
    Subject(
        "zai",
        "glm-5.3",
        evolve(_GLM, fields=_GLM.fields | {"reasoning_effort"}, switches=frozenset(), efforts=_set("low high max")),
    ),
    Subject("qwen", "qwen3.7-plus", _QWEN),
    Subject("qwen", "qwen3-coder-plus", evolve(_QWEN, images=False, thinks_by_default=False,
                                              fields=_QWEN.fields - {"enable_thinking", "thinking_budget"})),
    Subject("minimax", "MiniMax-M2.5", _MINIMAX),
    Subject("vllm", "any/model", _VLLM),
    Subject("lmstudio", "any-model", _LM_STUDIO),
    Subject("llamacpp", "any-model", _LLAMA_CPP),
    Subject("cerebras", "gpt-oss-120b", _CEREBRAS),
    Subject("cerebras", "zai-glm-4.7", evolve(_CEREBRAS, efforts=_set("none low medium high"))),
    Subject("together", "openai/gpt-oss-120b", evolve(_TOGETHER, images=False, efforts=_set("low medium high"))),
    Subject("together", "deepseek-ai/DeepSeek-V4-Pro", evolve(_TOGETHER, images=False, choices=_set("auto none"))),
    Subject("fireworks", "accounts/fireworks/models/deepseek-v3p2", _FIREWORKS),
    Subject("fireworks", "accounts/fireworks/models/gpt-oss-120b",
            evolve(_FIREWORKS, efforts=_set("low medium high"))),
    Subject("github", "openai/gpt-4.1", evolve(_GITHUB, most=16_384)),
    Subject(
        "github",
        "openai/gpt-5",
        evolve(_GITHUB, limit="max_completion_tokens", most=100_000, samples=False, stops=0,
               efforts=_set("minimal low medium high")),
    ),
    Subject("huggingface", "openai/gpt-oss-120b",
            evolve(_HUGGING_FACE, images=False, efforts=_set("low medium high"))),
    Subject("huggingface", "zai-org/GLM-5", _HUGGING_FACE),
    Subject("nvidia", "nvidia/nemotron-3-super-120b-a12b", _NIM),
    Subject("nvidia", "meta/llama-3.3-70b-instruct", evolve(_NIM, most=4_096)),
    Subject("perplexity", "sonar-pro", evolve(_PERPLEXITY, most=8_192)),
    Subject("perplexity", "sonar-reasoning-pro",
            evolve(_PERPLEXITY, efforts=_set("minimal low medium high"))),
)  # fmt: skip
