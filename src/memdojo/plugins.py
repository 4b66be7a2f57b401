"""Installed packages that bring things of their own, by the entry-point group `memdojo.plugins`.

An entry point of the group names a module, which registers with `memdojo.register` when it is imported, or a
function, which is called without arguments:

    [project.entry-points."memdojo.plugins"]
    my_package = "my_package.plugin"

`import memdojo` loads them all, and so does every worker process.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

ENTRY_POINT_GROUP = "memdojo.plugins"
"""Entry points of this group, in other packages, are loaded when memdojo is imported."""

ENVS_GROUP = "memdojo.envs"
"""The older name of the group, whose entry points are loaded in the same way. Stream sources have an older
group as well, `memdojo.streams`: see `memdojo.envs.streams.registry`."""


def installed_plugins() -> tuple[EntryPoint, ...]:
    """Return the entry points of both groups; one that stands in both is there once."""
    installed = entry_points()
    points = (point for group in (ENTRY_POINT_GROUP, ENVS_GROUP) for point in installed.select(group=group))
    return tuple({point.value: point for point in points}.values())


def load_plugins(points: Iterable[EntryPoint]) -> None:
    """Load each plugin; one that fails causes a warning and keeps no other from being loaded."""
    for point in points:
        try:
            _load(point)
        except Exception as error:
            # Somebody's broken package must not take memdojo with it, but nor may what it brings be missing
            # without a word.
            package = point.dist.name if point.dist is not None else "an unknown package"
            warnings.warn(
                f"the plugin {point.name} = {point.value} of {package} failed with {error!r}; some of what "
                "it brings is missing.",
                RuntimeWarning,
                stacklevel=2,
            )


def _load(point: EntryPoint) -> None:
    plugin = point.load()
    if isinstance(plugin, ModuleType):
        return
    if not callable(plugin):
        raise TypeError(f"{point.value} is {plugin!r}; name a module or a function without arguments")
    plugin()
