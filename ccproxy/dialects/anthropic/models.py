"""What each generation of Claude takes: data, and reading the generation out of a model's name.

Facts from Anthropic's model overview, its pages on thinking and effort, and the migration guides. What is no Claude
(vendors serve models of their own under this dialect) gets the row that asks for the least.
"""

import re

from attrs import frozen

from ccproxy.dialects.quirks import Quirks
from ccproxy.model.messages import Effort


@frozen
class Generation:
    """What a model takes of what may be asked. `first` is the lowest version of the row; rows end where the next one
    begins. `efforts` are in rising order."""

    first: tuple[int, int]
    max_output: int
    """Tokens; also what is asked for where the client names no limit, which the API demands."""
    budgets: bool = False
    """Takes `thinking: {type: enabled, budget_tokens}`."""
    adaptive: bool = False
    """Takes `thinking: {type: adaptive}`."""
    says_off: bool = True
    """Takes `thinking: {type: disabled}`; else not to ask is to have none."""
    displays: bool = False
    """Takes `thinking.display`, and shows no reasoning without it."""
    efforts: tuple[Effort, ...] = ()
    samples: bool = True
    """Takes temperature, top_p and top_k."""
    prefill: bool = True
    """Goes on with an answer that the client began."""
    late_system: bool = False
    """Takes system messages between the others."""
    schema_output: bool = False
    """Takes `output_config.format`."""


_FOUR = (Effort.LOW, Effort.MEDIUM, Effort.HIGH, Effort.MAX)
_FIVE = (Effort.LOW, Effort.MEDIUM, Effort.HIGH, Effort.XHIGH, Effort.MAX)

GENERATIONS: tuple[Generation, ...] = (
    Generation((0, 0), 4096),
    Generation((3, 5), 8192),
    Generation((3, 7), 64_000, budgets=True),
    Generation((4, 0), 32_000, budgets=True),
    Generation((4, 5), 64_000, budgets=True, schema_output=True),
    Generation((4, 6), 128_000, budgets=True, adaptive=True, efforts=_FOUR, prefill=False, schema_output=True),
    Generation(
        (4, 7),
        128_000,
        adaptive=True,
        says_off=False,
        displays=True,
        efforts=_FIVE,
        samples=False,
        prefill=False,
        late_system=True,
        schema_output=True,
    ),
    Generation(
        (5, 0),
        128_000,
        adaptive=True,
        displays=True,
        efforts=_FIVE,
        samples=False,
        prefill=False,
        late_system=True,
        schema_output=True,
    ),
)

FOREIGN = Generation((0, 0), 32_000, budgets=True, adaptive=True, efforts=_FIVE, prefill=False)
"""For names that are no Claude's: Claude Code itself asks 32,000 tokens and adaptive thinking of them, so every vendor
that serves it takes both."""

_ALWAYS_THINKING = ("fable", "mythos")
"""Lines that cannot be kept from thinking: `disabled` is refused."""

_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")


def is_claude(model: str) -> bool:
    """Whether the name is a Claude's, on whatever platform (`anthropic.claude-…-v1:0`, `anthropic/claude-…`)."""
    return "claude-" in model.lower()


def always_thinks(model: str) -> bool:
    """Whether thinking cannot be switched off."""
    return is_claude(model) and any(line in model.lower() for line in _ALWAYS_THINKING)


def generation(model: str) -> Generation:
    """The row of a model. A Claude without a version in its name is taken for the newest."""
    if not is_claude(model):
        return FOREIGN
    found = _VERSION.search(model.lower())
    if found is None:
        return GENERATIONS[-1]
    version = (int(found[1]), int(found[2] or 0))
    return [row for row in GENERATIONS if row.first <= version][-1]


def prefills(quirks: Quirks) -> bool:
    """Whether a model goes on with an answer that was begun for it."""
    return generation(quirks.model).prefill
