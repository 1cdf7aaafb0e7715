"""ccproxy as users run it: a process of its own, with a configuration file."""

import json
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred

from tests.support.processes import Process

CHECKOUT = Path(__file__).parents[2]

START = 'export LISTEN_PID=$$; exec "$0" -m twisted ccproxy --config "$1"'


class Daemon:
    """Runs in `home` (made if need be) with this configuration, and nothing else from the environment.

    The socket is ours and handed over as systemd does it: it takes connections before the daemon has started, so that
    no test must wait or ask whether it is there, and no port is guessed. A daemon that does not start refuses them.
    """

    def __init__(self, reactor: ReactorBase, home: Path, config: Mapping[str, Any]) -> None:
        home.mkdir(parents=True, exist_ok=True)
        path = home / "ccproxy.json"
        path.write_text(json.dumps({**config, "listen": ["systemd:domain=INET:name=web"]}))
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen(50)
            self.port: int = listening.getsockname()[1]
            environment = {
                "HOME": str(home),
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join([str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]),
                "LISTEN_FDS": "1",
                # As systemd 227 and later; Twisted takes no socket without it.
                "LISTEN_FDNAMES": "web",
            }
            self._process = Process(
                reactor,
                ["/bin/sh", "-c", START, sys.executable, str(path)],
                environment,
                home,
                inherits={3: listening.fileno()},
            )

    @property
    def log(self) -> str:
        """All it printed so far."""
        return (self._process.output + self._process.errors).decode(errors="replace")

    def stop(self) -> "Deferred[int]":
        """Ends it; fires with its exit status."""
        return self._process.stop()
