"""What the console tells whoever starts ccproxy: how to use it, in commands that work as printed."""

import json
import shlex

from attrs import frozen

from ccproxy.cli.surroundings import passes_login
from ccproxy.config.listening import url_of
from ccproxy.config.resolve import routes
from ccproxy.config.settings import Settings
from ccproxy.errors import ApiError
from ccproxy.providers.target import Target

USUAL_MODEL = "claude-sonnet-5-5"
"""A name as Claude Code asks for it, unless it is told another."""


@frozen
class Example:
    """A model name to ask for, and who is asked then. `sure` if that one is known to have it."""

    model: str
    target: Target
    sure: bool = True


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
    if settings.has_keys:
        whose = "its apikey" if settings.apikey else "a key of theirs"
        lines.append(f"Clients must present {whose}: here CCPROXY_API_KEY stands for it.")
    login = passes_login(settings)
    lines += ["", "Claude Code, by `ccproxy` or by hand:", f"  {_claude(url, settings, login)}"]
    if example is not None:
        place = "" if example.sure else f", with one of {example.target.provider}'s models in place of MODEL"
        lines += ["", f"A request{place}:", f"  {_curl(url, example.model, settings, login)}"]
    return "\n".join([*lines, ""])


def _example(settings: Settings) -> Example | None:
    known = routes(settings)
    named = [f"{provider.name},{model}" for provider in settings.providers for model in provider.models]
    unsure = None
    for model in (USUAL_MODEL, *settings.routes, *named):
        try:
            target = known.named(model).targets[0]
        except ApiError:
            continue  # No route leads from this one.
        # Where a name goes on as it is, it is Claude Code's own, and few have a model of that name.
        if target.model != model or target.dialect == "anthropic" or f"{target.provider},{model}" in named:
            return Example(model, target)
        unsure = unsure or Example(f"{target.provider},MODEL", target, sure=False)
    return unsure


def _claude(url: str, settings: Settings, login: bool) -> str:
    """A token keeps Claude Code from asking for a login; where its own login is passed through, it must not."""
    token = "" if login else f"ANTHROPIC_AUTH_TOKEN={_key(settings, 'unused')} "
    return f"ANTHROPIC_BASE_URL={url} {token}claude"


def _curl(url: str, model: str, settings: Settings, login: bool) -> str:
    message = {"role": "user", "content": "Hello"}
    body = json.dumps({"model": model, "max_tokens": 1000, "stream": True, "messages": [message]}, ensure_ascii=False)
    headers = " -H 'content-type: application/json'"
    if settings.has_keys:
        headers += f' -H "x-api-key: {_key(settings, "")}"'
    elif login:
        headers += " -H 'anthropic-version: 2023-06-01' -H \"x-api-key: $ANTHROPIC_API_KEY\""
    return f"curl -sN {url}/v1/messages{headers} -d {shlex.quote(body)}"


def _key(settings: Settings, otherwise: str) -> str:
    return "$CCPROXY_API_KEY" if settings.has_keys else otherwise
