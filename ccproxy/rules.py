"""What the operator's own rules import: `from ccproxy.rules import ClassificationRule`. See docs/extending.md."""

from ccproxy.routing.userrules import (
    Asked,
    ClassificationRule,
    DefaultRule,
    MatchModelRule,
    MatchToolRule,
    ThinkingRule,
    TokenCountRule,
)

__all__ = [
    "Asked",
    "ClassificationRule",
    "DefaultRule",
    "MatchModelRule",
    "MatchToolRule",
    "ThinkingRule",
    "TokenCountRule",
]
