"""The environment in which clients find ccproxy: what Claude Code needs behind a gateway, and what others do.

Only the program that is launched sees it. Nobody's settings are touched, and what the user has set for himself stays.
"""

from collections.abc import Mapping, Sequence

from attrs import frozen

from ccproxy.config.resolve import routes
from ccproxy.config.settings import Settings
from ccproxy.errors import ApiError
from ccproxy.providers.target import Target
from ccproxy.routing.names import alias

UNUSED = "unused"
"""A token where ccproxy wants none: without one Claude Code asks for a login."""

TIERS: Mapping[str, str] = {
    "ANTHROPIC_DEFAULT_OPUS_MODEL": "claude-opus-5-5",
    "ANTHROPIC_DEFAULT_SONNET_MODEL": "claude-sonnet-5-5",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL": "claude-haiku-5-5",
}
"""Claude Code's sizes of model: the variable that names one, and what it asks for without."""

WORKING = ("ANTHROPIC_DEFAULT_OPUS_MODEL", "ANTHROPIC_DEFAULT_SONNET_MODEL")
"""The sizes that conversations are held with. Claude Code knows one window and one cap for all."""

SUBAGENT = "subagent"
"""The route for what subagents ask."""

FOR_SUBAGENTS = "CLAUDE_CODE_SUBAGENT_MODEL"

WINDOW = 200_000
"""Of a model whose window the catalogue does not know. Where it is smaller, the vendor's complaint makes Claude Code
compact the conversation; where Claude Code took it for a million tokens, it would do so too late."""

MILLION = 1_000_000
"""What Claude Code takes the window of a model for that it does not know (measured on 2.1.329)."""

OUTPUT_SHARE = 4
"""Of the window, the part that an answer may fill: many vendors refuse a prompt and a cap that exceed it together."""

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")

FOR_CLAUDE = {
    # The models and routes that are configured appear in its /model.
    "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
    # It tells what each request is for, which routes can go by.
    "CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1",
}


@frozen
class Surroundings:
    """What a launched program's environment has of ours, and what it must not have of its user's."""

    given: Mapping[str, str]
    taken: tuple[str, ...] = ()

    def around(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The whole environment of the program."""
        left = {name: value for name, value in environ.items() if name not in self.taken}
        return {**left, **self.given}


def for_claude(settings: Settings, url: str, environ: Mapping[str, str]) -> Surroundings:
    """What Claude Code needs at this daemon."""
    given = {"ANTHROPIC_BASE_URL": url, **_past_proxies(environ)}
    taken: tuple[str, ...] = ()
    if not passes_login(settings):
        given["ANTHROPIC_AUTH_TOKEN"] = token(settings, environ)
        taken = ("ANTHROPIC_API_KEY",)  # With both, it sends both.
    wishes = {**FOR_CLAUDE, **models_told(settings)}
    return Surroundings(given | {name: value for name, value in wishes.items() if name not in environ}, taken)


def for_any(settings: Settings, url: str, environ: Mapping[str, str]) -> Surroundings:
    """What other programs need, by the variables that the SDKs of Anthropic and OpenAI read."""
    key = token(settings, environ)
    given = {
        "ANTHROPIC_BASE_URL": url,
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_API_BASE": f"{url}/v1",
        "OPENAI_API_KEY": key,
        **_past_proxies(environ),
    }
    if not passes_login(settings):
        given |= {"ANTHROPIC_AUTH_TOKEN": key, "ANTHROPIC_API_KEY": key}
    return Surroundings(given)


def token(settings: Settings, environ: Mapping[str, str]) -> str:
    """What to present. Where each client has a key of its own, it is the user's to know."""
    own = environ.get("ANTHROPIC_AUTH_TOKEN", "") if settings.has_keys else ""
    return settings.apikey.reveal() or own or UNUSED


def passes_login(settings: Settings) -> bool:
    """Whether the user's own Claude login goes through to Anthropic: then no token of ours may stand in its place."""
    target = _target(settings, TIERS["ANTHROPIC_DEFAULT_OPUS_MODEL"])
    return target is not None and not settings.has_keys and target.passes_login and not target.key


def models_told(settings: Settings) -> dict[str, str]:
    """The names by which Claude Code shall ask, its window and its cap on output, where no Claude model answers. The
    names are those of routes, so that all which a route does is done.

    A subagent has the size of whoever started it, or the one that is wished for it, and asks by that size's name. So
    its model is named only where there is a route for subagents, or nothing to choose.
    """
    named: dict[str, str] = {}
    targets: dict[str, Target] = {}
    known = routes(settings)
    for variable, asked in TIERS.items():
        try:
            chosen = known.named(asked)
        except ApiError:
            continue
        rule, _, name = chosen.rule.partition(" ")
        if rule == "route" and alias(name) != name and not _is_claude(chosen.targets[0].model):
            named[variable] = alias(name)
            targets[variable] = chosen.targets[0]
    working = [targets[variable] for variable in WORKING if variable in targets]
    of_subagents = _target(settings, SUBAGENT) if working and SUBAGENT in settings.routes else None
    if of_subagents is not None:
        # Whoever asks for a route by its name gets that one: what a subagent asks for must be its own.
        named[FOR_SUBAGENTS] = alias(SUBAGENT)
        working.append(of_subagents)
    elif len(named) == len(TIERS) and len(set(named.values())) == 1:
        named[FOR_SUBAGENTS] = next(iter(named.values()))
    return named | _sizes(working)


def _sizes(targets: Sequence[Target]) -> dict[str, str]:
    """What Claude Code must know of models that it does not know: it takes their window for a million tokens."""
    windows = [target.quirks.window or WINDOW for target in targets]
    caps = [
        min(target.quirks.max_output_tokens, window // OUTPUT_SHARE)
        for target, window in zip(targets, windows, strict=True)
        if target.quirks.max_output_tokens
    ]
    sizes = {}
    if windows and min(windows) < MILLION:
        # The first keeps it from asking for the window of a million besides, which it would then believe in.
        sizes = {"CLAUDE_CODE_DISABLE_1M_CONTEXT": "1", "CLAUDE_CODE_MAX_CONTEXT_TOKENS": str(min(windows))}
    if caps:
        sizes["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] = str(min(caps))
    return sizes


def _past_proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Clients send what is meant for this machine to a proxy too, unless they are told not to."""
    if not any(environ.get(name) for name in PROXIES):
        return {}
    here = ("127.0.0.1", "localhost")
    result = {}
    for name in ("NO_PROXY", "no_proxy"):
        listed = [host for host in environ.get(name, "").split(",") if host]
        result[name] = ",".join([*listed, *(host for host in here if host not in listed)])
    return result


def _target(settings: Settings, asked: str) -> Target | None:
    try:
        return routes(settings).named(asked).targets[0]
    except ApiError:
        return None


def _is_claude(model: str) -> bool:
    return "claude" in model.lower()
