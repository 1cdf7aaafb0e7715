"""tiktoken's ranks taken out of an archive that carries them.

Several packages do, under names of their own. Size and digest tell the file, so the archive need not be trusted; a
member of another size is not even unpacked.
"""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from ccproxy.tokens.ranks import ENCODING, RANKS, NoRanks, Pinned
from ccproxy.wholefiles import beside

WHEEL = "llama-index-core==0.14.25"
"""A wheel that carries the ranks."""

WHEEL_SHA256 = "caa7d9c5ac9b13dc33400cf8d5e92e689b6d1e4497eb9bfa50d6f52ca2eb22a1"

Member = tuple[int, Callable[[], bytes]]
"""Size, and how to read it."""


def take(archive: Path, directory: Path, wanted: Pinned = RANKS) -> Path:
    """Put the ranks that `archive` (a wheel, another zip, or a tar of any compression) holds into `directory`, which
    is made where it is missing. The new file replaces an old one at once, never in parts. Returns its path. Raises
    `NoRanks` where the archive cannot be read or does not hold them, OSError where the directory cannot be written."""
    data = _ranks_in(archive, wanted)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / wanted.name
    with beside(path, data, new=0o644) as written:
        return written.replace(path)


def _ranks_in(archive: Path, wanted: Pinned) -> bytes:
    try:
        found = next((data for data in _candidates(archive, wanted.size) if wanted.matches(data)), None)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError):
        raise NoRanks(f"{archive} is no archive that can be unpacked: a wheel, zip or tar is wanted") from None
    except OSError as error:
        raise NoRanks(f"{archive} cannot be read: {error.strerror or error}") from None
    if found is None:
        raise NoRanks(
            f"{archive} does not hold tiktoken's {ENCODING}, byte for byte: give the wheel of {WHEEL}, or another "
            "archive that has the file"
        )
    return found


def _candidates(archive: Path, wanted: int) -> Iterator[bytes]:
    """What has the right size."""
    for size, read in _zipped(archive) if zipfile.is_zipfile(archive) else _tarred(archive):
        if size == wanted:
            yield read()


def _zipped(archive: Path) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as file:
        for info in file.infolist():
            yield info.file_size, lambda info=info: file.read(info)  # type: ignore[misc]


def _tarred(archive: Path) -> Iterator[Member]:
    with tarfile.open(archive) as file:
        for info in file:
            if info.isfile():
                yield info.size, lambda info=info: _contents(file, info)  # type: ignore[misc]


def _contents(file: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    member = file.extractfile(info)
    return b"" if member is None else member.read()
