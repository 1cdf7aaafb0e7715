"""config.yaml of LiteLLM's proxy, as far as what it says has a meaning here.

An entry of `model_list` is an account, a model and the name it is asked by. The account becomes a provider, one for all
entries that share it; the name becomes a route. Entries of one name share its requests.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from attrs import field, frozen

from ccproxy.config.imports.parts import Around, Part, Taken, name_for
from ccproxy.config.problems import quoted
from ccproxy.providers.baseurl import dialect_told_by
from ccproxy.providers.catalogue import vendor, vendor_at

PORT = 4000

PREFIXES = {
    "ollama_chat": "ollama",
    "hosted_vllm": "vllm",
    "cohere_chat": "cohere",
    "custom_openai": "openai",
    "openai_like": "openai",
    "text-completion-openai": "openai",
}
"""LiteLLM's names of providers that are not in our catalogue by themselves, and the rows for them."""

UNSUPPORTED = {
    "bedrock": "Amazon's credentials are of another kind",
    "sagemaker": "Amazon's credentials are of another kind",
    "vertex_ai": "Google's Vertex needs credentials of another kind",
    "vertex_ai_beta": "Google's Vertex needs credentials of another kind",
    "watsonx": "IBM's credentials are of another kind",
    "oci": "Oracle's credentials are of another kind",
}

KNOWN_MODELS = (("gpt-", "openai"), ("o1", "openai"), ("o3", "openai"), ("o4", "openai"), ("chatgpt-", "openai"),
                ("claude-", "anthropic"), ("gemini-", "gemini"), ("deepseek-", "deepseek"), ("grok-", "xai"),
                ("mistral-", "mistral"), ("codestral-", "mistral"))  # fmt: skip
"""Whose a model is that is named without its provider."""

PARAMETERS = ("temperature", "top_p", "top_k", "max_tokens")
"""What an entry may say of every request to it."""

COMPATIBLE = ("openai", "anthropic", "gemini")
"""Names that LiteLLM gives to whoever speaks as these do, too: an `api_base` elsewhere is somebody else."""

_ENVIRON = re.compile(r"os\.environ/([A-Za-z_][A-Za-z0-9_]*)")

NO_MEANING = "it has no meaning here"


@frozen
class Deployment:
    """One way to answer a name."""

    part: Part
    provider: str
    model: str
    weight: int = 1
    parameters: dict[str, Any] = field(factory=dict)


@frozen
class Reading:
    """What was found so far: accounts and the names of their providers, and the deployments of each name."""

    taken: Taken
    accounts: dict[tuple[str, ...], str] = field(factory=dict)
    groups: dict[str, list[Deployment]] = field(factory=dict)
    variables: dict[str, str] = field(factory=dict)
    """Of the section `environment_variables`."""

    def expanded(self, value: Any) -> Any:
        """`os.environ/NAME` as we write it, or its value where the file has that too."""
        if not isinstance(value, str) or not (match := _ENVIRON.fullmatch(value.strip())):
            return value
        return self.variables.get(match[1], "${" + match[1] + "}")


def read(taken: Taken, whole: Part, around: Around) -> None:
    """Take the document."""
    taken.put(("port",), PORT)
    models(taken, whole, around)


def models(taken: Taken, whole: Part, around: Around) -> Reading:
    """Take all but where to listen."""
    reading = Reading(taken)
    if variables := whole.object("environment_variables"):
        for name, part in variables.members():
            reading.variables[name] = str(part.value)
    if general := whole.object("general_settings"):
        if key := general.get("master_key"):
            taken.put(("apikey",), reading.expanded(key.value), key)
        general.ignore(
            {
                "forward_client_headers_to_llm_api": "a client's own login is passed on where a provider of "
                "Anthropic's has no key",
                "database_url": "ccproxy needs no database",
                "store_model_in_db": "ccproxy needs no database",
            }
        )
        general.rest(NO_MEANING)
    for entry in whole.elements("model_list"):
        if entry.is_object():
            _entry(reading, entry)
    settings, router = whole.object("litellm_settings"), whole.object("router_settings")
    _routes(reading)
    for part in filter(None, (settings, router)):
        _fallbacks(reading, part)
        _aliases(reading, part)
        _settings(reading, part)
    whole.rest(NO_MEANING)
    return reading


