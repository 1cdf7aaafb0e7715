"""Words of the OpenAI chat dialect and its vendors, and ours for them."""

from ccproxy.errors import Kind
from ccproxy.model.messages import Choose, Effort
from ccproxy.model.usage import Reason

NAME = "openai_chat"

FINISH = {
    Reason.DONE: "stop",
    Reason.STOP_SEQUENCE: "stop",
    Reason.LENGTH: "length",
    Reason.WINDOW: "length",
    Reason.TOOLS: "tool_calls",
    Reason.REFUSED: "content_filter",
    Reason.PAUSED: "stop",
    Reason.OTHER: "stop",
}
"""What a client is told. Not a bijection: the dialect has fewer words than the model."""

STOPS = {
    "stop": Reason.DONE,
    "eos": Reason.DONE,
    "eos_token": Reason.DONE,
    "end_turn": Reason.DONE,
    "stop_sequence": Reason.STOP_SEQUENCE,
    "length": Reason.LENGTH,
    "model_length": Reason.LENGTH,
    "max_tokens": Reason.LENGTH,
    "model_context_window_exceeded": Reason.WINDOW,
    "tool_calls": Reason.TOOLS,
    "function_call": Reason.TOOLS,
    "tool_use": Reason.TOOLS,
    "content_filter": Reason.REFUSED,
    "sensitive": Reason.REFUSED,
    "refusal": Reason.REFUSED,
}
"""What vendors call the end of an answer: Mistral's `model_length`, Zhipu's `sensitive` and window, and so on."""

CUT_STOPS = frozenset({"max_output_tokens", "max_tokens", "MAX_TOKENS", "length", "model_length"})
"""What a router's `native_finish_reason` says of an answer that the limit of tokens cut, where its own word for it
hides that: OpenRouter tells `tool_calls` of a call that was cut in its arguments."""

BROKEN_STOPS = {
    "error": Kind.BROKEN,
    "network_error": Kind.BROKEN,
    "abort": Kind.BROKEN,
    "insufficient_system_resource": Kind.OVERLOADED,
}
"""Finish reasons that tell a failure: Mistral's and OpenRouter's `error`, Zhipu's `network_error`, DeepSeek's last."""

REFUSAL_CODES = frozenset(
    {"content_filter", "content_policy_violation", "data_inspection_failed", "1301", "ResponsibleAIPolicyViolation"}
)
"""Error codes by which a vendor's filter declines a prompt or an answer."""

EFFORTS: tuple[Effort, ...] = tuple(Effort)
"""From least to most."""

BUDGETS = ((2048, Effort.LOW), (8192, Effort.MEDIUM), (24576, Effort.HIGH))
"""The most tokens of a thinking budget that are still this effort; a larger budget is XHIGH."""

TOOL_CHOICES = {"auto": Choose.AUTO, "none": Choose.NONE, "required": Choose.ANY, "any": Choose.ANY}
