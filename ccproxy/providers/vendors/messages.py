"""How vendors take what Claude Code tells Anthropic besides a request: the flags of `anthropic-beta`, and the line that
attributes its prompt."""

from ccproxy.providers.vendor import Overrides

OWN_MODELS: Overrides = {"attribution": False, "refused_betas": frozenset({"*"})}
"""For who speaks the dialect with models of their own: no flag means anything to them."""

PARTNER: Overrides = {
    "attribution": False,
    "refused_betas": frozenset(
        {"oauth-*", "prompt-caching-scope-*", "fast-mode-*", "redact-thinking-*", "token-efficient-tools-*"}
    ),
}
"""For who serves Claude for Anthropic: outside its own endpoint these flags are refused (measured on Bedrock)."""
