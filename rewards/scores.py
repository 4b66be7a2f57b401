"""Scores that may be missing: one that could not be computed is unscored and left out of every mean."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Score:
    """The worth of a step or an episode.

    Attributes:
        value: The score; None means unscored, which is not the same as 0.
        parts: Weighted contributions by part name; they sum to `value`. Of an unscored score, those that
            could be computed.
        why: Why the score is unscored, one sentence; empty otherwise.
        at_worst: What an unscored score comes to if all that is missing is worth 0.

    Raises:
        ValueError: If `value` is not finite, or is None without a reason.
    """

    value: float | None
    parts: Mapping[str, float] = field(default_factory=dict, hash=False)
    why: str = ""
    at_worst: float = 0.0

    def __post_init__(self) -> None:
        if self.value is None:
            if not self.why:
                raise ValueError(
                    "Score.value is None and Score.why is empty; say why nothing could be computed."
                )
        elif not math.isfinite(self.value):
            raise ValueError(f"Score.value is {self.value}; give a finite number, or None with a reason.")

    @property
    def scored(self) -> bool:
        """True if there is a value."""
        return self.value is not None


def mean_score(scores: Iterable[Score]) -> Score:
    """Average the scored ones, value and parts alike; unscored if none is scored.

    A part that only some scores have is averaged over those that have it.
    """
    seen = list(scores)
    values = [score.value for score in seen if score.value is not None]
    if not values:
        reason = seen[0].why if seen else "there is nothing to average"
        return Score(None, why=f"none of {len(seen)} scores could be computed: {reason}")
    columns: dict[str, list[float]] = {}
    for score in seen:
        if score.scored:
            for name, value in score.parts.items():
                columns.setdefault(name, []).append(value)
    parts = {name: math.fsum(column) / len(column) for name, column in columns.items()}
    return Score(math.fsum(values) / len(values), parts)


def sum_scores(scores: Iterable[Score]) -> Score:
    """Add the scores of an episode's steps; unscored as soon as one of them is.

    A sum with a step left out would look like a bad episode, so it is not given, but for `at_worst`.
    """
    total: list[float] = []
    parts: dict[str, float] = {}
    why = ""
    for score in scores:
        if score.value is None:
            why = why or score.why
        total.append(score.at_worst if score.value is None else score.value)
        for name, value in score.parts.items():
            parts[name] = parts.get(name, 0.0) + value
    return Score(None, parts, why, math.fsum(total)) if why else Score(math.fsum(total), parts)
