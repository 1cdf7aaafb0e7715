"""The status line itself: `python -m ccproxy.cli.line`.

Claude Code runs it after each answer, and waits for it. So it imports next to nothing, asks once, and is silent about
whatever goes wrong: a line that cannot be had is no reason to disturb anybody.
"""

import json
import os
import socket
import sys
from collections.abc import Mapping
from typing import Any

from ccproxy.cli.process.speaking import say

SECONDS = 0.3
"""The daemon is on this machine, and answers in a few milliseconds."""

ANSWER_LIMIT = 64 * 1024
INPUT_LIMIT = 1 << 20


def main() -> None:
    """Read what Claude Code tells of its session; write a line."""
    told = _object(sys.stdin.read(INPUT_LIMIT) if not sys.stdin.isatty() else "")
    session = told.get("session_id")
    used = used_by(session, os.environ) if isinstance(session, str) else {}
    print(line(told, used))


def line(told: Mapping[str, Any], used: Mapping[str, Any]) -> str:
    """Model, target, tokens and cost, as far as they are known."""
    model = told.get("model")
    name = model.get("display_name") or model.get("id") if isinstance(model, dict) else ""
    if not used:
        return f"{name or 'Claude Code'}: nothing by ccproxy yet"
    parts = [f"{name or used['asked']} -> {used['target'].replace(',', '/', 1)}"]
    parts.append(f"{count(used['tokens_in'])} in, {count(used['tokens_out'])} out")
    if used["cost"] or used["all_priced"]:
        parts.append(f"${used['cost']:.4f}" + ("" if used["all_priced"] else " and more"))
    return "  ".join(parts)


def count(number: int) -> str:
    """A number of tokens, short."""
    for size, unit in ((1_000_000, "M"), (1000, "k")):
        if number >= size:
            return f"{number / size:.1f}{unit}"
    return str(number)


def used_by(session: str, environ: Mapping[str, str]) -> Mapping[str, Any]:
    """What the daemon says of a session; nothing where it says nothing. It is asked where Claude Code asks it, which is
    told by the environment that both have from `ccproxy code`."""
    host, port = _address(environ.get("ANTHROPIC_BASE_URL", ""), environ)
    if not session.replace("-", "").isalnum():
        return {}
    key = environ.get("ANTHROPIC_AUTH_TOKEN", "")
    try:
        with socket.create_connection((host, port), SECONDS) as connection:
            status, body = say(connection, f"GET /sessions/{session}", host, key)
            with body:
                return _object(body.read(ANSWER_LIMIT)) if status == 200 else {}
    except (OSError, ValueError):
        return {}


def _address(url: str, environ: Mapping[str, str]) -> tuple[str, int]:
    """Where the daemon is; by its own default, if nothing else is told. Only http: TLS takes too long for a line."""
    scheme, _, rest = url.partition("://")
    name, _, port = rest.partition("/")[0].rpartition(":")
    if scheme == "http" and port.isdigit():
        return name.strip("[]"), int(port)
    own = environ.get("CCPROXY_PORT", "")
    return "127.0.0.1", int(own) if own.isdigit() else 3456


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


if __name__ == "__main__":
    main()
