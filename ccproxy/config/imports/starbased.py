"""ccproxy.yaml of starbased-co/ccproxy, and LiteLLM's config.yaml beside it.

There LiteLLM listened on every interface whatever was written; here `litellm.host` and `litellm.port` are meant.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ccproxy.config.documents import Document, Origin
from ccproxy.config.imports import litellm
from ccproxy.config.imports.parts import Around, Part, Taken, give_host, name_for
from ccproxy.config.imports.shapes import STARBASED
from ccproxy.config.problems import quoted
from ccproxy.providers.catalogue import vendor
from ccproxy.routing.names import is_glob

MODELS_FILE = "config.yaml"
OWN_FILE = "ccproxy.yaml"

IGNORED = {
    "metrics_enabled": "ccproxy always counts",
    "handler": "ccproxy needs no LiteLLM to run in",
}
IGNORED_OF_LITELLM = {
    "num_workers": "one process is enough here",
    "debug": "`ccproxy.debug` says it for all",
    "detailed_debug": "`ccproxy.debug` says it for all",
    "telemetry": "ccproxy sends none",
}


RULES: Mapping[str, tuple[str, Callable[[Any], dict[str, Any]]]] = {
    "TokenCountRule": ("threshold", lambda value: {"type": "tokenCount", "operator": ">", "value": value}),
    "MatchModelRule": ("model_name", lambda value: {"type": "model", "operator": "contains", "value": value}),
    "MatchToolRule": ("tool_name", lambda value: {"type": "tool", "operator": "contains", "value": value}),
    "ThinkingRule": ("", lambda _value: {"type": "thinking"}),
}
"""The rules that came with it: the parameter of each, and our condition."""

BUILT_IN_HOOKS = {
    "rule_evaluator": "rules are conditions of routes",
    "model_router": "routes lead to models",
    "extract_session_id": "a session is always known by its id",
    "capture_headers": "the log knows what is of use, and shows no key",
    "forward_oauth": "a client's own login is passed on where a provider of Anthropic's has no key",
    "forward_apikey": "a client's own key is passed on where a provider of Anthropic's has no key",
    "add_beta_headers": "what a client says of betas reaches Anthropic as it is",
    "inject_claude_code_identity": "ccproxy says that it is nobody else",
}


def read(taken: Taken, whole: Part, around: Around) -> None:
    """Take the document, and LiteLLM's beside it."""
    taken.put(("port",), litellm.PORT)
    ccproxy = whole.object("ccproxy")
    assert ccproxy is not None
    models = whole if "model_list" in whole.value else None
    if models is None and (beside := around.beside(whole.document, MODELS_FILE)):
        models = Part.whole(taken, beside)
        taken.files.append(beside.name)
    if models is None:
        taken.refuse(whole, f"found no {MODELS_FILE} beside it, expected the one of LiteLLM, with `model_list`")
        return
    server = whole.object("litellm")
    reading = litellm.models(taken, models, around)
    if server:
        if port := server.get("port"):
            port.give("port")
        give_host(server.get("host"), "apikey" in taken.value or bool(around.environ.get("CCPROXY_API_KEY")))
        server.ignore(IGNORED_OF_LITELLM)
        server.rest()
    if (debug := ccproxy.get("debug")) and debug.value is True:
        taken.put(("log_level",), "debug", debug)
    _rules(ccproxy, reading)
    _tokens(ccproxy, reading)
    _hooks(ccproxy)
    ccproxy.ignore(IGNORED)
    ccproxy.rest()
    whole.rest()


def _rules(ccproxy: Part, reading: litellm.Reading) -> None:
    """Take the rules in their order: a route for each, which answers any model where its condition holds."""
    routes = reading.taken.value.pop("routes", {})
    ruled: dict[str, Any] = {}
    labels: set[str] = {"default"}
    for rule in ccproxy.elements("rules"):
        name, kind = (rule.get("name"), rule.get("rule")) if rule.is_object() else (None, None)
        if name is None or kind is None:
            rule.note("ignored, as there: a rule has a `name` and a `rule`")
            continue
        condition, label = _condition(rule, kind), name.text()
        rule.rest()
        labels.add(label)
        if condition is not None and label not in routes:
            rule.note(f"ignored: model_list has no {quoted(label)}, so that `default` answers")
        elif condition is not None:
            route = label if label not in ruled else name_for(label, ruled)
            ruled[route] = {**routes[label], "models": ["*"], "conditions": [condition]}
            reading.taken.origins["routes", route] = Origin(rule.document, rule.path)
    passes = ccproxy.get("default_model_passthrough")
    others = dict(_behind_rules(reading, routes, labels, passes is None or passes.value is not False))
    if ruled or others:
        reading.taken.value["routes"] = {**ruled, **others, **ruled}  # Their order first, and what they say last.


