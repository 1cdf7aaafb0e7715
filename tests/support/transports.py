"""Transports without wires that tell what became of them."""

from twisted.internet.testing import StringTransport


class Abortable(StringTransport):
    """`aborting` says that it was closed at once, `disconnecting` that it was closed in good order."""

    aborting = False

    def abortConnection(self) -> None:
        self.aborting = True
