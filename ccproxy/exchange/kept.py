"""Responses that are kept for their client, which then names them instead of sending everything again.

OpenAI keeps every response for a month unless a request says `"store": false`, and its clients rely on it: some go on
from a response by its id (`previous_response_id`), and Vercel's AI SDK sends the id of an item that it was given in
place of the item (`item_reference`). Other vendors keep nothing, so what they answered is kept here: in memory, for a
while, and for the same client alone. A request that names it is filled in before anybody else reads it. A name that is
not known here stays as it is: OpenAI may know it, and whoever translates the request says what is missing.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

from attrs import evolve, frozen

from ccproxy.dialects.openai_responses.client_streams import Renderer
from ccproxy.dialects.openai_responses.responses import render_response
from ccproxy.exchange.call import Call
from ccproxy.exchange.reply import Reply
from ccproxy.wire.jsontext import dumps, loads
from ccproxy.wire.splice import member

PART = 8
"""One response takes at most this part of the room."""

Owner = tuple[str, str]
"""Whose a response is: a client by its name, and by the logins that it brought along."""

Name = tuple[Owner, str]


@frozen
class Kept:
    """A response: the body that asked for it, as its client sent it, and the items that were its output."""

    asked: bytes
    output: bytes
    items: tuple[Name, ...]
    used: float

    @property
    def size(self) -> int:
        return len(self.asked) + len(self.output)


class KeptResponses:
    """Keeps responses until nobody has named them for `seconds`, in `room` bytes; the one that was named longest ago
    makes way. Without room nothing is kept. One for the daemon."""

    def __init__(self, now: Callable[[], float], seconds: float = 0.0, room: int = 0) -> None:
        self._now = now
        self._seconds = seconds
        self._room = room
        self._size = 0
        self._kept: OrderedDict[Name, Kept] = OrderedDict()
        self._of_item: dict[Name, Name] = {}

    def within(self, seconds: float, room: int) -> None:
        """New limits."""
        self._seconds = seconds
        self._room = room
        self._tidy()

    def filled(self, call: Call) -> Call:
        """The call with all that it names, whose answer is kept if its client did not decline that."""
        owner = (call.principal.name, repr(sorted(call.principal.passes.items())))
        body = call.body
        if b"previous_response_id" in body or b"item_reference" in body:
            body = self._filled(body, owner)
        if not self._room or member(call.body, "store") == b"false":
            return call if body is call.body else evolve(call, body=body, sent=call.body)

        def keep(response: dict[str, Any]) -> None:
            self._keep(owner, call.body, response)

        dialect = evolve(
            call.dialect,
            render_stream=lambda request: Renderer(request, keep),
            render_response=lambda response, request: render_response(response, request, keep),
        )
        return evolve(call, body=body, dialect=dialect, sent=call.body)

    def _filled(self, body: bytes, owner: Owner) -> bytes:
        value = last = loads(body)
        spans = [_items(last)]
        while name := last.get("previous_response_id"):
            before = self._find((owner, str(name)))
            if before is None:
                return body
            last = loads(before.asked)
            spans += [_nameless(loads(before.output)), _items(last)]
        items = [self._referred(item, owner) for span in reversed(spans) for item in span]
        return dumps({**{key: each for key, each in value.items() if key != "previous_response_id"}, "input": items})

    def _referred(self, item: Any, owner: Owner) -> Any:
        """The item that a reference stands for, where it is known."""
        if not isinstance(item, dict) or item.get("type") != "item_reference":
            return item
        name = self._of_item.get((owner, str(item.get("id"))))
        kept = self._find(name) if name is not None else None
        if kept is None:
            return item
        output = loads(kept.output)
        return next(_nameless([each])[0] for each in output if each.get("id") == item["id"])

    def _find(self, name: Name) -> Kept | None:
        self._tidy()
        kept = self._kept.get(name)
        if kept is not None:
            self._kept[name] = evolve(kept, used=self._now())
            self._kept.move_to_end(name)
        return kept

    def _keep(self, owner: Owner, asked: bytes, response: dict[str, Any]) -> None:
        names = tuple((owner, item["id"]) for item in response["output"] if "id" in item)
        kept = Kept(asked, dumps(response["output"]), names, self._now())
        if kept.size > self._room // PART:
            return
        name = owner, response["id"]
        self._kept[name] = kept
        self._of_item |= dict.fromkeys(names, name)
        self._size += kept.size
        self._tidy()

    def _tidy(self) -> None:
        """Let go of what is too old, or too much. The one that was named longest ago comes first."""
        latest = self._now() - self._seconds
        while self._kept:
            name, kept = next(iter(self._kept.items()))
            if kept.used > latest and self._size <= self._room:
                return
            del self._kept[name]
            self._size -= kept.size
            for item in kept.items:
                if self._of_item.get(item) == name:  # Some upstreams name the items of every answer alike.
                    del self._of_item[item]


class Serving(Protocol):
    """Whoever answers calls."""

    async def serve(self, call: Call, reply: Reply) -> None: ...


class Recalling:
    """Serves calls of the Responses dialect, each with what it names filled in."""

    def __init__(self, serving: Serving, kept: KeptResponses) -> None:
        self._serving = serving
        self._kept = kept

    async def serve(self, call: Call, reply: Reply) -> None:
        await self._serving.serve(self._kept.filled(call), reply)


def _items(body: dict[str, Any]) -> list[Any]:
    """The input of a body, as items."""
    value = body["input"]
    return value if isinstance(value, list) else [{"type": "message", "role": "user", "content": value}]


def _nameless(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Output as it may be sent for input: without ids, which another vendor would look up."""
    return [{key: each for key, each in item.items() if key != "id"} for item in items]
