"""A real browser without a window: Chromium, told what to do by its own debugging protocol over two pipes."""

import base64
import json
import os
import shutil
from pathlib import Path
from typing import Any

from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")

CALL_SECONDS = 30
"""The most that one step takes."""

OPTIONS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)


def program() -> str | None:
    """Where there is one."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Failed(Exception):
    """What the browser or the page said."""


class Browser(ProcessProtocol):
    """One browser with one page. `complaints` are errors of the console, exceptions, and violations of the page's
    policy."""

    def __init__(self, reactor: ReactorBase, profile: Path) -> None:
        self._reactor = reactor
        self._waiting: dict[int, Deferred[Any]] = {}
        self._calls = 0
        self._heard = b""
        self._session: str | None = None
        self._loaded: Deferred[None] | None = None
        self._ended: Deferred[None] = Deferred()
        self.complaints: list[str] = []
        self.asked: list[str] = []
        """Every address that the page asked for."""
        path = program()
        if path is None:
            raise Failed("there is no Chromium (on Debian: apt install chromium)")
        # In a container, and for root, it has no sandbox of its own to run in.
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        arguments = [path, *OPTIONS, *sandbox, f"--user-data-dir={profile}", "about:blank"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(profile)}
        pipes = {0: "w", 1: "r", 2: "r", 3: "w", 4: "r"}
        reactor.spawnProcess(self, path, arguments, environment, childFDs=pipes)  # type: ignore[attr-defined]

    @classmethod
    async def open(cls, reactor: ReactorBase, profile: Path) -> "Browser":
        """A browser that is ready."""
        browser = cls(reactor, profile)
        targets = (await browser.call("Target.getTargets"))["targetInfos"]
        page = next(one["targetId"] for one in targets if one["type"] == "page")
        attached = await browser.call("Target.attachToTarget", targetId=page, flatten=True)
        browser._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            await browser.call(f"{domain}.enable")
        return browser

    def call(self, method: str, **parameters: Any) -> "Deferred[Any]":
        """One command; fires with its result."""
        self._calls += 1
        number = self._calls
        message = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        done: Deferred[Any] = Deferred()
        done.addTimeout(CALL_SECONDS, self._reactor)
        self._waiting[number] = done
        self.transport.writeToChild(3, json.dumps(message).encode() + b"\0")  # type: ignore[union-attr]
        return done

    async def go(self, address: str) -> None:
        """To another page; returns when it is loaded."""
        self._loaded = Deferred()
        self._loaded.addTimeout(CALL_SECONDS, self._reactor)
        await self.call("Page.navigate", url=address)
        await self._loaded

    async def run(self, script: str) -> Any:
        """What an expression comes to in the page; a promise is waited for."""
        found = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise Failed(str(found["exceptionDetails"]))
        return found["result"].get("value")

    async def until(self, script: str, within: float = 10.0) -> Any:
        """Wait until an expression comes to something true."""
        end = self._reactor.seconds() + within
        while not (found := await self.run(script)):
            if self._reactor.seconds() > end:
                raise Failed(f"{script} does not come true")
            await deferLater(self._reactor, 0.05)
        return found

    async def press(self, key: str, code: int) -> None:
        """A key of the keyboard."""
        for what in ("rawKeyDown", "char", "keyUp") if key == "Enter" else ("rawKeyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and what == "char" else {}
            await self.call("Input.dispatchKeyEvent", type=what, key=key, code=key, windowsVirtualKeyCode=code, **text)

    async def look(self, width: int, height: int, scheme: str) -> None:
        """As wide as this, and in this theme of the system's."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 700
        )
        await self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    async def picture(self, whole: bool = False) -> bytes:
        """What is to be seen, as PNG."""
        found = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(found["data"])

    async def close(self) -> None:
        """Ends it."""
        self._session = None
        self.call("Browser.close").addErrback(lambda _: None)
        self._ended.addTimeout(CALL_SECONDS, self._reactor)
        await self._ended

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Messages of the protocol, and what the program prints."""
        if childFD != 4:
            return
        *messages, self._heard = (self._heard + data).split(b"\0")
        for message in messages:
            self._hear(json.loads(message))

    def _hear(self, message: dict[str, Any]) -> None:
        waiting = self._waiting.pop(message.get("id", 0), None)
        if waiting is not None and not waiting.called:
            if "error" in message:
                waiting.errback(Failed(str(message["error"])))
            else:
                waiting.callback(message["result"])
            return
        said = message.get("params", {})
        match message.get("method"):
            case "Page.loadEventFired" if self._loaded is not None and not self._loaded.called:
                self._loaded.callback(None)
            case "Runtime.exceptionThrown":
                self.complaints.append(str(said["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if said["type"] in ("error", "warning", "assert"):
                self.complaints.append(str(said["args"]))
            case "Log.entryAdded" if said["entry"]["level"] in ("error", "warning"):
                self.complaints.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")
            case "Network.requestWillBeSent":
                self.asked.append(said["request"]["url"])

    def processEnded(self, reason: Failure) -> None:
        """It is gone, and answers nothing any more."""
        for waiting in self._waiting.values():
            if not waiting.called:
                waiting.errback(reason)
        self._waiting.clear()
        self._ended.callback(None)
