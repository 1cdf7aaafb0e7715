"""Tests of `ccproxy.dialects.openai_responses`."""
