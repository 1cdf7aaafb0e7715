"""`ccproxy translate`: what becomes of a request or an answer in another dialect, without asking anybody."""

import json
import os
import sys
from pathlib import Path

import click
from attrs import evolve

from ccproxy.cli.translating import (
    REPLY,
    REQUEST,
    STREAM,
    Recorded,
    Translated,
    Unrecognised,
    recognised,
    reply,
    reply_as_stream,
    request,
    stream,
)
from ccproxy.config.load import load
from ccproxy.config.resolve import providers
from ccproxy.config.settings import ConfigError
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.registry import DIALECTS
from ccproxy.errors import ApiError
from ccproxy.providers.catalogue import vendor
from ccproxy.providers.provider import BadProvider, Provider
from ccproxy.providers.target import Target


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--from", "source", metavar="DIALECT", help="What FILE is written in; else that is seen from it.")
@click.option(
    "--to",
    "target",
    metavar="DIALECT|PROVIDER,MODEL",
    required=True,
    help="What to make of it: a dialect, or the words of one provider for one of its models.",
)
@click.option("--model", metavar="NAME", help="The model's name in what comes out; else the one that FILE has.")
@click.option("--stream", "streamed", is_flag=True, help="Make a stream of a whole reply.")
@click.option("--json", "as_json", is_flag=True, help="Print path, headers, body and losses as one object.")
def translate(
    file: Path | None, source: str | None, target: str, model: str | None, streamed: bool, as_json: bool
) -> None:
    """Translate a request or an answer into another dialect, without asking anybody.

    FILE, or standard input, is a request as a client sends it, or a whole reply or a stream as an upstream sends it,
    recorded as it came. What the other dialect cannot say is told on standard error. The dialects are anthropic,
    openai_chat, openai_responses and gemini.
    """
    data = file.read_bytes() if file else sys.stdin.buffer.read()
    try:
        recorded = recognised(data)
    except Unrecognised as error:
        raise click.ClickException(str(error)) from None
    spoken = source or recorded.dialect
    if not spoken:
        raise click.UsageError("it cannot be seen which dialect this is in: say --from DIALECT")
    if spoken not in DIALECTS:
        raise click.UsageError(f"--from {spoken}: there is no such dialect; there are {', '.join(DIALECTS)}")
    wanted = _target(target, model)
    try:
        done = _translated(data, evolve(recorded, dialect=spoken), wanted, streamed)
    except ApiError as error:
        raise click.ClickException(f"it cannot be translated: {error.message}") from None
    _show(done, recorded.kind, as_json)
    if done.failure is not None:
        raise click.ClickException(f"the stream failed, as it is told in it: {done.failure.message}")


def _target(written: str, model: str | None) -> Target:
    """The target that is meant; without a model where only a dialect is."""
    if written in DIALECTS:
        return Target("", model or "", written, "", quirks=Quirks(model=model or ""))
    name, _, named = written.partition(",")
    provider = _configured(name) or _known(name)
    if provider is None:
        raise click.UsageError(f"--to {written}: there is neither a dialect nor a provider of this name")
    chosen = named or model or provider.default_model
    if not chosen:
        raise click.UsageError(f"--to {written}: name a model, as in {name},MODEL")
    return provider.target(chosen)


def _configured(name: str) -> Provider | None:
    """The provider of the configuration, where there is one that can be read."""
    try:
        return providers(load(None, os.environ)).get(name)
    except ConfigError:
        return None


def _known(name: str) -> Provider | None:
    if vendor(name) is None:
        return None
    try:
        return Provider.of(name)
    except BadProvider as error:
        raise click.UsageError(f"--to {name}: {error}") from None


def _translated(data: bytes, recorded: Recorded, target: Target, streamed: bool) -> Translated:
    """Requests go from a client to the target; answers come from where they were recorded, and go to a client who
    speaks what the target does."""
    source, into = DIALECTS[recorded.dialect], DIALECTS[target.dialect]
    if recorded.kind == REQUEST:
        named = target.model or source.peek(data).model
        return request(data, source, into, evolve(target.quirks, model=named), {})
    named = target.model or "model"
    from_upstream = Quirks(model=named)
    if recorded.kind == STREAM:
        return stream(data, source, into, from_upstream, named)
    return (reply_as_stream if streamed else reply)(data, source, into, from_upstream, named)


def _show(done: Translated, kind: str, as_json: bool) -> None:
    for loss in done.losses:
        click.echo(f"lost: {loss}", err=True)
    if as_json:
        body = done.body.decode() if kind == STREAM or not done.body.startswith(b"{") else json.loads(done.body)
        report = {"path": done.path, "headers": dict(done.headers), "body": body, "losses": list(done.losses)}
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
    elif kind in (REQUEST, REPLY) and done.body.startswith(b"{"):
        click.echo(json.dumps(json.loads(done.body), indent=2, ensure_ascii=False))
    else:
        click.echo(done.body, nl=False)
