"""ccproxy: any LLM provider behind the API that a client already speaks."""

__version__ = "0.1.0"
