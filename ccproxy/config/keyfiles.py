"""Keys that are in files of their own: `{"file": "keys/openai"}` wherever a key may stand.

A file is read when the configuration is, so that a key is changed by writing its file and reloading. A relative name is
one beside the configuration file. What is read is no text of the configuration: no `${NAME}` in it is looked into.
"""

import os
from pathlib import Path as FilePath
from typing import Any

from ccproxy.config.problems import OutsideText, Path, Problem, quoted

KEYS = frozenset({"apikey", "api_key", "api_keys", "key"})
"""Options that are keys."""

LIMIT = 64 * 1024
"""Bytes of a file: a key has no more, and whoever names a log by mistake shall be told."""


class KeyFiles:
    """Puts keys in the place of the files that hold them. `problems` collects what cannot be read."""

    def __init__(self, directory: FilePath) -> None:
        self._directory = directory
        self.problems: list[Problem] = []

    def of(self, value: Any, path: Path = (), is_key: bool = False) -> Any:
        """The value with every file of a key replaced by its text."""
        match value:
            case {"file": str() as name} if is_key and len(value) == 1:
                return self._read(name, path)
            case {"file": str() as name, "refresh": _} if is_key and len(value) == 2:
                # It is read now, too, so that a name that is wrong is told at the start.
                self._read(name, path)
                return value | {"file": str(self._directory.absolute() / FilePath(name).expanduser())}
            case list():
                return [self.of(element, (*path, index), is_key) for index, element in enumerate(value)]
            case dict():
                return {key: self.of(element, (*path, key), key in KEYS) for key, element in value.items()}
            case _:
                return value

    def _read(self, name: str, path: Path) -> str:
        where = self._directory / FilePath(name).expanduser()
        try:
            with where.open("rb") as file:
                data = file.read(LIMIT + 1)
        except (OSError, ValueError) as error:
            reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "this is no file name"
            self.problems.append(Problem(path, f"the key's file {quoted(name)} cannot be read: {reason}"))
            return ""
        try:
            text = data.decode("ascii").strip()
        except UnicodeDecodeError:
            text = ""
        if not text or not text.isprintable() or len(data) > LIMIT:
            expected = "expected one line of printable ASCII"
            self.problems.append(Problem(path, f"the key's file {quoted(name)} does not hold a key: {expected}"))
            return ""
        return OutsideText(text)
