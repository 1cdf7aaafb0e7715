"""Whether providers can be reached and take their keys: their lists of models are asked for, which costs nothing.

Without Twisted, since commands start faster so; nothing is redirected, so that no key goes elsewhere.
"""

import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any

from attrs import frozen

from ccproxy.providers.provider import Provider
from ccproxy.providers.target import Auth

SECONDS = 10.0

LISTS = {"anthropic": "/v1/models", "openai_chat": "/models", "openai_responses": "/models", "gemini": "/models"}
"""Where the dialects have their lists of models, behind the base URL."""


@frozen
class Reached:
    """How it went with one provider. `models` are the names in its list, where it gave one."""

    provider: str
    good: bool
    words: str


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
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)
    url = f"{provider.base_url}{LISTS[provider.dialect]}"
    try:
        with opener.open(urllib.request.Request(url, headers=dict(headers_for(provider))), timeout=SECONDS) as answer:
            return Reached(provider.name, True, f"answers ({answer.status})")
    except urllib.error.HTTPError as error:
        return _refused(provider, error.code)
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        return Reached(provider.name, False, f"cannot be reached at {provider.base_url}: {reason}")


def _refused(provider: Provider, status: int) -> Reached:
    if status in (401, 403):
        if not provider.key and provider.passes_login:
            return Reached(provider.name, True, "answers; the client's own login is wanted")
        return Reached(provider.name, False, f"refuses the key ({status}): set a right one in its `api_key`")
    if status in (404, 405, 501):
        return Reached(provider.name, True, f"answers, and has no list of models ({status}): its key was not tried")
    return Reached(provider.name, status < 500, f"answers with status {status}")
