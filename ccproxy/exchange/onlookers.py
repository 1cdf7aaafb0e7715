"""Whoever is told of exchanges, and has no part in them."""

from collections.abc import Callable

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from ccproxy.exchange.call import Call
from ccproxy.exchange.meter import Cost, Meter, unpriced
from ccproxy.exchange.record import Record
from ccproxy.exchange.reply import Reply
from ccproxy.exchange.witness import Witness, Witnessing


@frozen
class Onlookers:
    """`observe` gets the call and the record of every exchange, when it is over; `cost` prices what it took;
    `witnessing` begins to hear one word for word."""

    observe: Callable[[Call, Record], None]
    cost: Cost = unpriced
    witnessing: Witnessing | None = None

    def meter(self, call: Call, clock: IReactorTime) -> Meter:
        """What measures this exchange."""
        return Meter(call, clock, self.cost)

    def witness(self, call: Call, reply: Reply) -> Witness | None:
        """Who hears this exchange; nobody, mostly."""
        if self.witnessing is None:
            return None
        witness = reply.hearing = self.witnessing(call)
        return witness

    def over(self, call: Call, record: Record, witness: Witness | None) -> None:
        """It is over."""
        self.observe(call, record)
        if witness is not None:
            witness.over(record)
