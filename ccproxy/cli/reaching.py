"""Whether providers can be reached and take their keys: their lists of models are asked for, which costs nothing.

Without Twisted, since commands start faster so; nothing is redirected, so that no key goes elsewhere.
"""

import json
from collections.abc import Iterable, Mapping
from functools import partial
from urllib.parse import urlsplit

from attrs import evolve, frozen

from ccproxy.config.settings import Settings
from ccproxy.providers.baseurl import LISTS
from ccproxy.providers.provider import Provider
from ccproxy.providers.target import Auth
from ccproxy.providers.wayout import WayOut
from ccproxy.secret import Sought

SECONDS = 10.0

LIST_LIMIT = 16 * 1024 * 1024
"""Bytes that are read of a list. OpenRouter's has half a million."""


@frozen
class Reached:
    """How it went with one provider. `models` are the names in its list, where it gave one."""

    provider: str
    good: bool
    words: str
    models: tuple[str, ...] = ()
    date: str = ""
    """When that was, by the provider's own clock."""


def reach(providers: Iterable[Provider], settings: Settings) -> list[Reached]:
    """All of them at once, in their order, by the way out that is configured. What that takes is loaded only now: most
    who might ask do not."""
    from concurrent.futures import ThreadPoolExecutor

    from ccproxy.cli.connections import configured_way_out

    way = configured_way_out(settings)
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(partial(_reach, way), providers))


def headers_for(provider: Provider) -> Mapping[str, str]:
    """What says who we are."""
    key = provider.key.reveal()
    headers = {"user-agent": "ccproxy", "anthropic-version": "2023-06-01"}
    if not key:
        return headers
    if provider.auth is Auth.BEARER:
        return headers | {"authorization": f"Bearer {key}"}
    return headers | {provider.auth.value: key}


def _reach(way: WayOut, provider: Provider) -> Reached:
    if isinstance(provider.key, Sought):
        return Reached(
            provider.name, True, f"was not asked: its key is looked for by the daemon {provider.key.masked()}"
        )
    from ccproxy.cli.connections import FAILURES, connection, told

    path = f"{urlsplit(provider.base_url).path}{LISTS[provider.dialect]}"
    try:
        asked = connection(provider.base_url, way, SECONDS)
        try:
            asked.request("GET", path, headers=dict(headers_for(provider)))
            answer = asked.getresponse()
            body, date = answer.read(LIST_LIMIT), answer.headers.get("date", "")
        finally:
            asked.close()
    except (*FAILURES, ValueError) as error:
        return Reached(provider.name, False, told(provider.base_url, way, error))
    if not 200 <= answer.status < 300:
        return evolve(_refused(provider, answer.status), date=date)
    found = _names(body)
    return Reached(provider.name, True, f"answers ({answer.status}), and has {len(found)} models", found, date)


def _names(body: bytes) -> tuple[str, ...]:
    """The names in a list of models, of any dialect."""
    try:
        value = json.loads(body)
    except ValueError:
        return ()
    listed = value.get("data") or value.get("models") if isinstance(value, dict) else value
    entries = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    names = (str(one.get("id") or one.get("name") or "").removeprefix("models/") for one in entries)
    return tuple(filter(None, names))


def _refused(provider: Provider, status: int) -> Reached:
    if status in (401, 403):
        if not provider.key and provider.passes_login:
            return Reached(provider.name, True, "answers; the client's own login is wanted")
        return Reached(provider.name, False, f"refuses the key ({status}): set a right one in its `api_key`")
    if status in (404, 405, 501):
        return Reached(provider.name, True, f"answers, and has no list of models ({status}): its key was not tried")
    return Reached(provider.name, status < 500, f"answers with status {status}")
