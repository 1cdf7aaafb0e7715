"""`ccproxy start`: the daemon, without twistd on the path (pipx and uv expose no script but ours).

The configuration is read here first: what is wrong with it is told before anything runs, and what is right tells how to
reach the daemon.
"""

import os
import subprocess
import sys
from pathlib import Path

import click

from ccproxy.cli.banner import banner
from ccproxy.config.load import load
from ccproxy.config.settings import ConfigError, Settings

DIRECTORY = "~/.ccproxy"
"""Where a daemon in the background has its pid file and its log."""

TWISTD = "from ccproxy.cli.start import be_twistd; be_twistd()"

START_SECONDS = 30
"""twistd waits for ever for a daemon that dies before it has told how its start went."""

LOG_LINES = 20
"""What is shown of the log of a daemon that did not start."""


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
        raise SystemExit(os.EX_CONFIG) from None
    ours = ["ccproxy", *(f"--{name}={value}" for name, value in flags.items())]
    ours += [f"--config={config}"] if config else []
    ours += ["--debug"] if debug else []
    if foreground:
        click.echo(f"{banner(settings)}\nPress Ctrl-C to stop.\n")
        try:
            _run_here(["--nodaemon", "--pidfile=", *ours])
        except Exception as error:
            if debug:
                raise
            raise click.ClickException(f"ccproxy did not start: {error} (--debug shows where)") from None
    else:
        _run_behind(settings, ours)


def _run_here(arguments: list[str]) -> None:
    """Be twistd from now on; it ends this process."""
    # Twisted takes most of a start; the other commands do without it.
    from twisted.scripts.twistd import run

    sys.argv = ["twistd", *arguments]
    run()


def be_twistd() -> None:
    """Be the daemon in the background. What keeps it from starting is in its log by now, and is told by whoever started
    it; a traceback behind it would help nobody."""
    from twisted.scripts.twistd import run

    try:
        run()
    except Exception:
        if "--debug" in sys.argv:
            raise
        raise SystemExit(1) from None


def _run_behind(settings: Settings, arguments: list[str]) -> None:
    """Have twistd as a child: it returns when the daemon serves or has failed, and somebody is left to tell which."""
    home = Path(DIRECTORY).expanduser()
    try:
        home.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise click.ClickException(
            f"{home}, for pid file and log, cannot be made: {error.strerror}; "
            "`ccproxy start --foreground` needs neither"
        ) from None
    pid_file = home / "ccproxy.pid"
    running = _running(pid_file)
    if running is not None:
        raise click.ClickException(
            f"ccproxy runs already: stop it with `kill {running}`. If process {running} is another program, "
            f"delete {pid_file} instead"
        )
    log = Path(settings.log_file or home / "ccproxy.log").absolute()
    logged = log.stat().st_size if log.exists() else 0
    # -P: whoever starts a daemon in a directory does not mean to import what lies there.
    command = [sys.executable, "-P", "-c", TWISTD, f"--pidfile={pid_file}", f"--logfile={log}", *arguments]
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=START_SECONDS, check=False
        )
        status, said = ended.returncode, ended.stderr.rstrip()
    except subprocess.TimeoutExpired:
        status, said = 1, f"nothing was heard of it for {START_SECONDS} seconds"
    if status:
        pid_file.unlink(missing_ok=True)  # twistd leaves it where it gives up while it starts.
        click.echo(_since(log, logged) or said, err=True)
        click.echo(f"ccproxy did not start; its log is {log}", err=True)
        raise SystemExit(status)
    click.echo(f"{banner(settings)}\nIt runs in the background and logs to {log}\nTo stop it: kill $(cat {pid_file})")


def _running(pid_file: Path) -> int | None:
    """The process that a pid file names, if there is one."""
    try:
        pid = int(pid_file.read_text())
        os.kill(pid, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return None
    except PermissionError:
        return pid  # Another user's.
    return pid


def _since(log: Path, position: int) -> str:
    """The last lines of a log, of those behind `position`."""
    try:
        with log.open("rb") as file:
            file.seek(position)
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-LOG_LINES:])