def _settings(reading: Reading, part: Part) -> None:
    if timeout := part.get("request_timeout") or part.get("timeout"):
        timeout.give("performance", "first_byte_timeout")
        timeout.note("taken as `first_byte_timeout`: how long until an answer begins")
    part.ignore(
        {
            "drop_params": "what a model does not take is always left out",
            "modify_params": "requests are always made to fit the model",
            "callbacks": "hooks of LiteLLM's run in LiteLLM alone",
            "success_callback": "hooks of LiteLLM's run in LiteLLM alone",
            "failure_callback": "hooks of LiteLLM's run in LiteLLM alone",
            "num_retries": "how often is tried again follows from what failed",
        }
    )
    part.rest(NO_MEANING)


def _entry(reading: Reading, entry: Part) -> None:
    """Take one element of model_list."""
    name, params = entry.get("model_name"), entry.object("litellm_params")
    if name is None or params is None:
        if entry.knows("litellm_params") and params is None and entry.value.get("litellm_params") is not None:
            return  # It is told already.
        reading.taken.refuse(entry, "expected `model_name` and `litellm_params` with a `model`")
        return
    model = params.get("model")
    if model is None:
        reading.taken.refuse(params, "found no `model`, expected one such as openai/gpt-4o")
        return
    asked, written = name.text(), model.text()
    if not asked or not written:
        return
    base = params.get("api_base") or params.get("base_url")
    custom = params.get("custom_llm_provider")
    prefix, rest = _split(written, custom.text() if custom else "", base)
    if prefix in UNSUPPORTED:
        entry.note(f"ignored: {prefix} is no provider of ccproxy's ({UNSUPPORTED[prefix]})")
        return
    provider = _provider(reading, params, prefix, base)
    if provider is None:
        entry.note(
            f"ignored: ccproxy does not know the provider {quoted(prefix)}, and there is no `api_base` to ask it at"
        )
        return
    weight = params.get("weight")
    parameters = {name: part.value for name in PARAMETERS if (part := params.get(name))}
    group = reading.groups.setdefault(asked, [])
    share = weight.value if weight and isinstance(weight.value, int) and weight.value > 0 else 1
    group.append(Deployment(entry, provider, rest, share, parameters))
    params.rest(NO_MEANING)
    entry.ignore({"model_info": "windows and prices of models are known, or told by the provider's `quirks`"})
    entry.rest(NO_MEANING)


def _split(model: str, custom: str, base: Part | None) -> tuple[str, str]:
    """The provider's name and the model's, of a model's name as LiteLLM takes it."""
    prefix, slash, rest = model.partition("/")
    if custom:
        return custom, rest if slash and prefix == custom else model
    if slash and (prefix in PREFIXES or prefix in UNSUPPORTED or vendor(prefix) is not None):
        return prefix, rest
    for start, owner in KNOWN_MODELS:
        if not slash and model.startswith(start):
            return owner, model
    return ("openai", model) if base is not None else (prefix if slash else model, rest or model)


