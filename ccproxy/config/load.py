"""From files, environment and command line to `Settings`.

The command line wins over the environment, the environment over the file, the file over the defaults. A file is
`config.json`, `config.yaml` or `config.yml`, in `$CCPROXY_CONFIG_DIR`, in the working directory or its `.ccproxy`, in
`~/.ccproxy` or in `/etc/ccproxy`: the first that is there; or the one that is named. Files are not merged, but for
those of other programs that belong together: `config.imports` reads such files as they are.

Where no provider is configured, the keys of the environment stand for theirs (`OPENAI_API_KEY` and the like); without
any the demo answers.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, NoReturn

from attrs import evolve, frozen

from ccproxy.config import checks
from ccproxy.config.documents import NO_FILE, SIZE_LIMIT, Document
from ccproxy.config.envfile import variables
from ccproxy.config.environment import (
    CONFIG_VARIABLE,
    Environment,
    Expansion,
    indexed_keys,
    is_disabled,
    missing_key,
    missing_url,
    options,
    providers_by_key,
)
from ccproxy.config.imports.keyless import without_keyless
from ccproxy.config.imports.shapes import shape_of
from ccproxy.config.jsonfile import read_json
from ccproxy.config.keyfiles import KeyFiles
from ccproxy.config.listening import endpoint
from ccproxy.config.others import gives_away, may_be_meant, meant_for_us, runs_code
from ccproxy.config.problems import OutsideText, Path, Problem, shown, told_together, written
from ccproxy.config.settings import ConfigError, LedgerSettings, Settings
from ccproxy.config.structure import NotSettings, structure
from ccproxy.config.yamlfile import read_yaml

NAMES = ("config.json", "config.yaml", "config.yml", "ccproxy.yaml")
"""Of configuration files, in the order in which they are looked for."""

LAYER_NAMES = ("managed-settings.json", "settings.json")
"""The names that aistackhq/claude-code-proxy has for its layers, the strongest first. Not looked for in the working
directory itself, where such a file is anybody's."""

SYSTEM_DIRECTORY = "/etc/ccproxy"

HERE = (".", ".ccproxy")
"""Places whose files are the project's, and perhaps somebody else's."""

DIRECTORY_VARIABLE = "CCPROXY_CONFIG_DIR"
"""Names a directory that is looked into before all others."""

CAPTURES = "captures"
"""The directory of captures, beside the ledger."""


_CURES: Mapping[type[Exception], str] = {
    FileNotFoundError: "; `ccproxy init` writes one, and --config names another",
    PermissionError: "; whoever runs ccproxy must be allowed to (chmod, chown)",
}
"""What is to be done about a file that cannot be opened."""


def load(
    path: str | None,
    environ: Environment,
    flags: Mapping[str, Any] | None = None,
    directories: Sequence[str] | None = None,
) -> Settings:
    """The settings for a daemon started in this environment. `path` names the file; `flags` are options by name that
    the command line gave (None: not given). `directories` replaces the places where a file is looked for.

    Raises `ConfigError`.
    """
    return loaded(path, environ, flags, directories).settings


@frozen
class Loaded:
    """Settings, and the document they were read from: whose format it was, and what of it was not taken."""

    settings: Settings
    document: Document


def loaded(
    path: str | None,
    environ: Environment,
    flags: Mapping[str, Any] | None = None,
    directories: Sequence[str] | None = None,
) -> Loaded:
    """As `load`, with the document."""
    document, environ = opened(path, environ, directories)
    document = without_keyless(document, environ)
    return Loaded(_Layers(document, environ, flags or {}).settings(), document)


def opened(
    path: str | None, environ: Environment, directories: Sequence[str] | None = None
) -> tuple[Document, Environment]:
    """The document that `load` reads, as one of ours, or `NO_FILE`; and the environment, with the variables of an
    `.env` file. That, and the layers of a configuration that has some, count for a file in its usual place alone.
    Raises `ConfigError`."""
    places = search_path(environ) if directories is None else directories
    found = find(path, environ, places)
    document = NO_FILE if found is None else read(found)
    if found is not None and not _is_usual(found, places):
        return _as_ours(document, environ, ()), environ
    shape = shape_of(document)
    environ = {**_variables_beside(places, anybody=shape is not None and shape.reads_env_file), **environ}
    return _as_ours(document, environ, places), environ


