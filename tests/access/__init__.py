"""Tests of ccproxy.access."""
