"""Somebody who types commands: with a home, a configuration, a directory, and nothing else from our environment."""

import json
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.daemon import CHECKOUT

PATIENCE = 30
"""Seconds that any command may take."""

WAITING = re.compile(r"^(?:Starting|Waiting|Trying|Asking) [^\n]* \.\.\.\n", re.MULTILINE)
"""How commands say that something takes longer than a second."""

CCPROXY = (sys.executable, "-P", "-c", "from ccproxy.cli.main import main; main(prog_name='ccproxy')")


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Person:
    """`home` is made, and so is a directory `programs` in it which is first on the path. `port` is where their ccproxy
    listens: they have it in their environment."""

    def __init__(self, home: Path) -> None:
        self.home = home.absolute()
        self.directory = self.home / "work"
        self.programs = self.home / "programs"
        for directory in (self.directory, self.programs):
            directory.mkdir(parents=True)
        self.port = free_port()
        self.environment = {
            "HOME": str(self.home),
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(CHECKOUT),
            "CCPROXY_PORT": str(self.port),
            "LANG": "C.UTF-8",
        }
        self.program("ccproxy", f'#!/bin/sh\nexec {shlex.join(CCPROXY)} "$@"\n')

    @property
    def place(self) -> Path:
        """Where ccproxy keeps what is theirs."""
        return self.home / ".ccproxy"

    def configure(self, configuration: dict[str, Any]) -> Path:
        """Write their configuration, where ccproxy looks for it."""
        self.place.mkdir(mode=0o700, exist_ok=True)
        path = self.place / "config.json"
        path.write_text(json.dumps(configuration))
        return path

    def program(self, name: str, text: str) -> Path:
        """Install a script of this name."""
        path = self.programs / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def ccproxy(self, *arguments: str, said: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
        """Type a command of ccproxy's, and see it end; `said` is what they answer to its questions."""
        return self.run(*CCPROXY, *arguments, said=said, **environment)

    def run(self, *command: str, said: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
        """Type any command. What it says only because this machine is slow today is left out of its errors."""
        ended = subprocess.run(
            command,
            cwd=self.directory,
            env={**self.environment, **environment},
            input=said,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        ended.stderr = WAITING.sub("", ended.stderr)
        return ended

    def begin(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        """Type a command of ccproxy's that goes on for a while. Whoever calls this sees to its end."""
        return subprocess.Popen(
            [*CCPROXY, *arguments],
            cwd=self.directory,
            env={**self.environment, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=hear_keys,
        )

    def daemon(self) -> int:
        """The process of their daemon; 0 if none runs."""
        pid = json.loads(self.ccproxy("status", "--json").stdout).get("pid", 0)
        assert isinstance(pid, int)
        return pid

    def leave(self) -> None:
        """Ends their daemon, whatever it does."""
        try:
            pid = int(json.loads((self.place / "ccproxy.lock").read_text())["pid"])
        except (OSError, ValueError, KeyError):
            return
        if belongs_to(pid, str(self.place)):
            end(pid, signal.SIGKILL)


def belongs_to(pid: int, word: str) -> bool:
    """Whether a process is the one meant: its command line has this word. Process numbers are used again."""
    try:
        return word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False


def hear_keys() -> None:
    """For a process that begins: whoever runs the tests may be deaf to the keys of a terminal, as a shell's background
    jobs are, and would have it inherit that."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def end(pid: int, number: int = signal.SIGTERM) -> None:
    """Sends a process of ours the signal, and waits until it is gone, be it our child or not."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(process, number)
        ended, _, _ = select.select([process], [], [], PATIENCE)
        assert ended, f"process {pid} does not end"
    finally:
        os.close(process)
