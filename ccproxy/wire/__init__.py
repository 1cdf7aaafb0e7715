"""Bytes on the wire and their shapes: server-sent events, JSON, compressed bodies. Pure, and of no dialect."""
