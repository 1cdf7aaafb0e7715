"""Files in the directory where somebody works.

Many programs have a `config.json`, and `ccproxy` is started wherever people work: is one meant for us? And was it
written by whoever starts us? In a directory that was cloned from somewhere it was not.
"""

import re
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

import attrs

from ccproxy.access.networks import is_loopback
from ccproxy.config.documents import Document
from ccproxy.config.imports.shapes import SHAPES
from ccproxy.config.settings import Settings
from ccproxy.providers.catalogue import vendor_at
from ccproxy.routing.userrules import is_built_in

NAMES = frozenset(field.name for field in attrs.fields(Settings))

ANYBODYS = frozenset({"host", "port", "listen", "log", "log_level", "log_file", "clients", "networks", "metrics"})
"""Options whose names other programs use as well: they prove nothing, unless there is nothing else."""

NEAR = 0.75
"""How like an option a mistyped one is: `prot`, `provders`."""

TELLING = ("providers", "Providers", "model_list", "routes", "apikey")
"""Words that a file has which is ours, and cannot be read."""


RUNNING = frozenset({"command", "extensions", "hooks", "hook", "rule", "handler", "oat_sources", "credentials"})
"""Keys, in our format and in others, whose values are commands to run or code to import."""

_REFERENCE = re.compile(r"\$\{?[A-Za-z_]|^os\.environ/")
"""Where a text stands for an environment variable, in our format and in others."""


def meant_for_us(document: Document) -> bool:
    """A file with an option of ours that is nobody else's, or with no other keys than ours, or in a format that we
    read. What is only mistyped counts, so that it gets told."""
    if any(shape.fits(document.value) for shape in SHAPES):
        return True
    meant = {key: get_close_matches(key[:200], NAMES, n=1, cutoff=NEAR) for key in document.value}
    if any(near and near[0] not in ANYBODYS for near in meant.values()):
        return True
    return all(meant.values())


def may_be_meant(text: str) -> bool:
    """The same for a file that cannot be read, by the words in it."""
    return any(word in text for word in TELLING)


def runs_code(value: Any) -> str:
    """The key by which a configuration would run commands, or code of its author's; empty where it would not."""
    match value:
        case {"type": "rule", "name": str() as name} if not is_built_in(name):
            return "rule"
        case dict():
            found = next((key for key in value if key in RUNNING and value[key]), "")
            return found or next(filter(None, map(runs_code, value.values())), "")
        case list():
            return next(filter(None, map(runs_code, value)), "")
        case _:
            return ""


def gives_away(value: Any) -> str:
    """The URL that secrets of this machine would be sent to: of a service that is neither a known vendor's nor here,
    and that is to get what a file or an environment variable holds. Empty where there is none."""
    match value:
        case dict():
            url = next((text for text in value.values() if isinstance(text, str) and _is_anybodys(text)), "")
            return (url if url and _refers(value) else "") or next(filter(None, map(gives_away, value.values())), "")
        case list():
            return next(filter(None, map(gives_away, value)), "")
        case _:
            return ""


def _is_anybodys(text: str) -> bool:
    """Whether a text is a URL that could lead anywhere."""
    if not text.strip().lower().startswith(("http://", "https://")):
        return False
    try:
        host = urlsplit(text.strip()).hostname or ""
        return not (host == "localhost" or is_loopback(host) or vendor_at(text.strip()))
    except ValueError:
        return True


def _refers(value: Any) -> bool:
    match value:
        case str():
            return _REFERENCE.search(value) is not None
        case dict():
            return "file" in value or any(map(_refers, value.values()))
        case list():
            return any(map(_refers, value))
        case _:
            return False
