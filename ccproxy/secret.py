"""Keys that do not show themselves."""


class Secret:
    """A key that no repr, log or error shows. `reveal()` is called where a header is written, and nowhere else."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def masked(self) -> str:
        """As much of it as tells its owner which one it is: `sk-…` and the last four characters; of a short one less;
        empty where there is none."""
        start = self._text.partition("-")[0] + "-" if "-" in self._text[:5] else ""
        tail = self._text[-4:] if len(self._text) >= 16 else ""
        return f"{start if tail else ''}…{tail}" if self._text else ""

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__
