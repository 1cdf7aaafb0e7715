"""`ccproxy completion`: commands and options, completed by the shell."""

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

SHELLS = {
    "bash": '~/.bashrc:  eval "$(ccproxy completion bash)"',
    "zsh": '~/.zshrc:  eval "$(ccproxy completion zsh)"',
    "fish": "~/.config/fish/completions/ccproxy.fish:  ccproxy completion fish | source",
}
"""Where it is put, and what."""


@click.command()
@click.argument("shell", type=click.Choice(tuple(SHELLS)), required=False)
def completion(shell: str | None) -> None:
    """Print what makes a shell complete ccproxy's commands and options.

    SHELL is bash, zsh or fish; without it, the one that SHELL in the environment names. The first line says where to
    put it.
    """
    own = Path(os.environ.get("SHELL", "")).name
    chosen = shell or (own if own in SHELLS else "bash")
    maker = get_completion_class(chosen)
    if maker is None:
        raise click.ClickException(f"click knows no {chosen}")
    root = click.get_current_context().find_root().command
    click.echo(f"# To have it in every shell, put this line into {SHELLS[chosen]}")
    click.echo(maker(root, {}, "ccproxy", "_CCPROXY_COMPLETE").source())
