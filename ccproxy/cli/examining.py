"""What a doctor looks at: each examination finds something, and says how bad that is and what cures it.

They look and change nothing. Nothing that they find shows a key.
"""

import enum
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from resource import RLIMIT_NOFILE, getrlimit

from attrs import frozen

from ccproxy.cli.claude import MISSING, conflicts, program
from ccproxy.cli.process.asking import ask, listens
from ccproxy.cli.process.home import Home
from ccproxy.cli.process.order import Order
from ccproxy.cli.process.running import Running, running
from ccproxy.cli.process.starting import told
from ccproxy.cli.reaching import Reached
from ccproxy.cli.surroundings import PROXIES
from ccproxy.cli.terminal import at_home, spell
from ccproxy.config.settings import Settings
from ccproxy.config.summary import doubts, secrets_in

CLAUDE_SECONDS = 15.0

CLOCK_SECONDS = 60.0
"""A clock that is further off makes certificates seem invalid, and expiries and limits wrong."""

FILES_WANTED = 4096
"""Each exchange has two connections, and each connection is an open file."""

LITTLE_SPACE = 1 << 30
NO_SPACE = 100 << 20


class State(enum.Enum):
    """How bad it is."""

    GOOD = "ok"
    DUBIOUS = "note"
    BAD = "bad"


@frozen
class Finding:
    """What was found about a subject, and what cures it if it is not good."""

    subject: str
    state: State
    words: str
    cure: str = ""


def good(subject: str, words: str) -> Finding:
    """All is well."""
    return Finding(subject, State.GOOD, words)


def dubious(subject: str, words: str, cure: str) -> Finding:
    """It works, and not as well as it could."""
    return Finding(subject, State.DUBIOUS, words, cure)


def bad(subject: str, words: str, cure: str) -> Finding:
    """It does not work."""
    return Finding(subject, State.BAD, words, cure)


def daemon(home: Home, order: Order) -> Finding:
    """Whether one runs and answers, and runs as it is configured now."""
    there = running(home)
    if there is not None:
        return _ours(there, order)
    answer = ask(order.url, order.settings.listen, "/status", order.key)
    if answer is not None and answer.is_ours:
        return good("daemon", told(order.url, answer))
    if listens(order.url, order.settings.listen):
        cure = "stop that program, or choose another port: `port` in the configuration, CCPROXY_PORT, --port"
        return bad("daemon", f"does not run, and cannot: another program listens at {order.url}", cure)
    return good("daemon", "does not run; `ccproxy` and `ccproxy start` start it")


def _ours(there: Running, order: Order) -> Finding:
    where = there.url or ", ".join(there.listen)
    answer = ask(there.url, there.listen, "/status", order.key)
    if answer is None or not answer.is_ours:
        cure = f"its log may tell why: ccproxy logs. To end it: ccproxy stop --force (process {there.pid})"
        return bad("daemon", f"runs, and does not answer at {where}", cure)
    if there.config != order.config or there.listen != order.settings.listen:
        named = at_home(there.config) or "no file"
        cure = "ccproxy restart --config FILE replaces it; without options, it starts as it was"
        return dubious("daemon", f"runs at {where} by {named}, and another one is configured here", cure)
    return good("daemon", f"runs at {where}, as process {there.pid}, for {spell(time.time() - there.started)}")


def configuration(order: Order) -> Iterator[Finding]:
    """Whether it says what was meant, and is nobody else's to read."""
    settings = order.settings
    if not order.config:
        yield good("configuration", "none: the environment and defaults")
    else:
        yield good("configuration", f"{at_home(order.config)}: {_counted(settings)}")
        file = Path(order.config).stat()
        open_to_others = file.st_mode & (stat.S_IRWXG | stat.S_IRWXO) and file.st_uid == os.getuid()
        if open_to_others and any(secrets_in(settings)):
            yield dubious("configuration", "others on this machine can read it", f"chmod 600 {order.config}")
    for doubt in doubts(settings):
        words, _, cure = doubt.partition(": ")
        yield dubious("configuration", words, cure or "ccproxy check shows what it comes to")


