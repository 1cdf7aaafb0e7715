"""Tests of `ccproxy.dialects.openai_chat`."""
