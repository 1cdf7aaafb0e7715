"""`ccproxy help`: what `--help` says, for those who ask in words."""

import click


@click.command("help")
@click.argument("command", required=False)
def help(command: str | None) -> None:
    """Explain a command, or list them all."""
    context = click.get_current_context().find_root()
    if command is None:
        click.echo(context.get_help())
        return
    group = context.command
    found = group.get_command(context, command) if isinstance(group, click.Group) else None
    if found is None:
        context.fail(f"there is no command {command!r}; `ccproxy help` lists them")
    click.echo(found.get_help(click.Context(found, info_name=command, parent=context)))
