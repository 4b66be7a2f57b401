"""`Drift`: from what is right to what is wrong in small steps, none of which contradicts the one before."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from .protocol import Said, Strike
from .scene import Scene, Target, read_alone, statement

STEPS = 3
_NUMBER = re.compile(r"\d+")


class Drift:
    """Moves from what is right to what is wrong in small steps, the last of which is the lure."""

    name = "drift"

    def usual_turns(self, stream_turns: int) -> int:
        """Return what five targets take."""
        return 5 * STEPS

    def plan(self, scene: Scene, num_turns: int, rng: np.random.Generator) -> Iterator[Strike]:
        """Yield a few turns for each target, in rising gaps."""
        for target in scene.targets():
            gaps = [gap for _ in range(STEPS) if (gap := scene.gap_after_told(target, rng)) is not None]
            if len(gaps) == STEPS:
                steps = zip(_steps(target), sorted(gaps), strict=True)
                turns = tuple(Said(*scene.voiced(text, target.owner), gap) for text, gap in steps)
                yield Strike(turns, (target,))


def _steps(target: Target) -> tuple[str, ...]:
    """Return what is said, one after the other."""
    right, lure = target.question.answers[0], target.lures[0]
    if read_alone(target.falsehood):
        return (target.falsehood,) * STEPS
    between = _between(right, lure)
    if between:
        return (*(statement(target.question, each) for each in between), target.falsehood)
    return (
        statement(target.question, f"{right}, or perhaps {lure}"),
        statement(target.question, f"{lure} rather than {right}"),
        target.falsehood,
    )


def _between(right: str, lure: str) -> tuple[str, ...]:
    """Return answers on the way from one number to another; none where there is not just one, or no way."""
    start, end = _NUMBER.findall(right), _NUMBER.findall(lure)
    if len(start) != 1 or len(end) != 1 or _NUMBER.sub("", right) != _NUMBER.sub("", lure):
        return ()
    first, last = int(start[0]), int(end[0])
    if abs(last - first) < STEPS:
        return ()
    numbers = (first + (last - first) * step // STEPS for step in range(1, STEPS))
    return tuple(_NUMBER.sub(str(number), right) for number in numbers)
