"""Vendors that repeat all text so far in each chunk, found out and undone."""

_CERTAIN = 20
"""Characters that a piece must repeat, from the answer's first on, to be no chance: pieces are mostly single tokens."""
_GIVE_UP = 400
"""Characters without a repetition after which none is looked for any more: a snapshot comes with every chunk."""


class Snapshots:
    """Gives of each piece what is new in it, while `watching`: later pieces are new as they are."""

    __slots__ = ("_cumulative", "_seen", "watching")

    def __init__(self) -> None:
        self._seen = ""
        self.watching = True
        self._cumulative = False

    def new(self, piece: str) -> str:
        """The piece, without the text that came before it if it repeats that."""
        if not self.watching:
            return piece
        seen = self._seen
        if self._cumulative:
            if seen.startswith(piece):
                return ""
            if not piece.startswith(seen):
                self._seen = seen + piece
                return piece
        elif not (len(piece) > len(seen) >= _CERTAIN and piece.startswith(seen)):
            self._seen = seen + piece
            self.watching = len(self._seen) < _GIVE_UP
            return piece
        self._cumulative = True
        self._seen = piece
        return piece[len(seen) :]
