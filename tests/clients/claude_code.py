"""The Claude Code CLI as a test runs it: fetched once, and each time as on a fresh machine without a network."""

import fcntl
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from attrs import frozen
from twisted.internet.base import ReactorBase

from tests.support.daemon import CHECKOUT
from tests.support.processes import Process

PACKAGE = "@anthropic-ai/claude-code"
CACHE = "CCPROXY_TEST_CACHE"
FETCHING_SECONDS = 400


class Missing(Exception):
    """Claude Code is not here and cannot be fetched; the text says why."""


@cache
def program() -> Path:
    """The native program of the newest Claude Code, from the cache directory if it was fetched before.

    The cache is the directory that `CCPROXY_TEST_CACHE` names, else `.cache` in the checkout; to get a newer Claude
    Code, delete `claude-code` in it. Raises `Missing`. Blocks for as long as npm takes to fetch some 380 MB.
    """
    place = Path(os.environ.get(CACHE) or CHECKOUT / ".cache").absolute() / "claude-code"
    package = f"{PACKAGE}-{_platform()}"
    binary = place / "node_modules" / package / "claude"
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        # Several test workers may want it at the same moment.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.exists():
            _fetch(package, place)
    if not binary.exists():
        raise Missing(f"npm installed {package}, and there is no {binary}")
    return binary


def _platform() -> str:
    system, machine = platform.system(), platform.machine()
    chip = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(machine.lower())
    if system not in ("Linux", "Darwin") or chip is None:
        raise Missing(f"Claude Code is not published for {system} on {machine}")
    if system == "Darwin":
        return f"darwin-{chip}"
    return f"linux-{chip}" + ("" if platform.libc_ver()[0] == "glibc" else "-musl")


def _fetch(package: str, place: Path) -> None:
    """Fetches the platform's own package. The one that people install picks it by a script, and needs a newer node and
    npm than a stable distribution has."""
    if shutil.which("npm") is None:
        raise Missing("npm is not installed (on Debian: apt install npm)")
    version = _npm("view", PACKAGE, "version").strip()
    _npm("install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(place), f"{package}@{version}")


def _npm(*arguments: str) -> str:
    try:
        done = subprocess.run(["npm", *arguments], capture_output=True, text=True, timeout=FETCHING_SECONDS)
    except subprocess.TimeoutExpired:
        raise Missing(f"npm {arguments[0]} took longer than {FETCHING_SECONDS} s") from None
    if done.returncode:
        raise Missing(f"npm {arguments[0]} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


@frozen
class Session:
    """What one run of the CLI printed: `events` are its `stream-json` lines."""

    status: int
    events: tuple[dict[str, Any], ...]
    errors: str

    @property
    def result(self) -> Mapping[str, Any]:
        """The closing line: `is_error`, `result`, `num_turns`, `usage` and more."""
        if not self.results:
            raise AssertionError(f"Claude Code ended with status {self.status} and without a result: {self}")
        return self.results[-1]

    @property
    def results(self) -> list[dict[str, Any]]:
        """The closing lines of all prompts."""
        return [event for event in self.events if event.get("type") == "result"]

    @property
    def answer(self) -> str:
        """The final text of the last prompt."""
        return self.answers[-1]

    @property
    def answers(self) -> list[str]:
        """The final texts of all prompts; fails if one ended with an error."""
        if not self.results or self.status or any(result["is_error"] for result in self.results):
            raise AssertionError(f"Claude Code ended with status {self.status}: {self.results}\n{self.errors}")
        return [str(result["result"]) for result in self.results]

    def blocks(self, kind: str) -> list[dict[str, Any]]:
        """The model's content blocks of one type, as the client understood them."""
        return [block for block in self._content("assistant") if block["type"] == kind]

    @property
    def tool_results(self) -> list[dict[str, Any]]:
        """What the client's tools gave, in the order of completion."""
        return [block for block in self._content("user") if block["type"] == "tool_result"]

    def _content(self, role: str) -> list[dict[str, Any]]:
        contents = [event["message"]["content"] for event in self.events if event.get("type") == role]
        return [block for content in contents if isinstance(content, list) for block in content]

    def notices(self, subtype: str) -> list[dict[str, Any]]:
        """System lines of one subtype: `init`, `api_retry`, `compact_boundary`, …"""
        return [e for e in self.events if (e.get("type"), e.get("subtype")) == ("system", subtype)]


class ClaudeCode:
    """An installation in a home of its own, pointed at a gateway's port. `proxy` is a port that no request may reach:
    all that would leave this machine is sent there."""

    def __init__(self, reactor: ReactorBase, binary: Path, home: Path, port: int, token: str, proxy: int) -> None:
        self._reactor = reactor
        self._home = home
        self.directory = home / "project"
        self.directory.mkdir(parents=True)
        way_out = f"http://127.0.0.1:{proxy}"
        self._env = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "SHELL": "/bin/sh",
            "TMPDIR": str(home),
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}",
            "ANTHROPIC_AUTH_TOKEN": token,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_ERROR_REPORTING": "1",
            # Without it the root user of a container may not skip the questions for permission.
            "IS_SANDBOX": "1",
            "HTTP_PROXY": way_out,
            "HTTPS_PROXY": way_out,
            "NO_PROXY": "127.0.0.1",
        }
        self._command = [str(binary), "-p", "--output-format", "stream-json", "--verbose"]
        self._command.append("--dangerously-skip-permissions")
        self.processes: list[Process] = []

    async def ask(self, prompt: str, *arguments: str) -> Session:
        """Runs one prompt to its end. `--continue` among the arguments goes on with the conversation before."""
        command = [*self._command, prompt, *arguments]
        return await self._session(Process(self._reactor, command, self._env, self.directory))

    async def converse(self, *prompts: str) -> Session:
        """Says one prompt after the other to one client, each when the one before is answered."""
        waiting = list(prompts)

        def say() -> None:
            message = {"role": "user", "content": waiting.pop(0)}
            process.write(json.dumps({"type": "user", "message": message}).encode() + b"\n")

        def watch() -> None:
            answered = sum(line.get("type") == "result" for line in _lines(process.output))
            if answered == len(prompts):
                process.end_input()
            elif answered == len(prompts) - len(waiting):
                say()

        command = [*self._command, "--input-format", "stream-json"]
        process = Process(self._reactor, command, self._env, self.directory, on_output=watch)
        say()
        return await self._session(process)

    async def _session(self, process: Process) -> Session:
        self.processes.append(process)
        status = await process.when_ended()
        (self._home / f"session-{len(self.processes)}.jsonl").write_bytes(process.output)
        return Session(status, tuple(_lines(process.output)), process.errors.decode(errors="replace"))


def _lines(output: bytes) -> list[dict[str, Any]]:
    """The complete lines of `stream-json`."""
    return [json.loads(line) for line in output.split(b"\n")[:-1] if line.startswith(b"{")]
