"""`Playthrough`: an episode with what has been played of it."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Self

import numpy as np

from memdojo.agents.engines.engine import Generation
from memdojo.agents.language.policies import Prompt
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.eval.records.types import StepRecord
from memdojo.rewards.grading import grade
from memdojo.rewards.mem_alpha import calls_of
from memdojo.rewards.outcomes import StepOutcome
from memdojo.rewards.reward import Reward
from memdojo.rewards.scores import Score, sum_scores

from ..rollouts.tasks import record_of
from .trajectories import LanguageTrajectory, Row


class Playthrough:
    """An episode with what has been played of it.

    Attributes:
        episode: The episode.
        seed: From which, with the step, its requests are seeded.
        failure: Why it cannot be trained on; empty if it can.
    """

    def __init__(self, episode: Any, seed: int) -> None:
        self.episode = episode
        self.seed = seed
        self.rows: list[Row] = []
        self.outcomes: list[StepOutcome] = []
        self.scores: list[Score] = []
        self.counts: Counter[str] = Counter()
        self.grades: dict[str, tuple[float, int]] = {}
        self.steps: list[StepRecord] = []
        self.failure = ""

    def fork(self, seed: int) -> Self:
        """Return an independent playthrough that has come as far; `seed` seeds what follows."""
        fork = copy.copy(self)
        fork.episode, fork.seed = self.episode.fork(seed), seed
        fork.rows, fork.outcomes, fork.scores = list(self.rows), list(self.outcomes), list(self.scores)
        fork.counts, fork.grades, fork.steps = self.counts.copy(), dict(self.grades), list(self.steps)
        return fork

    def add(
        self,
        prompt: Prompt,
        generation: Generation,
        outcome: StepOutcome,
        score: Score,
        shares: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """Take down a step: what was asked, what was sampled, what came of it and what that is worth.

        `shares` are what of the score is for the step alone, and of that for its calls; see `Row`.
        """
        self.rows.append(
            Row(
                np.array(prompt.ids, np.int32),
                np.array(generation.token_ids, np.int32),
                np.array(generation.log_probs, np.float32),
                math.nan if score.value is None else score.value,
                generation.weights_version,
                prompt.num_left_out,
                generation.is_cut,
                shares[0],
                outcome.num_steps,
                score.at_worst,
                shares[1],
                has_calls=bool(calls_of(outcome)),
            )
        )
        self.outcomes.append(outcome)
        self.scores.append(score)
        if isinstance(self.episode, RetrievalEpisode) and not outcome.operations:
            # Only replies that are malformed leave an operation there, and their share is of all replies.
            self.counts["RANK"] += 1
        for operation in outcome.operations:
            malformed = "malformed" if operation.malformed else "rejected"
            self.counts[operation.kind if operation.applied else malformed] += 1
        self.failure = "" if score.scored else f"answer: {score.why}"

    def pay_anew(self, reward: Reward) -> None:
        """Pay all steps by what an episode that has ended knows of them, in place of what they were paid."""
        at_end = self.episode.outcome().steps[-len(self.outcomes) :]
        for place, outcome in enumerate(self.outcomes):
            # A judge may have said more about the outcome than the episode knows.
            known = self.outcomes[place] = dataclasses.replace(outcome, attributed=at_end[place].attributed)
            score = self.scores[place] = reward(known)
            self.rows[place] = dataclasses.replace(
                self.rows[place],
                reward=math.nan if score.value is None else score.value,
                step_reward=reward.by_step(score),
                reward_at_worst=score.at_worst,
            )

    def add_grades(self, outcome: StepOutcome, metrics: Sequence[str], *, by_source: bool) -> None:
        """Take down the grades of a step's answers by data set: by the stream's source, or the category."""
        source = self.episode.context.stream.source
        for question, metric in product(outcome.questions, metrics):
            value, data_set = grade(metric, question), source if by_source else question.category
            if value is not None and data_set:
                total, number = self.grades.get(f"{metric}/{data_set}", (0.0, 0))
                self.grades[f"{metric}/{data_set}"] = total + value, number + 1

    def trajectory(self, memory: Mapping[str, float] | None = None) -> LanguageTrajectory:
        """Return what has been played, with what its memory has come to."""
        return LanguageTrajectory(
            self.episode.context.stream.id,
            tuple(self.rows),
            sum_scores(self.scores).parts,
            dict(self.counts),
            self.failure,
            dict(self.grades),
            memory or {},
            record_of(self.episode, self.steps) if self.steps else None,
            is_missing_answers=bool(self.failure and self.scores and not self.scores[-1].scored),
        )
