"""`Candidates`: the experiences that may help with a task, and what is told of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memdojo.envs.streams.tasks import REPORTER

from .deciding_words import Numbers, same_rule, task_words, told_by
from .experience import nearest_tasks
from .memory import DesignMemory

MAX_CANDIDATES = 16
"""How many experiences are looked at for a task, those nearest to it."""

CANDIDATE_FEATURES = (
    *("nearness", "nearness_rank", "match", "likely", "likely_rank", "support", "support_rank", "dissent"),
    *("share", "weighted_share", "age", "age_rank", "is_right", "is_wrong", "is_report", "speaker_share"),
    *("q", "reads", "help_share", "newer_differs", "log_likely", "log_support", "votes", "vote_share"),
    *("lead", "refuted", "answer_age_rank", "agrees", "differs"),
)
"""`nearness` is the cosine and `match` BM25 by the best; `likely` is `same_rule`, `support` that of any case
with the same answer, and `dissent` that of the best of the others. `share` says how many candidates have the
answer, `newer_differs` how likely one goes by the same rule that is newer and has another. `votes` is the sum
of what `support` is the most of, `lead` what the support of its answer has over any other's, `refuted` how
likely one holds that says its answer was wrong, and `answer_age_rank` the rank of the newest with its answer.
`agrees` and `differs` tell of those that were chosen already."""

SITUATION_FEATURES = ("num_chosen", "num_candidates", "best_nearness", "best_support", "margin")

_LEAST = 1e-6
_HEARSAY = 0.01
"""How much what others tell counts when it is learned which words decide."""


class Candidates:
    """The experiences whose tasks are nearest to a task, nearest first.

    Attributes:
        entries: At most `MAX_CANDIDATES`.
        likely: How likely the answer of each holds for the task, by the words that decide.
        support: The same for all that have its answer together.

    Args:
        memory: Where they are.
        task: The task.
    """

    def __init__(self, memory: DesignMemory, task: str) -> None:
        hits = nearest_tasks(memory, task, MAX_CANDIDATES)
        self.entries = tuple(hit.entry for hit in hits)
        self._nearness = np.array([hit.score for hit in hits])
        self._told = [told_by(entry.text) for entry in self.entries]
        self._is_report = np.array([each.speaker == REPORTER for each in self._told], np.float64)
        trust = np.where(self._is_report, 1.0, _HEARSAY)
        self._has_case = np.array([each.case is not None for each in self._told], np.bool_)
        self.likely = same_rule(task_words(task), self._told, trust) * self._has_case
        self._steps = np.array([entry.updated_step for entry in self.entries])
        outcomes = np.array([each.outcome for each in self._told])
        self._same = (outcomes[:, None] == outcomes) & self._has_case
        is_wrong = np.array([each.is_wrong for each in self._told], np.bool_)
        self._votes = np.where(self._same & ~is_wrong, self.likely * trust, 0)
        self._warning = np.where(is_wrong, self.likely * trust, 0)
        self.support = self._votes.max(axis=1, initial=0)
        self._base = self._features(memory, task)

    @property
    def has_cases(self) -> bool:
        """Whether any of them tells a case."""
        return bool(self._has_case.any())

    def warnings(self, chosen: Sequence[int]) -> Numbers:
        """Return how likely each tells of an answer that is wrong, and that none of the chosen has."""
        return np.where(self._same[:, list(chosen)].any(axis=1), 0, self._warning)

    def features(self, chosen: Sequence[int]) -> Numbers:
        """Return `CANDIDATE_FEATURES` of each, given which were chosen, shape (num_entries, F)."""
        agrees = self._same[:, list(chosen)].any(axis=1)
        differs = (~self._same[:, list(chosen)]).any(axis=1)
        features: Numbers = np.column_stack([self._base, agrees, differs])
        return features

    def situation(self, chosen: Sequence[int]) -> tuple[float, ...]:
        """Return `SITUATION_FEATURES`, given which were chosen."""
        best = self.support.max(initial=0)
        others = self.support[~self._same[self.support.argmax()]] if self.entries else self.support
        return (
            float(len(chosen)),
            len(self.entries) / MAX_CANDIDATES,
            float(self._nearness.max(initial=0)),
            float(best),
            float(best - others.max(initial=0)),
        )

    def _features(self, memory: DesignMemory, task: str) -> Numbers:
        entries, told, likely = self.entries, self._told, self.likely
        match = memory.bm25(task, entries) if entries else np.zeros(0)
        counts = {each.speaker: [0, 0] for each in told}
        for entry, each in zip(entries, told, strict=True):
            counts[each.speaker][0] += entry.helps
            counts[each.speaker][1] += entry.reads
        newer = self._steps[None, :] > self._steps[:, None]
        near, votes = self._nearness.clip(0), self._votes.sum(axis=1)
        others = np.where(~self._same, self.support, 0).max(axis=1, initial=0)
        columns = (
            self._nearness,
            _ranks(self._nearness),
            match / max(float(match.max(initial=0)), 1e-6),
            likely,
            _ranks(likely),
            self.support,
            _ranks(self.support),
            np.where(~self._same, likely, 0).max(axis=1, initial=0),
            self._same.mean(axis=1) if entries else np.zeros(0),
            self._same @ near / max(float(near.sum()), 1e-6),
            np.log1p(np.maximum(memory.step - self._steps, 0)) / 4,
            _ranks(self._steps),
            np.array([each.is_right for each in told], np.float64),
            np.array([each.is_wrong for each in told], np.float64),
            self._is_report,
            np.array([(counts[each.speaker][0] + 1) / (counts[each.speaker][1] + 2) for each in told]),
            np.array([entry.utility for entry in entries]),
            np.log1p(np.array([entry.reads for entry in entries])),
            np.array([(entry.helps + 1) / (entry.reads + 2) for entry in entries]),
            np.where(newer & ~self._same, likely, 0).max(axis=1, initial=0),
            np.log(likely.clip(_LEAST)) / 4,
            np.log(self.support.clip(_LEAST)) / 4,
            votes,
            votes / max(float(self._votes.max(axis=0, initial=0).sum()), 1e-6),
            self.support - others,
            np.where(self._same, self._warning, 0).max(axis=1, initial=0),
            _ranks(np.where(self._same, self._steps, -1).max(axis=1, initial=-1)),
        )
        return np.column_stack(columns)


def _ranks(values: Numbers) -> Numbers:
    """Return the rank of each value as a share of all candidates, 0 for the highest; equal ones share it."""
    ranks: Numbers = (values[None, :] > values[:, None]).sum(axis=1) / MAX_CANDIDATES
    return ranks
