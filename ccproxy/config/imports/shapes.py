"""Which program a document was written for, and what it means here.

A format is told by keys that only it has. A document that fits two is refused: guessing would be luck.
"""

from collections.abc import Callable, Iterator
from typing import Any

from attrs import evolve, frozen

from ccproxy.config.documents import NO_FILE, Document, Note
from ccproxy.config.environment import Environment, Expansion, is_disabled, missing_key
from ccproxy.config.imports import aistack, claude_code_router, litellm, orchestre, starbased
from ccproxy.config.imports.parts import Around, Part, Taken
from ccproxy.config.settings import ConfigError


@frozen
class Shape:
    """One format. `reads_env_file`: the program took the variables of `.env` in the working directory."""

    name: str
    fits: Callable[[dict[str, Any]], bool]
    read: Callable[[Taken, Part, Around], None]
    reads_env_file: bool = False


AISTACK = Shape(aistack.NAME, aistack.fits, aistack.read, reads_env_file=True)
LITELLM = Shape(litellm.NAME, litellm.fits, litellm.read)
STARBASED = Shape(starbased.NAME, starbased.fits, starbased.read)

SHAPES = (
    Shape(claude_code_router.NAME, claude_code_router.fits, claude_code_router.read),
    AISTACK,
    STARBASED,
    LITELLM,
    Shape(orchestre.NAME, orchestre.fits, orchestre.read, reads_env_file=True),
)


def shape_of(document: Document) -> Shape | None:
    """The format of a document; None for our own. Raises `ConfigError` where it could be two."""
    fitting = [shape for shape in SHAPES if shape.fits(document.value)]
    if len(fitting) > 1:
        names = " and as one of ".join(shape.name for shape in fitting)
        raise ConfigError(
            f"{document.name}: this can be read as a configuration of {names}: keep the keys of one program"
        )
    return fitting[0] if fitting else None


def canonical(document: Document, around: Around) -> Document:
    """The document as one of ours: itself, where it is. Raises `ConfigError`."""
    meant = document is NO_FILE and aistack.is_meant(around.environ)
    shape = AISTACK if meant else shape_of(document)
    if shape is None:
        return document
    layers: tuple[Document, ...] = (document,)
    if shape is AISTACK:
        layers = around.layers or layers
        document = aistack.layered(layers, around.environ)
    elif shape is LITELLM and (own := starbased.own_document(document, around)) is not document:
        document, shape, layers = own, STARBASED, (own,)
    taken = Taken(document.name, shape.name)
    taken.files += [layer.name for layer in layers]
    shape.read(taken, Part.whole(taken, document), around)
    return taken.document()


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
