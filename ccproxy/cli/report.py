"""What somebody who helps needs to know, without a key: `ccproxy doctor --report`."""

import json
import platform
import re
from collections.abc import Iterable, Iterator, Mapping

from ccproxy.cli.logs import last_lines
from ccproxy.cli.process.home import Home
from ccproxy.cli.process.order import Order
from ccproxy.cli.version import versions
from ccproxy.config.summary import plain, secrets_in
from ccproxy.dialects.redaction import redact
from ccproxy.headers import redact as redact_headers

LOG_LINES = 200

SHOWN = re.compile(
    r"CCPROXY_(?:PORT|HOST|LOG.*|CONFIG.*)|ANTHROPIC_.*MODEL.*|CLAUDE_CODE_(?!.*TOKEN).*|LANG|TERM|SHELL|PATH"
)
"""Variables that matter, and whose values may be seen."""

NAMED = re.compile(r"(?:CCPROXY|ANTHROPIC|CLAUDE|OPENAI|XDG)_.*|.*_API_KEY|(?i:https?|all|no)_proxy")
"""Variables of which only that they are set is told."""

SECRET_NAMES = re.compile(r"(?i)key|token|secret|password")

MASK = re.compile(r"…\S{4}")
"""What a masked key has left of it: too much for strangers."""

SHORTEST_SECRET = 6


def report_of(findings: Iterable[str], order: Order | None, home: Home, environ: Mapping[str, str]) -> str:
    """The text of the file."""
    parts = [
        ("ccproxy", [versions(), platform.platform()]),
        ("Findings", list(findings)),
        ("Environment", list(_environment(environ))),
        ("Configuration", _configuration(order)),
        ("End of the log", list(_log(order, home))),
    ]
    text = "\n\n".join("\n".join([f"== {title}", *lines]) for title, lines in parts) + "\n"
    return without_secrets(text, order, environ)


def without_secrets(text: str, order: Order | None, environ: Mapping[str, str]) -> str:
    """The text without any key: those that are known here by their value, others by what keys look like."""
    known = {value for name, value in environ.items() if SECRET_NAMES.search(name) and len(value) >= SHORTEST_SECRET}
    if order is not None:
        known |= set(secrets_in(order.settings))
    for secret in sorted(filter(None, known), key=len, reverse=True):
        text = text.replace(secret, "<secret>")
    return redact_headers(redact(MASK.sub("…", text)))


def _environment(environ: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(environ):
        if SHOWN.fullmatch(name):
            yield f"{name}={environ[name]}"
        elif NAMED.fullmatch(name):
            yield f"{name} is {'set' if environ[name] else 'empty'}"


def _configuration(order: Order | None) -> list[str]:
    if order is None:
        return ["it cannot be read: see above"]
    return [order.config or "no file", json.dumps(plain(order.settings), indent=1, ensure_ascii=False)]


def _log(order: Order | None, home: Home) -> Iterator[str]:
    path = home.log if order is None else order.log(home)
    try:
        with path.open("rb") as file:
            yield from (line.decode(errors="replace").rstrip("\n") for line in last_lines(file, LOG_LINES))
    except OSError as error:
        yield f"{path}: {error.strerror}"
