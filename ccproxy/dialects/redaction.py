"""What an upstream's words, and an operator's, must not show to whoever reads them."""

import re
from functools import cache

_SECRETS = (
    r"(?<![A-Za-z0-9])(?:sk|pk|rk|gsk|xai|pplx|csk|nvapi|hf|fw|r8|ghp|gho|ghu|github_pat|tgp_v1)[-_]"
    r"[A-Za-z0-9*._-]{6,}[A-Za-z0-9*]",
    r"AIza[0-9A-Za-z_-]{10,}",
    r"(?<![A-Za-z0-9])AKIA[0-9A-Z]{12,}",
    r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?",
    r"(?<![A-Za-z0-9])(?:org|proj|acct|account|tenant|team|workspace|wrkspc)[-_](?=[A-Za-z0-9]*\d)[A-Za-z0-9]{6,}",
    r"(?i)(?<=bearer )[A-Za-z0-9._~+/=*-]{8,}",
    r"(?i)(?<=key=)[^&\s\"']{4,}|(?<=token=)[^&\s\"']{4,}",
    r"(?i)(?<=api key provided: )[^\s.,\"']+|(?<=api key: )[^\s.,\"']{4,}",
)
_INTERNAL_URL = (
    r"(?i)\b[a-z][a-z0-9+.-]*://(?:[^\s/@\"']*@)?"
    r"(?:localhost|\[[0-9a-f:]+\]|127(?:\.\d+){3}|10(?:\.\d+){3}|192\.168(?:\.\d+){2}|169\.254(?:\.\d+){2}"
    r"|172\.(?:1[6-9]|2\d|3[01])(?:\.\d+){2}|[a-z0-9-]+(?=[:/\s\"']|$)|[a-z0-9.-]+\.(?:internal|local|lan|corp|svc|cluster)\b"
    r"(?:\.[a-z0-9.-]+)?)(?::\d+)?(?:/[^\s\"'<>)]*)?"
)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """What is replaced, and by what. They are compiled for the first text: a command seldom has one."""
    secrets = tuple((re.compile(pattern), "<redacted>") for pattern in _SECRETS)
    return (*secrets, (re.compile(_INTERNAL_URL), "<internal address>"))


def redact(text: str) -> str:
    """The text without anything that looks like a key, an organisation's id or an address inside someone's network."""
    for pattern, instead in _patterns():
        text = pattern.sub(instead, text)
    return text
