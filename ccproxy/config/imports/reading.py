"""Documents of other programs, read as ours: a reader for each format.

Loaded late, by `config.load`: most configurations are our own.
"""

from collections.abc import Callable, Mapping

from ccproxy.config.documents import Document
from ccproxy.config.imports import aistack, claude_code_router, litellm, orchestre, shapes, starbased
from ccproxy.config.imports.parts import Around, Part, Taken
from ccproxy.config.imports.shapes import Shape

READERS: Mapping[str, Callable[[Taken, Part, Around], None]] = {
    shapes.CLAUDE_CODE_ROUTER.name: claude_code_router.read,
    shapes.AISTACK.name: aistack.read,
    shapes.STARBASED.name: starbased.read,
    shapes.LITELLM.name: litellm.read,
    shapes.ORCHESTRE.name: orchestre.read,
}


def canonical(document: Document, shape: Shape, around: Around) -> Document:
    """The document, which has this shape, as one of ours. Raises `ConfigError`."""
    layers: tuple[Document, ...] = (document,)
    if shape is shapes.AISTACK:
        layers = around.layers or layers
        document = aistack.layered(layers, around.environ)
    elif shape is shapes.LITELLM and (own := starbased.own_document(document, around)) is not document:
        document, shape, layers = own, shapes.STARBASED, (own,)
    taken = Taken(document.name, shape.name)
    taken.files += [layer.name for layer in layers]
    READERS[shape.name](taken, Part.whole(taken, document), around)
    return taken.document()
