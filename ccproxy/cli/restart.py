"""`ccproxy restart`: another daemon in place of the one that runs."""

import os

import click

from ccproxy.cli.process.home import home
from ccproxy.cli.process.order import Order, said_by_options
from ccproxy.cli.process.running import running
from ccproxy.cli.start import begin
from ccproxy.cli.stop import bring_to_an_end, patient


@click.command()
@click.option("--detach", "-d", is_flag=True, help="Serve in the background; so it does anyway.")
@patient
@said_by_options
def restart(detach: bool, timeout: float, config: str | None, host: str | None, port: str | None, debug: bool) -> None:
    """Stop the daemon and start it again.

    Without options it is started as it was before. The configuration is read first: with a wrong one the daemon that
    runs goes on. What needs no restart, `ccproxy reload` does without one.
    """
    there = running(home(os.environ))
    if there is None or any((config, host, port, debug)):
        order = Order.of(config, {"host": host, "port": port}, debug)
    else:
        order = Order.again(there)
    if there is not None and not there.log:
        raise click.ClickException(
            f"ccproxy runs in the foreground, as process {there.pid}: stop it and start it again there "
            "(as a service of the system: systemctl restart ccproxy)"
        )
    if there is not None:
        bring_to_an_end(there, timeout)
    begin(order)
