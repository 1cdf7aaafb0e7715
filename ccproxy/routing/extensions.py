"""Code of the operator's own, found by its dotted name.

`night.NightRule` is `NightRule` in the file `night.py` beside the configuration, or else in an installed module. A file
is run once, and again when it has changed, so that a reload takes it over. While it runs it can import what lies beside
it; nothing else ever can.
"""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

POINTS = ("request", "routed", "sending", "answering", "event", "finished", "failed")
"""Where hooks are called: see `exchange.hook.Point`."""

STARBASED = ["data", "user_api_key_dict"]
"""The first parameters of a hook in starbased's form."""


class BadExtension(ValueError):
    """What was named cannot be had; `str()` says why, in words for whoever wrote it."""


_Mark = tuple[int, int]

_loaded: dict[Path, tuple[_Mark, ModuleType]] = {}
"""Files that were run, as they were then."""


def found(name: str, directory: str) -> Any:
    """What a dotted name stands for, with files looked for in `directory`. Raises `BadExtension`."""
    module_name, _, attribute = name.strip().rpartition(".")
    if not module_name or not all(part.isidentifier() for part in name.strip().split(".")):
        raise BadExtension("expected a dotted name such as my_rules.NightRule")
    module = _module(module_name, directory)
    try:
        return getattr(module, attribute)
    except AttributeError:
        place = getattr(module, "__file__", None) or module_name
        raise BadExtension(f"there is no {attribute!r} in {place}") from None


def _module(name: str, directory: str) -> ModuleType:
    path = Path(directory).joinpath(*name.split(".")).with_suffix(".py") if directory else None
    if path is not None and path.is_file():
        return _from_file(name, path, directory)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name or (error.name and name.startswith(f"{error.name}.")):
            where = f"neither as {path} nor among the installed packages" if path else "among the installed packages"
            raise BadExtension(f"there is no module {name!r}, {where}") from None
        raise BadExtension(_told(error, name)) from error
    except Exception as error:
        raise BadExtension(_told(error, name)) from error


def _from_file(name: str, path: Path, directory: str) -> ModuleType:
    status = path.stat()
    mark = (status.st_mtime_ns, status.st_size)
    known = _loaded.get(path)
    if known is not None and known[0] == mark:
        return known[1]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # It is a file, and ends in .py.
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, directory)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise BadExtension(_told(error, str(path))) from error
    finally:
        sys.path.remove(directory)
    _loaded[path] = (mark, module)
    return module


def _told(error: Exception, where: str) -> str:
    return f"{where} cannot be loaded: {type(error).__name__}: {error}"


def hook(name: str, point: str, directory: str) -> Callable[..., Any]:
    """The function that is to be called at a point. Raises `BadExtension`."""
    function = found(name, directory)
    if isinstance(function, type) or not callable(function):
        raise BadExtension(f"{name} is no function")
    if has_starbased_form(function) and (point != "request" or inspect.iscoroutinefunction(function)):
        raise BadExtension(f"{name} has starbased's form, which is plain and for the point `request`")
    called: Callable[..., Any] = function
    return called


def has_starbased_form(function: Callable[..., Any]) -> bool:
    """Whether it is `fn(data, user_api_key_dict, ...)`."""
    try:
        return list(inspect.signature(function).parameters)[:2] == STARBASED
    except (TypeError, ValueError):  # Some functions written in C do not tell.
        return False


def made(something: Any, parameters: Any) -> Any:
    """An instance of a class that was found: with the parameters by name (an object), in their order (a list; starbased
    also writes a list of objects), or without any. Raises `BadExtension`."""
    try:
        match parameters:
            case None:
                return something()
            case dict():
                return something(**parameters)
            case list() if parameters and all(isinstance(one, dict) for one in parameters):
                return something(**{key: value for one in parameters for key, value in one.items()})
            case list():
                return something(*parameters)
            case _:
                return something(parameters)
    except Exception as error:
        name = getattr(something, "__name__", repr(something))
        raise BadExtension(f"{name} cannot be made with these parameters: {type(error).__name__}: {error}") from error
