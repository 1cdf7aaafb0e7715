"""Places: how many exchanges may run at one provider at once, and who waits for one.

A provider that is full lets others wait, each conversation in a line of its own; the lines take turns, so that one
client with a hundred subagents does not keep the others waiting for all of them. What waits is bounded in number and in
time. Where all the room for waiting is taken, the longest line gives way to a shorter one: its last loses its place
there. Whoever gets none is told BUSY, which is for another target or for the client to act on.

A place is given back once, whatever becomes of the exchange that had it.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from random import randint

from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ccproxy.errors import ApiError, Kind


@frozen
class Room:
    """What one provider has: exchanges at once, exchanges that may wait, and for how many seconds."""

    places: int = 1000
    waiting: int = 1000
    patience: float = 30.0


@define
class _Hall:
    """One provider's places, and the lines before them. Lines are in the order of their turns."""

    room: Room
    taken: int = 0
    waiting: int = 0
    calling: bool = False
    lines: "OrderedDict[str, deque[Deferred[None]]]" = field(factory=OrderedDict)


class Place:
    """One exchange's, at one provider."""

    __slots__ = ("_hall", "_places")

    def __init__(self, places: "Places", hall: _Hall) -> None:
        self._places = places
        self._hall: _Hall | None = hall

    def give_back(self) -> None:
        """It is free for the next one. Once is enough, and more does no harm."""
        hall, self._hall = self._hall, None
        if hall is not None:
            self._places.free(hall)


class Places:
    """The places of all providers. One for the daemon: `adopt` gives it the rooms of a configuration."""

    def __init__(self, clock: IReactorTime, rooms: Mapping[str, Room] | None = None) -> None:
        self._clock = clock
        self._rooms = dict(rooms or {})
        self._halls: dict[str, _Hall] = {}

    def adopt(self, rooms: Mapping[str, Room]) -> None:
        """From now on these are the rooms. Nobody loses a place or a turn; where there is more room now, it is given to
        whoever waits."""
        self._rooms = dict(rooms)
        halls = dict(self._halls)  # Whoever is called may go on to another provider.
        for provider, hall in halls.items():
            hall.room = self._rooms.get(provider, Room())
        for hall in halls.values():
            self._call(hall)

    async def take(self, provider: str, conversation: Callable[[], str]) -> Place:
        """A place at this provider, at once or when it is this conversation's turn; which one it is, is asked only
        then. Raises BUSY. Who gives up waiting cancels."""
        hall = self._halls.get(provider)
        if hall is None:
            hall = self._halls[provider] = _Hall(self._rooms.get(provider, Room()))
        if hall.taken < hall.room.places:
            hall.taken += 1
            return Place(self, hall)
        await self._wait(provider, hall, conversation())
        return Place(self, hall)

    async def _wait(self, provider: str, hall: _Hall, conversation: str) -> None:
        line = hall.lines.get(conversation)
        if hall.waiting >= hall.room.waiting and not self._displaced(provider, hall, len(line or ())):
            raise _busy(provider, hall)
        turn: Deferred[None] = Deferred(lambda turn: self._leave(hall, conversation, turn))
        hall.lines.setdefault(conversation, deque()).append(turn)
        hall.waiting += 1
        late = self._clock.callLater(hall.room.patience, self._dismiss, provider, hall, conversation, turn)
        try:
            await turn
        finally:
            if late.active():
                late.cancel()

    def _displaced(self, provider: str, hall: _Hall, length: int) -> bool:
        """Whether the longest line gave way to one of this length that is to grow by one."""
        longest = max(hall.lines, key=lambda conversation: len(hall.lines[conversation]), default=None)
        if longest is None or len(hall.lines[longest]) <= length + 1:
            return False
        self._dismiss(provider, hall, longest, hall.lines[longest][-1])
        return True

    def _dismiss(self, provider: str, hall: _Hall, conversation: str, turn: "Deferred[None]") -> None:
        self._leave(hall, conversation, turn)
        turn.errback(_busy(provider, hall))

    @staticmethod
    def _leave(hall: _Hall, conversation: str, turn: "Deferred[None]") -> None:
        line = hall.lines.get(conversation)
        if line is not None and turn in line:
            line.remove(turn)
            hall.waiting -= 1
            if not line:
                del hall.lines[conversation]

    def free(self, hall: _Hall) -> None:
        """A place was given back: whose turn it is takes it, unless there is less room now."""
        hall.taken -= 1
        self._call(hall)

    def _call(self, hall: _Hall) -> None:
        """Those whose turn it is, as many as there is room for. Whoever is called may be done at once, and give the
        place back: that one is given on here and not within that call, or a long line would exhaust the stack."""
        if hall.calling:
            return
        hall.calling = True
        while hall.waiting and hall.taken < hall.room.places:
            hall.taken += 1
            self._call_next(hall)
        hall.calling = False

    @staticmethod
    def _call_next(hall: _Hall) -> None:
        conversation, line = hall.lines.popitem(last=False)
        turn = line.popleft()
        hall.waiting -= 1
        if line:
            hall.lines[conversation] = line
        turn.callback(None)

    def counts(self) -> dict[str, tuple[int, int]]:
        """By provider: exchanges that have a place, and that wait for one."""
        return {name: (hall.taken, hall.waiting) for name, hall in self._halls.items() if hall.taken or hall.waiting}


def _busy(provider: str, hall: _Hall) -> ApiError:
    """Clients are sent away for different times, or they would all be back at once."""
    told = f"{provider} is busy: {hall.taken} exchanges run there and {hall.waiting} wait (its max_concurrent)"
    return ApiError(Kind.BUSY, told, retry_after=float(randint(1, 4)))
