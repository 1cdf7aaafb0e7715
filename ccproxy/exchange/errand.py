"""An errand: one client's call and its answer, for whichever target is asked."""

from attrs import frozen

from ccproxy.exchange.call import Call
from ccproxy.exchange.meter import Meter
from ccproxy.exchange.reply import Reply
from ccproxy.exchange.voice import Voice
from ccproxy.exchange.witness import Witness


@frozen
class Errand:
    """What is to be answered, and whether another target may go on where an answer breaks off."""

    call: Call
    reply: Reply
    meter: Meter
    may_be_resumed: bool = False
    voice: Voice | None = None
    """It has said the beginning of an answer that another target could not end."""
    witness: Witness | None = None

    @property
    def goes_on(self) -> bool:
        """Whether the client has words that the next target must go on from."""
        return self.voice is not None and self.voice.heard.said_text
