"""What makes a route answer: a rule for each way in which a call may come to it, and the order of these ways."""

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence

from attrs import field, frozen

from ccproxy.routing.conditions import Condition
from ccproxy.routing.facts import Facts
from ccproxy.routing.names import FAMILIES, beginning, fits, in_family, is_glob, literal_length
from ccproxy.routing.route import Route

DEFAULT = "default"
"""The name of the route for what nothing else answers."""

SITUATIONS: Mapping[str, Condition] = {
    "longContext": Condition.of("tokenCount", ">", 60_000),
    "webSearch": Condition.of("webSearch"),
    "image": Condition.of("image"),
    "subagent": Condition.of("agent"),
    "background": Condition.of("model", "matches", r"(?<![a-z])haiku(?![a-z])"),
    "think": Condition.of("thinking"),
}
"""Routes that are called by what a request is, in the order in which they are tried: first what a model must be able to
do, and then what it is wanted for. Thinking is asked for by nearly all requests of Claude Code, and so comes behind all
names that an operator wrote. The condition goes without saying, unless the route has one of the same type."""


class Way(enum.Enum):
    """A way to a route. They are tried in this order, and the first rule that holds chooses."""

    NAME = "a route of the very name"
    CLIENT = "the provider that the client names"
    CONDITIONS = "names with conditions, in their order"
    SITUATION = "what the request is"
    PATTERN = "names with wildcards, the most exact first"
    FAMILY = "families of models"
    WISH = "what the request wishes, where no name decides"
    LIST = "models of providers"
    DEFAULT = "all the rest"

    @property
    def insists(self) -> bool:
        """Whether it is an error that such a route leads to disabled providers only. Others are passed over."""
        return self in (Way.NAME, Way.CLIENT, Way.DEFAULT)


def _every(_name: str) -> bool:
    return True


@frozen
class Rule:
    """One way to one route. `title` is what answers show: `route NAME`, `model NAME` or `provider NAME`; `speaks_of`
    tells the names that it is about, and `names` says so for people."""

    title: str
    way: Way
    route: Route
    conditions: tuple[Condition, ...] = ()
    names: str = "every name"
    speaks_of: Callable[[str], bool] = field(default=_every, eq=False)
    refusal: str = ""
    """Why nothing answers, where nothing does."""
    globs: tuple[str, ...] = ()
    """What `speaks_of` goes by, where it goes by globs."""

    def failing(self, facts: Facts, now: float) -> Condition | None:
        """The first of its conditions that does not hold; None where all do."""
        for condition in self.conditions:
            if not condition.holds(facts, now):
                return condition
        return None

    @property
    def why(self) -> str:
        """What it takes to be chosen by it."""
        if not self.conditions:
            return self.names
        return " and ".join([self.names, *map(str, self.conditions)])


def rules_of(route: Route) -> Iterator[Rule]:
    """Every way to a route, its name before all."""
    title = f"route {route.name}"
    refusal = "" if route.all else _asleep(route)
    if route.name == DEFAULT:
        names = "a name that nothing else answers"
        yield Rule(title, Way.DEFAULT, route, route.conditions, names, refusal=refusal)
        return
    situation = SITUATIONS.get(route.name)
    own = tuple(name for name in (route.name, *route.models) if not is_glob(name))
    globs = tuple(name for name in (route.name, *route.models) if is_glob(name))
    if situation is not None:
        # Who asks for a situation by its name wants it, whatever the request is like.
        yield _by_name(title, route, (route.name,), (), refusal)
        yield _by_situation(title, route, situation, refusal)
        return
    if own:
        yield _by_name(title, route, own, route.conditions, refusal)
    if globs and route.conditions:
        yield Rule(title, Way.CONDITIONS, route, route.conditions, _words(globs), _fitting(globs), refusal, globs)
    elif globs:
        for glob in globs:
            yield Rule(title, Way.PATTERN, route, (), _words((glob,)), _fitting((glob,)), refusal, (glob,))
    if route.name in FAMILIES:
        family = route.name
        yield Rule(
            title,
            Way.FAMILY,
            route,
            route.conditions,
            f"a model of the family {family}",
            lambda name: in_family(family, name),
            refusal,
        )


class ByBeginning:
    """Rules for globs, found by how a name begins: of thousands, a name is held against the few that it may fit."""

    __slots__ = ("_lengths", "_places", "_rules")

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._places: dict[str, list[int]] = {}
        for place, rule in enumerate(rules):
            for start in {beginning(glob) for glob in rule.globs}:
                self._places.setdefault(start, []).append(place)
        self._lengths = sorted({len(start) for start in self._places})

    def of(self, name: str) -> Iterator[Rule]:
        """Those that may speak of the name, in their order."""
        lower = name[: self._lengths[-1]].lower() if self._lengths else ""
        found = {place for length in self._lengths for place in self._places.get(lower[:length], ())}
        return (self._rules[place] for place in sorted(found))


def exactness(rule: Rule) -> int:
    """What sorts patterns: the more is spelt out, the earlier."""
    return -literal_length(rule.names)


def _by_name(title: str, route: Route, names: tuple[str, ...], conditions: tuple[Condition, ...], refusal: str) -> Rule:
    return Rule(title, Way.NAME, route, conditions, _words(names), frozenset(names).__contains__, refusal)


def _by_situation(title: str, route: Route, implied: Condition, refusal: str) -> Rule:
    conditions = route.conditions
    if implied.type not in {condition.type for condition in conditions}:
        conditions = (implied, *conditions)
    speaks_of = _fitting(route.models) if route.models else _every
    names = _words(route.models) if route.models else "every name"
    way = Way.WISH if route.name == "think" else Way.SITUATION
    return Rule(title, way, route, conditions, names, speaks_of, refusal)


def _fitting(globs: tuple[str, ...]) -> Callable[[str], bool]:
    return lambda name: any(fits(glob, name) for glob in globs)


def _words(names: tuple[str, ...]) -> str:
    return f"the name {' or '.join(names)}"


def _asleep(route: Route) -> str:
    return (
        f"the route {route.name!r} leads to a provider that is disabled: set `enabled` to true in its configuration, "
        "or let the route lead elsewhere"
    )
