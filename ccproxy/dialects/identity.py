"""Who asks, told to a vendor under a pseudonym."""

import hashlib
from typing import Any

from ccproxy.dialects import losses as lost
from ccproxy.dialects.quirks import Quirks
from ccproxy.model.messages import Request


def fields(request: Request, model: str, quirks: Quirks, losses: list[str]) -> dict[str, Any]:
    """The user, and the conversation whose prompt the vendor keeps in its cache, as far as the vendor has fields for
    them."""
    told: dict[str, Any] = {}
    if request.user and quirks.user_field:
        told[quirks.user_field] = pseudonym(request.user)
    elif request.user:
        losses.append(lost.USER)
    if request.session and quirks.cache_key:
        told["prompt_cache_key"] = pseudonym(f"{request.session}/{model}")
    return told


def pseudonym(text: str) -> str:
    """64 hexadecimal digits that name someone without saying who."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
