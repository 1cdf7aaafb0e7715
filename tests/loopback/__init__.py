"""Tests over real sockets: few, and last."""
