"""What all observers of exchanges cost together: processor time for each exchange, with them and without, in one run.

    python bench/observers.py [--rounds 6] [--exchanges 1500] [--events 100] [--log] [--capture]

Two daemons serve the same load in turns, from real sockets to a real ledger in a file. One is as it is shipped; in the
other the ledger, the live feed, the metrics, the percentiles and the budgets are deaf. With `--log` each exchange has a
line in the log of the first, and none in the other's. With `--capture` nobody is deaf, and the first captures exchanges
word for word, most of which is work of a thread.
"""

import argparse
import asyncio
import gc
import json
import os
import signal
import statistics
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve()
CONNECTIONS = 16
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
TICKS = os.sysconf("SC_CLK_TCK")


def serve(bare: bool, port: int, upstream: int, home: str, log: bool, capture: bool) -> None:
    """Be a daemon, until killed."""
    sys.path.insert(0, str(HERE.parents[1]))
    from twisted.internet import reactor

    from ccproxy.config.settings import CaptureSettings, LedgerSettings, ProviderSettings, RouteSettings, Settings
    from ccproxy.exchange.feed import Feed
    from ccproxy.ledger.ledger import Ledger
    from ccproxy.ledger.spending import Purse
    from ccproxy.log import OUTPUT, Form
    from ccproxy.metrics.exchanges import Exchanges
    from ccproxy.metrics.latencies import Latencies
    from ccproxy.secret import Secret
    from ccproxy.service import make_service
    from ccproxy.tap import GC_THRESHOLDS

    captured = CaptureSettings(enabled=capture and not bare, directory=f"{home}/captures")
    bare = bare and not capture
    if bare:
        for kind in (Feed, Ledger, Purse, Exchanges, Latencies):
            kind.observe = lambda self, call, record: None
    from twisted.logger import globalLogPublisher

    globalLogPublisher.addObserver(OUTPUT)
    OUTPUT.configure(Form(), open(f"{home}/log", "a"))  # noqa: SIM115, PTH123
    url = f"http://127.0.0.1:{upstream}/v1"
    provider = ProviderSettings("up", api_base_url=url, api_key=Secret("k"), models=("gpt-5",), dialect="openai_chat")
    settings = Settings(
        listen=(f"tcp:{port}:interface=127.0.0.1",),
        log=log and not bare,
        providers=(provider,),
        routes={"default": RouteSettings("up", "gpt-5")},
        ledger=LedgerSettings(database="" if bare else f"{home}/ledger-{port}.db"),
        capture=captured,
    )
    service = make_service(settings, reactor)
    service.startService()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    reactor.run()


def answer(events: int) -> bytes:
    """An upstream's, with so many pieces of text."""
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5"}

    def frame(**fields: object) -> bytes:
        return b"data: " + json.dumps({**head, **fields}).encode() + b"\n\n"

    piece = frame(choices=[{"index": 0, "delta": {"content": "word "}, "finish_reason": None}])
    end = frame(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
    usage = frame(choices=[], usage={"prompt_tokens": 1000, "completion_tokens": events, "total_tokens": 1000 + events})
    return piece * events + end + usage + b"data: [DONE]\n\n"


async def upstream(events: int) -> asyncio.Server:
    """Answers everything alike, in four chunks."""
    whole = answer(events)
    quarter = len(whole) // 4 + 1
    parts = [whole[at : at + quarter] for at in range(0, len(whole), quarter)]
    chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in parts] + [b"0\r\n\r\n"]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                for chunk in chunks:
                    writer.write(chunk)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return await asyncio.start_server(talk, "127.0.0.1", 0)


async def load(port: int, exchanges: int) -> None:
    """So many exchanges, over some connections."""
    body = json.dumps(
        {"model": "claude-x", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "Hi " * 200}]}
    ).encode()
    request = b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    async def client(count: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(count):
            writer.write(request)
            said = await reader.readuntil(b"\r\n0\r\n\r\n")
            assert b"message_stop" in said, said[-500:]
        writer.close()

    await asyncio.gather(*(client(exchanges // CONNECTIONS) for _ in range(CONNECTIONS)))


def seconds(pid: int) -> float:
    """Processor time of a process and its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def listening(port: int) -> None:
    """Waits for a daemon."""
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise SystemExit("a daemon did not start")


async def main(options: argparse.Namespace) -> None:
    """Both daemons, in turns."""
    server = await upstream(options.events)
    at = server.sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory() as home:
        daemons = {}
        for name, port in (("with", options.port), ("without", options.port + 1)):
            arguments = ["--serve", name, "--port", str(port), "--upstream", str(at), "--home", home]
            arguments += ["--log"] if options.log else []
            arguments += ["--capture"] if options.capture else []
            daemons[name] = (await asyncio.create_subprocess_exec(sys.executable, str(HERE), *arguments), port)
        try:
            for _, port in daemons.values():
                await listening(port)
                await load(port, 300)
            spent: dict[str, list[float]] = {name: [] for name in daemons}
            turns = list(daemons.items())
            for _ in range(options.rounds):
                turns.reverse()  # Whoever comes first finds a colder machine: 1 % and more, with nobody deaf.
                for name, (process, port) in turns:
                    before = seconds(process.pid)
                    await load(port, options.exchanges)
                    await asyncio.sleep(1.2)  # What is written behind is paid for in its round.
                    spent[name].append((seconds(process.pid) - before) / options.exchanges * 1e6)
        finally:
            for process, _ in daemons.values():
                process.send_signal(signal.SIGKILL)
                await process.wait()
    for name, figures in spent.items():
        print(f"{name:8} {statistics.median(figures):7.1f} µs an exchange   {[round(one) for one in figures]}")
    ratio = statistics.median(a / b for a, b in zip(spent["with"], spent["without"], strict=True))
    print(f"{'capture costs' if options.capture else 'observers cost'} {(ratio - 1) * 100:.1f} %")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--exchanges", type=int, default=1500)
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--port", type=int, default=45990)
    parser.add_argument("--log", action="store_true")
    parser.add_argument("--capture", action="store_true")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--upstream", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--home", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve(chosen.serve == "without", chosen.port, chosen.upstream, chosen.home, chosen.log, chosen.capture)
    else:
        asyncio.run(main(chosen))
