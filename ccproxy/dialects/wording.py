"""What upstreams say in their errors, read for what it means.

Vendors tell the same few facts in many words: that the prompt is too long, that the account is empty, when to come
back. Clients act on Anthropic's words for them (Claude Code compacts a conversation on `prompt is too long`). The
vendor's own text is always kept behind ours, without what must not leave the house.
"""

import math
import re
from datetime import UTC, datetime
from functools import cache

from ccproxy.dialects.dialect import Headers
from ccproxy.dialects.redaction import redact as redact

RETRY_LIMIT = 60.0
"""Seconds. The openai SDK does not retry at all beyond 120, the anthropic SDK waits as long as it is told."""

_N = r"(?P<n>[\d,]+)"
_M = r"(?P<m>[\d,]+)"

_WITH_OUTPUT = (
    r"maximum context length (?:is|of) (?P<m>[\d,]+).{0,80}?\(\s*(?P<n>[\d,]+) (?:in the messages|of text input|"
    r"in your prompt)[^)]{0,80}?(?P<o>[\d,]+) (?:in|for) the (?:completion|output)"
    r"|maximum context length is (?P<m2>[\d,]+) tokens and your request has (?P<n2>[\d,]+) input tokens"
    r" \((?P<o2>[\d,]+) >"
    r"|passed (?P<n3>[\d,]+) input tokens and requested (?P<o3>[\d,]+) output tokens.{0,80}?context length is only "
    r"(?P<m3>[\d,]+)"
    r"|must be <= (?P<m4>[\d,]+)\. given: (?P<n4>[\d,]+) `inputs` tokens and (?P<o4>[\d,]+) `max_new_tokens`"
    r"|maximum context length of (?P<m5>[\d,]+) tokens.{0,80}?: (?P<n5>[\d,]+) tokens from the input messages and "
    r"(?P<o5>[\d,]+) tokens for the completion"
    r"|input length and max_tokens exceed context limit: (?P<n6>[\d,]+) \+ (?P<o6>[\d,]+) > (?P<m6>[\d,]+)"
    r"|prompt tokens \((?P<n7>[\d,]+)\) \+ max_tokens \((?P<o7>[\d,]+)\) exceeds? (?:the )?context length "
    r"(?P<m7>[\d,]+)"
)
"""Prompt and wished output are counted apart: a smaller output may cure it."""

_OURS = re.compile(r"prompt is too long: \d+ tokens > \d+ maximum|exceed context limit: \d+ \+ \d+ > \d+")
"""Anthropic's own words, which need no others in front."""

_OVERFLOWS = (
    # With both figures.
    rf"prompt is too long: {_N}(?: tokens)? > {_M}",
    rf"prompt is too long: {_N}, model maximum context length: {_M}",
    rf"maximum context length (?:is|of) {_M}.{{0,80}}?(?:resulted in|requested(?: about)?|has|have|contains) {_N}",
    rf"maximum prompt length is {_M} but the request contains {_N}",
    rf"input token count \(?{_N}\)? exceeds the maximum number of tokens allowed \(?{_M}",
    rf"contains {_N} tokens.{{0,80}}?too large for model with {_M} maximum context length",
    rf"prompt token count of {_N} exceeds the limit of {_M}",
    rf"exceeded model token limit: {_M} \(requested: {_N}",
    rf"request \({_N} tokens\) exceeds the available context size \({_M}",
    rf"n_prompt_tokens\"?:\s*{_N}.{{0,80}}?n_ctx\"?:\s*{_M}",
    rf"current length is {_N} while limit is {_M}",
    rf"prompt cannot exceed {_M} - received {_N}",
    rf"\(length {_N}\) is longer than the maximum model length of {_M}",
    rf"input \({_N} tokens\) is longer than the model's context length \({_M}",
    rf"input token count is {_N} but model only supports up to {_M}",
    rf"max input tokens: {_M}, request input token count: {_N}",
    rf"`inputs` must have less than {_M} tokens\. given: {_N}",
    rf"(?:input length|total tokens|prompt) \(?{_N}(?: tokens)?\)? exceeds (?:the )?(?:model's )?"
    rf"(?:maximum length|context window) \(?{_M}",
    # With the limit alone.
    rf"request body too large for [\w./-]+ model\. max size: {_M} tokens",
    rf"(?:maximum context length|context length) (?:is|of)(?: only)? {_M}",
    rf"maximum prompt length is {_M}",
    rf"too large for model with {_M} maximum context length",
    rf"exceeded model token limit: {_M}",
    rf"range of input length should be \[\d+, {_M}\]",
    # Without figures.
    r"prompt is too long|context_length_exceeded|model_max_prompt_tokens_exceeded|exceed_context_size"
    r"|exceeds the context window|exceeds the available context size|exceeds? the (?:model's )?context length"
    r"|exceeded model token limit|exceeds the maximum number of tokens allowed|prompt exceeds max length"
    r"|input is too long for requested model|reduce the length of the messages|context window exceeds limit"
    r"|tokens_limit_reached|tokens to keep from the initial prompt is greater than the context length"
    r"|prompt too long|exceeded max context length|total length of all messages is too long|too_many_prompt_tokens"
    r"|context the overflows|context size has been exceeded|input length and `max_tokens` exceed context limit",
)

