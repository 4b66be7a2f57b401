"""`Dormant`: records like nothing that is talked about, only like the question that will be asked."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .protocol import Said, Strike
from .scene import Scene, read_alone, statement


class Dormant:
    """Leaves a note in the words of a question, which lies still until that is asked."""

    name = "dormant"

    def usual_turns(self, stream_turns: int) -> int:
        """Return five, each for another question."""
        return 5

    def plan(self, scene: Scene, num_turns: int, rng: np.random.Generator) -> Iterator[Strike]:
        """Yield one turn for each target."""
        for target in scene.targets():
            gap = scene.gap_before_asked(target, rng)
            if gap is not None:
                text = statement(target.question, target.lures[0])
                if not read_alone(text):
                    text = f"{target.question.text} {text}"
                yield Strike((Said(*scene.voiced(text, target.owner), gap),), (target,))
