"""tiktoken's ranks: where they lie, whether they are the right ones, and counting by them.

tiktoken fetches a missing file itself, in the calling thread and without a deadline, and it does so again where a file
is not what it expects. A daemon must do neither: the file is found and checked before tiktoken is asked for anything.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

Measure = Callable[[str], int]
"""How many tokens a text is."""

ENCODING = "o200k_base"
"""Of OpenAI's present models; of all public vocabularies the nearest to those of others."""


@frozen
class Pinned:
    """A file known to the byte: its name where it is kept, its size in bytes, and its SHA-256."""

    name: str
    size: int
    sha256: str

    def matches(self, data: bytes) -> bool:
        """Whether these are the file's contents."""
        return len(data) == self.size and hashlib.sha256(data).hexdigest() == self.sha256

    def is_in(self, directory: Path) -> bool:
        """Whether there is a file of this name and size. Cheap: nothing is read."""
        path = directory / self.name
        try:
            return path.is_file() and path.stat().st_size == self.size
        except OSError:
            return False


RANKS = Pinned(
    "fb374d419588a4632f3f557e76b4b70aebbca790",
    3613922,
    "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
)
"""The ranks of `ENCODING`, under the name of tiktoken's cache: the SHA-1 of where they come from. Size and
digest are those that tiktoken itself pins."""

VARIABLE = "CCPROXY_TOKENS_DIR"
SYSTEM_WIDE = Path("/usr/share/ccproxy/tiktoken")

SLICE = 50_000
"""Characters counted at once. tiktoken panics on a million blanks (measured on 0.14), and a slice bounds its time."""


class NoRanks(Exception):
    """There are no ranks to count by; `str()` says what is missing or wrong, and the cure."""


def own_directory(environ: Mapping[str, str], home: Path) -> Path:
    """Where a user's ranks belong: `CCPROXY_TOKENS_DIR`, else a cache directory under `home`."""
    named = environ.get(VARIABLE)
    return Path(named) if named else home / ".cache" / "ccproxy" / "tiktoken"


def find(
    environ: Mapping[str, str], home: Path, system_wide: Path = SYSTEM_WIDE, wanted: Pinned = RANKS
) -> Path | None:
    """The directory that has the ranks, by their name and size; None where there is none. A directory that the
    environment names is the only one looked at."""
    own = own_directory(environ, home)
    places = (own,) if environ.get(VARIABLE) else (own, system_wide)
    return next((place for place in places if wanted.is_in(place)), None)


def load(directory: Path) -> Measure:
    """Counting by the ranks in `directory`. It takes a third of a second, a good part of it without giving up the
    interpreter's lock, and 75 MB: load before serving. Raises `NoRanks` where the file is not the right one."""
    path = directory / RANKS.name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NoRanks(f"{path} cannot be read: {error.strerror}. `ccproxy tokens fetch` puts it there") from None
    if not RANKS.matches(data):
        raise NoRanks(f"{path} is not tiktoken's {ENCODING}: delete it, and let `ccproxy tokens fetch` put it there")
    # 5 MB and 20 ms that a daemon without ranks need not spend.
    import tiktoken

    with _cache_at(directory):
        encoding = tiktoken.get_encoding(ENCODING)

    def measure(text: str) -> int:
        return sum(len(encoding.encode_ordinary(text[start : start + SLICE])) for start in range(0, len(text), SLICE))

    return measure


@contextmanager
def _cache_at(directory: Path) -> Iterator[None]:
    """Within it, tiktoken reads from `directory`: it asks the environment, each time."""
    name = "TIKTOKEN_CACHE_DIR"
    before = os.environ.get(name)
    os.environ[name] = str(directory)
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
