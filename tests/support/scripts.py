"""Shell scripts and makefiles in a place where every program they call is ours."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class Place:
    """A directory to run things in. `programs` are shell scripts by name: they come before all others on the path.
    What a run says is its standard output and its errors, in one text."""

    def __init__(self, directory: Path, programs: Mapping[str, str]) -> None:
        self.directory = directory.absolute()
        self._programs = self.directory / "programs"
        for name, script in programs.items():
            self.write(f"programs/{name}", f"#!/bin/sh\n{script}\n")

    def write(self, name: str, text: str) -> Path:
        """Makes a file that may be run."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def run(self, command: Sequence[str]) -> tuple[int, str]:
        """The exit status, and all that was said."""
        environment = {"PATH": f"{self._programs}{os.pathsep}{os.environ['PATH']}", "HOME": str(self.directory)}
        ended = subprocess.run(
            command,
            cwd=self.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return ended.returncode, ended.stdout
