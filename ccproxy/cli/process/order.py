"""What daemon is wanted: its settings, and the command line that gives it them."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from attrs import frozen

import ccproxy
from ccproxy.cli.configured import refuse
from ccproxy.cli.process.home import Home
from ccproxy.cli.process.running import Running
from ccproxy.config.listening import url_of
from ccproxy.config.settings import ConfigError, Settings
from ccproxy.config.source import Source


def said_by_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the options that say what daemon is wanted: `config`, `host`, `port`, `debug`."""
    for option in (
        click.option("--debug", is_flag=True, help="Log everything."),
        click.option("--port", "-p", metavar="NUMBER", help="The port to listen at."),
        click.option("--host", metavar="ADDRESS", help="The address to listen at."),
        click.option("--config", "-c", metavar="FILE", help="The configuration file."),
    ):
        command = option(command)
    return command


@frozen
class Order:
    """A daemon as it is wanted. `arguments` are those of the twistd plugin."""

    settings: Settings
    config: str
    arguments: tuple[str, ...]

    @classmethod
    def of(cls, config: str | None, flags: Mapping[str, str | None], debug: bool = False) -> "Order":
        """The order in this environment. What is wrong with the configuration ends the program with its one message."""
        try:
            return cls.read(config, flags, debug)
        except ConfigError as error:
            refuse(error)

    @classmethod
    def read(
        cls, config: str | None = None, flags: Mapping[str, str | None] | None = None, debug: bool = False
    ) -> "Order":
        """The order in this environment. Raises `ConfigError`."""
        given = {name: value for name, value in (flags or {}).items() if value is not None}
        source = Source.found(config, os.environ, given)
        settings = source.read()
        arguments = [f"--{name}={value}" for name, value in given.items()]
        arguments += [f"--config={Path(config).absolute()}"] if config else []
        arguments += ["--debug"] if debug else []
        return cls(settings, source.path or "", tuple(arguments))

    @classmethod
    def again(cls, there: Running) -> "Order":
        """The order that a daemon was started by."""
        pairs = dict(argument.removeprefix("--").split("=", 1) for argument in there.arguments if "=" in argument)
        return cls.of(pairs.pop("config", None), pairs, "--debug" in there.arguments)

    @property
    def url(self) -> str:
        """Where clients will reach it; empty where that is no port, or one that is not known yet."""
        return next(filter(None, map(url_of, self.settings.listen)), None) or ""

    @property
    def key(self) -> str:
        """What it wants to see of its clients."""
        return self.settings.apikey.reveal()

    def log(self, home: Home) -> Path:
        """Where it logs in the background."""
        return Path(self.settings.log_file or home.log).absolute()

    def described(self, log: str, kept: bool = True) -> Running:
        """What its lock will say."""
        return Running(
            url=self.url,
            listen=self.settings.listen,
            config=self.config,
            arguments=self.arguments,
            log=log,
            version=ccproxy.__version__,
            kept=kept,
        )
