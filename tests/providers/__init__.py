"""Tests of ccproxy.providers."""
