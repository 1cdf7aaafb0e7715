"""Writing to a socket at once, instead of at the reactor's next turn.

Twisted collects what is written and asks the kernel, at its next turn, whether it may be sent: three more system calls
for each event of a stream that comes event by event, where they are most of the cost (a quarter of the CPU time less
without them, measured). Here the kernel is given the bytes straight away, and Twisted what the kernel does not take.

Order is kept: where anything waits to be sent already, this waits behind it. To know that, two attributes of
`FileDescriptor` are read that it does not document: its two buffers. A transport that lacks them, a TLS one, or one
that a test made is written to as usual.
"""

from typing import Any

from twisted.internet.tcp import Connection


def write(transport: Any, data: bytes) -> None:
    """Like `transport.write(data)`, at once where that can be."""
    if isinstance(transport, Connection) and transport.connected and _is_idle(transport):
        sent = transport.writeSomeData(data)
        # Anything else is the failure of the connection: Twisted finds it again, and tells whom it concerns.
        if isinstance(sent, int) and sent > 0:
            if sent == len(data):
                return
            data = data[sent:]
    transport.write(data)


def _is_idle(transport: Any) -> bool:
    return not (
        transport.TLS
        or getattr(transport, "_tempDataBuffer", True)
        or getattr(transport, "dataBuffer", True)
        or transport.disconnecting
    )
