"""Tests of `ccproxy.daemon`."""
