"""Where log events go, and in which form.

Everything is logged through `twisted.logger`, fields and not sentences. This module is the one observer behind it: it
writes text for people, JSON for machines, or entries of systemd's journal, and cuts out whatever looks like a key,
though nobody should log one.
"""

import re
import socket
import sys
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO

from attrs import frozen
from twisted.logger import ILogObserver, LogEvent, LogLevel, eventAsText, formatEvent
from zope.interface import implementer

from ccproxy.exchange.record import Outcome, Record
from ccproxy.headers import redact
from ccproxy.wire import journal, jsontext

EARLY_LIMIT = 1000
"""Events kept until the configuration says where they go."""


JOURNAL = "/run/systemd/journal/socket"
"""Where the journal takes entries."""

JOURNAL_PATIENCE = 0.1
"""Seconds that a busy journal is waited for. It is not waited for again before it has taken an entry."""

PRIORITIES = {
    LogLevel.debug: "7",
    LogLevel.info: "6",
    LogLevel.warn: "4",
    LogLevel.error: "3",
    LogLevel.critical: "2",
}
"""Our levels, as syslog(3) numbers them."""

JOURNAL_NAMES = {"exchange": "CCPROXY_REQUEST"}
"""Fields that are called otherwise in the journal; any other `name` is CCPROXY_NAME there."""


class Journal:
    """Systemd's journal, where each field of an event is one of an entry: `journalctl CCPROXY_REQUEST=req_...`."""

    def __init__(self, path: str = JOURNAL) -> None:
        self._path = path
        self._socket: socket.socket | None = None
        self._patience = JOURNAL_PATIENCE

    def take(self, event: LogEvent) -> bool:
        """Whether there is a journal; then the event is in it, or lost because the journal is stuck."""
        try:
            if self._socket is None:
                self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                self._socket.connect(self._path)
            self._socket.settimeout(self._patience)
            self._socket.send(_as_entry(event))
            self._patience = JOURNAL_PATIENCE
        except (TimeoutError, BlockingIOError):
            self._patience = 0.0
        except OSError:
            # There is none, or it was started anew and is to be connected to anew.
            self.close()
            return False
        return True

    def close(self) -> None:
        """No more entries; the next one would open it again."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


@frozen
class Form:
    """How events are written. Where there is no journal after all, text is."""

    json: bool = False
    level: Any = LogLevel.info
    journal: Journal | None = None


class Stream(Protocol):
    """What lines are written to."""

    def write(self, text: str, /) -> object:
        """Put this at the end. May raise `OSError`."""

    def flush(self) -> None:
        """Hand over what was written."""

    def close(self) -> None:
        """Write no more."""


@implementer(ILogObserver)
class Output:
    """Writes events. Until `configure` is called it keeps them; they come out then, in order."""

    def __init__(self) -> None:
        self._stream: Stream | None = None
        self._form = Form()
        self._early: list[LogEvent] = []

    def configure(self, form: Form, stream: Stream) -> None:
        """From now on events go there, in this form. A file that they went to before is closed."""
        former, self._stream = self._stream, stream
        if former not in (None, stream, sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
            former.close()
        if self._form.journal is not None:
            self._form.journal.close()
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
        if level < self._form.level or (_is_of_ports(event) and self._form.level > LogLevel.debug):
            return
        if self._form.journal is not None and self._form.journal.take(event):
            return
        line = _as_json(event) if self._form.json else _as_text(event)
        try:
            self._stream.write(redact(line) + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            pass  # A full disk, or a terminal that closed: the exchange goes on, its line is lost.


_PORTS = re.compile(r"\S+ starting on .+|\(\S+ Port .+ Closed\)")


def _is_of_ports(event: LogEvent) -> bool:
    """Whether Twisted tells of a socket that listens, by the name of a class: `daemon.listening` tells where it is, and
    that the demo has one is nobody's business."""
    legacy = event.get("log_namespace") == "log_legacy"
    return legacy and _PORTS.fullmatch(str(event.get("log_text", ""))) is not None


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


def _as_entry(event: LogEvent) -> bytes:
    entry: dict[str, Any] = {
        "MESSAGE": eventAsText(event, includeTimestamp=False, includeSystem=False),
        "PRIORITY": PRIORITIES[event.get("log_level", LogLevel.info)],
        "SYSLOG_IDENTIFIER": "ccproxy",
        "CCPROXY_MODULE": event.get("log_namespace", ""),
    }
    for name, value in event.items():
        if not name.startswith("log_") and _is_plain(value) and value is not None:
            entry[JOURNAL_NAMES.get(name) or "CCPROXY_" + journal.field_name(name)] = value
    return journal.entry(
        {name: redact(value) if isinstance(value, str) else str(value) for name, value in entry.items()}
    )


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, (str, int, float, bool))


OUTPUT = Output()
"""The observer of this process. twistd asks for it before any configuration is read, so there is one."""


def observer() -> Output:
    """What twistd's `--logger` wants: a factory."""
    return OUTPUT


def standard_output() -> TextIO:
    """Where the log goes unless the configuration names a file: the process's own, since `sys.stdout` is a stream into
    the log once twistd logs."""
    return sys.__stdout__ or sys.stdout


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
