"""Where the daemon of this user keeps what belongs to its process."""

from collections.abc import Mapping
from pathlib import Path

from attrs import frozen


@frozen
class Home:
    """A directory and the files in it. Two daemons of one user need two."""

    directory: Path

    @property
    def lock(self) -> Path:
        """Held by the living daemon; it says what that is."""
        return self.directory / "ccproxy.lock"

    @property
    def users(self) -> Path:
        """Held by each `ccproxy code` and the like, for as long as its program runs."""
        return self.directory / "ccproxy.users"

    @property
    def pid(self) -> Path:
        """For people: `kill $(cat ~/.ccproxy/ccproxy.pid)`."""
        return self.directory / "ccproxy.pid"

    @property
    def reload(self) -> Path:
        """How the daemon's last reload went; written by the daemon."""
        return self.directory / "ccproxy.reload"

    @property
    def log(self) -> Path:
        """Where a daemon in the background logs, unless its configuration names a file."""
        return self.directory / "ccproxy.log"

    def make(self) -> None:
        """Makes the directory, for the user's eyes alone."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def home(environ: Mapping[str, str]) -> Home:
    """The one that is meant in this environment: systemd's for its services, else one that was named, else
    `~/.ccproxy`."""
    named = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0] or environ.get("CCPROXY_CONFIG_DIR", "")
    return Home(in_home(named or "~/.ccproxy", environ).absolute())


def in_home(name: str, environ: Mapping[str, str]) -> Path:
    """A path that may begin with `~`. Somebody without a home, as in containers, has the root directory for one."""
    if not name.startswith("~/"):
        return Path(name)
    try:
        return Path(environ.get("HOME") or Path.home()) / name[2:]
    except RuntimeError:
        return Path("/") / name[2:]
