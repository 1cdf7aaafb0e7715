"""What is wrong with hooks: points that do not exist, and functions that cannot be had. They are loaded to find out."""

from collections.abc import Iterator

from ccproxy.config.problems import Path, Problem, guess, one_of, quoted
from ccproxy.config.settings import Settings
from ccproxy.routing.extensions import POINTS, BadExtension, hook


def problems(settings: Settings) -> Iterator[Problem]:
    """Everything wrong with the hooks that are enabled."""
    for index, one in enumerate(settings.extensions.hooks):
        path: Path = ("extensions", "hooks", index)
        if not one.enabled:
            continue
        if one.on not in POINTS:
            yield Problem((*path, "on"), f"found {quoted(one.on)}, expected {one_of(POINTS)}{guess(one.on, POINTS)}")
            continue
        if not one.timeout:
            yield Problem((*path, "timeout"), "found 0 seconds, expected more than 0")
        try:
            hook(one.hook, one.on, settings.extensions.directory)
        except BadExtension as error:
            yield Problem((*path, "hook"), f"found {quoted(one.hook)}, which cannot be used: {error}")
