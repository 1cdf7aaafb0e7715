"""`docs/vendors.md` lists the catalogue as it is. `python -m tests.providers.test_vendor_list` writes it anew."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.providers.vendor import Vendor
from ccproxy.providers.vendors.rows import ALIASES, VENDORS

PAGE = Path(__file__).parents[2] / "docs/vendors.md"

HEAD = """# Vendors

Each of these is configured by its name, with its key in the environment variable beside it:
`"providers": [{"name": "groq"}]` and `GROQ_API_KEY` are enough. Where the address has a `${NAME}` in it, that variable
says which account or host is meant. The first dialect is the one that is used; `"dialect"` in the configuration chooses
another, `"api_base_url"` another address, and `"quirks"` corrects what is known of the vendor's peculiarities.

| name | key in | dialects | address | also called |
|---|---|---|---|---|
"""


def line(row: Vendor) -> str:
    """The row of one vendor."""
    dialects = [row.dialect, *(dialect for dialect in row.endpoints if dialect != row.dialect)]
    key = f"`{row.key_variable}`" if row.key_variable else "(needs none)"
    others = ", ".join(f"`{alias}`" for alias, name in ALIASES.items() if name == row.name)
    return f"| `{row.name}` | {key} | {', '.join(dialects)} | `{row.base_url}` | {others} |\n"


def page() -> str:
    """The whole of it."""
    return HEAD + "".join(line(row) for row in VENDORS)


class VendorListTests(SynchronousTestCase):
    """The page that people look a vendor up in."""

    def test_page(self) -> None:
        """Every vendor is on the page, as the catalogue has it."""
        self.assertEqual(PAGE.read_text(), page(), "run python -m tests.providers.test_vendor_list")


if __name__ == "__main__":
    PAGE.write_text(page())
