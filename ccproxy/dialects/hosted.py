"""Tools that a vendor runs itself, or that its models alone were taught, where the upstream is another vendor's: left
out, or refused in clear words."""

from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import Choose, Opaque, ToolChoice


def name_of(tool: Opaque) -> str:
    """What such a tool is called."""
    return str(tool.value.get("name") or tool.value.get("type") or "unknown")


def lost(foreign: list[str], others: bool, choice: ToolChoice, quirks: Quirks) -> list[str]:
    """The losses for tools of these names, which the upstream does not have, beside `others` that it has. Raises
    UNTRANSLATABLE where the client cannot do without one: it is the only tool, or must be called. To answer without it
    would be to pretend, and a search that was never made looks like one that found nothing."""
    missing = next((name for name in foreign if choice.choose is Choose.NAMED and choice.name == name), None)
    if missing is None and foreign and not others:
        missing = foreign[0]
    if missing is not None:
        raise ApiError(
            Kind.UNTRANSLATABLE,
            f"only its own vendor knows the tool {missing}: {quirks.vendor or 'this provider'} has no such tool",
        )
    return [f"the tool {name}, which only its own vendor knows" for name in foreign]
