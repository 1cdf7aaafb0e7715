"""Where the text of one target meets that of the next.

Some models that are told to go on begin anew all the same, so text that repeats what the client has is taken away.
"""

REPEATED_LEAST = 24
"""Characters of a repetition that is taken for one. Shorter ones may be meant: `ha` goes on with `ha`."""


class Joint:
    """Takes away what the client has already.

    That is the whole text, if the target begins anew; and the space at its end, which was not given to the target and
    so comes again.
    """

    def __init__(self, before: str) -> None:
        self._text = before.strip()
        self._space = before[len(before.rstrip()) :]
        self._held = ""
        self._may_repeat = len(self._text) >= REPEATED_LEAST
        self.wanted = True

    def join(self, text: str) -> str:
        """What of this is new; empty while that is not decided."""
        self._held += text
        if self._may_repeat:
            said = self._held.lstrip()
            if len(said) < len(self._text) and self._text.startswith(said):
                return ""
            self._may_repeat = False
            if said.startswith(self._text):
                self._held = said[len(self._text) :]
        return self._behind_space()

    def _behind_space(self) -> str:
        held, space = self._held, self._space
        same = 0
        while same < min(len(held), len(space)) and held[same] == space[same]:
            same += 1
        self._held, self._space = "", space[same:]
        self.wanted = same == len(held) and bool(self._space)
        return held[same:]

    def rest(self) -> str:
        """All that is held: no more comes. Only the beginning of a repetition is."""
        held = self._behind_space() if self._held else ""
        self.wanted = False
        return held
