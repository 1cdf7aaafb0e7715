"""`twistd ccproxy` and `twist ccproxy`: the only place that knows the global reactor."""

import gc
import os
import sys
from pathlib import Path
from typing import ClassVar

from twisted.application.service import IService
from twisted.internet import reactor
from twisted.logger import Logger, LogLevel, globalLogPublisher
from twisted.python import usage

from ccproxy.config.load import load
from ccproxy.config.settings import ConfigError, Settings
from ccproxy.log import OUTPUT, Form, standard_output
from ccproxy.service import make_service
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

    settings: Settings
    log_path: str | None

    def postOptions(self) -> None:
        """Reads the configuration, so that a bad one stops the start at once, with its one message."""
        flags = {name: self[name] for name in ("host", "port") if self[name] is not None}
        if self["debug"]:
            flags["log_level"] = "debug"
        try:
            self.settings = load(self["config"], os.environ, flags)
        except ConfigError as error:
            print(f"ccproxy: {error}", file=sys.stderr)
            raise SystemExit(EX_CONFIG) from None
        self._take_over_the_log()

    def _take_over_the_log(self) -> None:
        """The daemon runners would write their own form, and know no configuration; where they write is kept."""
        parent = getattr(self, "parent", None) or {}
        self.log_path = self.settings.log_file or None
        if "nodaemon" in parent:
            parent["logger"] = parent["logger"] or "ccproxy.log.observer"
            self.log_path = self.log_path or parent["logfile"] or (None if parent["nodaemon"] else "twistd.log")
        elif "logFile" in parent:
            parent["fileLogObserverFactory"] = lambda _stream: OUTPUT
        else:
            globalLogPublisher.addObserver(OUTPUT)


def _ruler() -> Ruler:
    """What counts tokens: wrong rank files are told, and done without."""
    try:
        return best(os.environ, Path.home())
    except NoRanks as error:
        log.warn("tokens are estimated: {reason}", reason=str(error))
        return ESTIMATE


def makeService(options: Options) -> IService:
    """Twisted asks for it once."""
    settings = options.settings
    form = Form(settings.log_format == "json", LogLevel.levelWithName(settings.log_level))
    if options.log_path in (None, "-"):
        OUTPUT.configure(form, standard_output())
    else:
        path = Path(options.log_path).expanduser().absolute()
        path.parent.mkdir(parents=True, exist_ok=True)
        OUTPUT.configure(form, path.open("a", encoding="utf-8"))
    service = make_service(settings, reactor, _ruler())
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    return service
