"""Words of OpenAI's API that both of its dialects have."""

from ccproxy.errors import Kind

OPENAI_ERRORS: dict[Kind, tuple[str, str | None]] = {
    # our kind: OpenAI's type and code
    Kind.INVALID: ("invalid_request_error", None),
    Kind.UNTRANSLATABLE: ("invalid_request_error", "unsupported_value"),
    Kind.AUTH: ("invalid_request_error", "invalid_api_key"),
    Kind.FORBIDDEN: ("permission_error", None),
    Kind.NO_ROUTE: ("invalid_request_error", "model_not_found"),
    Kind.TOO_LARGE: ("invalid_request_error", "request_too_large"),
    Kind.CONFLICT: ("invalid_request_error", None),
    Kind.OVERFLOW: ("invalid_request_error", "context_length_exceeded"),
    Kind.QUOTA: ("insufficient_quota", "insufficient_quota"),
    Kind.RATE: ("rate_limit_error", "rate_limit_exceeded"),
    Kind.BUDGET: ("insufficient_quota", "insufficient_quota"),
    Kind.BUSY: ("server_error", "server_is_overloaded"),
    Kind.OVERLOADED: ("server_error", "server_is_overloaded"),
    Kind.REFUSED_CREDENTIAL: ("server_error", "upstream_credential_refused"),
    Kind.UNREACHABLE: ("server_error", "upstream_unreachable"),
    Kind.TIMEOUT: ("server_error", "timeout"),
    Kind.BROKEN: ("server_error", "server_error"),
    Kind.CANCELLED: ("server_error", "cancelled"),
}
"""Codex CLI acts on the codes: it compacts on `context_length_exceeded`, gives up on `insufficient_quota`, waits on
`rate_limit_exceeded` and `server_is_overloaded`."""
