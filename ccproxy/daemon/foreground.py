"""Being started before somebody's eyes."""

from collections.abc import Iterator
from contextlib import contextmanager

from twisted.application.service import IService, MultiService

from ccproxy.daemon.listening import CannotListen


class CannotServe(SystemExit):
    """The daemon does not start, for a `reason` that its log has."""

    def __init__(self, reason: CannotListen) -> None:
        super().__init__(1)
        self.reason = reason


class Foreground(MultiService):
    """The same service, in a process that has not gone into the background: where it cannot start, the process ends,
    and no traceback follows the reason. (twistd in the background waits for ever for a process that just ends.)"""

    def __init__(self, service: IService) -> None:
        super().__init__()
        service.setServiceParent(self)

    def privilegedStartService(self) -> None:
        """Raises `CannotServe`."""
        with _or_end():
            super().privilegedStartService()

    def startService(self) -> None:
        with _or_end():
            super().startService()


@contextmanager
def _or_end() -> Iterator[None]:
    try:
        yield
    except CannotListen as error:
        raise CannotServe(error) from None
