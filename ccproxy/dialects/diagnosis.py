"""A vendor's refusal, read for what would cure it."""

from ccproxy.dialects.field_repairs import drop, drop_generation, lower_limit, plain_roles, rename_limit
from ccproxy.dialects.reasoning_repairs import (
    forget_reasoning,
    free_choice,
    give_reasoning,
    other_thinking,
    stop_thinking,
)
from ccproxy.dialects.repairs import Body, Repair

TEXT_LIMIT = 8192
"""Characters of a refusal that are looked at: some vendors repeat the whole request in it."""

_FINDERS = (
    lower_limit,
    rename_limit,
    forget_reasoning,
    give_reasoning,
    free_choice,
    other_thinking,
    stop_thinking,
    plain_roles,
    drop,
    drop_generation,
)
"""In the order in which words are tried: those that say most come first."""


def repair(body: Body, words: str) -> Repair | None:
    """What would cure a refusal told in `words` (the message, or the whole error body); None where that is not known
    or `body` has nothing of it."""
    text = words[:TEXT_LIMIT]
    for find in _FINDERS:
        for found in find(body, text):
            if found.apply(body) != body:
                return found
    return None