def _provider(reading: Reading, params: Part, prefix: str, base: Part | None) -> str | None:
    """Our provider for this account; None where nothing is known of it."""
    url = str(reading.expanded(base.value)) if base is not None else ""
    key = params.get("api_key")
    written_key = reading.expanded(key.value) if key is not None else None
    headers, body = params.get("extra_headers"), params.get("extra_body")
    account = (prefix, url, str(written_key), *(repr(part.value) if part else "" for part in (headers, body)))
    if account in reading.accounts:
        return reading.accounts[account]
    row = vendor(PREFIXES.get(prefix, prefix))
    known = row is not None and row.name not in COMPATIBLE
    at_home = row is not None and (not url or known or vendor_at(_bare(url)) is row)
    if row is None and not url:
        return None
    wanted = row.name if at_home and row is not None else _host(url) or prefix
    name = name_for(wanted, reading.accounts.values())
    at = ("providers", len(reading.accounts))
    taken = reading.taken
    taken.put((*at, "name"), name, params)
    if base is not None:
        taken.put((*at, "api_base_url"), url, base)
    elif name != wanted and row is not None:
        taken.put((*at, "api_base_url"), row.base_url, params)
    if key is not None:
        taken.put((*at, "api_key"), written_key, key)
    elif name != wanted and row is not None and row.key_variable:
        taken.put((*at, "api_key"), "${" + row.key_variable + "}", params)
    if url and not at_home and not dialect_told_by(url):
        speaks = prefix if prefix in ("anthropic", "gemini") else "openai_chat"
        taken.put((*at, "dialect"), speaks, params)
    if headers is not None:
        headers.give(*at, "quirks", "headers")
    if body is not None:
        body.give(*at, "quirks", "body")
    reading.accounts[account] = name
    return name


def _bare(url: str) -> str:
    return url if _host(url) else ""


def _host(url: str) -> str:
    try:
        return urlsplit(url.strip()).hostname or ""
    except ValueError:
        return ""


def _routes(reading: Reading) -> None:
    """A route for each name, and what answers where it does not."""
    for name, group in reading.groups.items():
        path = ("routes", _route_name(name))
        targets = [_target(name, deployment) for deployment in group]
        if len(targets) == 1:
            reading.taken.put(path, targets[0], group[0].part)
        else:
            weighted = [target | {"weight": one.weight} for target, one in zip(targets, group, strict=True)]
            reading.taken.put(path, {"targets": weighted, "strategy": "weighted"}, group[0].part)
        if (parameters := group[0].parameters) and len(group) == 1:
            reading.taken.put((*path, "parameters"), parameters, group[0].part)


def _route_name(name: str) -> str:
    return "default" if name == "*" else name


def _target(name: str, deployment: Deployment) -> dict[str, Any]:
    """Where a deployment is asked. A model with a star stands for what the star of its name stood for."""
    starred = "*" in deployment.model
    return {"provider": deployment.provider, "model": "" if starred else deployment.model}


def _fallbacks(reading: Reading, part: Part) -> None:
    """Take the lists that name other groups for a group."""
    for key in ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks"):
        for element in part.elements(key):
            if element.is_object():
                for name, others in element.members():
                    if name in reading.groups:
                        _fall_back(reading, name, others.listed())
                    else:
                        others.note("ignored: no entry of model_list has this name")
    if defaults := part.elements("default_fallbacks"):
        for name in reading.groups:
            _fall_back(reading, name, defaults)


def _fall_back(reading: Reading, name: str, others: list[Part]) -> None:
    path = ("routes", _route_name(name), "fallbacks")
    for other in others:
        group = reading.groups.get(other.text())
        if group is None:
            other.note("ignored: no entry of model_list has this name")
        elif other.text() != name:
            known = reading.taken.value["routes"][_route_name(name)].get("fallbacks", [])
            for target in (_target(other.text(), deployment) for deployment in group):
                if target not in known:
                    reading.taken.put((*path, len(known)), target, other)
                    known = reading.taken.value["routes"][_route_name(name)]["fallbacks"]


def _aliases(reading: Reading, part: Part) -> None:
    """Take other names for groups."""
    aliases = part.object("model_group_alias")
    for name, alias in aliases.members() if aliases else ():
        group = alias.value.get("model") if isinstance(alias.value, dict) else alias.value
        if isinstance(group, str) and group in reading.groups:
            alias.taken.put(("routes", name), dict(reading.taken.value["routes"][_route_name(group)]), alias)
        else:
            alias.note("ignored: no entry of model_list has this name")
