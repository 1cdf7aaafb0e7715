"""Providers of other programs whose keys are not there: those programs start without them."""

from collections.abc import Iterator
from typing import Any

from attrs import evolve

from ccproxy.config.documents import Document, Note
from ccproxy.config.environment import Environment, Expansion, is_disabled, missing_key


def without_keyless(document: Document, environ: Environment) -> Document:
    """The document with those providers disabled whose key is in a variable that is not set: the other programs start
    without them, too. Where none would be left it stays as it is, so that a message names all that is missing."""
    providers = document.value.get("providers")
    if not document.tradition or not isinstance(providers, list):
        return document
    missing = dict(_keyless(providers, environ))
    awake = [index for index, one in enumerate(providers) if isinstance(one, dict) and not is_disabled(one, environ)]
    if not missing or set(awake) <= missing.keys():
        return document
    changed = [one | {"enabled": False} if index in missing else one for index, one in enumerate(providers)]
    notes = [
        Note(document.told(("providers", index)), f"disabled, since its key is not set: {variable}")
        for index, variable in missing.items()
    ]
    return evolve(document, value=document.value | {"providers": changed}, notes=(*document.notes, *notes))


def _keyless(providers: list[Any], environ: Environment) -> Iterator[tuple[int, str]]:
    for index, provider in enumerate(providers):
        if not isinstance(provider, dict) or is_disabled(provider, environ):
            continue
        key = provider.get("api_key")
        if key is None:
            looked_for = missing_key(provider, environ)
            if looked_for is not None and not looked_for[1]:
                yield index, looked_for[0]
        elif isinstance(key, str) and key.startswith("${"):
            expansion = Expansion(environ)
            if not expansion.of(key) and expansion.problems:
                yield index, key[2:-1]
