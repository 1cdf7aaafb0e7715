"""How one vendor, or one model of it, departs from its dialect: data that renderers and parsers obey.

Each field's default is what most vendors do; a catalogue row, or `quirks` in the configuration, changes it.
"""

import enum
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen


class LateSystem(enum.Enum):
    """What to do with a system turn that is not the first."""

    INLINE = "inline"
    """Leave it where it is."""
    USER = "user"
    """Say it in the user's turn beside it, within <system> tags: templates that allow one leading system message."""


class ReasoningControl(enum.Enum):
    """The request field by which reasoning is asked for, in the OpenAI chat dialect."""

    NONE = "none"
    """The vendor has no such field."""
    EFFORT = "reasoning_effort"
    OPENROUTER = "reasoning"
    """`reasoning: {effort | max_tokens | enabled}`"""
    THINKING = "thinking"
    """`thinking: {type: enabled | disabled}`"""
    THINKING_EFFORT = "thinking+reasoning_effort"
    """Off by `thinking: {type: disabled}`, else `reasoning_effort`."""
    ENABLE_THINKING = "enable_thinking"
    """`enable_thinking` and `thinking_budget`"""


class ReplayReasoning(enum.Enum):
    """In which field an assistant message carries its earlier reasoning back to the vendor."""

    NEVER = "never"
    CONTENT = "reasoning_content"
    REASONING = "reasoning"
    DETAILS = "reasoning_details"
    PARTS = "thinking parts"
    """Mistral: content is a list with `{type: thinking}` parts."""


@frozen
class Quirks:
    """Everything that may differ between vendors of one dialect."""

    vendor: str = ""
    """The catalogue's name of the vendor: the issuer of seals, and what errors call it."""
    model: str = ""
    """The upstream's model name as it is sent."""
    account: str = ""
    """A short hash of host and key: sealed state goes back only where it came from."""

    max_tokens_field: str = "max_tokens"
    max_output_tokens: int | None = None
    """The model's cap on output; a higher wish is lowered to it."""
    window: int | None = None
    """The model's context window, in tokens."""

    system_role: str = "system"
    """`developer` for OpenAI's newer models."""
    late_system: LateSystem = LateSystem.INLINE
    alternate_roles: bool = False
    """Neighbouring messages of one role must be merged."""
    user_may_follow_tool: bool = True
    """False for Mistral: text after a tool result goes into the last tool message."""
    empty_tool_result: str = ""
    """What stands for a tool result without content."""

    tool_choices: frozenset[str] = frozenset({"auto", "none", "any", "named"})
    """The values of tool_choice the vendor honours; others fall back to auto."""
    parallel_tool_field: bool = True
    """Knows `parallel_tool_calls`."""
    strict_tools: bool = False
    """Knows `strict` on a tool."""
    tool_name_limit: int = 64
    tool_id_pattern: str = "[a-zA-Z0-9_-]{1,64}"
    """What a tool call's id must match whole; others are rewritten by hash, in call and result alike."""
    max_tools: int | None = None
    typed_branches: bool = False
    """In the schemas of tools, each alternative of an `anyOf` has its type, and what is around it none (Moonshot)."""
    declares_called_tools: bool = False
    """Wants every tool that the history calls among the declared ones, even where the request has none."""
    forced_choice_with_reasoning: bool = True
    """False where a forced tool_choice and reasoning exclude each other: reasoning is then switched off for that call,
    or, where it cannot be, the choice falls back to auto."""
    web_plugin: bool = False
    """OpenRouter: web search is asked for by `plugins: [{id: web}]`."""
    web_search: bool = True
    """Responses: runs the hosted tool `web_search`."""
    phases: bool = False
    """Responses: assistant messages carry `phase: commentary | final_answer` (OpenAI from gpt-5.4)."""
    cache_breakpoints: bool = False
    """Takes `prompt_cache_breakpoint` on content parts (OpenAI from gpt-5.6)."""
    null_content: bool = True
    """An assistant message of calls alone has the content null; else the empty string."""

    images: bool = True
    documents: bool = False
    """Takes PDFs as `file` parts."""
    schema_output: bool = True
    """Knows `response_format: json_schema`; else the schema is told in words with `json_object`."""

    stop_limit: int | None = 4
    """How many stop sequences are taken; 0 for none; None for any number."""
    samples: bool = True
    """Takes temperature and top_p."""
    samples_while_reasoning: bool = True
    """Takes them also when reasoning is on."""
    min_temperature: float = 0.0
    max_temperature: float = 2.0
    top_k: bool = False

    reasoning: ReasoningControl = ReasoningControl.EFFORT
    efforts: Mapping[str, str] = field(factory=dict)
    """Our word of effort (`off`, `minimal`, `low` … `max`) to the vendor's; absent words fall to the nearest below.
    Where the map is empty the field is never sent."""
    replay_reasoning: ReplayReasoning = ReplayReasoning.NEVER
    think_tags: bool = False
    """Reasoning may come within `<think>` tags of the text."""

    stream_usage: bool = True
    """Knows `stream_options: {include_usage: true}`."""
    streams: bool = True
    """False where whole replies are better than streamed ones."""
    cache_markers: bool = False
    """Takes Anthropic's `cache_control` on content parts."""
    cache_key: bool = False
    """Takes `prompt_cache_key`."""
    user_field: str = "user"
    """Where the hashed user id goes: `user`, `safety_identifier`, or nowhere (empty)."""
    reasoning_outside_output: bool = False
    """completion_tokens leaves reasoning out (xAI)."""

    refused_betas: frozenset[str] = frozenset()
    """Globs of the flags of `anthropic-beta` that are refused: they stay behind, and the fields that go with them."""
    attribution: bool = True
    """Takes the line by which Claude Code attributes its system prompt, also for models that are no Claude."""

    headers: Mapping[str, str] = field(factory=dict, repr=False)
    """Sent with every request."""
    body: Mapping[str, Any] = field(factory=dict, repr=False)
    """Merged into every request body, last."""

    def overlaid(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A request's body with what is merged into every one. Objects are merged, anything else takes its place."""
        merged = dict(body)
        for key, value in self.body.items():
            before = merged.get(key)
            merged[key] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
        return merged