def _behind_rules(
    reading: litellm.Reading, routes: dict[str, Any], labels: set[str], passes: bool
) -> Iterator[tuple[str, Any]]:
    """The routes of the other names. There a rule was asked before the name; here a very name would go first, and one
    that is written as a glob does not."""
    for name, route in routes.items():
        if name in labels:
            yield name, route
        elif passes:
            behind = name if is_glob(name) or len(labels) == 1 else f"[{name[0]}]{name[1:]}"
            origin = reading.taken.origins.pop(("routes", name), None)
            if origin is not None:
                reading.taken.origins["routes", behind] = origin
            yield behind, route


def _condition(rule: Part, kind: Part) -> dict[str, Any] | None:
    """The condition of a rule; None for one that is not ours."""
    name = kind.text().rpartition(".")[2]
    if name == "DefaultRule":
        kind.note("ignored, as there: the route `default` answers what nothing else does")
        return None
    if name not in RULES:
        own = {"type": "rule", "name": kind.text()}
        params = rule.get("params")
        return own if params is None else own | {"value": params.value}
    parameter, make = RULES[name]
    value = _parameter(rule, parameter)
    if parameter and value is None:
        rule.taken.refuse(rule, f"found no `{parameter}` in `params`, expected one for {name}")
        return None
    return make(value)


def _parameter(rule: Part, name: str) -> Any:
    """The parameter of this name, or the first of those that have no names."""
    params = rule.get("params")
    if params is None or not name:
        return None
    given = params.value if isinstance(params.value, list) else [params.value]
    for one in given:
        if isinstance(one, dict) and name in one:
            return one[name]
    return given[0] if given and not isinstance(given[0], dict) else None


def _tokens(ccproxy: Part, reading: litellm.Reading) -> None:
    """Take the commands that print tokens: each as the key of the providers of its name that have none."""
    sources = ccproxy.object("oat_sources")
    members = list(sources.members()) if sources else []
    if (old := ccproxy.get("credentials")) is not None:
        members.append(("anthropic", old))
    for name, source in members:
        command = source.get("command") if isinstance(source.value, dict) else source
        if command is None or not command.text():
            source.note("ignored: there is no command")
        elif name == "anthropic":
            source.note(
                "ignored: a login of Claude Code's is for Claude Code, which sends it itself, and it is passed on. For "
                "a key of Anthropic's write `api_key: os.environ/ANTHROPIC_API_KEY` in model_list"
            )
        else:
            _token(name, command, reading)
        if isinstance(source.value, dict):
            source.ignore({"user_agent": "ccproxy says that it is nobody else"})
            source.rest()


def _token(name: str, command: Part, reading: litellm.Reading) -> None:
    row = vendor(name)
    for index, provider in enumerate(reading.taken.value.get("providers", [])):
        if "api_key" not in provider and row is not None and vendor(provider["name"]) is row:
            reading.taken.put(("providers", index, "api_key"), {"command": command.value}, command)
            return
    command.note(f"ignored: model_list has no model of {name} without an `api_key`")


def _hooks(ccproxy: Part) -> None:
    """Take the hooks that did not come with the program."""
    taken = 0
    for hook in ccproxy.elements("hooks"):
        named = hook.get("hook") if isinstance(hook.value, dict) else hook
        path = named.text() if named is not None else ""
        name = path.rpartition(".")[2]
        if name in BUILT_IN_HOOKS:
            hook.note(f"not needed: {BUILT_IN_HOOKS[name]}")
        elif path:
            at = ("extensions", "hooks", taken)
            hook.taken.put(at, {"on": "request", "hook": path}, hook)
            if isinstance(hook.value, dict) and (params := hook.get("params")):
                params.give(*at, "parameters")
            taken += 1


def own_document(document: Document, around: Around) -> Document:
    """For LiteLLM's document the one of starbased's beside it, where there is one; else the document itself."""
    beside = around.beside(document, OWN_FILE)
    return beside if beside is not None and STARBASED.fits(beside.value) else document
