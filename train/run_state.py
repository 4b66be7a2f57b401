"""Where a run stands, as its checkpoints keep it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import TypeAdapter

from .checkpoints.compact import read_state, reading_state
from .collapse import WINDOW, Signs, signs_of_collapse


@dataclass(slots=True)
class RunState:
    """What a run must remember from one update to the next, beside weights and optimiser.

    Attributes:
        ranking: Update and validation score of the best ones, best first, as many as `rounds.merge_best`.
        best_scores: Score of each validation task under the best policy; None where it has none.
        validations_since_best: How many there were since the best score.
        is_surely_below: True if the whole interval of the last score less the best one lies below 0.
        recent: Signs of the last updates, as many as it takes to see a collapse.
        is_warned: True once a collapse was told.
    """

    updates: int = 0
    last_score: float | None = None
    best_score: float | None = None
    best_update: int = 0
    ranking: list[tuple[int, float]] = field(default_factory=list)
    best_scores: list[float | None] = field(default_factory=list)
    validations_since_best: int = 0
    is_surely_below: bool = False
    recent: list[Signs] = field(default_factory=list)
    is_warned: bool = False

    @classmethod
    def saved_in(cls, checkpoint: Path) -> Self:
        """Return where the run stood when a checkpoint was written.

        Raises:
            CheckpointError: If the checkpoint is damaged.
        """
        standing = read_state(checkpoint).get("standing")
        with reading_state(checkpoint):
            return TypeAdapter(cls).validate_python(standing)

    @property
    def chosen_update(self) -> int:
        """The update whose policy is the run's result: without validation the last one is the best."""
        # Of a run that began before its start was validated, the best is never that of update 0.
        return self.best_update if self.best_update or self.best_score is not None else self.updates

    @property
    def is_start_best(self) -> bool:
        """True if no update has a higher validation score than the policy that training began with."""
        return self.best_score is not None and self.best_update == 0

    def score(self, score: float, task_scores: list[float | None], num_ranked: int) -> bool:
        """Note the score of a validation; True if it is higher than all before it.

        The mean alone decides, and of equal ones the earlier stays the best.

        Args:
            score: Mean of all scored episodes, which is finite.
            task_scores: As `best_scores`.
            num_ranked: How many the ranking holds.
        """
        ranked = [*self.ranking, (self.updates, score)]
        self.ranking = sorted(ranked, key=lambda each: -each[1])[:num_ranked]
        if self.best_score is not None and score <= self.best_score:
            self.validations_since_best += 1
            return False
        self.best_score, self.best_update, self.best_scores = score, self.updates, task_scores
        self.validations_since_best = 0
        return True

    def see(self, signs: Signs) -> list[str]:
        """Note the signs of an update, and return what by now speaks for a collapse."""
        self.recent = [*self.recent, signs][-2 * WINDOW :]
        return signs_of_collapse(self.recent)

    def has_stopped(self, patience: int) -> bool:
        """True if so many validations brought nothing better, or the last was surely worse; never with 0."""
        return patience > 0 and (self.is_surely_below or self.validations_since_best >= patience)

    @property
    def ranked_updates(self) -> list[int]:
        """The updates of the ranking, best first."""
        return [update for update, _ in self.ranking]
