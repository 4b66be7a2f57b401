"""`start_rollouts`: players in this process or in Ray actors, as the configuration says."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TypeVar

from memdojo.errors import MissingDependencyError

from ..config.tables import RolloutsConfig
from .local import LocalRollouts
from .protocol import PlayerRecipes, Rollouts

GroupT = TypeVar("GroupT")


def start_rollouts(make_players: PlayerRecipes[GroupT], config: RolloutsConfig) -> Rollouts[GroupT]:
    """Return rollouts by as many workers as `config` says; with none, Ray is neither loaded nor started.

    Raises:
        MissingDependencyError: If `config` asks for workers and Ray is not installed.
    """
    if config.num_workers == 0:
        return LocalRollouts(make_players)
    with requiring_ray(config):
        from .ray_rollouts import RayRollouts
    return RayRollouts(
        make_players,
        num_workers=config.num_workers,
        max_restarts=config.max_restarts,
        address=config.address,
    )


@contextlib.contextmanager
def requiring_ray(config: RolloutsConfig) -> Iterator[None]:
    """Say what to do if Ray, which workers need, cannot be imported.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise MissingDependencyError(
            f"rollouts.num_workers is {config.num_workers}, and workers need ray, which is not installed: "
            "pip install 'memdojo[train]', or set rollouts.num_workers to 0."
        ) from error
