"""The command line: one command a file. What needs no Twisted does not import it, so that it starts at once."""
