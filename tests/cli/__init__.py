"""Tests of ccproxy.cli."""