def _as_ours(document: Document, environ: Environment, places: Sequence[str]) -> Document:
    """The document as one of ours, read together with the layers in these places where it has some."""
    shape = shape_of(document, environ)
    if shape is None:
        return document
    from ccproxy.config.imports.parts import Around
    from ccproxy.config.imports.reading import canonical

    return canonical(document, shape, Around(environ, tuple(_settings_layers(places)), _read_if_there))


def _is_usual(name: str, places: Sequence[str]) -> bool:
    """Whether a file is one of those that are looked for. A daemon that reads it again names it with its whole path."""
    path = FilePath(name).absolute()
    return path.name in (*NAMES, *LAYER_NAMES) and path.parent in [FilePath(place).absolute() for place in places]


def _variables_beside(directories: Sequence[str], anybody: bool) -> Environment:
    """The variables of the first `.env` file in these directories. That in the working directory may be `anybody`'s."""
    for directory in directories:
        path = FilePath(directory) / ".env"
        if (directory != "." or anybody) and path.is_file():
            return variables(_text(str(path)))
    return {}


def _settings_layers(directories: Sequence[str]) -> Iterator[Document]:
    """The layers of aistackhq/claude-code-proxy in these directories, the strongest first."""
    for name in LAYER_NAMES:
        for directory in directories:
            document = None if directory == "." else _read_if_there(str(FilePath(directory) / name))
            if document is not None:
                yield document


def _read_if_there(name: str) -> Document | None:
    return read(name) if FilePath(name).is_file() else None


def find(path: str | None, environ: Environment, directories: Sequence[str] | None = None) -> str | None:
    """The file that `load` reads; None where there is none. A file that is named is not looked for. Raises
    `ConfigError` for one in the working directory that would run code or give keys away, and is not named."""
    named = path or environ.get(CONFIG_VARIABLE, "")
    if named:
        return _at_home(named, environ)
    for directory in search_path(environ) if directories is None else directories:
        for name in NAMES if directory == "." else (*NAMES, *LAYER_NAMES):
            candidate = FilePath(directory) / name
            if candidate.exists() and (directory != "." or _is_ours(str(candidate))):
                if directory in HERE and not _is_own(candidate, environ):
                    _refuse_stranger(str(candidate))
                return str(candidate)
    return None


def _is_own(path: FilePath, environ: Environment) -> bool:
    """Whether a file is the user's own, though it is found from the working directory: that may be the home."""
    own = {str(FilePath(place).absolute()) for place in own_places(environ) if place}
    return str(path.absolute().parent) in own


def _refuse_stranger(name: str) -> None:
    """Whoever starts us in a directory that was cloned does not mean to run its author's commands, nor to send him
    keys."""
    try:
        value = parse(_text(name), name).value
    except ConfigError:
        return  # It is told by whoever reads it next.
    if key := runs_code(value):
        harm = f"run code ({key})"
    elif url := gives_away(value):
        harm = f"send what is in your environment or files to {url[:200]}"
    else:
        return
    raise ConfigError(
        f"{name}: this configuration, found in the directory where you work, would {harm}: "
        f"if you trust whoever wrote it, name it: --config {name}"
    )


def _is_ours(name: str) -> bool:
    """Whether a file in the working directory is meant for us."""
    try:
        text = _text(name)
    except ConfigError:
        return True  # What keeps us from reading it is told by whoever reads it next.
    try:
        return meant_for_us(parse(text, name))
    except ConfigError:
        return may_be_meant(text)


def search_path(environ: Environment) -> list[str]:
    """The directories in which a configuration is looked for, in their order."""
    chosen, *own = own_places(environ)
    return [*([chosen] if chosen else []), *HERE, *own]


def own_places(environ: Environment) -> list[str]:
    """The directories of the user's and the system's own, in their order; the first is the one that is named, or
    empty."""
    home = environ.get("HOME", "")
    own = [str(FilePath(home) / ".ccproxy")] if home else []
    router = [str(FilePath(home) / ".claude-code-router")] if home else []
    return [environ.get(DIRECTORY_VARIABLE, ""), *own, SYSTEM_DIRECTORY, *router]


