"""Tests of what is kept, and of what it costs."""
