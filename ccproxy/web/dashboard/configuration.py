"""The configuration in force."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from twisted.web.template import Tag, tags


def configuration(settings: Mapping[str, Any], file: str, findings: Sequence[str]) -> Tag:
    """What is in force, with keys masked, and what is doubtful in it."""
    sections = [
        tags.details(tags.summary(tags.code(name), " ", tags.span(_gist(value), class_="more")), tags.pre(_json(value)))
        for name, value in settings.items()
    ]
    found = (
        tags.ul([tags.li(one) for one in findings], class_="findings") if findings else tags.p("Nothing is doubtful.")
    )
    return tags.div(class_="configuration")(
        tags.h2("Findings"), found, tags.h2("In force"), tags.p("From ", tags.code(file or "no file"), "."), *sections
    )


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _gist(value: Any) -> str:
    match value:
        case {}:
            return f"{len(value)} options" if value else "none"
        case list():
            names = [str(one.get("name", "")) if isinstance(one, Mapping) else str(one) for one in value[:6]]
            return ", ".join(filter(None, names)) or f"{len(value)}"
        case _:
            return str(value)
