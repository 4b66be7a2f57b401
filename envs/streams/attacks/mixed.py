"""`Mixed`: one of several adversaries for each stream, so that a training meets all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from .contradiction import Contradiction
from .dormant import Dormant
from .drift import Drift
from .flood import Flood
from .instruction import Instruction
from .look_alike import LookAlike
from .protocol import Adversary, Strike, within
from .scene import Scene

MIXED: tuple[Callable[[], Adversary], ...] = (Contradiction, LookAlike, Dormant, Instruction, Flood, Drift)
"""What makes the adversaries that come with memdojo, beside this one."""


class Mixed:
    """Attacks each stream as another of the adversaries would, drawn evenly.

    Args:
        adversaries: The adversaries; by default the six that come with memdojo.
    """

    name = "mixed"

    def __init__(self, adversaries: Sequence[Adversary] = ()) -> None:
        self._adversaries = tuple(adversaries) or tuple(build() for build in MIXED)

    def usual_turns(self, stream_turns: int) -> int:
        """Return the most that one of them takes."""
        return max(each.usual_turns(stream_turns) for each in self._adversaries)

    def plan(self, scene: Scene, num_turns: int, rng: np.random.Generator) -> Iterator[Strike]:
        """Yield what the one does that is drawn, who takes no more turns than usual."""
        adversary = self._adversaries[rng.integers(len(self._adversaries))]
        most = min(num_turns, adversary.usual_turns(len(scene.stream.turns)))
        yield from within(adversary.plan(scene, most, rng), most)
