"""settings.json of aistackhq/claude-code-proxy: up to three layers, and the environment over them.

There a bare model name had no provider and every request failed; here it has the preferred one. Models of the opus
family, which were sent on by their own name, go where those of the sonnet family go.
"""

from collections.abc import Mapping
from typing import Any

from ccproxy.config.documents import Document, Origin
from ccproxy.config.imports.parts import AT, Around, Part, Taken, give_host, name_for, target_of
from ccproxy.config.imports.shapes import AISTACK_KEYS
from ccproxy.config.problems import Path, one_of, quoted

PORT = 8082

STYLES = {"openai": "openai_chat", "anthropic": "anthropic"}

LEVELS = {"debug": "debug", "info": "info", "warn": "warn", "warning": "warn", "error": "error", "fatal": "critical"}

VARIABLES: Mapping[str, Path] = {
    "SERVER_PORT": ("server", "port"),
    "BIG_MODEL": ("models", "bigModel"),
    "SMALL_MODEL": ("models", "smallModel"),
    "PREFERRED_PROVIDER": ("models", "preferredProvider"),
    "LOG_LEVEL": ("logging", "level"),
}

BIG, SMALL = "gpt-4.1", "gpt-4.1-mini"


def layered(documents: tuple[Document, ...], environ: Mapping[str, str]) -> Document:
    """All layers as one document; the strongest comes first, and the environment before it: its keys win over the
    files', and make a provider where these have none."""
    value: dict[str, Any] = {}
    origins: dict[Path, Origin] = {}
    for document in reversed(documents):
        _lay(value, document.value, origins, document, ())
    for variable, path in VARIABLES.items():
        if environ.get(variable):
            text = "${" + variable + "}" if path[-1] == "port" else environ[variable]
            _set(value, path, text, origins, variable)
    for variable, name in AISTACK_KEYS.items():
        if environ.get(variable):
            _set(value, ("providers", name, "apiKey"), "${" + variable + "}", origins, variable)
    return Document(documents[0].name, value, origins=origins)


def _lay(into: dict[str, Any], over: dict[str, Any], origins: dict[Path, Origin], document: Document, at: Path) -> None:
    for key, value in over.items():
        path = (*at, key)
        below = into.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            origins.setdefault(path, Origin(document, path))
            _lay(below, value, origins, document, path)
            continue
        for known in [known for known in origins if known[: len(path)] == path]:
            del origins[known]
        origins[path] = Origin(document, path)
        into[key] = value
        if isinstance(value, dict):
            into[key] = {}
            _lay(into[key], value, origins, document, path)


def _set(value: dict[str, Any], path: Path, text: str, origins: dict[Path, Origin], variable: str) -> None:
    source = Document(f"the environment variable {variable}", {})
    for step in reversed(path):
        source = Document(source.name, {str(step): source.value or text})
    _lay(value, source.value, origins, source, ())


def read(taken: Taken, whole: Part, around: Around) -> None:
    """Take the document, which is all layers."""
    taken.put(("port",), PORT)
    if server := whole.object("server"):
        if port := server.get("port"):
            port.give("port")
        give_host(server.get("host"), bool(around.environ.get("CCPROXY_API_KEY")))
        server.rest()
    names: dict[str, str] = {}
    if providers := whole.object("providers"):
        for name, provider in providers.members():
            if provider.is_object():
                _provider(taken, name, provider, names)
    if not names:
        taken.refuse(
            whole,
            f"found no provider, expected one, or one of {', '.join(AISTACK_KEYS)} to be set: "
            "at least one key is needed",
        )
        return
    _routes(taken, whole, names)
    if logging := whole.object("logging"):
        if (level := logging.get("level")) and (word := level.text().lower()):
            if word in LEVELS:
                taken.put(("log_level",), LEVELS[word], level)
            else:
                level.note(f"ignored: {quoted(word)} is none of {', '.join(LEVELS)}")
        logging.ignore({"format": "it changed nothing there either; `log_format` is ours"})
        logging.rest()
    if claude := whole.object("claude"):
        if args := claude.get("args"):
            taken.put(("claude_args",), args.text().split(), args)
        claude.rest()
    whole.rest()


def _provider(taken: Taken, name: str, provider: Part, names: dict[str, str]) -> None:
    at = ("providers", len(names))
    names[name] = name_for(name, names.values())
    taken.put((*at, "name"), names[name], provider)
    if url := provider.get("baseURL"):
        url.give(*at, "api_base_url")
    if key := provider.get("apiKey"):
        key.give(*at, "api_key")
    style = provider.get("responseStyle")
    if style is not None:
        if isinstance(style.value, str) and style.value in STYLES:
            taken.put((*at, "dialect"), STYLES[style.value], style)
        else:
            style.wrong(one_of(map(quoted, STYLES)))
    elif url and name not in AISTACK_KEYS.values():
        taken.put((*at, "dialect"), "openai_chat", provider)
    provider.rest()


def _routes(taken: Taken, whole: Part, names: dict[str, str]) -> None:
    models = whole.object("models")
    preferred = models.get("preferredProvider") if models else None
    name = (preferred.text() if preferred else "") or "openai"
    if preferred and name not in names:
        known = ", ".join(map(quoted, names))
        taken.refuse(preferred, f"found {quoted(name)}, expected a provider with a key: one of {known}")
        return
    provider = names.get(name, next(iter(names.values())))
    _model(taken, models.get("bigModel") if models else None, ("sonnet", "opus"), BIG, provider, names)
    _model(taken, models.get("smallModel") if models else None, ("haiku",), SMALL, provider, names)
    taken.put(("routes", "default"), {"provider": provider, "model": ""}, preferred)
    if models:
        models.rest()


def _model(
    taken: Taken, part: Part | None, families: tuple[str, ...], usual: str, preferred: str, names: dict[str, str]
) -> None:
    if part is None:
        # The program's own default is OpenAI's; who has no OpenAI configured would get nothing by it.
        target = (names["openai"], usual) if "openai" in names else None
    elif "@" in part.text():
        target = target_of(part, AT, names)
    else:
        target = (preferred, part.text()) if part.text() else None
    for family in families if target else ():
        assert target is not None
        taken.put(("routes", family), {"provider": target[0], "model": target[1]}, part)
