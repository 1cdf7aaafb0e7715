"""What vendors say in their errors, and what we understand of it."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.wording import bad_key, no_model, overflow, quota, rate, redact, retry_after

TOO_LONG = [
    # what a vendor says, tokens, maximum
    (
        "This model's maximum context length is 4097 tokens. However, your messages resulted in 5000 tokens. "
        "Please reduce the length of the messages.",
        5000,
        4097,
    ),
    (
        "This endpoint's maximum context length is 131072 tokens. However, you requested about 150000 tokens "
        "(140000 of text input, 10000 in the output).",
        140000,
        131072,
    ),
    ("This model's maximum prompt length is 131072 but the request contains 200000 tokens.", 200000, 131072),
    ("The input token count (1,200,000) exceeds the maximum number of tokens allowed (1,048,576).", 1200000, 1048576),
    (
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
        40000,
        32768,
    ),
    ("Your request exceeded model token limit: 8192 (requested: 9000)", 9000, 8192),
    ("prompt token count of 70000 exceeds the limit of 64000", 70000, 64000),
    ("request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it", 5000, 4096),
    ("The prompt is too long: 40000, model maximum context length: 32767", 40000, 32767),
    ("Please reduce the length of the messages. Current length is 70000 while limit is 65536", 70000, 65536),
    (
        "You passed 9000 input tokens and requested 100 output tokens. However, the model's context length is only "
        "8192 tokens.",
        9000,
        8192,
    ),
    ("too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000.", 5000, 4081),
    ("The decoder prompt (length 9000) is longer than the maximum model length of 8192.", 9000, 8192),
    ("The input (9000 tokens) is longer than the model's context length (8192 tokens).", 9000, 8192),
    ("The input token count is 1200000 but model only supports up to 1048576", 1200000, 1048576),
    ("Too many input tokens. Max input tokens: 4096, request input token count: 5000", 5000, 4096),
    ("Input validation error: `inputs` must have less than 4096 tokens. Given: 5000", 5000, 4096),
    ("Input length 9000 exceeds the maximum length 8192", 9000, 8192),
    ("Total tokens 9000 exceeds context window 8192", 9000, 8192),
    ("The prompt (9000 tokens) exceeds the model's context window (8192)", 9000, 8192),
    ("the request is too large (n_prompt_tokens: 5000, n_ctx: 4096)", 5000, 4096),
]

TOO_MUCH_TOGETHER = [
    # what a vendor says, prompt, output, maximum
    (
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (7000 in the messages, "
        "2000 in the completion). Please reduce the length of the messages or completion.",
        (7000, 2000, 8192),
    ),
    (
        "'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum context length is 8192 "
        "tokens and your request has 5000 input tokens (4096 > 8192 - 5000).",
        (5000, 4096, 8192),
    ),
    (
        "Requested token count exceeds the model's maximum context length of 8192 tokens. You requested a total of "
        "9000 tokens: 7000 tokens from the input messages and 2000 tokens for the completion.",
        (7000, 2000, 8192),
    ),
    ("input length and max_tokens exceed context limit: 7000 + 2000 > 8192", (7000, 2000, 8192)),
    ("prompt tokens (7000) + max_tokens (2000) exceeds context length 8192", (7000, 2000, 8192)),
    (
        "`inputs` tokens + `max_new_tokens` must be <= 8193. Given: 8000 `inputs` tokens and 512 `max_new_tokens`",
        (8000, 512, 8193),
    ),
]

WITHOUT_FIGURES = [
    "context_length_exceeded",
    "Your input exceeds the context window of this model.",
    "Input is too long for requested model.",
    "Prompt exceeds max length",
    "invalid params, context window exceeds limit (2013)",
    "the request exceeds the available context size, try increasing it",
    "model_max_prompt_tokens_exceeded",
    "The number of tokens to keep from the initial prompt is greater than the context length.",
    "tokens_limit_reached",
    "prompt too long; exceeded max context length by 1119046 tokens",
    "The total length of all messages is too long.",
]


class OverflowTests(SynchronousTestCase):
    """Prompts that do not fit."""

    def test_figures(self) -> None:
        """Both figures reach the client in Anthropic's words, and the vendor's own text behind them."""
        for text, tokens, maximum in TOO_LONG:
            told = overflow(text)
            self.assertIsNotNone(told, text)
            self.assertTrue(str(told).startswith(f"prompt is too long: {tokens} tokens > {maximum} maximum"), told)
            self.assertIn(text, str(told))

    def test_output_too_large(self) -> None:
        """Where a smaller output cures it, the words are those on which Claude Code lowers it."""
        for text, (prompt, output, maximum) in TOO_MUCH_TOGETHER:
            told = str(overflow(text))
            words = f"input length and `max_tokens` exceed context limit: {prompt} + {output} > {maximum}, "
            self.assertTrue(told.startswith(words), told)
            self.assertIn(text, told)

    def test_limit_alone(self) -> None:
        """A vendor that names only its limit is still understood."""
        for text in (
            "Range of input length should be [1, 30720]",
            "Request body too large for gpt-4o model. Max size: 30720 tokens.",
        ):
            told = str(overflow(text))
            self.assertTrue(told.startswith("prompt is too long: the maximum is 30720 tokens"), told)

    def test_no_figures(self) -> None:
        """A vendor without figures is understood by its words, or by its code alone."""
        for text in WITHOUT_FIGURES:
            self.assertEqual(overflow(text), f"prompt is too long ({text})")
        self.assertEqual(overflow("no", "context_length_exceeded"), "prompt is too long (no)")

    def test_own_words(self) -> None:
        """Anthropic's own words are not said twice."""
        for text in (
            "prompt is too long: 210000 tokens > 200000 maximum",
            "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length or "
            "`max_tokens` and try again",
        ):
            self.assertEqual(overflow(text), text)

    def test_rate(self) -> None:
        """Groq's limit of tokens per minute is no matter of the prompt's length alone."""
        text = "Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 9000"
        self.assertIsNone(overflow(text))
        self.assertTrue(rate(text))

    def test_other(self) -> None:
        """Other errors are not taken for an overflow."""
        for text in ("Invalid model", "tool_choice is not supported", "messages: at least one message is required", ""):
            self.assertIsNone(overflow(text), text)


