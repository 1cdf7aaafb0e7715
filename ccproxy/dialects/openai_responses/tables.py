"""Words of the Responses dialect, and ours for them."""

from ccproxy.model.messages import Effort
from ccproxy.model.usage import Reason

NAME = "openai_responses"

OFF = "none"
"""The effort that means no reasoning."""

EFFORTS: dict[str, Effort] = {effort.value: effort for effort in Effort}

BUDGETS = ((2048, Effort.LOW), (8192, Effort.MEDIUM), (24576, Effort.HIGH))
"""The most tokens of a thinking budget that are still this effort; a larger budget is XHIGH."""

INCOMPLETE = {
    "max_output_tokens": Reason.LENGTH,
    "max_tokens": Reason.LENGTH,
    "max_messages": Reason.LENGTH,
    "content_filter": Reason.REFUSED,
}
"""Why a response is incomplete."""

TOLD_INCOMPLETE = {
    Reason.LENGTH: "max_output_tokens",
    Reason.WINDOW: "max_output_tokens",
    Reason.REFUSED: "content_filter",
}
"""What a client is told of an answer that is not complete; every other reason completes it."""

REFUSALS = frozenset(
    {"bio_policy", "cyber_policy", "misalignment_policy_violation", "image_content_policy_violation", "content_filter"}
)
"""Error codes by which the vendor declines: answers, and no failures."""

STATUSES = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "usage_limit_reached": 429,
    "too_many_requests": 429,
    "insufficient_quota": 402,
    "server_is_overloaded": 529,
    "slow_down": 529,
    "overloaded_error": 529,
    "service_unavailable": 503,
    "service_unavailable_error": 503,
    "server_error": 500,
    "vector_store_timeout": 504,
    "timeout": 504,
    "invalid_api_key": 401,
    "authentication_error": 401,
    "permission_error": 403,
    "model_not_found": 404,
    "not_found": 404,
    "context_length_exceeded": 400,
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "data_residency_mismatch": 400,
    "empty_image_file": 400,
    "failed_to_download_image": 400,
}
"""The status that an error told within a stream of status 200 would have had."""

BAD_INPUT = ("invalid_", "unsupported_", "image_", "unknown_", "missing_")
"""Beginnings of the codes that blame the request; what is in neither table failed on the vendor's side."""

MIN_OUTPUT = 16
"""The least `max_output_tokens` OpenAI takes; a probe may ask for one."""

CALL_ID_LIMIT = 64
"""Characters of a `call_id`."""
