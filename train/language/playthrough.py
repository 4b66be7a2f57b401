"""`Playthrough`: an episode with what has been played of it."""

from __future__ import annotations

import copy
import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product, takewhile
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import numpy as np

from memdojo.agents.designs.running.episode import DesignEpisode
from memdojo.agents.engines.engine import Generation, StopReason
from memdojo.agents.language.policies import Prompt
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.eval.records.types import StepRecord
from memdojo.rewards.grading import grade
from memdojo.rewards.mem_alpha import calls_of
from memdojo.rewards.outcomes import StepOutcome
from memdojo.rewards.reward import Reward
from memdojo.rewards.scores import Score, sum_scores

from ..rollouts.decision_pay import Paid, Place, StepPay, pay_by_decision
from ..rollouts.tasks import record_of
from .trajectories import LanguageTrajectory, Row


class Reply(NamedTuple):
    """What the policy was asked, what it sampled, and that as text."""

    prompt: Prompt
    generation: Generation
    completion: str


NOTHING_ASKED = Reply(Prompt((), None, 0), Generation((), (), StopReason.END, 0), "")
"""Stands for the replies of an episode in which a memory design had nothing to decide."""


class Playthrough:
    """An episode with what has been played of it.

    Its rows are the replies of the policy, paid as `pay_by_decision` has it: each for its step, but those of
    a memory design, whose steps have none, one or several decisions.

    Attributes:
        episode: The episode.
        seed: From which, with the step, its requests are seeded.
        failure: Why it cannot be trained on; empty if it can.
    """

    def __init__(self, episode: Any, seed: int) -> None:
        self.episode = episode
        self.seed = seed
        self.outcomes: list[StepOutcome] = []
        self.scores: list[Score] = []
        self.counts: Counter[str] = Counter()
        self.grades: dict[str, tuple[float, int]] = {}
        self.steps: list[StepRecord] = []
        self.failure = ""
        self._shares: list[tuple[float, float]] = []
        self._of_questions: list[Mapping[int, Paid]] = []
        self._replies: list[tuple[Reply, Place]] = []

    def fork(self, seed: int) -> Self:
        """Return an independent playthrough that has come as far; `seed` seeds what follows."""
        fork = copy.copy(self)
        fork.episode, fork.seed = self.episode.fork(seed), seed
        fork.outcomes, fork.scores = list(self.outcomes), list(self.scores)
        fork._shares, fork._of_questions = list(self._shares), list(self._of_questions)
        fork._replies = list(self._replies)
        fork.counts, fork.grades, fork.steps = self.counts.copy(), dict(self.grades), list(self.steps)
        return fork

    @property
    def memory_episode(self) -> Any:
        """The episode whose steps are done: that beneath a memory design's, or the episode itself."""
        return self.episode.episode if isinstance(self.episode, DesignEpisode) else self.episode

    @property
    def place(self) -> tuple[int, ...]:
        """Where it stands: the steps done, and of a design the choices since then."""
        step: int = self.episode.step_index
        return (step, len(self.episode.chosen)) if isinstance(self.episode, DesignEpisode) else (step,)

    @property
    def num_replies(self) -> int:
        """How many replies of the policy there are."""
        return len(self._replies)

    @property
    def step_replies(self) -> list[tuple[Reply, Place]]:
        """The replies to the step that is under way, and what they decided on."""
        replies = takewhile(lambda each: each[1].step == len(self.outcomes), reversed(self._replies))
        return list(replies)[::-1]

    def add_reply(self, reply: Reply, question: int | None = None) -> None:
        """Take down what was asked and what was sampled, and for which question of the step; see `Place`."""
        self._replies.append((reply, Place(len(self.outcomes), question)))

    def add_step(
        self,
        outcome: StepOutcome,
        score: Score,
        shares: tuple[float, float] = (0.0, 0.0),
        of_questions: Mapping[int, Paid] = MappingProxyType({}),
    ) -> None:
        """Take down what came of a step and what that is worth.

        `shares` are what of the score is for the step alone, and of that for its calls; see `Row`.
        `of_questions` is what of it is for questions; see `StepPay`.
        """
        self.outcomes.append(outcome)
        self.scores.append(score)
        self._shares.append(shares)
        self._of_questions.append(of_questions)
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
            self._shares[place] = (reward.by_step(score), self._shares[place][1])

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
            self._rows(),
            sum_scores(self.scores).parts,
            dict(self.counts),
            self.failure,
            dict(self.grades),
            memory or {},
            record_of(self.memory_episode, self.steps) if self.steps else None,
            is_missing_answers=bool(self.failure and self.scores and not self.scores[-1].scored),
        )

    def _rows(self) -> tuple[Row, ...]:
        places = [place for _, place in self._replies]
        steps = [
            StepPay(Paid.of(score)._replace(by_step=by_step, by_call=by_call), of_questions)
            for score, (by_step, by_call), of_questions in zip(
                self.scores, self._shares, self._of_questions, strict=True
            )
        ]
        paid = pay_by_decision(steps, places)
        ends = [place.step for place in places[1:]]
        rows, begin = [], 0
        for (reply, _), end, row in zip(self._replies, [*ends, len(self.outcomes)], paid, strict=False):
            rows.append(self._row(reply, slice(begin, end), Paid(*row.tolist())))
            begin = end
        if not rows and (self.outcomes or not self.failure):
            # Nothing was asked; what the episode comes to counts all the same.
            rows.append(self._row(NOTHING_ASKED, slice(0, len(self.outcomes)), Paid(*paid[0].tolist())))
        return tuple(rows)

    def _row(self, reply: Reply, steps: slice, paid: Paid) -> Row:
        """Return the row of a reply, whose steps are those until the next one."""
        prompt, generation, _ = reply
        outcomes = self.outcomes[steps]
        return Row(
            np.array(prompt.ids, np.int32),
            np.array(generation.token_ids, np.int32),
            np.array(generation.log_probs, np.float32),
            paid.value,
            generation.weights_version,
            prompt.num_left_out,
            generation.is_cut,
            paid.by_step,
            outcomes[0].num_steps if outcomes else 1,
            paid.at_worst,
            paid.by_call,
            has_calls=any(calls_of(outcome) for outcome in outcomes),
        )