class QuotaTests(SynchronousTestCase):
    """Accounts that are empty."""

    def test_empty(self) -> None:
        """Vendors' words and codes for no credit are known."""
        for text in (
            "insufficient_quota",
            "You exceeded your current quota, please check your plan and billing details.",
            "Insufficient Balance",
            "Your credit balance is too low to access the API",
            "This request requires more credits, or fewer max_tokens",
            "1113",
            "余额不足或无可用资源包,请充值。",
        ):
            self.assertTrue(quota(text), text)

    def test_not_empty(self) -> None:
        """Limits that pass with time are no empty account: Gemini calls them a quota too, and names the metric."""
        for text in (
            "Rate limit reached for requests",
            "You exceeded your current quota. * Quota exceeded for metric: generate_content_requests, limit: 10",
            "the file 1113 was not found",
        ):
            self.assertFalse(quota(text), text)


class BlameTests(SynchronousTestCase):
    """What a malformed request is not to be blamed for."""

    def test_no_model(self) -> None:
        """Vendors say in many words that they have no such model."""
        for text in (
            "The requested model 'gpt-9' does not exist.",
            "The model `gpt-9` does not exist or you do not have access to it.",
            "Model not found: grok-9",
            "openai/gpt-9 is not a valid model ID",
            "The supported API model names are a or b, but you passed c.",
            "Invalid model: magic-9",
            "Model Not Exist",
            "model_not_found",
            "invalid_model",
        ):
            self.assertTrue(no_model(text), text)
        for text in (
            "Unsupported value: 'temperature' does not support 0 with this model.",
            "Previous response with id 'resp_1' not found.",
            "This model does not support effort level 'xhigh'.",
            "The model's tool call was invalid, and no function of this name was found",
        ):
            self.assertFalse(no_model(text), text)

    def test_bad_key(self) -> None:
        """So do they of a key."""
        self.assertTrue(bad_key("Incorrect API key provided. You can obtain an API key from https://console.x.ai."))
        self.assertTrue(bad_key("API key not valid. Please pass a valid API key."))
        self.assertFalse(bad_key("the tool `rotate_api_key` is invalid"))


