"""Routes as an operator writes them, and calls to be routed."""

import json
from collections.abc import Mapping
from typing import Any

from ccproxy.config.resolve import routes
from ccproxy.config.settings import ProviderSettings, RouteSettings, Settings
from ccproxy.config.structure import CONVERTER
from ccproxy.dialects.anthropic.dialect import ANTHROPIC
from ccproxy.dialects.dialect import Headers
from ccproxy.routing.routes import Routes
from ccproxy.routing.strategies import Ordering
from ccproxy.routing.survey import Survey

PROVIDERS = tuple(
    ProviderSettings(name, f"http://{name}.test/v1", dialect="openai_chat", models=(f"{name}-listed",))
    for name in ("a", "b", "c")
)
ASLEEP = ProviderSettings("asleep", "http://asleep.test/v1", dialect="openai_chat", enabled=False)

HELLO = {"role": "user", "content": "Hello"}
BASH = {"name": "Bash", "description": "Runs a command", "input_schema": {"type": "object"}}
SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
PIXEL = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}

LONG: Mapping[str, Any] = {"system": "some words to be counted " * 14_000}
THINKING: Mapping[str, Any] = {"thinking": {"type": "adaptive"}}
UNTHINKING: Mapping[str, Any] = {"thinking": {"type": "disabled"}}
SEARCHING: Mapping[str, Any] = {"tools": [SEARCH]}
SEEING: Mapping[str, Any] = {"messages": [{"role": "user", "content": [PIXEL]}]}
AGENT: Mapping[str, str] = {"x-claude-code-agent-id": "a1b2"}


def settings_of(written: Mapping[str, Any]) -> Settings:
    """Settings with these routes, and providers a, b and c, each of which lists a model; `asleep` is disabled."""
    found = {name: CONVERTER.structure(route, RouteSettings) for name, route in written.items()}
    return Settings(providers=(*PROVIDERS, ASLEEP), routes=found)


def routes_of(written: Mapping[str, Any], ordering: Ordering | None = None) -> Routes:
    """The same, ready to route."""
    return routes(settings_of(written), ordering)


def call(model: str = "m", headers: Headers | None = None, client: str = "local", **fields: Any) -> Survey:
    """A call of Claude Code's kind, with these fields in its body."""
    body = {"model": model, "max_tokens": 100, "messages": [HELLO], **fields}
    return Survey(model, headers or {}, json.dumps(body).encode(), client, dialect=ANTHROPIC)
