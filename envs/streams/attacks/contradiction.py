"""`Contradiction`: what was told is told again, and something else is in the answer's place."""

from __future__ import annotations

import numpy as np

from .one_turn import OneTurnEach
from .scene import Scene, Target


class Contradiction(OneTurnEach):
    """Says a fact again with something else in the answer's place, after it was told."""

    name = "contradiction"

    def says(self, scene: Scene, target: Target, rng: np.random.Generator) -> tuple[str, str]:
        """Return what the owner would say if it were so."""
        return scene.voiced(target.falsehood, target.owner)
