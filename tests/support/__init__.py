"""What the tests share: ways to cut streams, in-memory wires, scripted upstreams."""
