"""`ccproxy check`: whether a configuration is right, and what it comes to."""

import json
import os
from collections.abc import Iterator
from typing import Any

import attrs
import click

from ccproxy.cli.configured import refuse
from ccproxy.cli.reaching import Reached, reach
from ccproxy.cli.terminal import aligned, at_home, paint
from ccproxy.config.listening import url_of
from ccproxy.config.load import Loaded, loaded
from ccproxy.config.resolve import providers
from ccproxy.config.settings import ConfigError, Settings
from ccproxy.config.summary import doubts, key_of, plain, resolved


@click.command()
@click.argument("file", required=False)
@click.option("--online", is_flag=True, help="Ask each provider whether it can be reached and takes its key.")
@click.option("--json", "as_json", is_flag=True, help="Print what a program can read.")
def check(file: str | None, online: bool, as_json: bool) -> None:
    """Check the configuration, and show what it comes to.

    FILE is any that ccproxy reads, of its own or of another program; without it, the one that `ccproxy start` would
    read. Shown are the providers, where each model name that Claude Code uses leads, the options that are not at their
    defaults, and every key of another program's that was not taken as it stands. No key is shown.
    """
    try:
        read = loaded(file, os.environ)
    except ConfigError as error:
        if not as_json:
            refuse(error)
        click.echo(json.dumps({"ok": False, "errors": str(error).splitlines()}, indent=2, ensure_ascii=False))
        raise SystemExit(os.EX_CONFIG) from None
    tries = reach(providers(read.settings).values(), read.settings) if online and not read.settings.demo else []
    if as_json:
        click.echo(json.dumps(_report(read, tries), indent=2, ensure_ascii=False))
    else:
        click.echo("\n\n".join(_sections(read, tries)))
    if any(not one.good for one in tries):
        raise SystemExit(1)


def _report(read: Loaded, tries: list[Reached]) -> dict[str, Any]:
    settings, document = read.settings, read.document
    return {
        "ok": all(one.good for one in tries),
        "errors": [],
        "files": list(document.files or ((document.name,) if document.lines or document.tradition else ())),
        "format": document.tradition or "ccproxy",
        "notes": [{"place": note.place, "text": note.text} for note in document.notes],
        "doubts": list(doubts(settings)),
        "providers": [
            {"name": one.name, "dialect": one.dialect, "url": one.base_url, "key": key_of(one), "models": one.models}
            for one in providers(settings).values()
        ],
        "models": [attrs.asdict(one) for one in resolved(settings)],
        "online": [attrs.asdict(one) for one in tries],
        "settings": plain(settings),
    }


def _sections(read: Loaded, tries: list[Reached]) -> Iterator[str]:
    settings, document = read.settings, read.document
    files = ", ".join(at_home(name) for name in document.files or (document.name,))
    whose = f", in the format of {document.tradition}" if document.tradition else ""
    yield f"{files}{whose}: {paint('right', 'good')}"
    yield _section("Serves", _serving(settings))
    yield _section(
        "Providers",
        [
            (one.name, f"{one.dialect} at {one.base_url}, key: {key_of(one)}")
            for one in providers(settings).values()
            if not settings.demo
        ]
        or [("demo", "built in")],
    )
    yield _section(
        "What Claude Code asks for",
        [
            (one.asked, f"{', then '.join(one.targets)}  ({one.rule})" if one.targets else paint("nobody", "bad"))
            for one in resolved(settings)
        ],
    )
    if tries:
        yield _section(
            "Asked just now", [(one.provider, paint(one.words, "good" if one.good else "bad")) for one in tries]
        )
    if changed := _not_default(settings):
        yield _section("Options that are not at their defaults", changed)
    if document.notes:
        yield f"Not taken as it stands ({len(document.notes)})\n" + "\n".join(f"  {note}" for note in document.notes)
    if doubtful := list(doubts(settings)):
        yield paint("Doubtful", "dubious") + "\n" + "\n".join(f"  {one}" for one in doubtful)


def _section(title: str, rows: list[tuple[str, str]]) -> str:
    return f"{title}\n{aligned(rows)}"


def _serving(settings: Settings) -> list[tuple[str, str]]:
    where = [url_of(description) or description for description in settings.listen]
    whom = "whoever presents the apikey" if settings.apikey else "this machine alone"
    return [("at", ", ".join(where)), ("whom", whom)]


def _not_default(settings: Settings) -> list[tuple[str, str]]:
    """Options by name; providers and routes are told by other sections."""
    rows: list[tuple[str, str]] = []
    usual = Settings()
    for member in attrs.fields(Settings):
        if member.name in ("listen", "providers"):
            continue
        value, default = getattr(settings, member.name), getattr(usual, member.name)
        if value == default:
            continue
        if attrs.has(type(value)):
            rows += [
                (f"{member.name}.{part.name}", _shown(getattr(value, part.name)))
                for part in attrs.fields(type(value))
                if getattr(value, part.name) != getattr(default, part.name)
            ]
        elif member.name == "routes":
            rows += [(f"routes.{name}", _shown(_without_defaults(route))) for name, route in value.items()]
        else:
            rows.append((member.name, _shown(value)))
    return rows


def _without_defaults(value: Any) -> Any:
    return {
        member.name: _without_defaults(part) if attrs.has(type(part)) else part
        for member in attrs.fields(type(value))
        if (part := getattr(value, member.name)) not in (member.default, (), {}, "") and not _made(member, part)
    }


def _made(member: Any, value: Any) -> bool:
    return isinstance(member.default, attrs.Factory) and value == member.default.factory()  # type: ignore[arg-type]


def _shown(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False)
