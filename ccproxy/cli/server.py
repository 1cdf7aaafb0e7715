"""`ccproxy server`: the daemon in the foreground, by the name that some know it by."""

import click

from ccproxy.cli.process.order import Order, said_by_options
from ccproxy.cli.start import stay


@click.command()
@said_by_options
def server(config: str | None, host: str | None, port: str | None, debug: bool) -> None:
    """Serve in the foreground, as `ccproxy start --foreground` does."""
    stay(Order.of(config, {"host": host, "port": port}, debug))
