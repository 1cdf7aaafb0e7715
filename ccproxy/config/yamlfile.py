"""YAML by PyYAML's safe loader, read so that every key knows its line."""

import importlib
from typing import Any

from ccproxy.config.documents import DEPTH_LIMIT, Document, fail
from ccproxy.config.problems import Path, quoted
from ccproxy.config.settings import ConfigError
from ccproxy.dialects.redaction import redact

NODE_LIMIT = 200_000
"""Values in a file, counted once for each alias that repeats them: a few lines of aliases can stand for billions."""


def read_yaml(text: str, name: str) -> Document:
    """The document in `text`. Raises `ConfigError` with the place in the file called `name`."""
    try:
        yaml = _yaml()
    except ImportError:
        raise ConfigError(
            f"{name}: reading YAML needs the Python package PyYAML, which is not installed; or write JSON"
        ) from None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return Document(name, {})
        lines: dict[Path, int] = {}
        _Walk(yaml, name, lines).value(node, ())
        value = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "this is not YAML"
        fail(name, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, redact(str(problem)))
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}: this is not YAML: {str(error).splitlines()[0]}") from None
    except (ValueError, TypeError, OverflowError):  # From dates and numbers that do not exist, such as 2024-13-41.
        raise ConfigError(f"{name}: it holds a date or number that does not exist; put texts in quotes") from None
    except RecursionError:
        raise ConfigError(f"{name}: objects and lists lie too deep in each other") from None
    if not isinstance(value, dict):
        fail(name, node.start_mark.line + 1, 1, "expected keys and values, found something else")
    return Document(name, value, lines)


def rewritten(text: str, section: str, value: Any) -> str:
    """A text that was read, with another value for a key at its top. Comments outside of that section stay."""
    yaml = _yaml()
    said = yaml.safe_dump({section: value}, sort_keys=False, allow_unicode=True)
    root = yaml.compose(text, yaml.SafeLoader)
    for key, present in [] if root is None else root.value:
        if key.value == section:
            return f"{text[: key.start_mark.index]}{said.rstrip()}{text[_end(present) :]}"
    gap = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{gap}{said}"


def _end(node: Any) -> int:
    """Where a node really ends: the mark of a block's end is behind the comments that follow it."""
    if getattr(node, "flow_style", True) or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)


def _yaml() -> Any:
    """Here and nowhere else is a module imported late: a daemon configured by JSON saves the time and the memory."""
    return importlib.import_module("yaml")


class _Walk:
    """Goes once over the nodes: notes lines, and refuses what no configuration holds."""

    def __init__(self, yaml: Any, name: str, lines: dict[Path, int]) -> None:
        self._yaml = yaml
        self._name = name
        self._lines = lines
        self._count = 0

    def value(self, node: Any, path: Path) -> None:
        self._count += 1
        mark = node.start_mark
        if len(path) > DEPTH_LIMIT or self._count > NODE_LIMIT:
            self._fail(mark, f"more than {DEPTH_LIMIT} levels or {NODE_LIMIT} values, with what aliases repeat")
        if isinstance(node, self._yaml.SequenceNode):
            for index, element in enumerate(node.value):
                self._lines[*path, index] = element.start_mark.line + 1
                self.value(element, (*path, index))
        elif isinstance(node, self._yaml.MappingNode):
            self._mapping(node, path)

    def _mapping(self, node: Any, path: Path) -> None:
        seen: dict[str, int] = {}
        for key, value in node.value:
            mark = key.start_mark
            if key.tag == "tag:yaml.org,2002:merge":
                self.value(value, (*path, "<<"))
                continue
            if key.tag != "tag:yaml.org,2002:str":
                self._fail(mark, "expected a key that is text (put it in quotes), found another kind of value")
            if key.value in seen:
                again = f"the key {quoted(key.value)} is here a second time; it is first on line {seen[key.value]}"
                self._fail(mark, again)
            seen[key.value] = mark.line + 1
            self._lines[*path, key.value] = mark.line + 1
            self.value(value, (*path, key.value))

    def _fail(self, mark: Any, text: str) -> None:
        fail(self._name, mark.line + 1, mark.column + 1, text)
