"""`ccproxy doctor`: all that may be wrong, on one screen, each with its cure."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import click

from ccproxy.cli import examining
from ccproxy.cli.examining import Finding, State
from ccproxy.cli.initial import write_privately
from ccproxy.cli.process.home import home
from ccproxy.cli.process.order import Order
from ccproxy.cli.reaching import reach
from ccproxy.cli.report import report_of
from ccproxy.cli.terminal import meanwhile, paint
from ccproxy.cli.version import versions
from ccproxy.config.resolve import providers
from ccproxy.config.settings import ConfigError

MOODS = {State.GOOD: "good", State.DUBIOUS: "dubious", State.BAD: "bad"}


@click.command()
@click.option("--offline", is_flag=True, help="Ask no provider.")
@click.option("--json", "as_json", is_flag=True, help="Print what a program can read.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    is_flag=False,
    flag_value=Path("ccproxy-report.txt"),
    metavar="[FILE]",
    help="Write all that, and the end of the log, to a file that can be shown to others: no key is in it.",
)
def doctor(offline: bool, as_json: bool, report: Path | None) -> None:
    """Look for whatever keeps clients from getting answers.

    The status is 1 if something does.
    """
    findings, order = _examine(offline)
    if as_json:
        shown = [attrs.asdict(one) | {"state": one.state.value} for one in findings]
        click.echo(json.dumps({"ok": _sound(findings), "findings": shown}, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join([versions(), "", *map(_line, findings), "", _sum(findings)]))
    if report is not None:
        write_privately(report.absolute(), report_of(map(_plain, findings), order, home(os.environ), os.environ))
        click.echo(f"\nWritten: {report}. Look it over before you show it to somebody.", err=True)
    raise SystemExit(0 if _sound(findings) else 1)


def _examine(offline: bool) -> tuple[list[Finding], Order | None]:
    """All findings, in the order in which they matter."""
    place = home(os.environ)
    try:
        order = Order.read()
    except ConfigError as error:
        cure = "put it right; `ccproxy check FILE` tells whether it is"
        wrong = examining.bad("configuration", str(error), cure)
        return [wrong, *examining.claude(os.environ), examining.disk(place)], None
    return list(_all(order, offline)), order


def _all(order: Order, offline: bool) -> Iterator[Finding]:
    place = home(os.environ)
    yield examining.daemon(place, order)
    yield from examining.configuration(order)
    yield from examining.environment(os.environ, order)
    yield from examining.claude(os.environ)
    if not offline and not order.settings.demo:
        with meanwhile("Asking the providers ..."):
            tried = reach(providers(order.settings).values(), order.settings)
        yield from examining.upstreams(tried)
        yield examining.clock(tried, time.time())
    yield examining.disk(place)


def _line(one: Finding) -> str:
    text = f"  {paint(f'{one.state.value:5}', MOODS[one.state])} {one.subject:14} {one.words}"
    return f"{text}\n{'':23}{paint('->', 'quiet')} {one.cure}" if one.cure else text


def _plain(one: Finding) -> str:
    return f"{one.state.value:5} {one.subject}: {one.words}" + (f" -> {one.cure}" if one.cure else "")


def _sound(findings: list[Finding]) -> bool:
    return not any(one.state is State.BAD for one in findings)


def _sum(findings: list[Finding]) -> str:
    wrong = sum(one.state is State.BAD for one in findings)
    noted = sum(one.state is State.DUBIOUS for one in findings)
    if wrong:
        return f"{wrong} thing{'s' * (wrong != 1)} to put right. `ccproxy doctor --report` writes it down for others."
    return "Nothing is wrong" + (f"; {noted} thing{'s' * (noted != 1)} to note." if noted else ".")
