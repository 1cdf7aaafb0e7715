"""`ccproxy route`: where a request would go, and why. Nothing is sent."""

import json
import time
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, TextIO

import click

from ccproxy.cli.configured import configured
from ccproxy.config.resolve import routes
from ccproxy.dialects.dialect import Dialect
from ccproxy.dialects.registry import DIALECTS
from ccproxy.errors import ApiError
from ccproxy.providers.target import Target
from ccproxy.routing.explain import Considered, Explanation, Verdict, explain
from ccproxy.routing.plans import plan
from ccproxy.routing.survey import Survey
from ccproxy.wire import jsontext

MARKS = {Verdict.CHOSEN: "*", Verdict.LATER: "+", Verdict.REFUSED: "!", Verdict.NOT: "-"}

LEGEND = "* chosen   + would answer too, but comes later   ! refused   - no"


@click.command()
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@click.option("--explain", "whole", is_flag=True, help="Show every rule that was considered, and what came of it.")
@click.option("--json", "as_json", is_flag=True, help="Show all of it as JSON.")
@click.option("--config", "-c", metavar="FILE", help="The configuration file.")
@click.option("--header", "-H", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header of the request.")
@click.option("--model", "-m", metavar="NAME", help="Ask for this model, whatever the request says.")
@click.option("--client", default="local", metavar="NAME", help="The client that asks, by its name.")
@click.option("--dialect", type=click.Choice(list(DIALECTS)), help="What the request speaks, where that is not plain.")
def route(
    file: TextIO,
    whole: bool,
    as_json: bool,
    config: str | None,
    headers: tuple[str, ...],
    model: str | None,
    client: str,
    dialect: str | None,
) -> None:
    """Tell where a request would go, and why, without sending it.

    FILE has the body of a request as JSON, or {"headers": {...}, "body": {...}}; without FILE, or as "-", it is read
    from standard input. Where nothing would answer, the exit status is 1.
    """
    settings = configured(config)
    facts = _facts(file.read(), dict(map(_header, headers)), client, model, dialect)
    found = explain(routes(settings), facts, time.time())
    if as_json:
        click.echo(json.dumps(_values(found, facts), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join([*_summary(found, facts), *(_rules(found) if whole else ())]))
    if found.chosen is None:
        raise SystemExit(1)


def _facts(text: str, headers: Mapping[str, str], client: str, model: str | None, dialect: str | None) -> Survey:
    """What the text says of a request."""
    try:
        value = jsontext.loads(text)
    except jsontext.NotJson as error:
        raise click.ClickException(f"the request is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise click.ClickException("the request is no object: the body of a request is expected")
    if isinstance(value.get("body"), dict):
        kept = value.get("headers") or {}
        headers = {name.lower(): str(found) for name, found in kept.items()} | dict(headers)
        value = value["body"]
    if model is not None:
        value = {**value, "model": model}
    speaks = DIALECTS[dialect] if dialect else _dialect(value)
    body = jsontext.dumps(value)
    try:
        peek = speaks.peek(body)
    except ApiError as error:
        raise click.ClickException(f"this request is refused before it is routed: {error.message}") from None
    return Survey(peek.model, headers, body, client, dialect=speaks)


def _dialect(body: Mapping[str, Any]) -> Dialect:
    """What a body speaks: only Anthropic's must say how many tokens the answer may have."""
    if "input" in body and "messages" not in body:
        return DIALECTS["openai_responses"]
    return DIALECTS["anthropic" if "max_tokens" in body and "max_completion_tokens" not in body else "openai_chat"]


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise click.BadParameter(f"{text!r} is no header: 'NAME: VALUE' is expected", param_hint="--header")
    return name.strip().lower(), value.strip()


def _summary(found: Explanation, facts: Survey) -> Iterator[str]:
    """What answers, in a few lines."""
    known = f" ({found.name})" if found.name != found.asked else ""
    yield f"asked for    {found.asked}{known}"
    if found.chosen is None:
        yield f"answered by  nobody: {found.error}"
        return
    first, *others = found.chosen.targets
    yield f"answered by  {first.name}{_manner(facts, first)}"
    for target in others:
        yield f"else by      {target.name}{_manner(facts, target)}"
    yield f"because of   {found.chosen.rule}: {found.chosen.why}"


def _manner(facts: Survey, target: Target) -> str:
    """How the request gets there, and what is set in it."""
    set_ = [f"{name} {setting.value}" for name, setting in target.parameters.settings.items()]
    return ", ".join([f"  {_plan(facts, target)} as {target.dialect}", *set_])


def _plan(facts: Survey, target: Target) -> str:
    return plan(facts.dialect.name if facts.dialect else "", facts.model, target).value


def _rules(found: Explanation) -> Iterator[str]:
    """Every rule under the way it is of, as they were tried."""
    yield ""
    yield LEGEND
    width = max((len(one.rule) for one in found.rules), default=0)
    for way, rules in groupby(found.rules, key=lambda one: one.way):
        yield ""
        yield f"{way.value}:"
        for one in rules:
            yield f"  {MARKS[one.verdict]} {one.rule.ljust(width)}  {one.reason}"


def _values(found: Explanation, facts: Survey) -> dict[str, Any]:
    """All of it, for programs."""
    chosen = found.chosen
    return {
        "asked": found.asked,
        "model": found.name,
        "dialect": facts.dialect.name if facts.dialect else "",
        "rule": chosen.rule if chosen else None,
        "why": chosen.why if chosen else None,
        "error": found.error or None,
        "targets": [_target(facts, target) for target in chosen.targets] if chosen else [],
        "rules": [_rule(one) for one in found.rules],
    }


def _target(facts: Survey, target: Target) -> dict[str, Any]:
    settings = target.parameters.settings.items()
    return {
        "provider": target.provider,
        "model": target.model,
        "dialect": target.dialect,
        "plan": _plan(facts, target),
        "parameters": {name: {"value": setting.value, "override": setting.override} for name, setting in settings},
    }


def _rule(one: Considered) -> dict[str, str]:
    return {"rule": one.rule, "way": one.way.value, "verdict": one.verdict.name.lower(), "reason": one.reason}
