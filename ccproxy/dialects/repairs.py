"""Requests that a vendor refused for a field it named, made without that fault.

Rows of vendors and models are never complete: a new model refuses what its elders took. Where the refusal names what it
is about, the request is put right once and sent again. `diagnosis.repair` finds what to do by a vendor's words, from
`reasoning_repairs` and `field_repairs`; nothing here sends anything, and what is not understood stays refused.
"""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

Body = Mapping[str, Any]


@frozen
class Repair:
    """One thing put right. `apply` gives a new body, or one equal to the old where the fault is not in it, and never
    changes the one it is given. `lasting` is for faults of every request to a model: those are put right beforehand
    from then on."""

    name: str
    apply: Callable[[Body], dict[str, Any]] = field(eq=False, repr=False)
    lasting: bool = True


def without(before: Body, name: str) -> dict[str, Any]:
    """The body, or a part of one, without this field."""
    return {key: value for key, value in before.items() if key != name}
