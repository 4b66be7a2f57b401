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


ALGORITHMS.add(
    "grpo", AlgorithmKind(GrpoSettings, _make_grpo), description="Compares the episodes of a group."
)
ALGORITHMS.add(
    "ppo", AlgorithmKind(PpoSettings, _make_ppo), description="Compares with what a critic expected."
)
