"""Where a configuration comes from, so that it can be read again while the daemon runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from ccproxy.config.environment import Environment
from ccproxy.config.load import find, load
from ccproxy.config.settings import Settings


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

    def read(self) -> Settings:
        """The settings as they are now. Raises `ConfigError`."""
        return load(self.path, self.environ, self.flags)
