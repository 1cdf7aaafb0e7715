"""The arguments of a call as a model writes them, told as JSON that every client can read.

What is sound passes as it comes (`soundness`). From the first doubt on the rest is held until the arguments are whole,
and can be put right (`mending`) or not, so that what was told is always the beginning of what is told in the end.
"""

import re

from ccproxy.dialects.mending import mend, read_object
from ccproxy.dialects.soundness import Soundness

_SNAPSHOT_FROM = 8
"""Characters of arguments before a fragment that begins with all of them is taken for a snapshot: fewer may recur."""

_UNSURE = frozenset({"", "{", "{}", "n", "nu", "nul", "null"})
"""Beginnings that some vendors send before the real arguments, or instead of none."""
_NOTHING = frozenset({"", "{}", "null"})

_plain = re.compile(r'[^"\\\x00-\x1f]+').fullmatch
"""What is a piece of a JSON string and no more."""


class Arguments:
    """The arguments of one call. `feed` gives what may be told of them now, `close` the rest; `mended` says that they
    did not come as they are told."""

    __slots__ = ("_begun", "_parts", "_rest", "_said", "_sound", "mended")

    def __init__(self) -> None:
        self.mended = False
        self._parts: list[str] = []
        self._begun = False
        self._said = 0
        """Characters told; they are the first of `text`."""
        self._rest = ""
        """What is not told yet, while all is sound: an unfinished word, or a comma that may be one too many."""
        self._sound = Soundness()

    @property
    def text(self) -> str:
        """All that came."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def whole(self) -> bool:
        """Whether it is a JSON object already."""
        return read_object(self.text) is not None

    @property
    def untold(self) -> str:
        """What of it was not told."""
        return self.text[self._said :]

    def feed(self, fragment: str) -> str:
        """More of them: a piece, or for some vendors all so far once more."""
        if self._sound.in_string and not self._rest and fragment[:1] != "{" and _plain(fragment):
            # Nearly every fragment of long arguments is this.
            self._parts.append(fragment)
            self._said += len(fragment)
            return fragment
        if not fragment:
            return ""
        if self._begun:
            if fragment[0] == "{" and len(fragment) >= _SNAPSHOT_FROM:
                text = self.text
                if len(text) >= _SNAPSHOT_FROM and fragment.startswith(text):
                    fragment = fragment[len(text) :]
            self._parts.append(fragment)
            return self._pass(fragment)
        if self._parts and fragment.lstrip().startswith("{") and self.text.strip() in _NOTHING:
            self._parts = []
        self._parts.append(fragment)
        start = self.text.lstrip()
        if start in _UNSURE:
            return ""
        self._begun = True
        self._sound.holds = start.startswith("{")
        return self._pass(self.text)

    def close(self, cut: bool = False) -> str | None:
        """What is not told yet; None where the arguments are no object and no repair is certain. `cut` says that the
        answer was broken off by its limit: then they end where they are sound, as they are."""
        text = self.text
        if text.strip() in ("", "null"):
            return ""
        if read_object(text) is not None:
            return self.untold
        if cut:
            return ""
        whole = mend(text)
        if whole is None or not whole.startswith(text[: self._said]):
            return None
        self.mended = True
        return whole[self._said :]

    def _pass(self, fragment: str) -> str:
        """What of this may be told without a doubt."""
        if not self._sound.holds:
            return ""
        text = self._rest + fragment
        end = self._sound.end(text)
        self._rest = text[end:]
        self._said += end
        return text[:end]
