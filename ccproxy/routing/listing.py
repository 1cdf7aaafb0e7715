"""What a client may ask for by name: the models and routes that lists of models show."""

from collections.abc import Iterator, Mapping

from attrs import frozen

from ccproxy.errors import ApiError
from ccproxy.providers.provider import Provider
from ccproxy.providers.target import Target
from ccproxy.routing.names import alias
from ccproxy.routing.routes import Routes
from ccproxy.routing.rules import DEFAULT


@frozen
class Listed:
    """A name that can be asked for, and the target that then answers first. `title` is for people."""

    id: str
    title: str
    target: Target


def listing(providers: Mapping[str, Provider], routes: Routes) -> tuple[Listed, ...]:
    """All names: of every provider's models, of every route, and an alias of each that Claude Code would not show.

    A model that several providers have goes by the provider's name too, so that each of them can be asked.
    """
    return tuple({listed.id: listed for listed in _all(providers, routes)}.values())


def find(providers: Mapping[str, Provider], routes: Routes, name: str) -> Listed | None:
    """What `name` stands for: one that is listed, or one that names its provider. None where only the default route
    would answer, as it does for any name, and where nothing would. Raises NO_ROUTE as `Routes.named` does."""
    for listed in listing(providers, routes):
        if listed.id == name:
            return listed
    chosen = routes.named(name)
    if chosen.rule == f"route {DEFAULT}":
        return None
    target = chosen.targets[0]
    return Listed(name, _title(target), target)


def _all(providers: Mapping[str, Provider], routes: Routes) -> Iterator[Listed]:
    for name in routes.route_names:
        target = routes.named(name).targets[0]
        title = f"{name}: {_title(target)}"
        yield Listed(name, title, target)
        yield Listed(alias(name), title, target)
    for provider in providers.values():
        for model in provider.models or (provider.default_model,):
            if not model:
                continue
            target = provider.target(model)
            # Another provider may have a model whose own name looks like a provider's and a slash.
            in_full = f"{provider.name}/{model}"
            if not _leads(routes, in_full, target):
                in_full = target.name
            plainly = _leads(routes, model, target)
            yield Listed(model if plainly else in_full, _title(target), target)
            if alias(model) != model or not plainly:
                yield Listed(alias(in_full), _title(target), target)


def _leads(routes: Routes, name: str, target: Target) -> bool:
    """Whether whoever asks for `name` is answered by `target` first."""
    try:
        return routes.named(name).targets[0] == target
    except ApiError:
        return False


def _title(target: Target) -> str:
    return f"{target.model} ({target.provider})"
