"""A soak: minutes of load over loopback in which the upstreams fail, and what is left of it afterwards.

    python bench/soak.py [--minutes 10] [--faults 0.05] [--clients 24] [--seed 1]

One daemon as it is shipped, with its ledger, before four providers: two of OpenAI's dialect, one of Anthropic's, and
one where nobody listens. Of what they are asked, so many in a hundred go wrong: the connection is reset, 500, 429, 529,
a cut or a silence before content or behind it, an error frame, garbage. Clients ask for streams and whole replies, by
routes that resume and such that do not; one in fifty leaves in the middle.

An exchange is lost if its client got neither the whole right text nor an error in good form, or waited for longer than
a minute. The daemon's memory, file descriptors and delayed calls are told at the beginning (behind a minute, or a fifth
of the time: then all pools and caches are warm) and at the end, when all clients are gone: what is left then are idle
connections to upstreams, each with a descriptor and a delayed call. The exit status is 1 if an exchange was lost, or
something else has stayed behind.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1]))

from ccproxy.exchange.voice import GO_ON  # noqa: E402

TEXT = " ".join(f"This is sentence {number} of an answer that somebody waits for." for number in range(1, 13))
PIECES = [TEXT[at : at + 40] for at in range(0, len(TEXT), 40)]
SILENCE = 2.0
"""Seconds after which the daemon gives a silent upstream up."""

PATIENCE = 60.0
"""Of a client."""

LEAVING = 0.02
FAULTS = (
    "reset",
    "500",
    "429",
    "529",
    "web page",
    "garbage",
    "cut before content",
    "cut",
    "silent before headers",
    "silent",
    "error frame",
)
SLACK = 1
"""Descriptors, or delayed calls, of what the daemon does now and then for itself."""

GROWTH = 24
"""MiB by which the daemon may have grown from the first reading to the last: the ledger keeps pages, views records."""


def serve(port: int, upstreams: list[int], home: str) -> None:
    """Be a daemon, until killed. SIGUSR1 makes it write down which delayed calls it has."""
    from twisted.internet import reactor
    from twisted.logger import globalLogPublisher

    from ccproxy.config.load import load
    from ccproxy.log import OUTPUT, Form
    from ccproxy.service import make_service

    def provider(name: str, at: int, dialect: str) -> dict[str, Any]:
        path = "" if dialect == "anthropic" else "/v1"
        return {"name": name, "api_base_url": f"http://127.0.0.1:{at}{path}", "dialect": dialect, "api_key": "k"}

    targets = ["one,m1", "two,m2", "three,m3"]
    order = {"strategy": "weighted", "affinity": False}
    weighted = [{"provider": name, "model": model, "weight": 1} for name, model in (t.split(",") for t in targets)]
    config = {
        "listen": [f"tcp:{port}:interface=127.0.0.1"],
        "providers": [
            provider("one", upstreams[0], "openai_chat"),
            provider("two", upstreams[1], "anthropic"),
            provider("three", upstreams[2], "openai_chat"),
            provider("gone", upstreams[3], "openai_chat"),
        ],
        "routes": {
            "default": {"targets": weighted, **order},
            "resumed": {"targets": weighted, **order, "resume": True},
            "refused": {"provider": "gone", "model": "m4", "fallbacks": targets, "affinity": False, "resume": True},
        },
        "performance": {"first_byte_timeout": f"{SILENCE:g}s", "stall_timeout": f"{SILENCE:g}s"},
        "ledger": {"database": f"{home}/ledger.db"},
    }
    path = Path(home) / "ccproxy.json"
    path.write_text(json.dumps(config))
    globalLogPublisher.addObserver(OUTPUT)
    OUTPUT.configure(Form(), open(f"{home}/log", "a"))  # noqa: SIM115, PTH123
    service = make_service(load(str(path), {}), reactor)
    service.startService()

    def tell(*_: object) -> None:
        calls = [getattr(call.func, "__qualname__", repr(call.func)) for call in reactor.getDelayedCalls()]
        (Path(home) / "calls.new").write_text(json.dumps(calls))
        (Path(home) / "calls.new").rename(Path(home) / "calls")

    signal.signal(signal.SIGUSR1, lambda *_: reactor.callFromThread(tell))
    reactor.run()


class Upstream:
    """A provider that answers with the text, from where it was told to go on; or not at all well."""

    def __init__(self, dialect: str, rate: float, chance: random.Random) -> None:
        self._dialect = dialect
        self._rate = rate
        self._chance = chance
        self.faults: Counter[str] = Counter()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection until it ends."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                request = json.loads(await reader.readexactly(length))
                fault = self._chance.choice(FAULTS) if self._chance.random() < self._rate else ""
                if fault:
                    self.faults[fault] += 1
                if not await self._answer(request, fault, reader, writer):
                    break
        writer.transport.abort()

    async def _answer(
        self, request: dict[str, Any], fault: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Whether the connection may be used again."""
        match fault:
            case "reset":
                return False
            case "500" | "429" | "529":
                body = json.dumps({"type": "error", "error": {"type": "api_error", "message": f"injected {fault}"}})
                extra = "Retry-After: 1\r\n" if fault == "429" else ""
                return _whole(writer, f"{fault} Injected", body.encode(), extra=extra)
            case "web page":
                return _whole(writer, "200 OK", b"<html><body>Bad Gateway</body></html>", "text/html")
            case "garbage":
                writer.write(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
                return False
            case "silent before headers":
                await reader.read(1)  # Until the daemon gives up.
                return False
        pieces = self._pieces(request)
        if not request.get("stream"):
            body = self._reply("".join(pieces))
            if fault:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body[: len(body) // 2]))
                await writer.drain()
                if fault == "silent":
                    await reader.read(1)
                return False
            return _whole(writer, "200 OK", body)
        return await self._stream(pieces, fault, reader, writer)

    async def _stream(
        self, pieces: list[str], fault: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        frames = self._frames(pieces)
        before = 2 if self._dialect == "anthropic" else 1
        last = before if fault == "cut before content" else before + self._chance.randint(1, max(len(pieces), 1))
        for number, frame in enumerate(frames):
            if fault and number >= last:
                if fault == "error frame":
                    _chunk(
                        writer, b'data: {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}\n\n'
                    )
                await writer.drain()
                if fault in ("silent", "error frame"):
                    await reader.read(1)
                return False
            _chunk(writer, frame)
            await writer.drain()
            await asyncio.sleep(0.002)
        writer.write(b"0\r\n\r\n")
        return True

    def _pieces(self, request: dict[str, Any]) -> list[str]:
        """What is still to be said of the text."""
        said = ""
        messages = request["messages"]
        if _text(messages[-1]) == GO_ON:
            messages = messages[:-1]
        if messages[-1]["role"] == "assistant":
            said = _text(messages[-1])
        rest = TEXT[len(said) :]
        return [rest[at : at + 40] for at in range(0, len(rest), 40)]

    def _reply(self, text: str) -> bytes:
        reply: dict[str, Any]
        if self._dialect == "anthropic":
            reply = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m"}
            reply |= {"content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": None}
            reply |= {"usage": {"input_tokens": 9, "output_tokens": 3}}
        else:
            choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            reply = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
            reply |= {"usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}}
        return json.dumps(reply).encode()

    def _frames(self, pieces: list[str]) -> list[bytes]:
        if self._dialect == "anthropic":
            whole = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
            whole |= {"stop_reason": None, "usage": {"input_tokens": 9, "output_tokens": 1}}
            events: list[dict[str, Any]] = [
                {"type": "message_start", "message": whole},
                {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            ]
            for piece in pieces:
                delta = {"type": "text_delta", "text": piece}
                events.append({"type": "content_block_delta", "index": 0, "delta": delta})
            events.append({"type": "content_block_stop", "index": 0})
            end = {"stop_reason": "end_turn", "stop_sequence": None}
            events.append({"type": "message_delta", "delta": end, "usage": {"output_tokens": 3}})
            events.append({"type": "message_stop"})
            return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events]
        head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, *({"content": piece} for piece in pieces)]
        chunks: list[dict[str, Any]] = [
            {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas
        ]
        chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
        chunks.append({**head, "choices": [], "usage": usage})
        return [b"data: %b\n\n" % json.dumps(chunk).encode() for chunk in chunks] + [b"data: [DONE]\n\n"]


def _whole(
    writer: asyncio.StreamWriter, status: str, body: bytes, content_type: str = "application/json", extra: str = ""
) -> bool:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    return True


def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%b\r\n" % (len(data), data))


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


class Client:
    """Asks again and again, and judges what it gets."""

    def __init__(self, port: int, chance: random.Random) -> None:
        self._port = port
        self._chance = chance
        self.seen: Counter[str] = Counter()
        self.losses: list[str] = []

    async def run(self, until: float) -> None:
        """Until this moment."""
        while time.monotonic() < until:
            with contextlib.closing(await self._connect()) as writer:
                while time.monotonic() < until and await self._ask_in_time(writer):
                    pass

    async def _connect(self) -> asyncio.StreamWriter:
        self._reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        return writer

    async def _ask_in_time(self, writer: asyncio.StreamWriter) -> bool:
        """One exchange; whether the connection can be used again."""
        model = self._chance.choice(("default", "resumed", "refused"))
        stream = self._chance.random() < 0.7
        kind = f"{'stream' if stream else 'whole'} by {model}"
        self.seen["exchanges"] += 1
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._ask(writer, model, stream)
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError, ValueError, KeyError, IndexError) as error:
            self.losses.append(f"{kind}: {error!r}")
            return False

    async def _ask(self, writer: asyncio.StreamWriter, model: str, stream: bool) -> bool:
        fields = {"model": model, "max_tokens": 99, "stream": stream}
        body = json.dumps({**fields, "messages": [{"role": "user", "content": "Speak."}]}).encode()
        writer.write(
            b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        if self._chance.random() < LEAVING:
            await asyncio.sleep(self._chance.random() * 0.05)
            self.seen["left by their clients"] += 1
            return False
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        lines = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
        answer = await self._body(lines)
        status = int(head.split(" ")[1])
        if int(lines["x-ccproxy-attempts"]) > 1:
            self.seen["answered by another target"] += status == 200
        if status != 200:
            json.loads(answer)["error"]["message"]
            self.seen[f"told {status}"] += 1
        elif not stream:
            told = json.loads(answer)["content"][0]["text"]
            self._judge(told, "whole", whole=True)
        else:
            self._judge_stream(answer.decode(), model)
        return lines.get("connection") != "close"

    async def _body(self, lines: dict[str, str]) -> bytes:
        if "content-length" in lines:
            return await self._reader.readexactly(int(lines["content-length"]))
        return b"".join([chunk async for chunk in self._chunks()])

    async def _chunks(self) -> AsyncIterator[bytes]:
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            yield await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)

    def _judge_stream(self, answer: str, model: str) -> None:
        events = [json.loads(line[6:]) for line in answer.split("\n") if line.startswith("data: ")]
        kinds = [event["type"] for event in events if event["type"] != "ping"]
        told = "".join(event["delta"].get("text", "") for event in events if event["type"] == "content_block_delta")
        if kinds.count("message_start") != 1 or kinds.count("message_stop") + kinds.count("error") != 1:
            self.losses.append(f"stream by {model}: {kinds}")
        elif kinds[-1] == "error":
            self._judge(told, f"stream by {model}", whole=False)
        elif kinds[-1] == "message_stop":
            self._judge(told, f"stream by {model}", whole=True)
        else:
            self.losses.append(f"stream by {model}: {kinds}")

    def _judge(self, told: str, kind: str, whole: bool) -> None:
        if (told == TEXT) if whole else TEXT.startswith(told):
            self.seen["whole and right" if whole else f"told in-band, {kind}"] += 1
        else:
            self.losses.append(f"{kind}: {told!r}")


class Reading:
    """What the daemon holds."""

    def __init__(self, pid: int, home: Path) -> None:
        status = Path(f"/proc/{pid}/status").read_text()
        self.memory = int(status.split("VmRSS:")[1].split()[0]) / 1024
        self.descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        (home / "calls").unlink(missing_ok=True)
        os.kill(pid, signal.SIGUSR1)
        for _ in range(100):
            if (home / "calls").exists():
                break
            time.sleep(0.05)
        self.calls: list[str] = json.loads((home / "calls").read_text())

    def tell(self, when: str) -> None:
        """One line."""
        print(f"{when:24} {self.memory:6.1f} MiB, {self.descriptors} descriptors, {len(self.calls)} delayed calls")


async def listening(port: int) -> None:
    """Waits for the daemon."""
    for _ in range(200):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.1)
    raise SystemExit("the daemon did not start")


async def main(options: argparse.Namespace) -> int:
    """All of it. Gives the exit status."""
    chance = random.Random(options.seed)
    upstreams = [Upstream(dialect, options.faults, chance) for dialect in ("openai_chat", "anthropic", "openai_chat")]
    servers = [await asyncio.start_server(one.talk, "127.0.0.1", 0) for one in upstreams]
    ports = [server.sockets[0].getsockname()[1] for server in servers] + [options.port + 1]
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        arguments = ["--serve", "--port", str(options.port), "--home", directory, "--upstreams", *map(str, ports)]
        daemon = await asyncio.create_subprocess_exec(sys.executable, str(HERE), *arguments)
        try:
            await listening(options.port)
            await asyncio.sleep(0.5)
            idle = Reading(daemon.pid, home)
            idle.tell("before the first request")
            clients = [Client(options.port, chance) for _ in range(options.clients)]
            seconds = options.minutes * 60
            began = time.monotonic()
            running = asyncio.gather(*(client.run(began + seconds) for client in clients))
            await asyncio.sleep(min(60, seconds / 5))
            first = Reading(daemon.pid, home)
            first.tell("warm, under load")
            await running
            busy = Reading(daemon.pid, home)
            busy.tell("at the end of the load")
            await asyncio.sleep(SILENCE + 3)
            last = Reading(daemon.pid, home)
            last.tell("when all are gone")
            if options.calls:
                print(Counter(last.calls))
        finally:
            daemon.kill()
            await daemon.wait()
        faults = (home / "log").read_text().count("a fault of ours") + (home / "log").read_text().count("Traceback")
    seen = sum((client.seen for client in clients), Counter[str]())
    losses = [loss for client in clients for loss in client.losses]
    struck = sum((one.faults for one in upstreams), Counter[str]())
    print(f"{seen.pop('exchanges')} exchanges in {seconds:g} s, {len(losses)} lost, {faults} faults of ours")
    print("; ".join(f"{kind}: {count}" for kind, count in sorted(seen.items())))
    print(
        f"{struck.total()} faults injected: " + ", ".join(f"{kind} {count}" for kind, count in sorted(struck.items()))
    )
    for loss in losses[:10]:
        print("LOST", loss[:300])
    pooled = last.calls.count("Pool._expire")
    kept = last.descriptors - pooled - idle.descriptors, len(last.calls) - pooled - len(idle.calls)
    grown = last.memory - first.memory
    print(f"besides {pooled} idle connections: {kept[0]:+} descriptors, {kept[1]:+} delayed calls; {grown:+.1f} MiB")
    return 1 if losses or faults or max(kept) > SLACK or grown > GROWTH else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--faults", type=float, default=0.05, help="the share of requests that an upstream fails at")
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=45970)
    parser.add_argument("--calls", action="store_true", help="name the delayed calls that are left")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--upstreams", type=int, nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--home", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve(chosen.port, chosen.upstreams, chosen.home)
    else:
        sys.exit(asyncio.run(main(chosen)))
