"""A terminal, and somebody at it who types when what they wait for appears."""

import fcntl
import os
import pty
import re
import select
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.person import PATIENCE, hear_keys


class Terminal:
    """Runs a command in a terminal of its own. `shown` is all that appeared, without colours."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], directory: Path) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command,
            cwd=directory,
            env={"TERM": "xterm", **environment},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_take,
        )
        os.close(theirs)
        self.raw = b""
        self._seen = 0

    @property
    def shown(self) -> str:
        """What a person sees."""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.raw.decode(errors="replace")).replace("\r\n", "\n")

    def wait_for(self, words: str) -> None:
        """Read until this appears, behind what was waited for before."""
        while words not in self.shown[self._seen :]:
            if not self._shows_more():
                raise AssertionError(f"{words!r} did not appear in:\n{self.shown}")
        self._seen = self.shown.index(words, self._seen) + len(words)

    def answer(self, question: str, words: str) -> None:
        """Type this when that is asked."""
        self.wait_for(question)
        self.type(words + "\r")

    def type(self, keys: str) -> None:
        """Press these keys."""
        os.write(self._ours, keys.encode())

    def end(self) -> int:
        """Read all the rest; gives the exit status."""
        while self._shows_more():
            pass
        return self.process.wait(PATIENCE)

    def hang_up(self) -> None:
        """Close the terminal, and leave what runs in it to itself."""
        os.close(self._ours)

    def close(self) -> None:
        """Ends it, whatever it does."""
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def _shows_more(self) -> bool:
        """Wait for more to appear; False where nothing does."""
        readable, _, _ = select.select([self._ours], [], [], PATIENCE)
        if not readable:
            return False
        try:
            part = os.read(self._ours, 4096)
        except OSError:
            return False  # So Linux tells that nobody has the other end any more.
        self.raw += part
        return bool(part)


def _take() -> None:
    """The terminal is the process's own."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    hear_keys()
