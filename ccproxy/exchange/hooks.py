"""Hooks: functions of the operator's own that are called at named points of an exchange.

A hook gets an `Exchange` and may change what stands in the table of `Point`; refuse the request by raising `Refuse`;
or just look. A plain function runs in a thread, so that it may wait; one that is `async def`, or is said to run in the
reactor, runs there, and may give a Deferred. Hooks on events run in the reactor, and must be quick.

Whatever a hook does, the daemon goes on: one that raises, is not done in time, or leaves what nobody can use (a body
that is no JSON) is logged by its name, what it had changed is forgotten, and after a few times in a row it is left
alone for a while. Only a `required` hook that fails stops its exchange.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.logger import Logger
from twisted.python.failure import Failure

from ccproxy.dialects.dialect import Headers, Outgoing
from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.call import Call
from ccproxy.exchange.hook import Hook, Point, Refuse
from ccproxy.exchange.pipes import Watch
from ccproxy.exchange.record import Outcome, Record
from ccproxy.exchange.view import Exchange, changed, seen, sent
from ccproxy.model.events import Event
from ccproxy.providers.target import Target

SLOW_EVENT_SECONDS = 0.05
"""A hook on events that takes longer keeps everybody waiting."""

T = TypeVar("T")

log = Logger()

InThread = Callable[[Callable[[], Any]], "Deferred[Any]"]


class Hooks:
    """The hooks of one configuration. `target` finds the target that a name stands for; `clock` keeps time."""

    def __init__(
        self,
        hooks: Iterable[Hook] = (),
        clock: Any = None,
        in_thread: InThread | None = None,
        target: Callable[[str], Target] | None = None,
    ) -> None:
        self._at: dict[Point, list[Hook]] = {}
        for hook in hooks:
            self._at.setdefault(hook.point, []).append(hook)
        self._clock = clock
        self._in_thread = in_thread
        self._target = target

    async def request(self, call: Call) -> Call:
        """The call as the hooks want it."""
        for hook in self._at.get(Point.REQUEST, ()):
            view = seen(call)
            call = await self._run(hook, call, view, partial(changed, call, view), call)
        return call

    async def routed(self, call: Call, targets: Sequence[Target]) -> Sequence[Target]:
        """The targets as the hooks want them. A name that leads nowhere counts as the hook's failure."""
        for hook in self._at.get(Point.ROUTED, ()):
            view = evolve(seen(call), targets=[target.name for target in targets])
            targets = await self._run(hook, call, view, partial(self._wanted, targets, view), targets)
        return targets

    def _wanted(self, targets: Sequence[Target], view: Exchange) -> Sequence[Target]:
        known = {target.name: target for target in targets}
        return tuple(known[name] if name in known else self._named(name) for name in view.targets) or targets

    async def sending(self, call: Call, target: Target, outgoing: Outgoing) -> Outgoing:
        """The request for an upstream as the hooks want it."""
        for hook in self._at.get(Point.SENDING, ()):
            view = evolve(
                seen(call),
                target=target.name,
                upstream_headers=dict(outgoing.headers),
                upstream_raw=outgoing.body,
            )
            outgoing = await self._run(hook, call, view, partial(sent, outgoing, view), outgoing)
        return outgoing

    async def answering(self, call: Call, target: Target, status: int, said: Headers) -> None:
        """An upstream has answered."""
        for hook in self._at.get(Point.ANSWERING, ()):
            view = evolve(seen(call), target=target.name, status=status, answer_headers={**said})
            await self._run(hook, call, view, _nothing, None)

    def watching(self, call: Call, watch: Watch) -> Watch:
        """Whoever watches the events: the one who did, and the hooks that want to."""
        hooks = self._at.get(Point.EVENT)
        if not hooks:
            return watch
        view = seen(call)

        def both(event: Event) -> None:
            watch(event)
            for hook in hooks:
                self._show(hook, call, view, event)

        return both

    def over(self, call: Call, record: Record) -> None:
        """The exchange has ended. Nobody waits for these hooks."""
        well = record.outcome in (Outcome.FINISHED, Outcome.ABANDONED)
        hooks = self._at.get(Point.FINISHED if well else Point.FAILED)
        if hooks:
            Deferred.fromCoroutine(self._end(hooks, call, record)).addErrback(_fault)

    async def _end(self, hooks: Iterable[Hook], call: Call, record: Record) -> None:
        for hook in hooks:
            try:
                await self._run(hook, call, evolve(seen(call), target=record.target, record=record), _nothing, None)
            except ApiError:
                pass  # There is nothing left to refuse.

    async def _run(self, hook: Hook, call: Call, view: Exchange, made: Callable[[], T], otherwise: T) -> T:
        """Call one. Gives what it `made` of the exchange, `otherwise` where it failed or nobody can use what it made.
        Raises what it refuses with."""
        if hook.patience.is_over(self._clock.seconds()):
            self._without(hook)
            return otherwise
        try:
            await self._result(hook, view)
            result = made()
        except Refuse as refusal:
            hook.patience.good()
            raise refusal.error from None
        except CancelledError:
            raise
        except TimedOut:
            self._fail(hook, call, f"it was not done within {hook.timeout:g} s")
            return otherwise
        except Exception as error:
            self._fail(hook, call, f"{type(error).__name__}: {error}", Failure())
            return otherwise
        hook.patience.good()
        return result

    def _result(self, hook: Hook, view: Exchange) -> Awaitable[Any]:
        def work() -> Any:
            return hook.call(view, **hook.parameters)

        if hook.threaded and self._in_thread is not None:
            running = maybeDeferred(self._in_thread, work)
        else:
            running = maybeDeferred(_awaited, work)
        return running.addTimeout(hook.timeout, self._clock)

    def _show(self, hook: Hook, call: Call, view: Exchange, event: Event) -> None:
        began = self._clock.seconds()
        if hook.patience.is_over(began):
            return
        try:
            hook.call(view, event, **hook.parameters)
        except Exception as error:
            self._fail(hook, call, f"{type(error).__name__}: {error}", Failure(), stop=False)
            return
        took = self._clock.seconds() - began
        if took > SLOW_EVENT_SECONDS:
            self._fail(hook, call, f"it took {took:.2f} s for an event, and everybody waited", stop=False)
        else:
            hook.patience.good()

    def _named(self, name: str) -> Target:
        assert self._target is not None  # Whoever has hooks has targets.
        return self._target(name)

    def _fail(self, hook: Hook, call: Call, reason: str, failure: Failure | None = None, stop: bool = True) -> None:
        over = hook.patience.bad(self._clock.seconds())
        log.error(
            "the hook {hook} on {point} failed: {reason}" + ("; it is left alone for a while" if over else ""),
            hook=hook.name,
            point=hook.point.value,
            reason=reason,
            exchange=call.id,
        )
        if failure is not None:
            log.debug("{traceback}", traceback=failure.getTraceback(), exchange=call.id)
        if stop:
            self._without(hook)

    def _without(self, hook: Hook) -> None:
        """Go on without it, if that may be."""
        if hook.required:
            raise ApiError(
                Kind.BROKEN, f"the hook {hook.name}, without which nothing may pass, does not work", status=500
            )


NO_HOOKS = Hooks()
"""Nothing is called, and nothing costs anything."""


def _nothing() -> None:
    """What hooks make of an exchange that they may only look at."""


def _awaited(work: Callable[[], Any]) -> Any:
    """What a function of the reactor gives, by now or later."""
    result = work()
    return Deferred.fromCoroutine(result) if inspect.iscoroutine(result) else result


def _fault(failure: Failure) -> None:
    if not failure.check(CancelledError):
        log.failure("ending an exchange for hooks failed: a fault of ours", failure)
