"""Token counts, as vendors write them and as clients want them."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.openai_chat.usage import read_usage, write_usage
from ccproxy.model.usage import Usage

CASES: list[tuple[str, dict[str, Any], Usage]] = [
    ("OpenAI", {"prompt_tokens": 10, "completion_tokens": 5}, Usage(10, 5)),
    (
        "OpenAI with a cache",
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
        },
        Usage(3, 5, 4, 3),
    ),
    ("DeepSeek", {"prompt_tokens": 10, "prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 6}, Usage(6, None, 4)),
    ("Moonshot", {"prompt_tokens": 10, "cached_tokens": 4}, Usage(6, None, 4)),
    (
        "Qwen",
        {"prompt_tokens": 10, "prompt_tokens_details": {"cache_creation_input_tokens": 4}},
        Usage(6, None, None, 4),
    ),
    (
        "OpenRouter's Gemini, written and read at once",
        {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 8}},
        Usage(2, None, 8, 0),
    ),
    ("more cached than prompted", {"prompt_tokens": 10, "cached_tokens": 40}, Usage(10, None, 40)),
    (
        "reasoning within the output",
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 15,
            "completion_tokens_details": {"reasoning_tokens": 3},
        },
        Usage(10, 5, reasoning=3),
    ),
    (
        "xAI, reasoning beside the output",
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 18,
            "completion_tokens_details": {"reasoning_tokens": 3},
        },
        Usage(10, 8, reasoning=3),
    ),
    ("searches", {"server_tool_use": {"web_search_requests": 2}}, Usage(web_searches=2)),
    ("nonsense", {"prompt_tokens": "10", "completion_tokens": True, "prompt_tokens_details": []}, Usage()),
]


class UsageTests(SynchronousTestCase):
    """One report."""

    def test_reading(self) -> None:
        """Each vendor's report means the same."""
        for vendor, value, expected in CASES:
            self.assertEqual(read_usage(value), expected, vendor)

    def test_quirk(self) -> None:
        """A vendor known to leave reasoning out need not say a total."""
        value = {"completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 3}}
        self.assertEqual(read_usage(value, reasoning_outside_output=True).output, 8)
        self.assertEqual(read_usage(value).output, 5)

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(st.builds(Usage, *[st.integers(0, 10**6)] * 4))
    def test_there_and_back(self, usage: Usage) -> None:
        """What a client is told adds up, and reads as the same."""
        told = write_usage(usage)
        self.assertEqual(told["total_tokens"], told["prompt_tokens"] + told["completion_tokens"])
        self.assertEqual(told["prompt_tokens"], usage.prompt)
        again = read_usage(told)
        self.assertEqual((again.input, again.output, again.cache_read), (usage.input, usage.output, usage.cache_read))
        self.assertEqual(again.cache_written or 0, usage.cache_written)
