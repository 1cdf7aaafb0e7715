"""Claude Code on this machine: where it is, and what in its settings would lead it past ccproxy."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ccproxy.cli.process.home import in_home

PLACES = ("~/.local/bin/claude", "~/.claude/local/claude")
"""Where its installers put it, be that on the PATH or not."""

MISSING = """Claude Code is not installed, or not on your PATH. To get it:
  npm install -g @anthropic-ai/claude-code
  or see https://code.claude.com/docs/en/setup
CLAUDE_PATH names it if it is elsewhere. `ccproxy run COMMAND` launches any other client."""

LEADING_ASIDE = ("ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY")
"""Variables that a settings file must not set: Claude Code prefers them to its environment."""

ELSEWHERE = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")
"""Variables that send it to another service, whatever its base URL."""


def program(environ: Mapping[str, str]) -> str | None:
    """The program: the one that CLAUDE_PATH names, else the one on the PATH, else where installers put it."""
    if named := environ.get("CLAUDE_PATH"):
        return shutil.which(named, path=environ.get("PATH"))
    if found := shutil.which("claude", path=environ.get("PATH")):
        return found
    places = (in_home(place, environ) for place in PLACES)
    return next((str(place) for place in places if os.access(place, os.X_OK) and place.is_file()), None)


def settings_directory(environ: Mapping[str, str]) -> Path:
    """Where Claude Code has what is this user's."""
    return in_home(environ.get("CLAUDE_CONFIG_DIR") or "~/.claude", environ)


def settings_files(environ: Mapping[str, str]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The settings files that Claude Code would read in this directory, and what is in them."""
    home = settings_directory(environ)
    here = Path(".claude")
    for path in (home / "settings.json", here / "settings.json", here / "settings.local.json"):
        try:
            value = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(value, dict):
            yield path, value


def conflicts(environ: Mapping[str, str]) -> Iterator[str]:
    """What would keep it from asking ccproxy as it should, each with its cure."""
    for path, settings in settings_files(environ):
        env = settings.get("env")
        given = env if isinstance(env, dict) else {}
        for name in (*LEADING_ASIDE, *ELSEWHERE):
            if given.get(name):
                yield f"{path} sets {name}, which Claude Code follows instead of ccproxy: take it out of its `env`"
        if settings.get("apiKeyHelper"):
            yield f"{path} has an apiKeyHelper, whose key Claude Code sends beside ccproxy's: take it out"
    for name in ELSEWHERE:
        if environ.get(name):
            yield f"{name} is set, which sends Claude Code past ccproxy: unset it"
