"""`ccproxy code`, and `ccproxy` without a command: Claude Code, answered by whom you configured."""

import os

import click

from ccproxy.cli.claude import MISSING, conflicts, program
from ccproxy.cli.launching import NOT_FOUND, Verbatim, launch


@click.command(cls=Verbatim, add_help_option=False, options_metavar="")
@click.argument("arguments", nargs=-1, metavar="[ARGUMENTS OF CLAUDE]...")
def code(arguments: tuple[str, ...]) -> None:
    """Launch Claude Code on ccproxy.

    All arguments are Claude Code's, and the exit status is its own. If no daemon runs one is started, and ends with the
    last program that uses it; one that runs stays.

    Claude Code alone is told of ccproxy, by its environment, and no settings are changed: ANTHROPIC_BASE_URL;
    ANTHROPIC_AUTH_TOKEN, unless your own Claude login is passed on; CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY, for
    your models to be in its /model; CLAUDE_CODE_GATEWAY_HINT_HEADERS, for routes to know what a request is for; and
    NO_PROXY where there is a proxy. ANTHROPIC_API_KEY is kept from it.

    Where no Claude model answers, it asks for the route by name: ANTHROPIC_DEFAULT_OPUS_MODEL,
    ANTHROPIC_DEFAULT_SONNET_MODEL and ANTHROPIC_DEFAULT_HAIKU_MODEL; and it is told of the model's window and cap:
    CLAUDE_CODE_MAX_CONTEXT_TOKENS, CLAUDE_CODE_DISABLE_1M_CONTEXT and CLAUDE_CODE_MAX_OUTPUT_TOKENS. Its subagents ask
    for the size that it wants for each; CLAUDE_CODE_SUBAGENT_MODEL is set where there is a route `subagent`, or one for
    all sizes. What you have set yourself of these stays.

    `ccproxy claude` does the same.
    """
    claude = program(os.environ)
    if claude is None:
        click.echo(MISSING, err=True)
        raise SystemExit(NOT_FOUND)
    for conflict in conflicts(os.environ):
        click.echo(f"ccproxy: {conflict}", err=True)
    raise SystemExit(launch([claude, *arguments], is_claude=True))
