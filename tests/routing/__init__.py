"""Tests of ccproxy.routing."""
