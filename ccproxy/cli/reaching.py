"""Whether providers can be reached and take their keys: their lists of models are asked for, which costs nothing.

Without Twisted, since commands start faster so; nothing is redirected, so that no key goes elsewhere.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any

from attrs import evolve, frozen

from ccproxy.providers.baseurl import LISTS
from ccproxy.providers.provider import Provider
from ccproxy.providers.target import Auth
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


class _Stay(urllib.request.HTTPRedirectHandler):
    """Goes nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def reach(providers: Iterable[Provider]) -> list[Reached]:
    """All of them at once, in their order."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(_reach, providers))


def headers_for(provider: Provider) -> Mapping[str, str]:
    """What says who we are."""
    key = provider.key.reveal()
    headers = {"user-agent": "ccproxy", "anthropic-version": "2023-06-01"}
    if not key:
        return headers
    if provider.auth is Auth.BEARER:
        return headers | {"authorization": f"Bearer {key}"}
    return headers | {provider.auth.value: key}


def _reach(provider: Provider) -> Reached:
    if isinstance(provider.key, Sought):
        return Reached(
            provider.name, True, f"was not asked: its key is looked for by the daemon {provider.key.masked()}"
        )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)
    url = f"{provider.base_url}{LISTS[provider.dialect]}"
    try:
        with opener.open(urllib.request.Request(url, headers=dict(headers_for(provider))), timeout=SECONDS) as answer:
            found = _names(answer.read(LIST_LIMIT))
            words = f"answers ({answer.status}), and has {len(found)} models"
            return Reached(provider.name, True, words, found, answer.headers.get("date", ""))
    except urllib.error.HTTPError as error:
        return evolve(_refused(provider, error.code), date=error.headers.get("date", ""))
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        return Reached(provider.name, False, f"cannot be reached at {provider.base_url}: {reason}")


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
