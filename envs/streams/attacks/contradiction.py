"""`Contradiction`: what was told is told again, and something else is in the answer's place."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .protocol import Said, Strike
from .scene import Scene


class Contradiction:
    """Says a fact again with something else in the answer's place, after it was told."""

    name = "contradiction"

    def usual_turns(self, stream_turns: int) -> int:
        """Return five, each for another question."""
        return 5

    def plan(self, scene: Scene, num_turns: int, rng: np.random.Generator) -> Iterator[Strike]:
        """Yield one turn for each target."""
        for target in scene.targets():
            gap = scene.gap_after_told(target, rng)
            if gap is not None:
                said = Said(*scene.voiced(target.falsehood, target.owner), gap)
                yield Strike((said,), (target,))
