"""The adversaries by name."""

from __future__ import annotations

from collections.abc import Callable

from memdojo.registry import Registry

from .mixed import MIXED, Mixed
from .protocol import Adversary

ADVERSARIES: Registry[Callable[[], Adversary]] = Registry("adversary")
"""What makes an adversary, by its name; called without arguments."""

for _build in (*MIXED, Mixed):
    ADVERSARIES.add(_build().name, _build)


def make_adversary(name: str) -> Adversary:
    """Return the adversary of a name.

    Raises:
        UnknownNameError: If there is none.
    """
    return ADVERSARIES.get(name)()
