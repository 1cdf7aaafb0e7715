"""How whoever sent a signal learns what came of it: a small file beside the pid file.

`ccproxy reload` waits for its `reloads` to rise. A file needs no address and no key, both of which a new configuration
may have changed.
"""

import os
from pathlib import Path

from attrs import asdict
from twisted.logger import Logger

from ccproxy.daemon.reload import Reloaded
from ccproxy.wholefiles import write_whole
from ccproxy.wire import jsontext

SUFFIX = ".reload"
"""Of the file: `ccproxy.pid` has `ccproxy.reload` beside it."""

log = Logger()


def answer_file(pid_file: Path) -> Path:
    """Where the answer to a reload is, for a daemon with this pid file."""
    return pid_file.with_suffix(SUFFIX)


def write_answer(path: Path, result: Reloaded) -> None:
    """Put the answer there, whole: whoever looks sees the last one or this one."""
    value = {"pid": os.getpid(), "reloads": result.number, **asdict(result)}
    del value["number"]
    try:
        write_whole(path, jsontext.dumps_str(value) + "\n", durable=False)
    except OSError as error:
        log.warn("the answer to a reload cannot be written to {path}: {reason}", path=str(path), reason=error.strerror)