class RetryAfterTests(SynchronousTestCase):
    """When to come back."""

    def test_headers(self) -> None:
        """Milliseconds outweigh seconds; a date is held against the answer's own."""
        date = {"retry-after": "Wed, 01 Jul 2026 10:00:20 GMT", "date": "Wed, 01 Jul 2026 10:00:00 GMT"}
        for headers, seconds in (
            ({"retry-after": "7"}, 7.0),
            ({"retry-after": "7", "retry-after-ms": "1500"}, 1.5),
            ({"retry-after": "1", "retry-after-ms": "0"}, 1.0),
            (date, 20.0),
            ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "12.5s"}, 12.5),
            ({"ratelimit-remaining": "0", "ratelimit-reset": "20"}, 20.0),
        ):
            self.assertEqual(retry_after(headers, ""), seconds)

    def test_times(self) -> None:
        """A reset may be told as a time: Anthropic's, or in seconds or milliseconds since 1970, in OpenRouter's case
        within the body. It is held against the answer's own date, and means nothing without one."""
        now = {"date": "Wed, 21 Oct 2026 07:28:30 GMT"}
        in_body = '{"error":{"metadata":{"headers":{"X-RateLimit-Reset":"1792567740000"}}}}'
        for headers, body in (
            (
                {
                    "anthropic-ratelimit-tokens-remaining": "0",
                    "anthropic-ratelimit-tokens-reset": "2026-10-21T07:29:00Z",
                },
                "",
            ),
            ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1792567740"}, ""),
            ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1792567740000"}, ""),
            ({}, in_body),
        ):
            self.assertEqual(retry_after({**headers, **now}, body), 30.0, (headers, body))
            self.assertIsNone(retry_after(headers, body), (headers, body))
        soon = {"anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": "Tomorrow"}
        self.assertIsNone(retry_after({**soon, **now}, ""))

    def test_not_exhausted(self) -> None:
        """The reset of a bucket that still holds something says nothing."""
        headers = {"x-ratelimit-remaining-tokens": "100", "x-ratelimit-reset-tokens": "6m0s"}
        self.assertIsNone(retry_after(headers, ""))

    def test_text(self) -> None:
        """The delay in an error's text is found in each form vendors write it."""
        for text, seconds in (
            ("Please try again in 7.5s.", 7.5),
            ("Please try again in 250ms.", 0.25),
            ("please retry after 20 seconds", 20.0),
            ('{"retryDelay": "34s"}', 34.0),
            ('{"retry_after": 3}', 3.0),
            ("try again in 2 minutes", 60.0),
            ("try again in 1h", 60.0),
            ("try again in 0m5s", 5.0),
        ):
            self.assertEqual(retry_after({}, text), seconds, text)

    def test_clamped(self) -> None:
        """No client is sent away for more than a minute: it would not retry at all, or for days."""
        self.assertEqual(retry_after({"retry-after": "86400"}, ""), 60.0)

    def test_nothing(self) -> None:
        """What says nothing, or nonsense, is no delay."""
        for headers, text in (
            ({}, "Rate limit reached"),
            ({"retry-after": "soon"}, ""),
            ({"retry-after": "nan"}, ""),
            ({"retry-after": "-5"}, ""),
            ({}, "try again in 5 days"),
        ):
            self.assertIsNone(retry_after(headers, text), (headers, text))


class RedactTests(SynchronousTestCase):
    """What must not leave the house."""

    def test_secrets(self) -> None:
        """Keys, organisation ids and internal addresses are gone, and what helps a person stays."""
        for text, secret in (
            ("Incorrect API key provided: sk-proj-abc123DEF456. See https://platform.openai.com/keys", "abc123"),
            ("Incorrect API key provided: sk-12***********6789.", "6789"),
            ("Rate limit reached in organization org-a1B2c3D4e5 on tokens", "a1B2c3D4e5"),
            ("key AIzaSyA1234567890abcdefghijk is not valid", "SyA123"),
            ("Bearer abcdef0123456789 refused", "abcdef0123456789"),
            ("GET http://10.0.3.7:8000/v1/chat failed", "10.0.3.7"),
            ("upstream http://vllm.prod.svc.cluster.local:80/x gone", "vllm.prod"),
            ("connect https://user:pw@backend/v1 refused", "pw@backend"),
            ("GET https://api.example.com/v1?key=topsecret1 failed", "topsecret1"),
        ):
            clean = redact(text)
            self.assertNotIn(secret, clean)
            self.assertNotEqual(clean, text)

    def test_kept(self) -> None:
        """Ordinary words and public addresses are not touched."""
        for text in (
            "See https://platform.openai.com/docs/guides/rate-limits for more.",
            "The model `gpt-5` does not exist, or team members lack access",
            "max_tokens must be at most 8192; tokens per minute: 30000",
            "team_members and project_settings are unknown fields",
        ):
            self.assertEqual(redact(text), text)

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(st.text(max_size=300))
    def test_any(self, text: str) -> None:
        """No text is too strange to be read for what it means."""
        overflow(text)
        quota(text)
        retry_after({"retry-after": text, "date": text, "x-ratelimit-reset-tokens": text}, text)
        self.assertEqual(redact(redact(text)), redact(text))
