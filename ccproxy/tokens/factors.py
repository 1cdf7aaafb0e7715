"""How far each model's own count is from ours, learnt from the usage that upstreams report.

Claude's vocabulary is not public and others are not worth their memory; but every answer says what its prompt cost.
"""

from collections import OrderedDict

LEAST, MOST = 0.8, 3.0
"""The bounds of a factor. What is beyond them says that something else than the vocabulary differs: hidden prompts, an
upstream that counts without the cache, images by another formula."""

BELIEVABLE = 0.4, 5.0
"""A ratio outside is not learnt from at all."""

SHORTEST = 500
"""Tokens by our estimate. In shorter prompts the vendor's own preamble weighs too much."""

RISE, FALL = 0.5, 0.1
"""How much of the way to a new ratio is gone. Upwards fast, since counting too little is what hurts."""

MODEL_LIMIT = 1024
"""Models remembered; the one unused for longest is forgotten."""


class Factors:
    """The factor of each model. `model` is any name that tells models apart, such as a target's."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: OrderedDict[str, float] = OrderedDict()

    def observe(self, model: str, estimated: int, reported: int) -> None:
        """A prompt of `estimated` tokens by our count cost `reported` by the upstream's."""
        if estimated < SHORTEST:
            return
        ratio = reported / estimated
        if not BELIEVABLE[0] <= ratio <= BELIEVABLE[1]:
            return
        ratio = min(max(ratio, LEAST), MOST)
        before = self._known.get(model)
        if before is not None:
            ratio = before + (ratio - before) * (RISE if ratio > before else FALL)
        self._known[model] = ratio
        self._known.move_to_end(model)
        if len(self._known) > MODEL_LIMIT:
            self._known.popitem(last=False)

    def factor(self, model: str) -> float:
        """What an estimate for `model` is to be multiplied by; 1 where nothing was learnt."""
        return self._known.get(model, 1.0)
