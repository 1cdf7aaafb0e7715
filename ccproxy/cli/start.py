"""`ccproxy start`: the daemon, without twistd on the path (pipx and uv expose no script but ours)."""

import os
import sys
from pathlib import Path

import click

from ccproxy.config.load import load
from ccproxy.config.settings import ConfigError, Settings

EX_CONFIG = 78
"""The exit status for a bad configuration (sysexits.h)."""

POINTERS = """\
ccproxy serves at {url}{demo}

Point Claude Code at it:
  ANTHROPIC_BASE_URL={url} ANTHROPIC_AUTH_TOKEN={token} claude

Or try it by hand:
  curl -sN {url}/v1/messages -H 'content-type: application/json'{header} \\
    -d '{{"model": "claude-sonnet-5-5", "max_tokens": 1000, "stream": true, \
"messages": [{{"role": "user", "content": "Hello"}}]}}'

Press Ctrl-C to stop.
"""


@click.command()
@click.option("--foreground", "-f", is_flag=True, help="Stay in the foreground, and log to the terminal.")
@click.option("--config", "-c", metavar="FILE", help="The configuration file.")
@click.option("--host", metavar="ADDRESS", help="The address to listen at.")
@click.option("--port", "-p", metavar="NUMBER", help="The port to listen at.")
@click.option("--debug", is_flag=True, help="Log everything.")
def start(foreground: bool, config: str | None, host: str | None, port: str | None, debug: bool) -> None:
    """Start the daemon.

    In the background its process id and its log are kept in ~/.ccproxy.
    """
    flags = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    try:
        settings = load(config, os.environ, flags)
    except ConfigError as error:
        click.echo(f"ccproxy: {error}", err=True)
        raise SystemExit(EX_CONFIG) from None
    ours = [f"--{name}={value}" for name, value in flags.items()]
    ours += [f"--config={Path(config).absolute()}"] if config else []
    ours += ["--debug"] if debug else []
    if foreground:
        click.echo(pointers(settings))
        run_twistd(["--nodaemon", "--pidfile=", "ccproxy", *ours])
    else:
        home = Path.home() / ".ccproxy"
        home.mkdir(mode=0o700, exist_ok=True)
        run_twistd([f"--pidfile={home}/ccproxy.pid", f"--logfile={home}/ccproxy.log", "ccproxy", *ours])


def run_twistd(arguments: list[str]) -> None:
    """Be twistd from now on."""
    # Twisted takes most of a start; the other commands do without it.
    from twisted.scripts.twistd import run

    sys.argv = ["twistd", *arguments]
    run()


def pointers(settings: Settings) -> str:
    """How to use a daemon with these settings, in lines that work as printed."""
    key = bool(settings.apikey)
    return POINTERS.format(
        url=url(settings),
        token="$CCPROXY_API_KEY" if key else "unused",
        header=' -H "x-api-key: $CCPROXY_API_KEY"' if key else "",
        demo="\nNo provider is configured: the built-in demo answers." if settings.demo else "",
    )


def url(settings: Settings) -> str:
    """Where a client on this machine reaches the daemon."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
