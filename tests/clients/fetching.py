"""Clients that are programs and no libraries: each is fetched once, into a cache that outlives the test.

The cache is the directory that `CCPROXY_TEST_CACHE` names, else `.cache` in the checkout. To get a newer version of a
client, delete its directory there.
"""

import fcntl
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.daemon import CHECKOUT

CACHE = "CCPROXY_TEST_CACHE"
NODE = 20
FETCHING_SECONDS = 400
"""The most that one step of an installation takes."""


class Missing(Exception):
    """A client is not here and cannot be fetched; the text says why."""


def npm_program(name: str, package: str, version_of: str, path: str) -> Path:
    """The program at `path` below `node_modules`, from the npm package `package`.

    `{version}` in `package` stands for the newest version of the package `version_of`. `name` is the directory in the
    cache. The packages meant here hold one platform's native program: those that people install choose it by a script,
    and scripts do not run here. Raises `Missing`; blocks for as long as npm takes.
    """
    with _place(name) as place:
        program = place / "node_modules" / path
        if not program.exists():
            if shutil.which("npm") is None:
                raise Missing("npm is not installed (on Debian: apt install npm)")
            version = _run("npm", "view", version_of, "version").strip()
            wanted = package.format(version=version)
            _run("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(place), wanted)
            if not program.exists():
                raise Missing(f"npm installed {wanted}, and there is no {program}")
        return program


def npm_packages(name: str, *packages: str) -> Path:
    """The directory in the cache that has these npm packages in its `node_modules`. Raises `Missing`; blocks for as
    long as npm takes."""
    with _place(name) as place:
        if not (place / "complete").exists():
            _node()
            _run("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(place), *packages)
            (place / "complete").touch()
        return place


def _node() -> None:
    """Whether node is there, and new enough for what is written for it today. Raises `Missing`."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise Missing("node and npm are not installed (on Debian: apt install npm)")
    version = _run("node", "--version").strip()
    if int(version.lstrip("v").partition(".")[0]) < NODE:
        raise Missing(f"node is {version}, and the clients want {NODE} or newer")


def python_program(name: str) -> Path:
    """The program that the Python package of the same name installs. Raises `Missing`; blocks for as long as pip
    takes."""
    program = python_packages(name, name).with_name(name)
    if not program.exists():
        raise Missing(f"pip installed {name}, and there is no {program}")
    return program


def python_packages(name: str, *packages: str) -> Path:
    """A Python that has these packages, in a virtual environment of its own: what a client needs must not meet what we
    need. Raises `Missing`; blocks for as long as pip takes."""
    with _place(name) as place:
        python = place / "bin" / "python"
        if not (place / "complete").exists():
            _run(sys.executable, "-m", "venv", str(place))
            _run(str(python), "-m", "pip", "install", "--quiet", *packages)
            (place / "complete").touch()
        return python


def chosen(programs: dict[tuple[str, str], str]) -> str:
    """The entry for this machine: keys are a system and a chip, such as `("Linux", "arm64")`. Raises `Missing`."""
    machine = platform.machine().lower()
    chip = {"amd64": "x64", "x86_64": "x64", "aarch64": "arm64"}.get(machine, machine)
    key = platform.system(), chip
    if key not in programs:
        raise Missing(f"there is no program for {key[0]} on {machine}")
    return programs[key]


@contextmanager
def _place(name: str) -> Iterator[Path]:
    """The client's directory in the cache. Several test workers may want it at the same moment: one has it."""
    place = Path(os.environ.get(CACHE) or CHECKOUT / ".cache").absolute() / name
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield place


def _run(*command: str) -> str:
    step = " ".join(Path(part).name for part in command[:3])
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCHING_SECONDS)
    except subprocess.TimeoutExpired:
        raise Missing(f"{step} took longer than {FETCHING_SECONDS} s") from None
    if done.returncode:
        raise Missing(f"{step} failed: {done.stderr.strip()[-500:]}")
    return done.stdout
