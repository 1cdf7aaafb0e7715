"""What docs/clients.md shows, as a test uses it: with its own address and key in the place of those that are shown."""

import re

from tests.clients.live import TOKEN
from tests.support.daemon import CHECKOUT

ADDRESS, KEY = "http://127.0.0.1:3456", "unused"

_BLOCK = re.compile(r"<!-- a (?:file|script): ([\w.-]+) -->\n```\w+\n(.*?)^```", re.DOTALL | re.MULTILINE)


def shown() -> dict[str, str]:
    """Every file and script of the page, by its name."""
    return dict(_BLOCK.findall((CHECKOUT / "docs" / "clients.md").read_text(encoding="utf-8")))


def documented(name: str, port: int) -> str:
    """One of them, for a client that finds ccproxy at this port."""
    return shown()[name].replace(ADDRESS, f"http://127.0.0.1:{port}").replace(KEY, TOKEN)
