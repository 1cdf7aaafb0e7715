"""`ccproxy init`: from nothing to a configuration that works."""

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import click

from ccproxy.cli.initial import First, first_configuration, write_privately
from ccproxy.cli.process.home import home
from ccproxy.cli.reaching import Reached, reach
from ccproxy.cli.terminal import at_home, meanwhile, paint
from ccproxy.config.settings import Settings
from ccproxy.providers.catalogue import KEY_ORDER, names, vendor
from ccproxy.providers.provider import BadProvider, Provider
from ccproxy.secret import Secret

SUGGESTED = ("openrouter", "anthropic", "openai", "gemini", "deepseek", "ollama")
"""Of all that are known by name, the ones that are named."""

MODELS_SHOWN = 12


@click.command()
@click.option(
    "--scope",
    "-s",
    type=click.Choice(("user", "project")),
    default="user",
    show_default=True,
    help="Whom it is for: you, everywhere, or whoever works in this directory.",
)
@click.option("--provider", metavar="NAME", help="Who shall answer; any name in `ccproxy providers`, or your own.")
@click.option("--model", metavar="NAME", help="Which of its models.")
@click.option("--url", metavar="URL", default="", help="Its address, if ccproxy does not know it by its name.")
@click.option("--dialect", default="", help="What it speaks there: anthropic, openai_chat, openai_responses or gemini.")
@click.option("--force", is_flag=True, help="Replace a configuration that is there.")
@click.option("--no-test", is_flag=True, help="Do not try the key.")
def init(
    scope: str, provider: str | None, model: str | None, url: str, dialect: str, force: bool, no_test: bool
) -> None:
    """Write a configuration.

    It asks who shall answer, and for the key, which it does not show and tries before it writes. Where nobody can be
    asked, options and the environment say it all; the key may then come by standard input.

    The file is commented, and nobody else can read it.
    """
    asks = sys.stdin.isatty()
    path = target(scope)
    make_way(path, force, asks)
    if provider is None:
        provider = _ask_provider(asks)
    try:
        made = Provider.of(provider, base_url=url, dialect=dialect)
    except BadProvider as error:
        raise click.ClickException(_mended(provider, error)) from None
    key, written = _key(made, asks)
    models: Sequence[str] = ()
    while not no_test:
        tried = _try(Provider.of(provider, base_url=url, dialect=dialect, key=Secret(key)))
        models = tried.models
        if tried.good:
            break
        if not asks:
            raise click.ClickException("nothing was written. --no-test writes it all the same")
        if click.confirm("Write it all the same?", default=False):
            break
        key, written = _ask_key(made)
    if model is None:
        model = _model(made, models, asks)
    write_privately(path, first_configuration(First(provider, written, model, url, dialect)))
    click.echo(f"\n{paint('Written:', 'good')} {at_home(str(path))}")
    click.echo("\nTo use Claude Code with it:  ccproxy\nTo look it over:             ccproxy check")


def target(scope: str) -> Path:
    """Where the configuration goes."""
    directory = home(os.environ).directory if scope == "user" else Path(".ccproxy").absolute()
    return directory / "config.json"


def make_way(path: Path, force: bool, asks: bool) -> None:
    """What is there is replaced only if that is wanted."""
    if not path.exists() or force:
        return
    if not asks:
        raise click.ClickException(f"{path} is there already: --force replaces it")
    if not click.confirm(f"{at_home(str(path))} is there already. Overwrite?", default=False):
        raise SystemExit(1)


def _ask_provider(asks: bool) -> str:
    """Who is meant; the one whose key is in the environment, where nobody can say."""
    keyed = [name for name in KEY_ORDER if (row := vendor(name)) and os.environ.get(row.key_variable)]
    if not asks:
        if not keyed:
            raise click.ClickException("who shall answer? Say it by --provider, or by a key in the environment")
        return keyed[0]
    click.echo(f"Who shall answer? Such as {', '.join(SUGGESTED)}; over {len(names()) // 10 * 10} are known by name.")
    while True:
        name: str = click.prompt("Provider", default=(keyed or SUGGESTED)[0])
        if vendor(name) is not None:
            return name
        near = get_close_matches(name.lower(), names(), n=3)
        click.echo(f"No provider of that name is known{': near to it are ' + ', '.join(near) if near else ''}.")
        click.echo("For one of your own: ccproxy init --provider NAME --url URL --dialect openai_chat")


def _mended(provider: str, error: BadProvider) -> str:
    option = {"api_base_url": "--url", "dialect": "--dialect", "name": "--provider"}[error.field]
    near = get_close_matches(provider.lower(), names(), n=1) if vendor(provider) is None else []
    meant = f" (did you mean {near[0]!r}?)" if near else ""
    return f"{provider!r} is not enough: expected {error.expected}{meant}. Give it by {option}"


def _key(made: Provider, asks: bool) -> tuple[str, str | None]:
    """The key, and how it shall be written: the variable that it is in, where it is in one."""
    variable = made.vendor.key_variable if made.vendor else ""
    if variable and (there := os.environ.get(variable, "").strip()):
        if not asks or click.confirm(f"{variable} is set. Take the key from there?", default=True):
            return there, f"${{{variable}}}"
    elif made.vendor is not None and not variable:
        return "", ""  # A server that wants none.
    if asks:
        return _ask_key(made)
    given = sys.stdin.readline().strip()
    if given:
        return given, given
    if made.passes_login:
        return "", None
    wanted = f"in {variable}, or by standard input" if variable else "by standard input"
    raise click.ClickException(f"a key for {made.name} is wanted {wanted}")


def _ask_key(made: Provider) -> tuple[str, str | None]:
    words = "Key (not shown)"
    if made.passes_login:
        words += ", or nothing to pass on your own Claude login"
    key: str = click.prompt(words, hide_input=True, default="", show_default=False).strip()
    if key:
        return key, key
    return "", None if made.passes_login else ""


def _try(made: Provider) -> Reached:
    with meanwhile(f"Trying {made.name} ..."):
        (tried,) = reach([made], Settings())
    click.echo(f"{made.name} {paint(tried.words, 'good' if tried.good else 'bad')}")
    return tried


def _model(made: Provider, models: Sequence[str], asks: bool) -> str:
    """Which model answers. For Anthropic's own none has to be named: they are the ones that are asked for."""
    usual = made.default_model or (models[0] if models and not made.passes_login else "")
    if made.passes_login or not asks:
        return usual
    if models:
        shown = ", ".join(models[:MODELS_SHOWN])
        click.echo(f"Such as {shown}{', ...' if len(models) > MODELS_SHOWN else ''}")
    while True:
        name: str = click.prompt("Model", default=usual or None)
        if not models or name in models or click.confirm(f"It lists no {name}. Take it all the same?", default=False):
            return name
        if near := get_close_matches(name, models, n=5, cutoff=0.4):
            click.echo(f"Near to it: {', '.join(near)}")
