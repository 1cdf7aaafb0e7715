"""What the console tells whoever starts ccproxy: how to use it, in commands that work as printed."""

import json
import shlex

from attrs import frozen

from ccproxy.config.listening import url_of
from ccproxy.config.resolve import routes
from ccproxy.config.settings import Settings
from ccproxy.errors import ApiError
from ccproxy.providers.target import Target

USUAL_MODEL = "claude-sonnet-5-5"
"""A name as Claude Code asks for it, unless it is told another."""


@frozen
class Example:
    """A model name that is answered, and by whom."""

    model: str
    target: Target


def banner(settings: Settings) -> str:
    """Where ccproxy can be reached and how, for people; several lines. No key is in it."""
    url = next(filter(None, map(url_of, settings.listen)), None)
    if url is None:
        return f"ccproxy listens at {', '.join(settings.listen)}"
    example = _example(settings)
    lines = [f"ccproxy listens at {url}"]
    if settings.demo:
        lines.append("No provider is configured, so the built-in demo answers. For real answers, set a key such as")
        lines.append("OPENAI_API_KEY, ANTHROPIC_API_KEY or OPENROUTER_API_KEY, and start again.")
    if settings.apikey:
        lines.append("Clients must present its apikey: here CCPROXY_API_KEY stands for it.")
    login = example is not None and not settings.apikey and example.target.passes_login and not example.target.key
    lines += ["", "Claude Code:", f"  {_claude(url, settings, login)}"]
    if example is not None:
        lines += ["", "By hand:", f"  {_curl(url, example.model, settings, login)}"]
    return "\n".join([*lines, ""])


def _example(settings: Settings) -> Example | None:
    known = routes(settings)
    named = [f"{provider.name},{model}" for provider in settings.providers for model in provider.models]
    for model in (USUAL_MODEL, *settings.routes, *named):
        try:
            return Example(model, known.named(model).targets[0])
        except ApiError:
            continue  # No route leads from this one.
    return None


def _claude(url: str, settings: Settings, login: bool) -> str:
    """A token keeps Claude Code from asking for a login; where its own login is passed through, it must not."""
    token = "" if login else f"ANTHROPIC_AUTH_TOKEN={_key(settings, 'unused')} "
    return f"ANTHROPIC_BASE_URL={url} {token}claude"


def _curl(url: str, model: str, settings: Settings, login: bool) -> str:
    message = {"role": "user", "content": "Hello"}
    body = json.dumps({"model": model, "max_tokens": 1000, "stream": True, "messages": [message]}, ensure_ascii=False)
    headers = " -H 'content-type: application/json'"
    if settings.apikey:
        headers += f' -H "x-api-key: {_key(settings, "")}"'
    elif login:
        headers += " -H 'anthropic-version: 2023-06-01' -H \"x-api-key: $ANTHROPIC_API_KEY\""
    return f"curl -sN {url}/v1/messages{headers} -d {shlex.quote(body)}"


def _key(settings: Settings, otherwise: str) -> str:
    return "$CCPROXY_API_KEY" if settings.apikey else otherwise
