"""A provider's options, as they go over HTTP.

A key goes in and never comes out: it is shown as `sk-…last4`, and what is shown may be sent back unchanged. Nor can it
be sent elsewhere: who moves a provider to another host must bring the key along. What comes over HTTP names no
variables of the environment, no files and no commands.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from attrs import asdict, fields

from ccproxy.config.problems import guess
from ccproxy.config.settings import ProviderSettings
from ccproxy.errors import ApiError, Kind
from ccproxy.providers.provider import BadProvider, Provider
from ccproxy.secret import Secret
from ccproxy.wire import jsontext
from ccproxy.wire.fields import read_body

_HIDDEN = ("quirks",)
"""Options that are not shown: they may hold headers with keys in them."""
_KEYS = ("api_key", "api_keys")
_OPTIONS = tuple(option.name for option in fields(ProviderSettings))
_HUMP = re.compile(r"(?<=[a-z])([A-Z])")


def shown(provider: ProviderSettings) -> dict[str, Any]:
    """A provider as it may be seen."""
    value = asdict(provider, recurse=False)
    return {name: _masked(part) for name, part in value.items() if name not in _HIDDEN}


def _masked(value: Any) -> Any:
    match value:
        case Secret():
            return value.masked()
        case tuple() | list() | frozenset():
            return [_masked(part) for part in value]
        case str() | int() | float() | bool() | None:
            return value
        case _:
            return str(value)


def given(body: bytes) -> dict[str, Any]:
    """The options in a body, under the names of the configuration file. Raises INVALID."""
    options: dict[str, Any] = {}
    for key, value in read_body(body).items():
        option = _HUMP.sub(r"_\1", key).lower()
        if option not in _OPTIONS:
            raise ApiError(Kind.INVALID, f"{key[:100]}: this is no option of a provider{guess(option, _OPTIONS)}")
        if "${" in jsontext.dumps_str(value):
            raise ApiError(Kind.INVALID, f"{key}: expected a value without ${{...}}: variables belong in the file")
        options[option] = value
    for option in _KEYS:
        keys = options.get(option, "")
        if not all(isinstance(one, str) for one in (keys if isinstance(keys, list) else [keys])):
            raise ApiError(Kind.INVALID, f"{option}: expected a text: commands and files belong in the file")
    return options


def changes(present: ProviderSettings, body: bytes) -> dict[str, Any]:
    """The options in a body that is to change a provider: a key that comes as it was shown is left alone."""
    options, seen = given(body), shown(present)
    return {name: value for name, value in options.items() if name not in _KEYS or value != seen[name]}


def keep_the_key_at_home(present: ProviderSettings, options: Mapping[str, Any]) -> None:
    """Refuse to send a key that is there to a host that is new."""
    if all(option in options or not getattr(present, option) for option in _KEYS):
        return
    if _origin(present, options) not in ("", _origin(present, {})):
        raise ApiError(
            Kind.INVALID,
            "this moves the provider to another host: send its api_key along",
        )


def _origin(present: ProviderSettings, options: Mapping[str, Any]) -> str:
    """Where a provider is asked; empty where that cannot be told, and nobody will be."""
    try:
        provider = Provider.of(
            str(options.get("name", present.name)),
            base_url=str(options.get("api_base_url", present.api_base_url)),
            dialect=str(options.get("dialect", present.dialect)),
        )
    except BadProvider:
        return ""
    parts = urlsplit(provider.base_url)
    return f"{parts.scheme}://{parts.netloc}"
