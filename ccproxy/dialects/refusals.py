"""Which fields of a request a refusal speaks of, in the words of vendors and of the libraries that check for them."""

import re
from collections.abc import Iterator

_NAME = r"[`'\"]?(?<![\w.\[\]])(?P<name>[A-Za-z_][\w.\[\]]{0,99})[`'\"]?"
"""Begins where a word does, so that a text of one endless word takes no longer than another."""

_REFUSALS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # OpenAI: Unsupported parameter: 'x' is not supported with this model; Unsupported value: 'x' does not
        # support …; Unknown parameter: 'x'; Unrecognized request argument supplied: x
        r"(?:unsupported|unknown|unrecognized|unexpected|invalid) "
        rf"(?:request )?(?:parameter|value|argument|field|property)s?(?: supplied)?: ?{_NAME}",
        # Go, serde, zod, Python: unknown field "x"; Unrecognized key(s) in object: 'x'; unexpected keyword argument 'x'
        rf"unknown (?:field|name|key) {_NAME}",
        rf"unrecognized key(?:\(s\)|s)? in object: {_NAME}",
        rf"unexpected keyword argument {_NAME}",
        # pydantic, as text (Anthropic, Fireworks, Mistral): x: Extra inputs are not permitted; …, field: 'x'
        rf"{_NAME}: extra inputs are not permitted",
        rf"extra inputs are not permitted, field: {_NAME}",
        # Groq, Cerebras: property 'x' is unsupported
        rf"property {_NAME} is (?:unsupported|not supported)",
        # xAI: Argument not supported on this model: x; Model m does not support parameter x
        rf"argument not supported on this model: {_NAME}",
        rf"(?:does not|doesn't) support (?:the )?(?:parameter|field|argument) {_NAME}",
        # Anthropic: This model does not support the effort parameter
        rf"(?:does not|doesn't) support (?:the )?{_NAME} (?:parameter|field)",
        # Anthropic: `temperature` is deprecated for this model. Many: x is not supported; The parameter x is not …
        rf"{_NAME} (?:parameter |field )?is "
        r"(?:deprecated|not supported|unsupported|not allowed|not permitted|not available)",
        rf"{_NAME} (?:and|or) [`'\"]?\w+[`'\"]? (?:cannot|can't) both be (?:specified|set)",
        # Anthropic: `temperature` may only be set to 1 when thinking is enabled
        rf"{_NAME} may only be set to",
    )
]
_LOCATION = re.compile(
    # pydantic, as JSON (Mistral, NIM, FastAPI): {"type":"extra_forbidden","loc":["body","x"],"msg":"Extra inputs …"}
    r"extra_forbidden[^{}]{0,80}?[\"']loc[\"']: ?[\[(](?P<before>[^\])]{0,200})[\])]"
    r"|[\"']loc[\"']: ?[\[(](?P<after>[^\])]{0,200})[\])][^{}]{0,200}?(?:extra_forbidden|extra inputs|extra fields)",
    re.IGNORECASE,
)
_PARAMETER = re.compile(r"[\"']param[\"']: ?[\"'](?P<name>[A-Za-z_][\w.\[\]]*)[\"']", re.IGNORECASE)
_CODE = re.compile(r"unsupported_(?:parameter|value)|unknown_parameter", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def refused(text: str) -> Iterator[tuple[str, ...]]:
    """The refused fields that `text` names, each as the way to it, in the spelling of bodies (`top_p` for `topP`).
    A field may come more than once, and what is no field may come along."""
    for name in _as_written(text):
        yield tuple(_CAMEL.sub("_", step).lower() for step in re.split(r"[.\[\]]+", name) if step)


def _as_written(text: str) -> Iterator[str]:
    for pattern in _REFUSALS:
        for match in pattern.finditer(text):
            yield match["name"]
    for match in _LOCATION.finditer(text):
        yield ".".join(re.findall(r"[\w$-]+", match["before"] or match["after"] or ""))
    if _CODE.search(text):
        yield from (match["name"] for match in _PARAMETER.finditer(text))
