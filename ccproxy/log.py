"""Where log events go, and in which form.

Everything is logged through `twisted.logger`, fields and not sentences. This module is the one observer behind it: it
writes text for people or JSON for machines, and cuts out whatever looks like a key, though nobody should log one.
"""

import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from attrs import frozen
from twisted.logger import ILogObserver, LogEvent, LogLevel, eventAsText, formatEvent
from zope.interface import implementer

from ccproxy.exchange.meter import Record
from ccproxy.exchange.relay import Outcome
from ccproxy.headers import redact
from ccproxy.wire import jsontext

EARLY_LIMIT = 1000
"""Events kept until the configuration says where they go."""


@frozen
class Form:
    """How events are written."""

    json: bool = False
    level: Any = LogLevel.info


@implementer(ILogObserver)
class Output:
    """Writes events. Until `configure` is called it keeps them; they come out then, in order."""

    def __init__(self) -> None:
        self._stream: TextIO | None = None
        self._form = Form()
        self._early: list[LogEvent] = []

    def configure(self, form: Form, stream: TextIO) -> None:
        """From now on events go there, in this form. A file that they went to before is closed."""
        former, self._stream = self._stream, stream
        if former not in (None, stream, sys.stdout, sys.stderr):
            former.close()
        self._form = form
        early, self._early = self._early, []
        for event in early:
            self(event)

    def __call__(self, event: LogEvent) -> None:
        if self._stream is None:
            if len(self._early) < EARLY_LIMIT:
                self._early.append(event)
            return
        level = event.get("log_level", LogLevel.info)
        if level < self._form.level:
            return
        line = _as_json(event) if self._form.json else _as_text(event)
        try:
            self._stream.write(redact(line) + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            pass  # A full disk, or a terminal that closed: the exchange goes on, its line is lost.


def _when(event: LogEvent) -> str:
    return datetime.fromtimestamp(event["log_time"], UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _as_text(event: LogEvent) -> str:
    level = event.get("log_level", LogLevel.info)
    exchange = f"{event['exchange']} " if "exchange" in event else ""
    text = eventAsText(event, includeTimestamp=False, includeSystem=False)
    return f"{_when(event)} {level.name} {exchange}{text}"


def _as_json(event: LogEvent) -> str:
    fields = {name: value for name, value in event.items() if not name.startswith("log_") and _is_plain(value)}
    line: dict[str, Any] = {
        "time": _when(event),
        "level": event.get("log_level", LogLevel.info).name,
        "module": event.get("log_namespace", ""),
        "message": formatEvent(event),
        **fields,
    }
    if "log_failure" in event:
        line["traceback"] = event["log_failure"].getTraceback()
    return jsontext.dumps_str(line)


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, (str, int, float, bool))


OUTPUT = Output()
"""The observer of this process. twistd asks for it before any configuration is read, so there is one."""


def observer() -> Output:
    """What twistd's `--logger` wants: a factory."""
    return OUTPUT


def standard_output() -> TextIO:
    """Where the log goes unless the configuration names a file."""
    return sys.stdout


def fields(record: Record) -> dict[str, Any]:
    """The fields of a record that a log line has."""
    shown: dict[str, Any] = {
        "exchange": record.id,
        "client": record.client,
        "asked": record.asked,
        "target": record.target,
        "route": record.rule,
        "outcome": record.outcome.value,
        "attempts": len(record.attempts),
        "seconds": round(record.total, 3),
        "first_content": None if record.first_content is None else round(record.first_content, 3),
        "tokens_in": record.usage.prompt,
        "tokens_out": record.usage.output or 0,
        "stop": "" if record.stop is None else record.stop.reason.value,
        "losses": "; ".join(record.losses),
    }
    if record.error is not None:
        shown |= {"error": record.error.kind.value, "status": record.error.status, "reason": record.error.message}
    return shown


FORMS = {
    Outcome.FINISHED: "{asked} -> {target}: {tokens_in} in, {tokens_out} out, {seconds} s, {stop}",
    Outcome.ABANDONED: "{asked} -> {target}: the client left after {seconds} s",
    Outcome.REFUSED: "{asked} -> {target}: refused with {status}: {reason}",
    Outcome.BROKEN: "{asked} -> {target}: broke after {seconds} s: {reason}",
}
"""A record in one line."""
