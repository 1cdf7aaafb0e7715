"""Where a configuration comes from, so that it can be read again while the daemon runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from ccproxy.config.environment import Environment
from ccproxy.config.load import NAMES, find, load
from ccproxy.config.settings import Settings

DIRECTORY_VARIABLE = "CCPROXY_CONFIG_DIR"
"""Names the directory of what is ours, in place of ~/.ccproxy."""


@frozen
class Source:
    """The file, the environment and the options of the command line. `path` None: there is no file yet, and one is
    looked for at each reading."""

    path: str | None
    environ: Environment = field(repr=False)
    flags: Mapping[str, Any] = field(factory=dict)

    @classmethod
    def found(cls, path: str | None, environ: Environment, flags: Mapping[str, Any] | None = None) -> "Source":
        """The source of a daemon that is started so. The file found now is the one that is read again later, from
        whatever directory."""
        return cls(path, environ, flags or {}).pinned()

    def pinned(self) -> "Source":
        """The same, with the file that is found now."""
        found = find(self.path, self.environ)
        return self if found is None else evolve(self, path=str(Path(found).absolute()))

    def file(self) -> Path:
        """The file that is read, links followed; where there is none yet, the one that would be made."""
        found = self.path or find(self.path, self.environ)
        if found is not None:
            return Path(found).resolve()
        home = self.environ.get(DIRECTORY_VARIABLE) or f"{self.environ.get('HOME', '.')}/.ccproxy"
        return Path(home).absolute() / NAMES[0]

    def read(self) -> Settings:
        """The settings as they are now. Raises `ConfigError`."""
        return load(self.path, self.environ, self.flags)
