"""How a request gets from the client's dialect to the target's."""

import enum

from ccproxy.providers.target import Target


class Plan(enum.Enum):
    """What happens to a request's body."""

    VERBATIM = "verbatim"
    """Not a byte is changed."""
    PATCHED = "patched"
    """Not a byte is changed but the model's name, and what its route sets."""
    TRANSLATED = "translated"
    """It is read into the model and written anew."""


def plan(dialect: str, asked: str, target: Target) -> Plan:
    """The least that must be done: `dialect` and `asked` are the client's dialect and model name."""
    if dialect != target.dialect:
        return Plan.TRANSLATED
    return Plan.VERBATIM if asked == target.model and not target.parameters else Plan.PATCHED
