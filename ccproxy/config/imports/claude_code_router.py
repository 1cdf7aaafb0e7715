"""config.json of musistudio/claude-code-router, as its versions before 3 read it (since then it has a database).

`$NAME` and `${NAME}` are variables in all its texts.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from ccproxy.config.imports.parts import COMMA, Around, Part, Taken, give_host, name_for, target_of
from ccproxy.config.problems import quoted
from ccproxy.providers.baseurl import dialect_told_by
from ccproxy.providers.catalogue import vendor, vendor_at

SITUATIONS = ("default", "background", "think", "longContext", "webSearch", "image")
"""The keys of `Router` that lead somewhere. They are routes of ours by the same names."""

LEVELS = {"fatal": "critical", "error": "error", "warn": "warn", "info": "info", "debug": "debug", "trace": "debug"}

JAVASCRIPT = "it is JavaScript, which ccproxy does not run"

IGNORED = {
    "NON_INTERACTIVE_MODE": "ccproxy never waits for a terminal",
    "CUSTOM_ROUTER_PATH": f"{JAVASCRIPT}; `routes` with conditions, or a rule in Python, can do the same",
    "REWRITE_SYSTEM_PROMPT": "ccproxy leaves prompts as they are",
    "transformers": JAVASCRIPT,
    "plugins": JAVASCRIPT,
    "StatusLine": "`ccproxy statusline install` sets up ours",
    "forceUseImageAgent": "images go to the route `image`, without an agent between",
    "CLAUDE_PATH": "`claude` is looked for on the PATH",
    "LOG_FILE": "the log is where `log_file` says",
}

BUILT_IN = {
    "reasoning": "reasoning is always read, and asked for as the provider knows it",
    "tooluse": "tools are declared as they are; no model needs a tool to leave by",
    "enhancetool": "broken arguments of tools are always mended, without holding the stream back",
    "sampling": "what a model does not take of it is left out anyway",
    "streamoptions": "the use of tokens is always asked for",
}
"""Transformers whose work is done here for everyone."""

UNKNOWN = {
    "forcereasoning": "it asks models for thoughts in their text, which ccproxy does not",
    "vertex-gemini": "Google's Vertex needs credentials of another kind",
    "vertex-claude": "Google's Vertex needs credentials of another kind",
    "gemini-cli": "it uses another program's login",
    "qwen-cli": "it uses another program's login",
    "rovo-cli": "it uses another program's login",
}

_VARIABLE = re.compile(r"\$([A-Z_][A-Z0-9_]*)")


def read(taken: Taken, whole: Part, around: Around) -> None:
    """Take the document."""
    has_key = bool(whole.value.get("APIKEY")) or bool(around.environ.get("CCPROXY_API_KEY"))
    give_host(whole.get("HOST"), has_key)
    if port := whole.get("PORT"):
        digits = isinstance(port.value, str) and port.value.strip().isdigit() and len(port.value) < 9
        taken.put(("port",), int(port.value) if digits else port.value, port)
    if key := whole.get("APIKEY"):
        taken.put(("apikey",), _expanded(key.value), key)
    for name in ("LOG", "log"):
        if (log := whole.get(name)) and "log" not in taken.value:
            log.give("log")
    if (level := whole.get("LOG_LEVEL")) and (word := level.text()):
        if word in LEVELS:
            taken.put(("log_level",), LEVELS[word], level)
        else:
            level.note(f"ignored: {quoted(word)} is none of {', '.join(LEVELS)}")
    if proxy := whole.get("PROXY_URL"):
        taken.put(("proxy_url",), _expanded(proxy.value), proxy)
    if timeout := whole.get("API_TIMEOUT_MS"):
        _timeout(taken, timeout)
    names = _providers(taken, whole)
    if router := whole.object("Router"):
        _router(taken, router, names)
    if fallback := whole.object("fallback"):
        _fallbacks(taken, fallback, names)
    whole.ignore(IGNORED)
    for name, part in whole.members_left():
        if name.endswith(("_KEY", "_TOKEN")):
            part.note("ignored: it is no option of claude-code-router, only a place to write a variable")
            whole.get(name)
    whole.rest()


def _expanded(value: Any) -> Any:
    """`$NAME` as we write it."""
    return _VARIABLE.sub(r"${\1}", value) if isinstance(value, str) else value


def _timeout(taken: Taken, part: Part) -> None:
    try:
        milliseconds = float(_number(part.value))
    except (TypeError, ValueError):
        part.wrong("a number of milliseconds")
        return
    if milliseconds > 0:
        taken.put(("performance", "first_byte_timeout"), round(milliseconds / 1000, 3), part)
        part.note("taken as `first_byte_timeout`: how long a client waits until an answer begins")


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise TypeError
    return value


def _providers(taken: Taken, whole: Part) -> dict[str, str]:
    """Take the providers; gives their names as the file has them, and ours for them."""
    names: dict[str, str] = {}
    for provider in whole.elements("Providers") or whole.elements("providers"):
        if provider.is_object():
            _provider(taken, provider, names)
    if not names and (url := whole.get("OPENAI_BASE_URL")):
        _first_version(taken, whole, url)
    return names


def _first_version(taken: Taken, whole: Part, url: Part) -> None:
    """The one provider that the first versions had."""
    at = ("providers", 0)
    taken.put((*at, "name"), "openai" if vendor_at(url.text()) is vendor("openai") else "upstream", url)
    taken.put((*at, "api_base_url"), _expanded(url.value), url)
    if key := whole.get("OPENAI_API_KEY"):
        taken.put((*at, "api_key"), _expanded(key.value), key)
    taken.put((*at, "dialect"), "openai_chat", url)
    if model := whole.get("OPENAI_MODEL"):
        taken.put((*at, "models", 0), model.value, model)


def _provider(taken: Taken, provider: Part, names: dict[str, str]) -> None:
    at = ("providers", len(names))
    name = provider.get("name")
    written = name.text() if name else ""
    ours = name_for(written, names.values())
    if written and ours != written and name:
        name.note(f"called {quoted(ours)} here: a provider's name has no comma, @, slash or blank, and is its own")
    if not written:
        taken.refuse(provider, "found no name, expected one: `Router` names providers by it")
    names[written] = ours
    taken.put((*at, "name"), ours, name or provider)
    url = provider.get("api_base_url") or provider.get("baseUrl") or provider.get("base_url")
    if url:
        taken.put((*at, "api_base_url"), _expanded(url.value), url)
    if key := provider.get("api_key") or provider.get("apiKey"):
        taken.put((*at, "api_key"), _expanded(key.value), key)
    if models := provider.get("models"):
        models.give(*at, "models")
    if enabled := provider.get("enabled"):
        enabled.give(*at, "enabled")
    dialect = _transformers(taken, provider, at)
    if url and not dialect and isinstance(url.value, str) and not dialect_told_by(url.value):
        known = vendor(ours) or (vendor_at(url.value.strip()) if _is_url(url.value) else None)
        dialect = "" if known else "openai_chat"
    if dialect:
        taken.put((*at, "dialect"), dialect, url or provider)
    provider.rest()


def _is_url(text: str) -> bool:
    try:
        return bool(urlsplit(text.strip()).hostname)
    except ValueError:
        return False


def _transformers(taken: Taken, provider: Part, at: tuple[str, int]) -> str:
    """Take the transformers as quirks, or say why not; gives the dialect that one of them means."""
    transformer = provider.get("transformer")
    if transformer is None or not transformer.is_object():
        return ""
    dialect = ""
    for use in transformer.elements("use"):
        dialect = _transformer(taken, use, at) or dialect
    for model, part in transformer.members():
        if model != "use" and not model.startswith(("//", "_")):
            part.note(
                "ignored: what one model needs is known of the provider; where it must be corrected, give the model a "
                "provider of its own, with `quirks`"
            )
    return dialect


def _transformer(taken: Taken, use: Part, at: tuple[str, int]) -> str:
    """Take one; gives the dialect it means."""
    name, options = use.value, {}
    if isinstance(name, list) and name:
        options = name[1] if len(name) > 1 and isinstance(name[1], dict) else {}
        name = name[0]
    if not isinstance(name, str):
        use.wrong("a transformer's name, or a list of it and its options")
        return ""
    quirks = (*at, "quirks")
    match name.lower():
        case "anthropic":
            return "anthropic"
        case "gemini":
            return "gemini"
        case "openai-responses" | "openai-response":
            return "openai_responses"
        case "maxtoken":
            taken.put((*quirks, "max_output_tokens"), options.get("max_tokens"), use)
        case "maxcompletiontokens":
            taken.put((*quirks, "max_tokens_field"), "max_completion_tokens", use)
        case "cleancache":
            taken.put((*quirks, "cache_markers"), False, use)
        case "customparams":
            taken.put((*quirks, "body"), options, use)
        case "openrouter" if options:
            taken.put((*quirks, "body"), options, use)
        case known if known in BUILT_IN:
            use.note(f"not needed: {BUILT_IN[known]}")
        case known if known in UNKNOWN:
            use.note(f"ignored: {UNKNOWN[known]}")
        case known if vendor(known) is None and known != "openai":
            use.note(f"ignored: a transformer {quoted(name)} is not known; `quirks` may say what it does")
    return ""


def _router(taken: Taken, router: Part, names: dict[str, str]) -> None:
    for name in SITUATIONS:
        if (part := router.get(name)) and (target := target_of(part, COMMA, names)):
            taken.put(("routes", name), {"provider": target[0], "model": target[1]}, part)
    if threshold := router.get("longContextThreshold"):
        if "longContext" in taken.value.get("routes", {}):
            tokens = {"type": "tokenCount", "operator": ">", "value": threshold.value}
            taken.put(("routes", "longContext", "conditions"), [tokens], threshold)
        else:
            threshold.note("ignored: there is no `longContext` for it")
    router.ignore({"custom": JAVASCRIPT})
    router.rest()


def _fallbacks(taken: Taken, fallback: Part, names: dict[str, str]) -> None:
    """Take what answers where a route's own target does not."""
    for name in SITUATIONS:
        for index, part in enumerate(fallback.elements(name)):
            target = target_of(part, COMMA, names)
            if name not in taken.value.get("routes", {}):
                part.note("ignored: `Router` has no such route")
            elif target:
                taken.put(("routes", name, "fallbacks", index), {"provider": target[0], "model": target[1]}, part)
    fallback.rest()
