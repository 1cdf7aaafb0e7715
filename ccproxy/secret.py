"""Keys that do not show themselves."""


class Secret:
    """A key that no repr, log or error shows. `reveal()` is called where a header is written, and nowhere else."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def identity(self) -> str:
        """What tells this key from others, for digests that outlive the process: its text, which only digests see."""
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


class Sought(Secret):
    """A key that is found out when it is needed, and again when it gets old: by a `command` (a line for the shell, or
    a program with its arguments), or in a `file`. It has no text itself; `upstream.credentials` finds it."""

    __slots__ = ("command", "file", "refresh")

    def __init__(self, command: str | tuple[str, ...] = "", file: str = "", refresh: float = 1800.0) -> None:
        super().__init__("")
        self.command = command
        self.file = file
        self.refresh = refresh

    @property
    def words(self) -> tuple[str, ...]:
        """The program to run, with its arguments."""
        return ("/bin/sh", "-c", self.command) if isinstance(self.command, str) else self.command

    def identity(self) -> str:
        return f"{self.command!r} {self.file!r}"

    def masked(self) -> str:
        return "(from a command)" if self.command else "(from a file)"

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sought) and self._spec == other._spec

    def __hash__(self) -> int:
        return hash(self._spec)

    @property
    def _spec(self) -> tuple[object, ...]:
        return (self.command, self.file, self.refresh)
