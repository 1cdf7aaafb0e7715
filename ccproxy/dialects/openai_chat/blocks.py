"""The blocks of an answer as chat completions tell them: words, and tool calls between them.

Blanks alone are no text: they wait for a word.
"""

from collections.abc import Iterable

from ccproxy.dialects.openai_chat.calls import Calls
from ccproxy.dialects.openai_chat.prose import Open, Prose
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Event
from ccproxy.model.messages import Citation, Media


class Blocks:
    """The blocks of one answer."""

    __slots__ = ("_space", "calls", "prose")

    def __init__(self, quirks: Quirks) -> None:
        self.prose = Prose(quirks)
        self.calls = Calls(self.prose)
        self._space = ""

    @property
    def any(self) -> bool:
        """Whether a block has begun."""
        return self.prose.next > 0

    def say(self, text: str, out: list[Event]) -> None:
        """More of the answer's text."""
        prose = self.prose
        if prose.open is Open.TEXT:
            out.append(BlockDelta(prose.index, text))
            return
        text = self._space + text
        if prose.reasoned or prose.open is Open.THINKING:
            text = text.lstrip("\r\n")
        if not text or text.isspace():
            self._space = text
            return
        self._begin(Open.TEXT, out)
        out.append(BlockDelta(prose.index, text))

    def reason(self, text: str, out: list[Event]) -> None:
        """More of its reasoning."""
        prose = self.prose
        if prose.open is not Open.THINKING:
            if not text or (text.isspace() and not prose.thought):
                return
            self._begin(Open.THINKING, out)
        if text:
            prose.thought.append(text)
            out.append(BlockDelta(prose.index, text))

    def cite(self, citations: Iterable[Citation]) -> None:
        """Pages that the text has something from; the same one at the same place counts once."""
        for citation in citations:
            self.prose.citations[citation.url, citation.start, citation.end] = citation

    def show(self, media: Media, out: list[Event]) -> None:
        """A picture that the model made."""
        self._make_way(out)
        index = self.prose.take_number()
        out += [BlockStarted(index, media), BlockStopped(index)]

    def close(self, truncated: bool, out: list[Event]) -> ApiError | None:
        """The answer ended: every block stops, or the error of a call is returned. `truncated` as with `Calls`."""
        error = self.calls.close(truncated, out)
        if error is not None:
            return error
        prose = self.prose
        if prose.open is not Open.THINKING and prose.details.unsealed:
            prose.begin_sealed(out)
        prose.stop(out)
        return None

    def _begin(self, kind: Open, out: list[Event]) -> None:
        self._make_way(out)
        self._space = ""
        self.prose.begin(kind, out)

    def _make_way(self, out: list[Event]) -> None:
        """What is open stops where it can. Starting a call that waited may leave a block of reasoning state behind,
        which stops too."""
        self.prose.stop(out)
        self.calls.settle(out)
        self.prose.stop(out)
