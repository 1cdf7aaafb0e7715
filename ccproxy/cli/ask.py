"""`ccproxy ask`: one question, and the answer as it comes."""

import os
import sys
import time
from collections.abc import Iterator

import click
from attrs import evolve

from ccproxy.cli.configured import configured
from ccproxy.cli.connections import configured_way_out
from ccproxy.cli.direct import Asked, events
from ccproxy.cli.process.asking import ask as ask_daemon
from ccproxy.cli.process.home import home
from ccproxy.cli.process.running import running
from ccproxy.cli.terminal import paint
from ccproxy.config.listening import url_of
from ccproxy.config.resolve import routes
from ccproxy.config.settings import Settings
from ccproxy.errors import ApiError
from ccproxy.model.events import BlockDelta, BlockStarted, Event, Failed, Finished, Started
from ccproxy.model.messages import Request, Role, Sampling, Text, Thinking, Turn
from ccproxy.model.usage import Reason, Usage

USUAL_MODEL = "claude-sonnet-5-5"
"""What is asked for, unless another is: what Claude Code asks for."""

LENGTH = 8192
"""Tokens of an answer."""


@click.command()
@click.argument("words", nargs=-1, metavar="[WORDS]...")
@click.option("--model", "-m", metavar="NAME", default=USUAL_MODEL, show_default=True, help="The model to ask for.")
@click.option("--system", "-s", metavar="TEXT", default="", help="What the model is told beforehand.")
@click.option("--config", "-c", metavar="FILE", help="The configuration file, where no daemon runs.")
@click.option("--direct", is_flag=True, help="Ask the provider itself, even if a daemon runs.")
@click.option("--verbose", "-v", is_flag=True, help="Show the model's reasoning too, who answered, and what it took.")
def ask(words: tuple[str, ...], model: str, system: str, config: str | None, direct: bool, verbose: bool) -> None:
    """Ask one question, and show the answer as it comes.

    The question is WORDS, and behind them what comes on standard input, if that is no terminal. It goes through the
    daemon that runs; without one the provider is asked directly.
    """
    question = _question(words)
    if not question:
        raise click.UsageError("ask something, such as: ccproxy ask 'What is a monad?'")
    turns = [Turn(Role.SYSTEM, (Text(system),))] if system else []
    turns.append(Turn(Role.USER, (Text(question),)))
    request = Request(model=model, turns=tuple(turns), stream=True, sampling=Sampling(max_tokens=LENGTH))
    settings = configured(config)
    _tell(_first_to_answer(_to_ask(settings, model, direct or config is not None), request), verbose)


def _question(words: tuple[str, ...]) -> str:
    piped = "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read()
    return "\n\n".join(filter(None, (" ".join(words), piped.strip())))


def _to_ask(settings: Settings, model: str, direct: bool) -> list[Asked]:
    """Whom to ask, in their order."""
    daemon = None if direct else running(home(os.environ))
    if daemon is not None and daemon.ready and daemon.url:
        return [Asked.daemon(daemon.url, settings.apikey.reveal(), model)]
    if settings.demo and not direct and (url := _service(settings)):
        return [Asked.daemon(url, settings.apikey.reveal(), model)]
    if settings.demo:
        raise click.ClickException(
            "no provider is configured: set a key such as OPENROUTER_API_KEY; `ccproxy start` has a demo that answers"
        )
    try:
        way = configured_way_out(settings)
        return [Asked.target(target, way) for target in routes(settings).named(model).targets]
    except ApiError as error:
        raise click.ClickException(error.message) from None


def _service(settings: Settings) -> str:
    """Where the daemon of this machine serves, which somebody else started; empty where none does."""
    url = next(filter(None, map(url_of, settings.listen)), "")
    answer = ask_daemon(url, settings.listen, "/status")
    return url if url and answer is not None and answer.is_ours else ""


def _first_to_answer(asked: list[Asked], request: Request) -> Iterator[Event]:
    """The answer of the first that gives one."""
    for number, one in enumerate(asked, 1):
        try:
            yield from events(one, evolve(request, model=one.quirks.model))
            return
        except ApiError as error:
            if number == len(asked) or not error.another_target_may_help:
                raise click.ClickException(f"{one.name}: {error.message}") from None
            click.echo(f"{one.name}: {error.message}", err=True)


def _tell(answer: Iterator[Event], verbose: bool) -> None:
    began, thinking, wrote = time.monotonic(), False, False
    usage, model = Usage(), ""
    for event in answer:
        match event:
            case Started():
                model, usage = event.model, event.usage
            case BlockStarted(_, block):
                thinking = isinstance(block, Thinking)
                _say(getattr(block, "text", ""), thinking, verbose)
            case BlockDelta(_, text):
                _say(text, thinking, verbose)
                wrote = wrote or not thinking
            case Failed(error):
                click.echo()
                raise click.ClickException(f"the answer broke off: {error.message}")
            case Finished(stop, used):
                usage = usage.merge(used)
                click.echo()
                if stop.reason is Reason.LENGTH:
                    click.echo(f"(cut off after {LENGTH} tokens)", err=True)
    if verbose:
        took = time.monotonic() - began
        click.echo(f"{model}: {usage.input} tokens in, {usage.output} out, {took:.1f} s", err=True)


def _say(text: str, thinking: bool, verbose: bool) -> None:
    if not thinking:
        click.echo(text, nl=False)
        sys.stdout.flush()
    elif verbose and text:
        click.echo(paint(text, "quiet"), nl=False, err=True)
