"""`ALGORITHMS`: how policies can learn, by the name that `[algorithm]` gives; others register their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memdojo.registry import Registry

from .settings import AlgorithmSettings, GrpoSettings, PpoSettings

if TYPE_CHECKING:
    from .protocol import Algorithm


@dataclass(frozen=True, slots=True)
class AlgorithmKind:
    """An algorithm as it is registered.

    Attributes:
        settings: Model of its table `[algorithm]`, whose field `name` is the literal of its name.
        make: Builds it from such a table; called where training begins, so it may import what training needs.
    """

    settings: type[AlgorithmSettings]
    make: Callable[[Any], Algorithm[Any]]


ALGORITHMS: Registry[AlgorithmKind] = Registry("algorithm")


def register_algorithm(
    name: str,
    settings: type[AlgorithmSettings],
    make: Callable[[Any], Algorithm[Any]],
    *,
    description: str = "",
    replace: bool = False,
) -> None:
    """Make an algorithm known as `algorithm.name = NAME`.

    Args:
        name: Under which a configuration asks for it.
        settings: Model of its table, whose field `name` is `Literal[NAME]`.
        make: The `Algorithm` itself, or a function that builds it from the settings.
        description: One sentence for listings.
        replace: Take the place of the algorithm that has the name.

    Raises:
        ConfigError: If the name is malformed or taken, or is not that of the settings.
    """
    ALGORITHMS.add(name, AlgorithmKind(settings, make), description=description, replace=replace)


def make_algorithm(settings: AlgorithmSettings) -> Algorithm[Any]:
    """Build the algorithm that the settings name.

    Raises:
        UnknownNameError: If none has the name.
    """
    return ALGORITHMS.get(settings.name).make(settings)


def _make_grpo(settings: GrpoSettings) -> Algorithm[Any]:
    from .grpo import Grpo

    return Grpo(settings)


def _make_ppo(settings: PpoSettings) -> Algorithm[Any]:
    from .ppo import Ppo

    return Ppo(settings)


register_algorithm("grpo", GrpoSettings, _make_grpo, description="compares the episodes of a group")
register_algorithm("ppo", PpoSettings, _make_ppo, description="learns from a critic's surprise, by GAE")
