"""`OneTurnEach`: adversaries that say one thing for each question at which they aim."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from .protocol import Said, Strike
from .scene import Scene, Target


class OneTurnEach(ABC):
    """Says one thing for each target.

    Attributes:
        after_told: Whether it speaks behind what the target asks for, as who answers that has to; else at any
            time before the target is asked.
    """

    after_told: ClassVar[bool] = True

    def usual_turns(self, stream_turns: int) -> int:
        """Return five, each for another question."""
        return 5

    def plan(self, scene: Scene, num_turns: int, rng: np.random.Generator) -> Iterator[Strike]:
        """Yield one turn for each target."""
        draw_gap = scene.gap_after_told if self.after_told else scene.gap_before_asked
        for target in scene.targets():
            gap = draw_gap(target, rng)
            if gap is not None:
                yield Strike((Said(*self.says(scene, target, rng), gap),), (target,))

    @abstractmethod
    def says(self, scene: Scene, target: Target, rng: np.random.Generator) -> tuple[str, str]:
        """Return speaker and text."""
