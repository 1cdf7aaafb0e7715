"""Whoever hears an exchange word for word: besides what goes upstream and comes back, all that the client is told."""

from collections.abc import Callable
from typing import Protocol

from ccproxy.exchange.call import Call
from ccproxy.exchange.record import Record
from ccproxy.exchange.reply import Hearing
from ccproxy.upstream import witness


class Witness(witness.Witness, Hearing, Protocol):
    """Of one exchange. None of what it does may fail."""

    def over(self, record: Record | None) -> None:
        """Nothing more comes. What is no exchange of the ledger's has no record."""


Witnessing = Callable[[Call], Witness]
"""Begins to hear an exchange, of which nothing was said yet."""
