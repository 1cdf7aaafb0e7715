"""The configuration that a newcomer gets: short, commented, and for the user's eyes alone."""

import json
from collections.abc import Mapping
from pathlib import Path

import click
from attrs import frozen

from ccproxy.cli.terminal import at_home
from ccproxy.wholefiles import PRIVATE, write_whole

FIRST = """// ccproxy's configuration. Comments and trailing commas are allowed; `ccproxy check` tells what it comes to.
// Every option, with its default and its meaning, is in etc/ccproxy/config.json of ccproxy's repository.
{
  // Where clients find ccproxy.
  "host": "127.0.0.1",
  "port": 3456,

  // What clients must present. While it is empty, only this machine is served.
  "apikey": "",

  // Who answers. More of them may stand here: `ccproxy providers` lists whom ccproxy knows by name.
  "providers": [%(providers)s],

  // Which model answers, by the name that a client asks for; `default` is for all names that are not told here.
  // Others that Claude Code has: "opus", "sonnet", "haiku"; docs/routing.md tells all that routes can do.
  "routes": {%(routes)s},
}
"""


@frozen
class First:
    """The one provider that a first configuration has. `key` is as it shall stand there: a key, or `${NAME}`; None
    where none shall."""

    name: str
    key: str | None = None
    model: str = ""
    url: str = ""
    dialect: str = ""

    @property
    def written(self) -> Mapping[str, object]:
        """As a configuration has it."""
        fields = {"name": self.name, "api_base_url": self.url, "dialect": self.dialect}
        written: dict[str, object] = {name: value for name, value in fields.items() if value}
        if self.key is not None:
            written["api_key"] = self.key
        if self.model:
            written["models"] = [self.model]
        return written


def first_configuration(provider: First | None) -> str:
    """The text of the file. Without a provider the keys in the environment stand for theirs."""
    if provider is None:
        comment = (
            "\n    // While there is none, each key in the environment (OPENAI_API_KEY, ...) stands for its own."
            '\n    // Without any the built-in demo answers. So they are written:\n    // {"name": "openrouter", '
            '"api_key": "${OPENROUTER_API_KEY}", "models": ["qwen/qwen3-coder"]},\n  '
        )
        return FIRST % {"providers": comment, "routes": ""}
    comment = ""
    if provider.key is not None and provider.key.startswith("${"):
        comment = "\n    // Its key is taken from the environment."
    routes = ""
    if provider.model:
        route = json.dumps({"provider": provider.name, "model": provider.model}, ensure_ascii=False)
        routes = f'\n    "default": {route},\n  '
    written = json.dumps(provider.written, ensure_ascii=False)
    return FIRST % {"providers": f"{comment}\n    {written},\n  ", "routes": routes}


def write_privately(path: Path, text: str) -> None:
    """Put the text there, readable by nobody else. What keeps it from that ends the program."""
    try:
        write_whole(path, text, kept=PRIVATE)
    except OSError as error:
        raise click.ClickException(f"{at_home(str(path))} cannot be written: {error.strerror}") from None
