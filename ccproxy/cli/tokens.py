"""`ccproxy tokens fetch`: the file by which tiktoken counts, put where the daemon looks for it.

The daemon itself never fetches anything.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from ccproxy.tokens.archives import WHEEL, WHEEL_SHA256, take
from ccproxy.tokens.ranks import ENCODING, RANKS, NoRanks, own_directory


@click.group()
def tokens() -> None:
    """Count tokens as tiktoken does, instead of by an estimate."""


@tokens.command()
@click.option(
    "--from",
    "archive",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"Take the file from this wheel, zip or tar, and download nothing. Without it, pip downloads {WHEEL}.",
)
@click.option(
    "--to",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Put it there, instead of into $CCPROXY_TOKENS_DIR or ~/.cache/ccproxy/tiktoken.",
)
def fetch(archive: Path | None, directory: Path | None) -> None:
    """Fetch tiktoken's ranks (3.6 MB), and check them by their SHA-256."""
    home = directory or own_directory(os.environ, Path.home())
    if _is_right(home / RANKS.name):
        click.echo(f"{ENCODING} is at {home} already")
        return
    try:
        if archive is not None:
            path = take(archive, home)
        else:
            with tempfile.TemporaryDirectory() as scratch:
                path = take(_download(Path(scratch)), home)
    except NoRanks as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{home} cannot be written: {error.strerror}") from None
    click.echo(f"{ENCODING} is at {path.parent} now; ccproxy counts by it from its next start on")


def _is_right(path: Path) -> bool:
    try:
        return RANKS.matches(path.read_bytes())
    except OSError:
        return False


def _download(directory: Path) -> Path:
    """The pinned wheel, which pip checks by its hash, from wherever pip is configured to download."""
    wanted = directory / "requirements.txt"
    wanted.write_text(f"{WHEEL} --hash=sha256:{WHEEL_SHA256}\n")
    options = ["--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(directory), "-r", str(wanted)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        reason = (ended.stderr.strip().splitlines() or ["pip says nothing"])[-1]
        raise click.ClickException(
            f"pip cannot download {WHEEL}: {reason}. Download it elsewhere, and give it by `--from`"
        )
    return next(directory.glob("*.whl"))
