"""The adversaries by name."""

from __future__ import annotations

from collections.abc import Callable

from memdojo.registry import Registry

from .contradiction import Contradiction
from .dormant import Dormant
from .drift import Drift
from .flood import Flood
from .instruction import Instruction
from .look_alike import LookAlike
from .mixed import Mixed
from .protocol import Adversary

ADVERSARIES: Registry[Callable[[], Adversary]] = Registry("adversary")
"""What makes an adversary, by its name; called without arguments."""

for _adversary in (Contradiction, LookAlike, Dormant, Instruction, Flood, Drift, Mixed):
    ADVERSARIES.add(_adversary.name, _adversary)


def make_adversary(name: str) -> Adversary:
    """Return the adversary of a name.

    Raises:
        UnknownNameError: If there is none.
    """
    return ADVERSARIES.get(name)()
