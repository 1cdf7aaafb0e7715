"""OpenAI Responses: `POST /v1/responses`, towards OpenAI, xAI and others, and from Codex CLI and the openai SDK.

Everything is an item: messages, calls, their outputs, reasoning. `requests` writes items for an upstream, `streams`
and `responses` read what it answers; `client_requests` reads a client's items, `client_streams` writes its answer.
Nothing is stored: `store` is false, and reasoning travels encrypted.
"""
