"""A PostgreSQL of our own: Debian's programs, a directory of the test's, a unix socket and no port."""

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from tests.clients.live import unavailable

PROGRAMS = Path("/usr/lib/postgresql")
PATIENCE = 60


@cache
def server() -> str:
    """The URL of a running server whose database `ccproxy` is empty; it ends with this process. Raises where
    PostgreSQL is not installed."""
    found = sorted(PROGRAMS.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise unavailable("PostgreSQL is not installed: apt install postgresql")
    programs = found[-1].parent
    # A socket's path may have some hundred characters.
    home = Path(tempfile.mkdtemp(prefix="ccproxy-pg-"))
    run = _as_nobody(home)
    run([str(programs / "initdb"), "-D", str(home / "data"), "-U", "ccproxy", "-A", "trust", "--no-sync", "-E", "UTF8"])
    options = f"-k {home} -c listen_addresses= -c fsync=off -c shared_buffers=16MB -c max_connections=20"
    control = [str(programs / "pg_ctl"), "-D", str(home / "data"), "-w", "-t", str(PATIENCE)]

    def stop() -> None:
        run([*control, "-m", "immediate", "stop"])
        shutil.rmtree(home, ignore_errors=True)

    run([*control, "-l", str(home / "log"), "-o", options, "start"])
    atexit.register(stop)
    run([str(programs / "createdb"), "-h", str(home), "-U", "ccproxy", "ccproxy"])
    return f"postgresql://ccproxy@localhost/ccproxy?host={home}"


def _as_nobody(home: Path):  # type: ignore[no-untyped-def]
    """What runs a program to its end; PostgreSQL refuses to be root."""
    user = None
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody")
        os.chown(home, user.pw_uid, user.pw_gid)

    def run(command: list[str]) -> None:
        ended = subprocess.run(
            command,
            cwd=home,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if command[-1] != "start" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
            text=True,
            **({"user": user.pw_uid, "group": user.pw_gid, "extra_groups": ()} if user else {}),
        )
        if ended.returncode:
            raise AssertionError(f"{command[0]} failed: {ended.stdout}")

    return run
