"""What the tests do as an administrator would: commands, the configuration, requests."""

import json
import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

CONFIGURATION = Path("/etc/ccproxy/config.json")
KEYS = Path("/etc/ccproxy/keys")
PORT = 3456

PROVIDER = {
    "name": "scripted",
    "api_base_url": "https://provider.test:8443/v1",
    "dialect": "openai_chat",
    "api_key": {"file": str(KEYS / "scripted")},
    "models": ["steps", "slow", "tools", "key"],
}


def run(*words: str, status: int | None = 0) -> str:
    """What a command prints. Fails if it ends with another status (None: any will do)."""
    ended = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if status is not None and ended.returncode != status:
        raise AssertionError(f"{' '.join(words)} ended with {ended.returncode}, not {status}:\n{ended.stdout}")
    return ended.stdout


def configure(**options: Any) -> None:
    """Write this configuration, in addition to what the tests always want."""
    settings = {"log_format": "journald", "providers": [PROVIDER]} | options
    CONFIGURATION.write_text(json.dumps(settings, indent=2))


def key(text: str) -> None:
    """Put a provider's key where the configuration says it is."""
    (KEYS / "scripted").write_text(text + "\n")


def show(name: str, unit: str = "ccproxy") -> str:
    """A property of a unit."""
    return run("systemctl", "show", "--value", f"--property={name}", unit).strip()


def until(check: Any, seconds: float = 20.0) -> Any:
    """The first true answer; fails where there is none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := check()):
        if time.monotonic() > deadline:
            raise AssertionError("it did not come to be in time")
        time.sleep(0.1)
    return answer


class Asked:
    """A streamed message, asked for and being answered."""

    def __init__(
        self, model: str, port: int = PORT, connection: HTTPConnection | None = None, apikey: str = ""
    ) -> None:
        self._connection = connection or HTTPConnection("127.0.0.1", port, timeout=60)
        body = {"model": model, "max_tokens": 100, "stream": True, "messages": [{"role": "user", "content": "Go"}]}
        headers = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
        headers |= {"x-api-key": apikey} if apikey else {}
        self._connection.request("POST", "/v1/messages", json.dumps(body), headers)
        self.response: HTTPResponse = self._connection.getresponse()
        self.times: list[float] = []
        """When each piece of text came."""

    def events(self) -> Iterator[dict[str, Any]]:
        """The events as they come."""
        for line in self.response:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])

    def text(self) -> str:
        """All the text, once the answer has formally ended."""
        text, ended = "", False
        if self.response.status != 200:
            raise AssertionError(f"{self.response.status}: {self.response.read().decode()}")
        for event in self.events():
            if event["type"] == "content_block_delta":
                text += event["delta"].get("text", "")
                self.times.append(time.monotonic())
            if event["type"] == "error":
                raise AssertionError(event)
            ended = event["type"] == "message_stop"
        self._connection.close()
        if not ended:
            raise AssertionError(f"the answer broke off after: {text}")
        return text
