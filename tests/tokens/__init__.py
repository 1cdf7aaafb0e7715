"""Tests of ccproxy.tokens."""
