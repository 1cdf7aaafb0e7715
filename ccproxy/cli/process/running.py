"""The daemon that runs: what its lock says of it."""

from collections.abc import Mapping
from typing import Any

from attrs import asdict, evolve, fields_dict, frozen

from ccproxy.cli.process.home import Home
from ccproxy.cli.process.lock import Lock, amend


@frozen
class Running:
    """A daemon of this user. Until it is `ready` it may still fail to start."""

    pid: int = 0
    url: str = ""
    """Where clients reach it; empty where it listens at no port."""
    listen: tuple[str, ...] = ()
    config: str = ""
    """Its configuration file; empty for none."""
    arguments: tuple[str, ...] = ()
    """What its command line said, besides where it runs."""
    log: str = ""
    """Its log file; empty where it logs to a terminal or to journald."""
    version: str = ""
    started: float = 0.0
    ready: bool = False
    kept: bool = True
    """False for one that was started for the programs that use it, and ends with the last of them."""

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Running":
        """What a lock says. Another version of ccproxy may have written more, or less."""
        known = {name: value for name, value in content.items() if name in fields_dict(cls)}
        lists = {name: tuple(known.get(name, ())) for name in ("listen", "arguments")}
        return cls(**known | lists)

    def content(self) -> dict[str, Any]:
        """What the lock shall say."""
        return asdict(self)


def running(home: Home) -> Running | None:
    """The daemon that lives, or is about to."""
    content = Lock(home.lock).read()
    return None if content is None else Running.of(content)


def keep(home: Home, there: Running) -> None:
    """Somebody has started it as well who means it to stay: it does not end with the last program that uses it."""
    if not there.kept:
        amend(home.lock, evolve(there, kept=True).content())
