"""`.env` files: variables beside a configuration, for those that the environment does not set itself."""

import re
from collections.abc import Mapping

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")
_COMMENT = re.compile(r"\s+#.*$")


def variables(text: str) -> Mapping[str, str]:
    """The variables of a file of lines `NAME=VALUE`. Quotes around a value are taken off, and a comment behind it is,
    where it has none. What is no such line is nothing."""
    found = {}
    for line in text.splitlines():
        if match := _LINE.fullmatch(line):
            name, value = match[1], match[2]
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
            found[name] = value[1:-1] if quoted else _COMMENT.sub("", value)
    return found