_RATE = re.compile(r"tokens per (?:minute|day|hour)|\bTP[MD]\b", re.IGNORECASE)
"""Groq tells a rate limit as 413 `Request too large`: smaller prompts do not cure it, time does."""

_QUOTA = re.compile(
    r"insufficient_quota|insufficient[ _]balance|insufficient credits|insufficient funds|insufficient account balance"
    r"|credit balance|credits? (?:have been|has been|is|are) (?:exhausted|depleted)|requires more credits"
    r"|out of credits"
    r"|exceeded your current quota(?!.*quota exceeded for metric)|billing[ _](?:hard[ _])?limit|billing_not_active"
    r"|account is not active|payment required|in arrears|arrearage|余额不足|欠费|^\s*(?:1113|1008)\s*$",
    re.IGNORECASE | re.DOTALL,
)

_NO_MODEL = (
    r"^(?:model_not_found|invalid_model)$|\bmodel not (?:found|exist)|\bunknown model\b|\binvalid model\b"
    r"|is not a valid model\b|supported api model names are"
    r"|\bmodel [`'\"]?[\w./:@-]+[`'\"]? (?:does not exist|(?:was |is )?not found)"
)
_BAD_KEY = r"(?:incorrect|invalid) api key|api key (?:is )?not valid"
"""Both are compiled for the first error that comes, as those of an overflow are."""

_DURATION = (
    r"(?:(?P<h>\d+)\s*h[a-z]*\s*)?(?:(?P<m>\d+)\s*m(?!s)[a-z]*\s*)?"
    r"(?:(?P<s>\d+(?:\.\d+)?)\s*s)?(?:(?P<ms>\d+(?:\.\d+)?)\s*ms)?"
)
_DURATION_ALONE = re.compile(rf"\s*{_DURATION}\s*", re.IGNORECASE)
_DELAY = (
    r"(?:(?:try again|retry) (?:in|after)|please wait"
    r"|retry_?delay\"?\s*:\s*\"?|retry[-_]after(?:_seconds)?\"?\s*:\s*\"?)\s*"
)
_DELAY_IN_TEXT = re.compile(_DELAY + _DURATION, re.IGNORECASE)
_SECONDS_IN_TEXT = re.compile(_DELAY + r"(?P<s>\d+(?:\.\d+)?)(?![\d.]*\d|\s*[a-z])", re.IGNORECASE)
"""A bare number is in seconds."""
_LIMITS = (
    # how much is left, and when there is more
    *((f"x-ratelimit-remaining-{of}", f"x-ratelimit-reset-{of}") for of in ("requests", "tokens")),
    *(
        (f"anthropic-ratelimit-{of}-remaining", f"anthropic-ratelimit-{of}-reset")
        for of in ("requests", "tokens", "input-tokens", "output-tokens")
    ),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
)
_RESET_IN_BODY = re.compile(r"\"x-ratelimit-reset\\?\"\s*:\s*\"?(?P<reset>\d{10,13})", re.IGNORECASE)
_EPOCH = 1e9
"""Seconds. What is more is a time, and no duration; a thousand times as much is in milliseconds."""


@cache
def _patterns() -> tuple[re.Pattern[str], tuple[re.Pattern[str], ...]]:
    """What tells an overflow: with the output counted apart, and without. Compiled for the first error that comes."""
    flags = re.IGNORECASE | re.DOTALL
    return re.compile(_WITH_OUTPUT, flags), tuple(re.compile(pattern, flags) for pattern in _OVERFLOWS)


def overflow(message: str, code: str = "") -> str | None:
    """Anthropic's words for a prompt that does not fit, and the vendor's text behind them; None if `message`
    and the vendor's error `code` tell something else.

    `prompt is too long: N tokens > M maximum` where the figures are known. Where the vendor counts the wished output
    apart and the prompt alone would fit, the words are the others that Claude Code knows and lowers `max_tokens` on.
    """
    if rate(message):
        return None
    with_output, overflows = _patterns()
    if both := with_output.search(message):
        groups = {name[0]: _number(text) for name, text in both.groupdict().items() if text}
        prompt, output, maximum = groups["n"], groups["o"], groups["m"]
        if prompt > maximum:
            return f"prompt is too long: {prompt} tokens > {maximum} maximum ({message})"
        return (
            f"input length and `max_tokens` exceed context limit: {prompt} + {output} > {maximum}, "
            f"decrease input length or `max_tokens` and try again ({message})"
        )
    for pattern in overflows:
        if match := pattern.search(message):
            if _OURS.search(message):
                return message
            figures = {name: _number(text) for name, text in match.groupdict().items()}
            if "n" in figures:
                return f"prompt is too long: {figures['n']} tokens > {figures['m']} maximum ({message})"
            if "m" in figures:
                return f"prompt is too long: the maximum is {figures['m']} tokens ({message})"
            return f"prompt is too long ({message})"
    if any(pattern.search(code) for pattern in overflows):
        return f"prompt is too long ({message})"
    return None


