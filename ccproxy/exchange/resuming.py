"""An answer that broke off and goes on at another target, as one stream to the client.

`Heard` watches what a client is told, and says whether another target could go on: as long as nothing but text was
said. `Resumed` reads the stream of the target that goes on, and gives its events as if the first one had said them: the
open text goes on in its own block, and what follows is counted from there. `Voice` tells the client no second
beginning, and at the end the usage of all targets together.

What the next target is asked is the request with the text so far as the beginning of its answer. Models that take such
a beginning go on with the next character. The others are told in words to go on; some of those begin anew all the same,
so text that repeats what the client has is taken away (`_Joint`).

Where nothing but a beginning without content was told (the grace time had ended), the next target simply answers.
"""

from collections.abc import Mapping
from typing import Any

from attrs import evolve, field, frozen

from ccproxy.dialects.dialect import Continuable, StreamParser, StreamRenderer
from ccproxy.errors import ApiError
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped, Event, Failed, Finished, Started
from ccproxy.model.messages import Reasoning, Request, Role, Text, Think, Thinking, Turn
from ccproxy.model.usage import Usage

GO_ON = (
    "Your answer was cut off by a failure of the network after its last character above. Go on from there: begin with "
    "the very next character, repeat nothing of what you have said, and do not speak of the interruption."
)

CHARACTERS_A_TOKEN = 4
"""Of what a target said that did not live to tell its usage."""

REPEATED_LEAST = 24
"""Characters of a repetition that is taken for one. Shorter ones may be meant: `ha` goes on with `ha`."""


class Heard:
    """What a client was told of one answer, by however many targets."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._only_text = True
        self._finished = False
        self._thinking: set[int] = set()
        self.begun = False
        self.open: int | None = None
        """The index of the text that is open."""
        self.next_index = 0
        self._spent = Usage()
        """Of the targets that broke off."""
        self._usage = Usage()
        """What the present one told at its beginning."""
        self._said = 0
        """Characters of the present one."""

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self._texts)

    @property
    def said_text(self) -> bool:
        """Whether there is anything to go on with."""
        return any(text.strip() for text in self._texts)

    @property
    def may_go_on(self) -> bool:
        """Whether another target could go on here."""
        return self._only_text and not self._finished and not self._thinking

    def see(self, event: Event) -> None:
        """The client is told this."""
        match event:
            case BlockDelta(index, text):
                self._said += len(text)
                if index == self.open:
                    self._texts.append(text)
            case BlockStarted(index, block):
                self.next_index = index + 1
                if isinstance(block, Thinking):
                    self._thinking.add(index)
                elif isinstance(block, Text) and self.open is None:
                    self.open = index
                else:
                    self._only_text = False
            case BlockStopped(index, _):
                self._thinking.discard(index)
                if index == self.open:
                    self.open = None
            case Started(_, _, usage) if self.begun:
                self._begin_again(usage)
            case Started(_, _, usage):
                self.begun = True
                self._usage = usage
            case Finished():
                self._finished = True
            case Failed():
                pass

    def _begin_again(self, usage: Usage) -> None:
        """Another target goes on, and tells this of the prompt. What the last one cost is estimated where it said
        nothing."""
        output = max(self._usage.output or 0, self._said // CHARACTERS_A_TOKEN)
        self._spent = self._spent.plus(evolve(self._usage, output=output))
        self._usage = usage
        self._said = 0

    def total(self, usage: Usage) -> Usage:
        """The usage of all targets, where the last one tells this at its end."""
        return self._spent.plus(self._usage.merge(usage))

    def going_on(self, request: Request, prefills: bool) -> Request:
        """What to ask the next target. Anthropic takes the beginning of an answer only where it may not think first,
        and only without space at its end."""
        if not self.said_text:
            return request
        turns = (*request.turns, Turn(Role.ASSISTANT, (Text(self.text.rstrip()),)))
        if (most := request.sampling.max_tokens) is not None:
            left = max(1, most - len(self.text) // CHARACTERS_A_TOKEN)
            request = evolve(request, sampling=evolve(request.sampling, max_tokens=left))
        if prefills:
            return evolve(request, turns=turns, reasoning=Reasoning(Think.OFF))
        return evolve(request, turns=(*turns, Turn(Role.USER, (Text(GO_ON),))))


@frozen
class Voice:
    """The one that a client hears, whoever answers."""

    renderer: StreamRenderer
    heard: Heard = field(factory=Heard)

    def say(self, event: Event) -> bytes:
        """The event in the client's dialect: it hears of one beginning, and at the end of the usage of all."""
        match event:
            case Started() if self.heard.begun:
                return b""
            case Finished(stop, usage):
                event = Finished(stop, self.heard.total(usage))
        return self.renderer.render(event)


class Interrupted(Exception):
    """An answer broke off for the reason `error`, and the client was not told: another target may go on."""

    def __init__(self, error: ApiError, voice: Voice) -> None:
        super().__init__(str(error))
        self.error = error
        self.voice = voice


class Resumed:
    """The parser of a target that goes on with what was `heard`. What it thinks in between is not told."""

    def __init__(self, parser: StreamParser, heard: Heard) -> None:
        self._parser = parser
        self._heard = heard
        self._open = heard.open
        self._offset = heard.next_index
        self._indices: dict[int, int] = {}
        """The client's index of each block; blocks that are not told have none."""
        self._joint = _Joint(heard.text) if heard.said_text else None

    @property
    def complete(self) -> bool:
        return self._parser.complete

    @property
    def continuation(self) -> Mapping[str, Any]:
        """The parser's."""
        return self._parser.continuation if isinstance(self._parser, Continuable) else {}

    def go_on(self) -> None:
        if isinstance(self._parser, Continuable):
            self._parser.go_on()

    def feed(self, data: bytes) -> list[Event]:
        return self._told(self._parser.feed(data))

    def close(self) -> list[Event]:
        return self._told(self._parser.close())

    def _told(self, events: list[Event]) -> list[Event]:
        told: list[Event] = []
        for event in events:
            match event:
                case BlockStarted(index, block):
                    self._start(index, block, event, told)
                case BlockDelta(index, text):
                    self._more(index, text, told)
                case BlockStopped(index, _):
                    if index in self._indices:
                        self._release(self._indices[index], told)
                        told.append(evolve(event, index=self._indices.pop(index)))
                case Finished():
                    self._stop_open(told)
                    told.append(event)
                case Started() | Failed():
                    told.append(event)
        return told

    def _start(self, index: int, block: object, event: BlockStarted, told: list[Event]) -> None:
        if self._joint is not None and isinstance(block, Thinking):
            return
        if self._joint is not None and isinstance(block, Text) and self._open is not None:
            self._indices[index], self._open = self._open, None
            return
        self._stop_open(told)
        self._indices[index] = self._offset
        self._offset += 1
        told.append(evolve(event, index=self._indices[index]))

    def _more(self, index: int, text: str, told: list[Event]) -> None:
        known = self._indices.get(index)
        if known is None:
            return
        if self._joint is not None and self._joint.wanted:
            text = self._joint.join(text)
        if text:
            told.append(BlockDelta(known, text))

    def _release(self, index: int, told: list[Event]) -> None:
        if self._joint is not None and (rest := self._joint.rest()):
            told.append(BlockDelta(index, rest))

    def _stop_open(self, told: list[Event]) -> None:
        """The text that the last target left open has ended."""
        if self._open is not None:
            told.append(BlockStopped(self._open))
            self._open = None


class _Joint:
    """Where the text of one target meets that of the next: takes away what the client has already.

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
