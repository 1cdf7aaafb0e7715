"""What the environment adds to a configuration: options, keys, and the values of `${NAME}`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ccproxy.config.problems import OutsideText, Path, Problem, quoted
from ccproxy.providers.catalogue import KEY_ORDER, vendor
from ccproxy.providers.provider import goes_to_its_vendor

Environment = Mapping[str, str]

OPTIONS: Mapping[str, str] = {
    "CCPROXY_HOST": "host",
    "CCPROXY_PORT": "port",
    "CCPROXY_API_KEY": "apikey",
    "CCPROXY_LOG": "log",
    "CCPROXY_LOG_FILE": "log_file",
}
"""Variables that stand for an option. An empty variable is as good as none."""

LOG_VARIABLE = "LOG"
"""Says `log` as well, where CCPROXY_LOG does not. Any program may use this name, so what is no switch is ignored."""

CONFIG_VARIABLE = "CCPROXY_CONFIG"

SWITCHES = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}

_PROVIDER_KEY = re.compile(r"CCPROXY_PROVIDERS_([0-9]{1,6})_API_KEY")
_REFERENCE = re.compile(r"\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?")


def options(environ: Environment) -> Iterator[tuple[str, str, str]]:
    """The options that the environment sets: name, text, and the variable that says so."""
    for variable, name in OPTIONS.items():
        if text := environ.get(variable, ""):
            yield name, text, variable
    if not environ.get("CCPROXY_LOG") and environ.get(LOG_VARIABLE, "").strip().lower() in SWITCHES:
        yield "log", environ[LOG_VARIABLE], LOG_VARIABLE


def indexed_keys(environ: Environment) -> Iterator[tuple[int, str, str]]:
    """The keys set by `CCPROXY_PROVIDERS_<i>_API_KEY`: the index in `providers`, the key, the variable."""
    for variable, text in environ.items():
        if text and (match := _PROVIDER_KEY.fullmatch(variable)):
            yield int(match[1]), text, variable


def providers_by_key(environ: Environment) -> list[dict[str, Any]]:
    """The providers that the keys in the environment stand for, where nothing else is configured; in `KEY_ORDER`."""
    found = []
    for name in KEY_ORDER:
        row = vendor(name)
        if row is not None and (key := environ.get(row.key_variable, "").strip()):
            found.append({"name": name, "api_key": OutsideText(key)})
    return found


def missing_key(provider: Mapping[str, Any], environ: Environment) -> tuple[str, str] | None:
    """For a provider as written without `api_key`: the variable that its vendor's key is in, and the key, which is
    empty where it is not set. None where no key is to be looked for: it needs none, or is not asked at its vendor's."""
    name, base_url = provider.get("name"), provider.get("api_base_url", "")
    if not isinstance(name, str) or not isinstance(base_url, str) or not goes_to_its_vendor(name, base_url):
        return None
    row = vendor(name)
    if row is None or not row.key_variable:
        return None
    key = environ.get(row.key_variable, "").strip()
    return None if row.passes_login and not key else (row.key_variable, key)


def missing_url(provider: Mapping[str, Any], environ: Environment) -> tuple[tuple[str, ...], str] | None:
    """For a provider as written without `api_base_url` whose vendor has another address for each account: the
    variables that name the account, and the URL. None where there is nothing to look for, or it is not there."""
    name, dialect = provider.get("name"), provider.get("dialect", "")
    row = vendor(name) if isinstance(name, str) else None
    if row is None or not isinstance(dialect, str):
        return None
    places = {variable: text for variable in row.place_variables if (text := environ.get(variable, "").strip())}
    endpoint = row.located(places).endpoints.get(dialect or row.dialect)
    if not places or len(places) < len(row.place_variables) or endpoint is None:
        return None
    return row.place_variables, endpoint.base_url


def is_disabled(provider: Mapping[str, Any], environ: Environment) -> bool:
    """Whether a provider as written is disabled, be it by a variable."""
    enabled = Expansion(environ).of(provider.get("enabled", True))
    return enabled is False or (isinstance(enabled, OutsideText) and SWITCHES.get(enabled.strip().lower()) is False)


class Expansion:
    """Puts the values of variables into a document. `problems` collects what cannot be done."""

    def __init__(self, environ: Environment) -> None:
        self._environ = environ
        self.problems: list[Problem] = []

    def of(self, value: Any, path: Path = ()) -> Any:
        """The value with `${NAME}` and `${NAME:-what to take where NAME is unset or empty}` replaced in all texts. Text
        from outside is not looked into. In a disabled provider an unset variable is empty."""
        match value:
            case OutsideText():
                return value
            case str():
                return self._text(value, path)
            case list():
                return [self.of(element, (*path, index)) for index, element in enumerate(value)]
            case dict():
                lenient = path[:1] == ("providers",) and len(path) == 2 and is_disabled(value, self._environ)
                inner = Expansion(self._environ) if lenient else self
                result = {}
                for key, element in value.items():
                    if _has_surrogate(key):
                        self.problems.append(Problem(path, "found a key with half a character in it (\\ud800 or so)"))
                    result[key] = inner.of(element, (*path, key))
                return result
            case _:
                return value

    def _text(self, text: str, path: Path) -> str:
        if _has_surrogate(text):
            self.problems.append(Problem(path, "found a text with half a character in it (\\ud800 or so)"))
            return ""
        if "${" not in text:
            return text
        return OutsideText(_REFERENCE.sub(lambda match: self._value(match, path), text))

    def _value(self, match: re.Match[str], path: Path) -> str:
        name, instead = match[1], match[2]
        if name is None:
            expected = 'expected "${NAME}" or "${NAME:-value}", found "${" and something else'
            self.problems.append(Problem(path, expected))
            return ""
        value = self._environ.get(name, "")
        if value or (name in self._environ and instead is None):
            return value
        if instead is None:
            self.problems.append(
                Problem(path, f"found {quoted(match[0])}, expected the environment variable {name} to be set")
            )
        return instead or ""


def _has_surrogate(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)
