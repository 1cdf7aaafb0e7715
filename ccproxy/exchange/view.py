"""What hooks see of an exchange: a copy that they may change, and what becomes of their changes."""

from collections.abc import Mapping
from typing import Any

from attrs import define, evolve, field

from ccproxy.dialects.dialect import Outgoing
from ccproxy.exchange.call import Call
from ccproxy.exchange.record import Record
from ccproxy.headers import CREDENTIALS
from ccproxy.wire import jsontext


@define
class Exchange:
    """One exchange, as hooks see it. `body` and `upstream_body` are parsed when they are asked for; `state` is the
    hooks' own, and the same at every point of an exchange. No credential is in here."""

    id: str
    client: str
    dialect: str
    model: str
    stream: bool
    headers: dict[str, str]
    state: dict[str, Any]
    targets: list[str] = field(factory=list)
    target: str = ""
    upstream_headers: dict[str, str] = field(factory=dict)
    status: int = 0
    answer_headers: dict[str, str] = field(factory=dict)
    record: Record | None = None
    _raw: bytes = field(default=b"", repr=False)
    _upstream_raw: bytes = field(default=b"", repr=False)
    _body: Any = field(default=None, repr=False)
    _upstream_body: Any = field(default=None, repr=False)

    @property
    def body(self) -> Any:
        """The request's body, as the client sent it."""
        if self._body is None:
            self._body = _parsed(self._raw)
        return self._body

    @body.setter
    def body(self, value: Any) -> None:
        self._body = value

    @property
    def upstream_body(self) -> Any:
        """The body that goes upstream."""
        if self._upstream_body is None:
            self._upstream_body = _parsed(self._upstream_raw)
        return self._upstream_body

    @upstream_body.setter
    def upstream_body(self, value: Any) -> None:
        self._upstream_body = value

    def raw_body(self) -> bytes:
        """The body's bytes: those that came, unless something in it was changed."""
        return _unparsed(self._raw, self._body)

    def raw_upstream_body(self) -> bytes:
        """Likewise of the other."""
        return _unparsed(self._upstream_raw, self._upstream_body)


def _parsed(raw: bytes) -> Any:
    try:
        return jsontext.loads(raw)
    except jsontext.NotJson:
        return {}


def _unparsed(raw: bytes, value: Any) -> bytes:
    """A client's bytes stay as they are where they can: a byte that moves costs a prompt cache."""
    return raw if value is None or value == _parsed(raw) else jsontext.dumps(value)


def seen(call: Call) -> Exchange:
    """A call, for a hook: a copy, which it may spoil."""
    return Exchange(
        id=call.id,
        client=call.principal.name,
        dialect=call.dialect.name,
        model=call.model,
        stream=call.stream,
        headers={name: value for name, value in call.headers.items() if name not in CREDENTIALS},
        state=call.notes,
        raw=call.body,
    )


def changed(call: Call, seen: Exchange) -> Call:
    """The call, with what a hook changed of it. Raises what reading that raises."""
    body = seen.raw_body()
    headers = {**_texts(seen.headers), **{name: call.headers[name] for name in call.headers if name in CREDENTIALS}}
    if body is call.body and seen.model == call.model and headers == call.headers:
        return call
    if body is call.body and seen.model != call.model:
        body = call.dialect.with_model(body, seen.model)
    peek = call.dialect.peek(body)
    return evolve(call, headers=headers, body=body, model=peek.model, stream=peek.stream)


def sent(outgoing: Outgoing, seen: Exchange) -> Outgoing:
    """The request for an upstream, with what a hook changed of it. Raises what making it of that raises."""
    return evolve(outgoing, headers=_texts(seen.upstream_headers), body=seen.raw_upstream_body())


def _texts(headers: Mapping[Any, Any]) -> dict[str, str]:
    for name, value in headers.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            raise TypeError(f"the header {name!r}: expected texts")
    return dict(headers)
