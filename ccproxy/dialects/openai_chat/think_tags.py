"""Reasoning within tags of the text, told apart from the answer.

Some servers hand out what the model wrote as it is: `<think>…</think>` before the answer, or a harmony channel. At the
beginning of an answer a tag is recognised for every vendor; where a vendor is known to write tags (`think_tags`), they
are found anywhere, and a closing tag without an opening one (the template opened it) is dropped.
"""

_OPENERS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<|channel|>analysis<|message|>": "<|end|>",
}
_AFTER = "<|start|>assistant<|channel|>final<|message|>"
"""What a harmony answer has between its reasoning and its text."""

Piece = tuple[bool, str]
"""Whether it is reasoning, and the text."""


class ThinkTags:
    """Splits text that comes in pieces, cut anywhere, into reasoning and answer.

    `everywhere` looks for tags throughout; else only at the beginning, and `settled` tells that no tag can come any
    more and nothing is held: the caller may stop asking.
    """

    __slots__ = ("_closer", "_everywhere", "_held", "_looking", "_skip_newlines")

    def __init__(self, everywhere: bool) -> None:
        self._everywhere = everywhere
        self._held = ""
        self._closer = ""
        self._looking = True
        self._skip_newlines = False

    @property
    def settled(self) -> bool:
        return not (self._looking or self._closer or self._held or self._skip_newlines or self._everywhere)

    def feed(self, text: str) -> list[Piece]:
        """The pieces that are certain by now."""
        pieces: list[Piece] = []
        self._held += text
        while self._held and self._step(pieces):
            pass
        return pieces

    def close(self) -> list[Piece]:
        """The input ended: what was held as the possible beginning of a tag was text after all."""
        held, self._held = self._held, ""
        return [(bool(self._closer), held)] if held else []

    def _step(self, pieces: list[Piece]) -> bool:
        """Takes one decision about what is held; False when more text is needed first."""
        if self._skip_newlines:
            return self._past_newlines()
        if self._closer:
            return self._inside(pieces)
        if self._everywhere:
            return self._anywhere(pieces)
        if self._looking:
            return self._beginning(pieces)
        pieces.append((False, self._held))
        self._held = ""
        return False

    def _inside(self, pieces: list[Piece]) -> bool:
        before, found, after = self._held.partition(self._closer)
        if found:
            self._closer, self._held, self._skip_newlines = "", after, True
        else:
            keep = _overlap(before, (self._closer,))
            self._held = before[len(before) - keep :]
            before = before[: len(before) - keep]
        if before:
            pieces.append((True, before))
        return bool(found)

    def _past_newlines(self) -> bool:
        rest = self._held.lstrip("\r\n")
        if not self._closer and rest.startswith(_AFTER):
            rest = rest[len(_AFTER) :].lstrip("\r\n")
        self._held = rest
        if not rest or (not self._closer and _AFTER.startswith(rest)):
            return False
        self._skip_newlines = False
        return True

    def _beginning(self, pieces: list[Piece]) -> bool:
        start = self._held.lstrip()
        for opener, closer in _OPENERS.items():
            if start.startswith(opener):
                self._looking, self._closer, self._held = False, closer, start[len(opener) :]
                self._skip_newlines = True
                return True
        if not start or any(opener.startswith(start) for opener in _OPENERS):
            return False
        self._looking = False
        return True

    def _anywhere(self, pieces: list[Piece]) -> bool:
        if "<" not in self._held:
            pieces.append((False, self._held))
            self._held = ""
            return False
        tags = (*_OPENERS, *_OPENERS.values())
        found = [(self._held.find(tag), -len(tag), tag) for tag in tags if tag in self._held]
        if not found:
            keep = _overlap(self._held, tags)
            sure = self._held[: len(self._held) - keep]
            self._held = self._held[len(sure) :]
            if sure:
                pieces.append((False, sure))
            return False
        at, _, tag = min(found)
        if self._held[:at]:
            pieces.append((False, self._held[:at]))
        self._held = self._held[at + len(tag) :]
        self._closer = _OPENERS.get(tag, "")
        self._skip_newlines = True
        return True


def _overlap(text: str, tags: tuple[str, ...]) -> int:
    """How many characters at the end of `text` may be the beginning of a tag."""
    longest = max(map(len, tags)) - 1
    for length in range(min(longest, len(text)), 0, -1):
        end = text[-length:]
        if any(tag.startswith(end) for tag in tags):
            return length
    return 0
