"""`twistd ccproxy` and `twist ccproxy`: the only place that knows the global reactor."""

import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from twisted.application.service import IService
from twisted.internet import reactor
from twisted.logger import Logger, LogLevel, globalLogPublisher
from twisted.python import usage

from ccproxy.config.settings import ConfigError, Settings
from ccproxy.config.source import Source
from ccproxy.daemon.answer import answer_file, write_answer
from ccproxy.daemon.foreground import Foreground
from ccproxy.daemon.reload import Told
from ccproxy.log import OUTPUT, Form, Journal, standard_output
from ccproxy.logfile import RotatingFile
from ccproxy.service import Configuration, make_service
from ccproxy.tokens.ranks import NoRanks
from ccproxy.tokens.ruler import ESTIMATE, Ruler, best

EX_CONFIG = 78
"""The exit status for a bad configuration (sysexits.h): systemd is told not to try again on it."""

GC_THRESHOLDS = (50_000, 50, 50)
"""Collecting less often brings the 99th percentile of 1 MB requests from 20 to 9 ms (measured)."""


log = Logger()


class Options(usage.Options):
    """What can be said on the command line; it wins over the environment and the file."""

    optParameters: ClassVar[list[list[str | None]]] = [
        ["config", "c", None, "The configuration file [default: ./config.json, ~/.ccproxy/, /etc/ccproxy/]"],
        ["host", None, None, "The address to listen at"],
        ["port", "p", None, "The port to listen at"],
    ]
    optFlags: ClassVar[list[list[str | None]]] = [["debug", None, "Log everything"]]

    source: Source
    settings: Settings

    def postOptions(self) -> None:
        """Reads the configuration, so that a bad one stops the start at once, with its one message."""
        flags = {name: self[name] for name in ("host", "port") if self[name] is not None}
        if self["debug"]:
            flags["log_level"] = "debug"
        try:
            self.source = Source.found(self["config"], os.environ, flags)
            self.settings = self.source.read()
        except ConfigError as error:
            print(f"ccproxy: {error}", file=sys.stderr)
            raise SystemExit(EX_CONFIG) from None
        self._take_over_the_log()

    def _take_over_the_log(self) -> None:
        """The daemon runners would write their own form, and know no configuration."""
        parent = getattr(self, "parent", None) or {}
        if "nodaemon" in parent:
            parent["logger"] = parent["logger"] or "ccproxy.log.observer"
        elif "logFile" in parent:
            parent["fileLogObserverFactory"] = lambda _stream: OUTPUT
        else:
            globalLogPublisher.addObserver(OUTPUT)

    def log_path(self, settings: Settings) -> str | None:
        """The file to log to; None for standard output. Where the runner writes is kept, unless we are told another."""
        parent = getattr(self, "parent", None) or {}
        if settings.log_file or "nodaemon" not in parent:
            return settings.log_file or None
        path = parent["logfile"] or (None if parent["nodaemon"] else "twistd.log")
        return None if path == "-" else path

    @property
    def stays(self) -> bool:
        """Whether we remain the process that was started."""
        parent = getattr(self, "parent", None) or {}
        return bool(parent.get("nodaemon", True))

    @property
    def pid_file(self) -> Path | None:
        """Where our process id is, if the runner writes it anywhere."""
        parent = getattr(self, "parent", None) or {}
        return Path(parent["pidfile"]).absolute() if parent.get("pidfile") else None


def when_serving(tell: Callable[[], None]) -> None:
    """Calls `tell` once, when the daemon of this process listens. It is not called where it fails to."""
    reactor.callWhenRunning(tell)


def _home() -> Path:
    """The user's home. In a container somebody may have none, and has the root directory for one then."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")


def _ruler() -> Ruler:
    """What counts tokens: wrong rank files are told, and done without."""
    try:
        return best(os.environ, _home())
    except NoRanks as error:
        log.warn("tokens are estimated: {reason}", reason=str(error))
        return ESTIMATE


def makeService(options: Options) -> IService:
    """Twisted asks for it once."""
    settings = options.settings

    def log_as_told(settings: Settings) -> None:
        """Opened anew each time: whoever rotates logs has moved the file away, and sends us SIGHUP."""
        journal = Journal() if settings.log_format == "journald" else None
        form = Form(settings.log_format == "json", LogLevel.levelWithName(settings.log_level), journal)
        name = options.log_path(settings)
        if name is None:
            OUTPUT.configure(form, standard_output())
        else:
            path = Path(name).expanduser().absolute()
            path.parent.mkdir(parents=True, exist_ok=True)
            OUTPUT.configure(form, RotatingFile(path, settings.log_max_size, settings.log_keep))

    log_as_told(settings)
    told = Told()
    if options.pid_file is not None:
        answer = answer_file(options.pid_file)
        told.after = lambda result: write_answer(answer, result)
    configuration = Configuration(options.source, log_as_told, told)
    service = make_service(settings, reactor, _ruler(), configuration, os.environ)
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    return Foreground(service) if options.stays else service