def _counted(settings: Settings) -> str:
    enabled = sum(provider.enabled for provider in settings.providers)
    return f"{enabled} provider{'s' * (enabled != 1)}, {len(settings.routes)} route{'s' * (len(settings.routes) != 1)}"


def environment(environ: Mapping[str, str], order: Order) -> Iterator[Finding]:
    """What in it would lead clients past ccproxy."""
    subject = "environment"
    found = False
    base = environ.get("ANTHROPIC_BASE_URL", "")
    if base and base.rstrip("/") != order.url:
        found = True
        yield dubious(subject, f"ANTHROPIC_BASE_URL leads elsewhere ({base})", "unset it, or launch by `ccproxy`")
    own = [provider for provider in order.settings.providers if provider.name == "anthropic"]
    if environ.get("ANTHROPIC_API_KEY") and not own:
        found = True
        words = "ANTHROPIC_API_KEY is set, and no provider here uses it: Claude Code by itself would send it"
        yield dubious(subject, words, "unset it; `ccproxy` keeps it from Claude Code")
    proxies = [name for name in PROXIES if environ.get(name)]
    passed = {part.strip() for name in ("NO_PROXY", "no_proxy") for part in environ.get(name, "").split(",")}
    if proxies and not passed & {"*", "127.0.0.1"}:
        found = True
        words = f"{' and '.join(proxies)} would take what is meant for this machine"
        yield dubious(subject, words, "export NO_PROXY=127.0.0.1,localhost; `ccproxy` and `ccproxy run` do so")
    files, _ = getrlimit(RLIMIT_NOFILE)
    if files < FILES_WANTED:
        found = True
        yield dubious(
            subject,
            f"a process may have {files} open files: enough for {files // 2} requests at once",
            f"ulimit -n {FILES_WANTED}, before the daemon starts",
        )
    if not found:
        yield good(subject, "nothing in it leads past ccproxy")


def claude(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Whether Claude Code is here, and would follow."""
    path = program(environ)
    if path is None:
        cure = " ".join(MISSING.splitlines()[1].split())
        yield dubious("claude", "Claude Code is not installed, or not on the PATH", f"{cure}; or CLAUDE_PATH")
        return
    try:
        ran = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CLAUDE_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        yield bad("claude", f"{at_home(path)} does not run: {type(error).__name__}", "install it anew")
        return
    yield good("claude", f"{(ran.stdout.strip().splitlines() or ['?'])[0]}, at {at_home(path)}")
    found = list(conflicts(environ))
    for words, _, cure in (conflict.rpartition(": ") for conflict in found):
        yield bad("settings", words, cure)
    if not found:
        yield good("settings", "nothing in Claude Code's settings leads past ccproxy")


def upstreams(tried: Iterable[Reached]) -> Iterator[Finding]:
    """Whether providers can be reached, and take their keys."""
    for one in tried:
        words = f"{one.provider} {one.words}"
        if one.good:
            yield good("provider", words)
        else:
            yield bad("provider", words, "check its api_base_url and api_key, and whether this machine is online")


def clock(tried: Iterable[Reached], now: float) -> Finding:
    """Whether ours goes as the providers' do."""
    for one in tried:
        try:
            off = now - parsedate_to_datetime(one.date).timestamp()
        except (TypeError, ValueError):
            continue
        if abs(off) > CLOCK_SECONDS:
            ahead = "ahead of" if off > 0 else "behind"
            words = f"is {spell(abs(off))} {ahead} that of {one.provider}"
            return bad("clock", words, "let the system set it: timedatectl set-ntp true")
        return good("clock", f"goes with that of {one.provider}")
    return good("clock", "no provider told the time to compare it with")


def disk(home: Home) -> Finding:
    """Whether there is room for a log, and the right to write it."""
    place = next(path for path in (home.directory, *home.directory.parents) if path.exists())
    if not os.access(place, os.W_OK):
        return bad("disk", f"{at_home(str(place))} cannot be written", "make it yours, or name another: --config-dir")
    free = shutil.disk_usage(place).free
    words = f"{free / (1 << 30):.1f} GB free at {at_home(str(place))}"
    if free < NO_SPACE:
        return bad("disk", words, "make room: no log and no record can be written")
    if free < LITTLE_SPACE:
        return dubious("disk", words, "make room soon")
    return good("disk", words)
