"""A captured request as a command for a shell that sends it again: `$VARIABLE` stands where a key was."""

import base64
import re
import shlex
from collections.abc import Iterator, Mapping

from attrs import frozen

from ccproxy.captures.captured import Asked, Captured, Leg
from ccproxy.captures.masks import MASKED
from ccproxy.captures.outline import plain
from ccproxy.captures.seen import OF_CONNECTIONS
from ccproxy.headers import CREDENTIALS
from ccproxy.providers.catalogue import vendor

ARGUMENT_LIMIT = 100_000
"""Bytes of a body that stands in the command itself: Linux takes 128 KiB in one argument. A longer one is read from the
lines behind the command."""

EXPECT_FROM = 1024 * 1024
"""Bytes of a body before which curl would ask whether it may come."""

OUR_KEY = "CCPROXY_API_KEY"
"""The variable of the configuration's `apikey`, too."""

_NO_NAME = re.compile(r"[^A-Z0-9]+")


class CannotSend(ValueError):
    """This cannot be sent again; `str()` says why."""


@frozen
class _Keys:
    """The variables that stand for what is masked: `key` for whatever says who we are."""

    key: str

    def of(self, name: str) -> str:
        return self.key if name in CREDENTIALS else _NO_NAME.sub("_", name.upper()).strip("_")


def upstream(captured: Captured, leg: Leg) -> str:
    """The command that sends to an upstream what was sent to it. Raises `CannotSend`."""
    provider = leg.target.partition(",")[0]
    row = vendor(str(leg.quirks.get("vendor", ""))) or vendor(provider)
    variable = row.key_variable if row is not None else ""
    keys = _Keys(variable or f"{_NO_NAME.sub('_', provider.upper()).strip('_')}_API_KEY")
    return _command(f"What ccproxy sent to {plain(leg.target)} for {captured.id}", leg.asked, leg.asked.url, keys)


def client(captured: Captured, base_url: str) -> str:
    """The command that sends to ccproxy what the client sent. Raises `CannotSend`."""
    asked = captured.asked
    return _command(f"What the client sent for {captured.id}", asked, base_url + asked.url, _Keys(OUR_KEY))


def refuse_partial(asked: Asked) -> None:
    """Raises `CannotSend` for a request that is not all there."""
    body = asked.message.body
    if body.cut:
        told = f"{len(body.data):,} of its {body.size:,} bytes: `capture.max_bytes` says how many are"
        raise CannotSend(f"the request was not kept whole, but {told}")
    if not body.whole:
        raise CannotSend("the request was not kept to its end")


def headers_to_send(asked: Asked) -> Mapping[str, str]:
    """Its headers, but for those of one connection. The body of a client's request was unpacked."""
    return {
        name: value
        for name, value in asked.message.headers.items()
        if name not in OF_CONNECTIONS and name != "content-encoding"
    }


def _command(about: str, asked: Asked, url: str, keys: _Keys) -> str:
    refuse_partial(asked)
    body = asked.message.body
    comments = [f"# {about}."]
    if body.masked:
        what = "one place is" if body.masked == 1 else f"{body.masked} places are"
        comments.append(f"# In its body {what} masked: put back what belongs there.")
    lines = [f"curl -sS -N -g {_word(url, keys.key)}"]
    lines += [] if asked.method == "POST" else [f"-X {shlex.quote(asked.method)}"]
    lines += _headers(asked, keys)
    return "\n".join([*comments, _with_body(lines, body.data)]) + "\n"


def _headers(asked: Asked, keys: _Keys) -> Iterator[str]:
    headers = headers_to_send(asked)
    for name, value in headers.items():
        # A header without a value has another mark; one with a colon at its end would be left out.
        yield f"-H {_word(f'{name}: {value}' if value else f'{name};', keys.of(name))}"
    if "content-type" not in headers:
        yield "-H 'content-type:'"
    if asked.message.body.size > EXPECT_FROM:
        yield "-H 'expect:'"


def _with_body(lines: list[str], data: bytes) -> str:
    """The command with its body: as it is where a shell can hold it."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        encoded = base64.encodebytes(data).decode("ascii")
        return f"base64 -d <<'END' | {_continued([*lines, '--data-binary @-'])}\n{encoded}END"
    if len(data) <= ARGUMENT_LIMIT:
        return _continued([*lines, f"--data-raw {shlex.quote(text)}"])
    end = "END"
    while end in text.split("\n"):
        end += "_"
    command = _continued([*lines, f"--data-binary @- <<'{end}'"])
    return "\n".join([command, text.removesuffix("\n"), end])


def _continued(lines: list[str]) -> str:
    return " \\\n  ".join(lines)


def _word(text: str, variable: str) -> str:
    """A word of the shell; what is masked in it is the variable."""
    if MASKED not in text:
        return shlex.quote(text)
    parts = [re.sub(r'([\\"$`])', r"\\\1", part) for part in text.split(MASKED)]
    return '"' + f"${{{variable}}}".join(parts) + '"'
