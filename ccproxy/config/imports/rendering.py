"""Our own configuration as text: JSON with comments, in the order and the words of the reference."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import fields

from ccproxy.config.documents import Document
from ccproxy.config.settings import Settings

WIDTH = 112
"""Characters of a line, above which a value takes several."""

COMMENTS: Mapping[str, str] = {
    "host": "Where clients reach ccproxy.",
    "port": "Where clients reach ccproxy.",
    "apikey": "What clients must present.",
    "log": "Whether each exchange gets a line in the log.",
    "log_level": "debug, info, warn, error or critical.",
    "providers": 'The services that answer. Keys are better kept in the environment: "${NAME}" stands for one.',
    "routes": "Where requests lead, by what they ask for and what they are.",
    "performance": "Deadlines and limits.",
}

REFERENCE = "Every option, with its default and its meaning, is in etc/ccproxy/config.json of ccproxy."


def text_of(document: Document) -> str:
    """The document as a file of ours, with what its notes say on top."""
    lines = [f"// Made of {', '.join(document.files) or document.name} by `ccproxy import`.", f"// {REFERENCE}"]
    if document.notes:
        lines += ["//", "// Not taken as it stood there:"]
        lines += [f"//   {note}" for note in document.notes]
    lines += ["{", *_members(document.value), "}", ""]
    return "\n".join(lines)


def _members(value: Mapping[str, Any]) -> Iterator[str]:
    order = [member.name for member in fields(Settings)]
    told = ""
    for key in sorted(value, key=lambda name: order.index(name) if name in order else len(order)):
        comment = COMMENTS.get(key, "")
        if comment and comment != told:
            yield f"  // {comment}"
        told = comment
        yield f"  {_quoted(key)}: {_written(value[key], '  ')},"


def _written(value: Any, indent: str) -> str:
    """A value, on one line where it fits; the lists and objects that configurations are made of always take several."""
    plain = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(plain) <= WIDTH and (len(indent) > 2 or not isinstance(value, (dict, list)) or not value):
        return plain
    deeper = indent + "  "
    match value:
        case dict():
            inner = [f"{deeper}{_quoted(key)}: {_written(part, deeper)}," for key, part in value.items()]
            return "\n".join(["{", *inner, f"{indent}}}"])
        case list():
            inner = [f"{deeper}{_written(part, deeper)}," for part in value]
            return "\n".join(["[", *inner, f"{indent}]"])
        case _:
            return plain


def _quoted(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)
