"""`ccproxy models`: what clients can ask for, and what providers have."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import click

from ccproxy.cli.configured import configured
from ccproxy.cli.reaching import Reached, reach
from ccproxy.cli.terminal import table
from ccproxy.config.resolve import providers as providers_of
from ccproxy.config.resolve import routes
from ccproxy.config.settings import Settings
from ccproxy.ledger.prices import Prices
from ccproxy.providers.provider import Provider
from ccproxy.providers.target import Target
from ccproxy.routing.listing import listing
from ccproxy.routing.names import is_alias


@click.command()
@click.argument("word", required=False)
@click.option("--provider", "-p", metavar="NAME", help="Of one provider alone.")
@click.option("--online", is_flag=True, help="Ask the providers for all models that they have.")
@click.option("--config", "-c", metavar="FILE", help="The configuration file.")
@click.option("--json", "as_json", is_flag=True, help="Print what a program can read.")
def models(word: str | None, provider: str | None, online: bool, config: str | None, as_json: bool) -> None:
    """Show the models that clients can ask for by name, and who answers.

    With WORD, those that have it in their name. Shown are routes and the models of providers, with what is known of
    their windows and prices. Any other model of a provider is asked for as PROVIDER,MODEL: --online shows them.
    """
    settings = configured(config)
    known = providers_of(settings)
    if provider and provider not in known:
        raise click.ClickException(f"no provider is called {provider!r}; there are {', '.join(known)}")
    wanted = {name: one for name, one in known.items() if provider in (None, name)}
    tries = reach(wanted.values(), settings) if online and not settings.demo else []
    rows = list(_listed_by(wanted, tries) if online else _configured(settings, wanted))
    rows = [row for row in rows if not word or word.lower() in f"{row['model']} {row['answers']}".lower()]
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif rows:
        click.echo(table([_line(row) for row in rows], indent=""))
    failed = [one for one in tries if not one.good]
    for one in failed:
        click.echo(f"{one.provider}: {one.words}", err=True)
    if failed:
        raise click.ClickException("not all of them could be asked")
    if not rows and not as_json:
        raise click.ClickException("there is no such model; `ccproxy models --online` asks the providers for theirs")


def _configured(settings: Settings, wanted: Mapping[str, Provider]) -> Iterator[dict[str, Any]]:
    """What lists of models show, without the aliases that Claude Code needs."""
    ways = routes(settings)
    prices = Prices.configured(settings.prices)
    listed = listing(providers_of(settings), ways)
    for one in listed:
        if one.target.provider in wanted and not is_alias(one.id):
            yield _row(one.id, one.target, prices)


def _listed_by(wanted: Mapping[str, Provider], tries: list[Reached]) -> Iterator[dict[str, Any]]:
    """What providers say that they have."""
    prices = Prices({})
    for one in tries:
        provider = wanted[one.provider]
        for model in one.models:
            yield _row(f"{provider.name},{model}", provider.target(model), prices)


def _row(name: str, target: Target, prices: Prices) -> dict[str, Any]:
    price = prices.of(target)
    return {
        "model": name,
        "answers": target.name,
        "dialect": target.dialect,
        "window": target.quirks.window,
        "max_output_tokens": target.quirks.max_output_tokens,
        "price": None if price is None else {"input": price.input, "output": price.output},
    }


def _line(row: Mapping[str, Any]) -> tuple[str, ...]:
    price, window = row["price"], row["window"]
    costs = "" if price is None else _costs(price)
    same = row["model"] in (row["answers"], row["answers"].replace(",", "/", 1))
    return (row["model"], "" if same else row["answers"], f"{window:,} tokens" if window else "", costs)


def _costs(price: Mapping[str, float]) -> str:
    return f"${price['input']:g} in, ${price['output']:g} out" if any(price.values()) else "free"
