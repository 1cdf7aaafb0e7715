"""The Claude Code CLI as a test runs it: fetched once, and each time as on a fresh machine without a network."""

import json
import os
import platform
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from attrs import frozen
from twisted.internet.base import ReactorBase

from tests.clients.fetching import chosen, npm_program
from tests.support.processes import Process

PACKAGE = "@anthropic-ai/claude-code"
"""What people install picks the platform's package by a script, and needs a newer node and npm than a stable
distribution has: we take the platform's own."""


@cache
def program() -> Path:
    """The native program of the newest Claude Code, some 380 MB. Raises `Missing`."""
    package = f"{PACKAGE}-{_platform()}"
    return npm_program("claude-code", f"{package}@{{version}}", PACKAGE, f"{package}/claude")


def _platform() -> str:
    name = chosen(
        {(system, chip): f"{system.lower()}-{chip}" for system in ("Linux", "Darwin") for chip in ("x64", "arm64")}
    )
    return name + ("-musl" if name.startswith("linux") and platform.libc_ver()[0] != "glibc" else "")


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