def read(name: str) -> Document:
    """The document in the file `name`: YAML where its name or its first character says so, else JSON. Raises
    `ConfigError`."""
    return parse(_text(name), name)


def _text(name: str) -> str:
    try:
        if os.path.isdir(name):  # noqa: PTH112  (a name with a NUL makes pathlib raise what open() raises below)
            raise ConfigError(f"{name} is a directory: name the file in it, such as {name.rstrip('/')}/config.json")
        with open(name, "rb") as file:  # noqa: PTH123
            data = file.read(SIZE_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "this is no file name"
        cure = _CURES.get(type(error), "")
        raise ConfigError(f"{name}: the configuration cannot be read: {reason}{cure}") from None
    if len(data) > SIZE_LIMIT:
        raise ConfigError(f"{name}: found more than {SIZE_LIMIT >> 20} MiB, expected a configuration")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{name}, line {line}: found a byte that is not UTF-8 (0x{data[error.start]:02x}), expected UTF-8"
        ) from None


def parse(text: str, name: str) -> Document:
    """The document in a text that came from the file `name`. Raises `ConfigError`."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if name.lower().endswith((".yaml", ".yml")):
        return read_yaml(text, name)
    looks_like_json = text.lstrip()[:1] in ("{", "/", "[", "")
    if name.lower().endswith(".json") or looks_like_json:
        return read_json(text, name)
    return read_yaml(text, name)


class _Layers:
    """One loading: the document, what was laid over it, and from where."""

    def __init__(self, document: Document, environ: Environment, flags: Mapping[str, Any]) -> None:
        self._document = document
        self._environ = environ
        self._flags = flags
        self._value: dict[str, Any] = dict(document.value)
        self._origins: dict[Path, str] = {}
        self._problems: list[Problem] = []

    def settings(self) -> Settings:
        """The settings, or one error that tells all there is to tell."""
        self._lay_over()
        self._fill_in_keys()
        self._fill_in_urls()
        expansion = Expansion(self._environ)
        self._value = expansion.of(self._value)
        files = KeyFiles(FilePath(self._document.name).parent)
        self._value = files.of(self._value)
        if expansion.problems or files.problems:
            self._problems += expansion.problems + files.problems
            self._stop()  # What is left empty by an unset variable would be told as wrong again.
        try:
            settings = structure(self._value, self._show)
        except NotSettings as error:
            self._problems += error.problems
            self._stop()
        settings = self._complete(settings)
        self._problems += checks.problems(settings)
        if self._problems:
            self._stop()
        return settings

    def _lay_over(self) -> None:
        for name, text, variable in options(self._environ):
            self._set(name, OutsideText(text), f"the environment variable {variable}")
        for name, value in self._flags.items():
            if value is not None:
                outside = OutsideText(value) if isinstance(value, str) else value
                self._set(name, outside, f"the option --{name.replace('_', '-')}")
        providers = self._value.get("providers")
        if providers is None or providers == []:
            self._value["providers"] = providers_by_key(self._environ)
        for index, key, variable in indexed_keys(self._environ):
            self._set_key(index, key, f"the environment variable {variable}")

    def _set(self, name: str, value: Any, origin: str) -> None:
        if name in ("host", "port"):
            # Whoever names an address means to listen there, and not where the file says.
            self._value.pop("listen", None)
        self._value[name] = value
        self._origins[(name,)] = origin

    def _set_key(self, index: int, key: str, origin: str) -> None:
        providers = self._value.get("providers")
        count = len(providers) if isinstance(providers, list) else 0
        path: Path = ("providers", index, "api_key")
        self._origins[path] = origin
        if not isinstance(providers, list) or index >= count:
            self._problems.append(
                Problem(path, f"found a key for a provider that is not there, expected one of {count}")
            )
        elif isinstance(providers[index], dict):
            self._value["providers"] = [*providers]
            self._value["providers"][index] = providers[index] | {"api_key": OutsideText(key)}

    def _fill_in_keys(self) -> None:
        """Give providers without `api_key` the one that their vendor's own variable holds."""
        providers = self._value.get("providers")
        if not isinstance(providers, list):
            return
        self._value["providers"] = filled = list(providers)
        for index, provider in enumerate(providers):
            if not isinstance(provider, dict):
                continue
            if isinstance(provider.get("api_key"), list):
                # Several keys may be written there too.
                filled[index] = provider | {"api_key": "", "api_keys": provider["api_key"]}
                continue
            if provider.keys() & {"api_key", "api_keys"} or is_disabled(provider, self._environ):
                continue
            looked_for = missing_key(provider, self._environ)
            if looked_for is None:
                continue
            variable, key = looked_for
            path: Path = ("providers", index, "api_key")
            if key:
                filled[index] = provider | {"api_key": OutsideText(key)}
                self._origins[path] = f"the environment variable {variable}"
            else:
                self._problems.append(
                    Problem(
                        path, f'found nothing, expected a key here or in {variable} ("" for a service without keys)'
                    )
                )

    def _fill_in_urls(self) -> None:
        """Give providers without `api_base_url`, whose vendor has an address for each account, the one that the
        vendor's own variables tell."""
        providers = self._value.get("providers")
        if not isinstance(providers, list):
            return
        self._value["providers"] = filled = list(providers)
        for index, provider in enumerate(providers):
            if not isinstance(provider, dict) or provider.get("api_base_url") or is_disabled(provider, self._environ):
                continue
            if looked_for := missing_url(provider, self._environ):
                variables, url = looked_for
                filled[index] = provider | {"api_base_url": OutsideText(url)}
                self._origins["providers", index, "api_base_url"] = "the environment variable " + " and ".join(
                    variables
                )

    def _complete(self, settings: Settings) -> Settings:
        """What follows from other options: the endpoints, and where `~` is."""
        listen = settings.listen or (endpoint(settings.host, settings.port),)
        return evolve(
            settings,
            listen=listen,
            log_file=_at_home(settings.log_file, self._environ),
            extensions=evolve(settings.extensions, directory=self._beside(settings.extensions.directory)),
            ledger=evolve(settings.ledger, database=self._database(settings.ledger)),
            capture=evolve(settings.capture, directory=self._captures(settings)),
        )

    def _beside(self, directory: str) -> str:
        """A directory as it is seen from the configuration file; where none is named, that file's own."""
        if self._document is NO_FILE:
            return directory
        home = FilePath(self._document.name).absolute().parent
        return str(home / _at_home(directory, self._environ))

    def _database(self, ledger: LedgerSettings) -> str:
        """Where the ledger is: systemd makes a directory for it, and everyone has one of their own."""
        if not ledger.enabled:
            return ""
        return _at_home(ledger.database or self._state("ledger.db"), self._environ)

    def _captures(self, settings: Settings) -> str:
        """Where captures are: beside the ledger, if that is a file; else where it would be by default."""
        if settings.capture.directory:
            return _at_home(settings.capture.directory, self._environ)
        ledger = _at_home(settings.ledger.database, self._environ)
        if ledger and "://" not in ledger:
            return str(FilePath(ledger).parent / CAPTURES)
        return _at_home(self._state(CAPTURES), self._environ)

    def _state(self, name: str) -> str:
        """A file or directory of what is kept; empty where nobody says where that could be."""
        state = self._environ.get("STATE_DIRECTORY", "").partition(":")[0] or self._environ.get(DIRECTORY_VARIABLE, "")
        if state:
            return str(FilePath(state) / name)
        return f"~/.ccproxy/{name}" if self._environ.get("HOME") else ""

    def _show(self, path: Path, secret: bool) -> str:
        """What was written at a path, in words: in the file as it stands there, with `${NAME}` unexpanded."""
        if path in self._origins:
            return shown(self._value.get(str(path[0])), secret or len(path) > 1)
        return shown(self._document.at(path), secret)

    def _stop(self) -> NoReturn:
        raise ConfigError(told_together([f"{self._place(problem.path)}: {problem.text}" for problem in self._problems]))

    def _place(self, path: Path) -> str:
        if path[:1] == ("listen",) and "listen" not in self._value:
            path = ("host",)  # Where the endpoint was made from.
        if path in self._origins:
            return f"{self._origins[path]} ({written(path)})"
        return self._document.told(path)


def _at_home(name: str, environ: Environment) -> str:
    home = environ.get("HOME", "")
    return str(FilePath(home) / name[2:]) if home and name.startswith("~/") else name
