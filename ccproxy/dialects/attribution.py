"""Claude Code's attribution line, which is for Anthropic alone.

The first block of its system prompt names the client's version and a checksum that may change with every request:
sent to any other vendor it destroys the prefix cache. Anthropic itself strips it by its position, so towards
Anthropic it stays where it is.
"""

_BEGINNING = "x-anthropic-billing-header"


def without_attribution(text: str) -> str:
    """A system text without an attribution line at its beginning; empty where there was nothing else."""
    if not text.lstrip().startswith(_BEGINNING):
        return text
    _, _, rest = text.lstrip().partition("\n")
    return rest.lstrip("\n")
