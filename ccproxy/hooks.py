"""What the operator's own hooks import: `from ccproxy.hooks import Refuse`. See docs/extending.md."""

from ccproxy.exchange.hook import Point, Refuse
from ccproxy.exchange.view import Exchange

__all__ = ["Exchange", "Point", "Refuse"]
