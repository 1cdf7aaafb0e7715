"""Which target answers, and how a request gets to its dialect."""