def known_to_clients(message: str) -> bool:
    """Whether the text tells an overflow in words that Claude Code acts on."""
    message = message.lower()
    return "prompt is too long" in message or "input length and `max_tokens` exceed context limit" in message


def rate(message: str) -> bool:
    """Whether the text speaks of a rate limit in tokens, which no smaller prompt cures."""
    return _RATE.search(message) is not None


def quota(message_or_code: str) -> bool:
    """Whether the text, or the vendor's error code, says that the account is empty: no retry helps. Gemini's rate
    limits also speak of a quota, but name the metric; they are no such case."""
    return _QUOTA.search(message_or_code) is not None


def no_model(message_or_code: str) -> bool:
    """Whether the text, or the vendor's error code, says that there is no model of this name: not every vendor has the
    status 404 for it."""
    return re.search(_NO_MODEL, message_or_code, re.IGNORECASE) is not None


def bad_key(message: str) -> bool:
    """Whether the text says that the key is wrong, which xAI tells as a malformed request."""
    return re.search(_BAD_KEY, message, re.IGNORECASE) is not None


def retry_after(headers: Headers, body_text: str) -> float | None:
    """Seconds to wait as the upstream says, at most 60: from `retry-after-ms`, `retry-after` (a date is held against
    the answer's own `date`), the reset of an exhausted limit (in the headers, or as OpenRouter has it in the body), or
    the error's text; None where it says nothing."""
    milliseconds = _seconds(headers.get("retry-after-ms", ""))
    if milliseconds:  # Azure says 0 beside a `retry-after` that is more.
        return _clamped(milliseconds / 1000)
    if after := headers.get("retry-after", ""):
        seconds = _seconds(after)
        if seconds is None:
            seconds = _until(after, headers.get("date", ""))
        if seconds is not None:
            return _clamped(seconds)
    now = headers.get("date", "")
    resets = [
        delay
        for remaining, reset in _LIMITS
        if headers.get(remaining, "").strip() == "0" and (delay := _reset(headers.get(reset, ""), now)) is not None
    ]
    if told := _RESET_IN_BODY.search(body_text):
        resets += [delay for delay in (_reset(told["reset"], now),) if delay is not None]
    if resets:
        return _clamped(max(resets))
    for match in _DELAY_IN_TEXT.finditer(body_text):
        if any(match.groupdict().values()):
            return _clamped(_total(match))
    if match_alone := _SECONDS_IN_TEXT.search(body_text):
        return _clamped(float(match_alone["s"]))
    return None


def _number(text: str) -> int:
    return int(text.replace(",", "") or "0")


def _clamped(seconds: float) -> float | None:
    return min(seconds, RETRY_LIMIT) if seconds >= 0 else None


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None


def _until(date: str, now: str) -> float | None:
    try:
        return max(0.0, _moment(date) - _moment(now))
    except (TypeError, ValueError):
        return None


def _moment(date: str) -> float:
    """The time that a header tells, in seconds from the epoch. Raises `TypeError` or `ValueError`."""
    from email.utils import parsedate_to_datetime

    moment = parsedate_to_datetime(date)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _reset(text: str, now: str) -> float | None:
    """Seconds until a limit is reset, which is told as a duration or as a time: in seconds or milliseconds since 1970,
    or as RFC 3339 has it."""
    plain = _seconds(text)
    if plain is None or plain < _EPOCH:
        if "T" not in text:
            return _duration(text)
        try:
            plain = datetime.fromisoformat(text.strip().replace("Z", "+00:00")).timestamp()
        except ValueError:
            return None
    elif plain >= _EPOCH * 1000:
        plain /= 1000
    try:
        return max(0.0, plain - _moment(now))
    except (TypeError, ValueError):
        return None


def _duration(text: str) -> float | None:
    plain = _seconds(text)
    if plain is not None:
        return plain
    match = _DURATION_ALONE.fullmatch(text)
    return _total(match) if match and any(match.groupdict().values()) else None


def _total(match: re.Match[str]) -> float:
    parts = {name: float(text) if text else 0.0 for name, text in match.groupdict().items()}
    return parts["h"] * 3600 + parts["m"] * 60 + parts["s"] + parts["ms"] / 1000
