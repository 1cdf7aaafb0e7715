"""Rules: classes with `evaluate(request, config) -> bool`, which a condition of the type `rule` asks.

The built-in ones have the names and parameters of starbased's ccproxy; the operator's own are found by dotted name. A
rule is asked while a request is routed, so it must answer at once: one that raises, or takes long, is complained about,
counts as one that does not hold, and is left alone for a while after a few times.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from time import perf_counter
from typing import Any

from ccproxy.routing.extensions import BadExtension, found, made
from ccproxy.routing.facts import Facts
from ccproxy.routing.patience import Patience
from ccproxy.wire import jsontext

SLOW_SECONDS = 0.1
"""An answer that takes longer has kept every other client waiting."""

_ORIGIN = "ccproxy.rules."
"""Where the built-in rules are for whoever imports them."""

Complain = Callable[[str], None]


class Asked(dict[str, Any]):
    """A request as rules see it: the body as the client sent it, and `facts` about it."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        try:
            body = jsontext.loads(facts.body) if facts.body else {}
        except jsontext.NotJson:
            body = {}
        super().__init__(body if isinstance(body, dict) else {})
        self.setdefault("model", facts.model)


class ClassificationRule(ABC):
    """What rules may inherit from."""

    @abstractmethod
    def evaluate(self, request: Asked, config: Any) -> bool:
        """Whether the rule holds. `config` is the configuration in force."""


class DefaultRule(ClassificationRule):
    """Holds always. `passthrough` is taken for the sake of configurations that have it."""

    def __init__(self, passthrough: bool = True) -> None:
        self.passthrough = passthrough

    def evaluate(self, request: Asked, config: Any) -> bool:
        return True


class TokenCountRule(ClassificationRule):
    """Holds for requests of more than `threshold` tokens, all parts counted."""

    def __init__(self, threshold: int) -> None:
        self.threshold = _checked(threshold, int, "threshold")

    def evaluate(self, request: Asked, config: Any) -> bool:
        return request.facts.tokens > int(self.threshold)


class MatchModelRule(ClassificationRule):
    """Holds where `model_name` is part of the model's name."""

    def __init__(self, model_name: str) -> None:
        self.model_name = _checked(model_name, str, "model_name")

    def evaluate(self, request: Asked, config: Any) -> bool:
        return str(self.model_name) in request.facts.model


class ThinkingRule(ClassificationRule):
    """Holds where the model is to reason first; not where it is told not to."""

    def evaluate(self, request: Asked, config: Any) -> bool:
        return request.facts.thinking


class MatchToolRule(ClassificationRule):
    """Holds where `tool_name`, in whatever case, is part of the name of a tool that is offered."""

    def __init__(self, tool_name: str) -> None:
        self.tool_name = _checked(tool_name, str, "tool_name").lower()

    def evaluate(self, request: Asked, config: Any) -> bool:
        return any(self.tool_name in name.lower() for name in request.facts.tools)


BUILT_IN = {rule.__name__: rule for rule in (TokenCountRule, MatchModelRule, ThinkingRule, MatchToolRule, DefaultRule)}
"""Rules that are known without a module."""


def is_built_in(name: str) -> bool:
    """Whether a rule of this name is one of ours, so that nobody else's code is run for it."""
    return name.strip().removeprefix(_ORIGIN) in BUILT_IN


def _checked(value: Any, type_: type[Any], name: str) -> Any:
    if not isinstance(value, type_) or isinstance(value, bool):
        raise TypeError(f"{name}: expected a {'number' if type_ is int else 'text'}, found {value!r}")
    return value


def unheard(_complaint: str) -> None:
    """For those who only want to know whether a rule can be had."""


class Rules:
    """Makes rules. Their files are looked for in `directory`; `config` is what they are given; `complain` hears of
    those that fail. `clock` counts seconds, from whenever."""

    def __init__(
        self,
        directory: str = "",
        config: Any = None,
        complain: Complain = unheard,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._directory = directory
        self._config = config
        self._complain = complain
        self._clock = clock

    def rule(self, name: str, parameters: Any) -> Callable[[Facts], bool]:
        """The test that a rule makes. Raises `BadExtension`."""
        short = name.strip().removeprefix(_ORIGIN)
        something = BUILT_IN.get(short) or found(name, self._directory)
        instance = made(something, parameters) if isinstance(something, type) else something
        evaluate = getattr(instance, "evaluate", None)
        if not callable(evaluate):
            raise BadExtension(f"{name} has no method evaluate(request, config)")
        patience = Patience()

        def holds(facts: Facts) -> bool:
            began = self._clock()
            if patience.is_over(began):
                return False
            try:
                answer = bool(evaluate(Asked(facts), self._config))
            except Exception as error:
                self._failed(patience, f"the rule {name} failed: {type(error).__name__}: {error}")
                return False
            took = self._clock() - began
            if took > SLOW_SECONDS:
                self._failed(patience, f"the rule {name} took {took:.1f} s, and everybody waited for it")
            else:
                patience.good()
            return answer

        return holds

    def _failed(self, patience: Patience, complaint: str) -> None:
        over = patience.bad(self._clock())
        self._complain(f"{complaint}; it is left alone for a while" if over else complaint)
