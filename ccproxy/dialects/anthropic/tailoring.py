"""What of a client's request stays behind where an upstream of this dialect is not Anthropic.

Anthropic's own endpoint gets everything as it came. Others refuse flags of `anthropic-beta` that they do not know
(`invalid beta flag`), and then the field of the body that goes with a flag. The row of a vendor says which flags it
refuses; here is which field goes with which flag.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from ccproxy.dialects.anthropic.models import is_claude
from ccproxy.dialects.anthropic.tables import ATTRIBUTION
from ccproxy.dialects.quirks import Quirks
from ccproxy.wire.jsontext import NotJson, dumps, loads
from ccproxy.wire.splice import member, splice

HEADER = "anthropic-beta"

FIELDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    # a flag, and the ways to the fields that are refused without it; `*` is every element of an array
    ("advanced-tool-use-*", ("tools.*.input_examples", "tools.*.allowed_callers", "tools.*.defer_loading")),
    ("cache-diagnosis-*", ("diagnostics",)),
    ("code-execution-*", ("container",)),
    ("compact-*", ("compaction", "context_management")),
    ("context-management-*", ("context_management",)),
    ("effort-*", ("output_config.effort",)),
    ("extended-cache-ttl-*", ("cache_control.ttl", "*.cache_control.ttl")),
    ("fallback-credit-*", ("fallback_credit_token",)),
    ("fast-mode-*", ("speed",)),
    ("fine-grained-tool-streaming-*", ("tools.*.eager_input_streaming",)),
    ("mcp-client-*", ("mcp_servers",)),
    ("message-threads-*", ("thread",)),
    ("mid-conversation-output-config-*", ("messages.*.output_config",)),
    ("mid-conversation-system-clear-at-*", ("messages.*.clear_at",)),
    ("prompt-caching-scope-*", ("cache_control.scope", "*.cache_control.scope")),
    ("server-side-fallback-*", ("fallbacks",)),
    ("skills-*", ("container",)),
    ("structured-outputs-*", ("output_format", "tools.*.strict")),
    ("task-budgets-*", ("output_config.task_budget",)),
    ("thinking-binding-controls-*", ("thinking.block_binding",)),
    ("thinking-display-updates-*", ("thinking.display",)),
    ("tool-examples-*", ("tools.*.input_examples",)),
    ("user-profiles-billing-*", ("billing_policy",)),
)

_CACHED = ("system", "tools", "messages.*.content", "messages.*.content.*.content")
"""Arrays whose elements may bear a cache marker: what the path `*.cache_control.…` speaks of."""


def tailored(headers: Mapping[str, str], body: bytes, quirks: Quirks) -> tuple[dict[str, str], bytes, tuple[str, ...]]:
    """Headers and body as this vendor takes them, and what was left out."""
    if not quirks.attribution and not is_claude(quirks.model):
        body = _without_attribution(body)
    told = dict(headers)
    flags = [flag.strip() for flag in told.get(HEADER, "").split(",") if flag.strip()]
    refused = [flag for flag in flags if any(fnmatchcase(flag, pattern) for pattern in quirks.refused_betas)]
    if not refused:
        return told, body, ()
    if kept := [flag for flag in flags if flag not in refused]:
        told[HEADER] = ",".join(kept)
    else:
        del told[HEADER]
    body, lost = _without_fields(body, list(_paths(refused)))
    return told, body, (*(f"beta {flag}" for flag in refused), *lost)


def _paths(refused: list[str]) -> Iterator[str]:
    for pattern, paths in FIELDS:
        if any(fnmatchcase(flag, pattern) for flag in refused):
            for path in paths:
                if path.startswith("*."):
                    yield from (f"{array}.{path}" for array in _CACHED)
                else:
                    yield path


def _without_fields(body: bytes, paths: list[str]) -> tuple[bytes, list[str]]:
    """The body without the fields at these places; the same bytes where there is none of them."""
    found = [path for path in paths if f'"{path.rpartition(".")[2]}"'.encode() in body]
    if not found:
        return body, []
    try:
        root = loads(body)
    except NotJson:
        return body, []
    lost = [path for path in found if _remove(root, path.split("."))]
    return (dumps(root), lost) if lost else (body, [])


def _remove(value: Any, steps: list[str]) -> bool:
    step, rest = steps[0], steps[1:]
    if step == "*":
        return sum(_remove(each, rest) for each in value) > 0 if isinstance(value, list) else False
    if not isinstance(value, dict) or step not in value:
        return False
    if rest:
        removed = _remove(value[step], rest)
        if removed and value[step] == {} and step != "cache_control":
            del value[step]
        return removed
    del value[step]
    return True


def _without_attribution(body: bytes) -> bytes:
    """The body without the line that Claude Code puts before its system prompt for Anthropic: it differs from
    conversation to conversation, and would spoil another vendor's prefix cache."""
    if ATTRIBUTION.encode() not in body:
        return body
    written = member(body, "system")
    if written is None:
        return body
    system = loads(written)
    blocks = [{"type": "text", "text": system}] if isinstance(system, str) else system
    if not isinstance(blocks, list):
        return body
    kept: list[Any] = []
    for block in blocks:
        text = block.get("text") if isinstance(block, dict) else None
        if isinstance(text, str) and text.lstrip().startswith(ATTRIBUTION):
            rest = text.lstrip().partition("\n")[2].lstrip("\n")
            if rest:
                kept.append({**block, "text": rest})
        else:
            kept.append(block)
    if kept == blocks:
        return body
    if isinstance(system, str):
        return splice(body, "system", dumps(kept[0]["text"] if kept else ""))
    return splice(body, "system", dumps(kept))
