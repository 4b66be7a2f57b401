"""`Dormant`: records like nothing that is talked about, only like the question that will be asked."""

from __future__ import annotations

import numpy as np

from .one_turn import OneTurnEach
from .scene import Scene, Target, read_alone, statement


class Dormant(OneTurnEach):
    """Leaves a note in the words of a question, which lies still until that is asked."""

    name = "dormant"
    after_told = False

    def says(self, scene: Scene, target: Target, rng: np.random.Generator) -> tuple[str, str]:
        """Return the question with the lure as its answer."""
        text = statement(target.question, target.lures[0])
        if not read_alone(text):
            text = f"{target.question.text} {text}"
        return scene.voiced(text, target.owner)
