"""`ccproxy providers`: whom the configuration names, and whom ccproxy knows."""

import json
from typing import Any

import click

from ccproxy.cli.configured import configured
from ccproxy.cli.terminal import paint, table
from ccproxy.config.resolve import providers as providers_of
from ccproxy.config.summary import key_of
from ccproxy.providers.catalogue import names, vendor
from ccproxy.providers.provider import Provider
from ccproxy.providers.vendor import Vendor
from ccproxy.providers.vendors.rows import ALIASES


@click.command()
@click.argument("word", required=False)
@click.option("--all", "-a", "everyone", is_flag=True, help="Show all vendors that are known.")
@click.option("--config", "-c", metavar="FILE", help="The configuration file.")
@click.option("--json", "as_json", is_flag=True, help="Print what a program can read.")
def providers(word: str | None, everyone: bool, config: str | None, as_json: bool) -> None:
    """Show the providers that are configured, and the vendors that are known by name.

    With WORD, those that have it in their name, their address or the variable of their key. A vendor that is known
    needs no more in the configuration than its name, and its key in that variable.
    """
    settings = configured(config)
    own = [] if settings.demo else [one for one in providers_of(settings).values() if _is_meant(word, _row(one))]
    known = [row for name in names() if (row := vendor(name)) and (everyone or word) and _is_meant(word, _known(row))]
    if as_json:
        rows = known if everyone or word else [row for name in names() if (row := vendor(name))]
        report = {"configured": [_row(one) for one in own], "known": [_known(row) for row in rows]}
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return
    _show(own, known, word, everyone)


def _show(own: list[Provider], known: list[Vendor], word: str | None, everyone: bool) -> None:
    if own:
        rows = [(one.name, one.dialect, one.base_url, f"key: {key_of(one)}") for one in own]
        click.echo(f"Configured\n{table(rows)}\n")
    elif not word and not everyone:
        click.echo("No provider is configured: the built-in demo answers.\n")
    if known:
        lines = [(row.name, row.dialect, row.base_url, row.key_variable or "no key") for row in known]
        click.echo(f"Known\n{table(lines)}")
    elif word and not own:
        raise click.ClickException(
            f"no vendor has {word!r} in its name, its address or the variable of its key. Any other is configured "
            'with its address: {"name": "mine", "api_base_url": "https://...", "dialect": "openai_chat"}'
        )
    elif not word:
        words = f"{len(names())} vendors are known by name: ccproxy providers --all, or a WORD of one"
        click.echo(paint(words, "quiet"))


def _is_meant(word: str | None, row: dict[str, Any]) -> bool:
    return not word or any(word.lower() in str(value).lower() for value in row.values())


def _row(provider: Provider) -> dict[str, Any]:
    return {
        "name": provider.name,
        "dialect": provider.dialect,
        "url": provider.base_url,
        "key": key_of(provider),
        "models": list(provider.models),
        "vendor": provider.vendor.name if provider.vendor else "",
    }


def _known(row: Vendor) -> dict[str, Any]:
    return {
        "name": row.name,
        "also": [name for name, meant in ALIASES.items() if meant == row.name],
        "dialects": list(row.endpoints),
        "url": row.base_url,
        "key_variable": row.key_variable,
        "default_model": row.default_model,
    }
