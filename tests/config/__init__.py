"""Tests of ccproxy.config."""
