"""What a client hears of one answer, whoever gives it.

`Heard` watches what a client is told, and says whether another target could go on: as long as nothing but thoughts
and text were said, for which calls are held back (`translated`). What the next target is asked is the request with the
text so far as the beginning of its answer. Models that take such a beginning go on with the next character; the others
are told in words to go on. `Voice` tells the client no second beginning, and at the end the usage of all targets
together.

Where nothing but a beginning without content was told (the grace time had ended), the next target simply answers.
"""

from attrs import evolve, field, frozen

from ccproxy.dialects.dialect import StreamRenderer
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


class Heard:
    """What a client was told of one answer, by however many targets."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._only_text = True
        self._finished = False
        self.thoughts: set[int] = set()
        """The indices of those that are open."""
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
        return self._only_text and not self._finished

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
                    self.thoughts.add(index)
                elif isinstance(block, Text) and self.open is None:
                    self.open = index
                else:
                    self._only_text = False
            case BlockStopped(index, _):
                self.thoughts.discard(index)
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

    def miss(self, event: Event) -> None:
        """The client is not told this, and pays for it all the same."""
        if isinstance(event, BlockDelta):
            self._said += len(event.text)

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
    """An answer broke off for the reason `error`, and the client was not told: another target may go on. If none does,
    what was `held` back of it is told before the reason."""

    def __init__(self, error: ApiError, voice: Voice, held: tuple[Event, ...] = ()) -> None:
        super().__init__(str(error))
        self.error = error
        self.voice = voice
        self.held = held
