"""Tests of ccproxy.config.imports."""
