"""Which words of tasks decide what is right, as far as a few experiences with similar tasks tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from memdojo.envs.answering.solver import answer_key, case_told
from memdojo.envs.memory.analysis import analyze
from memdojo.envs.memory.lru_cache import LRUCache
from memdojo.envs.streams.cases import Case
from memdojo.envs.streams.rendering import split_turn

Numbers = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

PRIOR = 0.05
"""How likely a word of which nothing is known is to decide something: one or two of a task's words do."""
PRIOR_PAIRS = 1.0
"""So many pairs of tasks weigh as much as the prior."""
ROUNDS = 20
COMPARED = 0.35
"""Share of the words of the shorter of two tasks that both have to have to be compared: what tasks of
different kinds differ in tells nothing."""
_WORD = re.compile(r"\w+")
_MOST = 0.999

_told: LRUCache[ToldCase] = LRUCache(1 << 14)


@dataclass(frozen=True, slots=True)
class ToldCase:
    """An experience as those that compare it with others need it.

    Attributes:
        speaker: Who tells it.
        case: The case; None where the text tells none.
        words: Terms of the task.
        outcome: The answer, in which words of the task itself are replaced by their place among these: what
            two tasks with other names have in common. Empty where there is no case.
    """

    speaker: str
    case: Case | None
    words: frozenset[str]
    outcome: str

    @property
    def is_right(self) -> bool:
        """Whether the answer was right, or given away as right."""
        return self.case is not None and self.case.is_right

    @property
    def is_wrong(self) -> bool:
        """Whether the answer was wrong."""
        return self.case is not None and self.case.is_wrong


def told_by(text: str) -> ToldCase:
    """Return what an entry tells; those asked for last are kept."""
    return _told.get_or_make(text, lambda: _read(text))


def task_words(task: str) -> frozenset[str]:
    """Return the terms of a task."""
    return frozenset(analyze(task))


def decide_shares(bags: BoolArray, differ: BoolArray, weights: Numbers) -> Numbers:
    """Return how likely each word is to decide, in [0, 1], shape (num_words,).

    Two tasks with the same answer differ in no word that decides; two with different answers in at least one.
    So the answers of a pair are the same with the probability that none of the words in which the tasks
    differ decides (a noisy or; Pearl 1988, section 4.3.2), and this is fitted by expectation maximisation.

    Args:
        bags: Whether a task has a word, shape (num_tasks, num_words).
        differ: Whether the answers of two tasks differ, shape (num_tasks, num_tasks).
        weights: How much a pair counts, 0 where nothing is known of it; the same shape, symmetric.
    """
    first, second = np.nonzero(np.triu(weights, 1))
    apart = (bags[first] != bags[second]).astype(np.float64)
    weight, other = weights[first, second], differ[first, second]
    total = PRIOR_PAIRS + weight @ apart
    apart_differing, weight = apart[other], weight[other]
    shares = np.full(bags.shape[1], PRIOR)
    for _ in range(ROUNDS):
        alike = np.exp(apart_differing @ np.log1p(-np.minimum(shares, _MOST)))
        blamed = shares * ((weight / np.maximum(1 - alike, 1e-6)) @ apart_differing)
        shares = (PRIOR_PAIRS * PRIOR + blamed) / total
    capped: Numbers = np.minimum(shares, _MOST)
    return capped


def same_rule(words: frozenset[str], told: Sequence[ToldCase], trust: Numbers) -> Numbers:
    """Return how likely the answer of each case is to hold for a task, in [0, 1], shape (num_cases,).

    Args:
        words: Of the task.
        told: Cases of similar tasks.
        trust: How much each counts when it is learned which words decide, shape (num_cases,).
    """
    if not told:
        return np.zeros(0)
    places = {word: place for place, word in enumerate(sorted(words.union(*(each.words for each in told))))}
    bags = np.zeros((len(told), len(places)), np.bool_)
    for row, each in zip(bags, told, strict=True):
        row[[places[word] for word in each.words]] = True
    asked = np.zeros(len(places), np.bool_)
    asked[[places[word] for word in words]] = True
    outcomes = np.array([each.outcome for each in told])
    right = np.array([each.is_right for each in told])
    wrong = np.array([each.is_wrong for each in told])
    same = outcomes[:, None] == outcomes
    # Nothing follows from two wrong answers, nor from a right one and another that was wrong.
    refuted = same & (right[:, None] & wrong | wrong[:, None] & right)
    known = (right[:, None] & right) | refuted
    counts = bags.astype(np.float64)
    lengths = np.maximum(counts.sum(axis=1), 1)
    compared = counts @ counts.T >= COMPARED * np.minimum(lengths[:, None], lengths)
    shares = decide_shares(bags, refuted | ~same, (known & compared) * np.outer(trust, trust))
    likely: Numbers = np.exp((bags != asked) @ np.log1p(-shares))
    return likely


def _read(text: str) -> ToldCase:
    case, (speaker, said) = case_told(text), split_turn(text)
    if case is None:
        return ToldCase(speaker, None, task_words(said), "")
    own = {word: place for place, word in enumerate(dict.fromkeys(_WORD.findall(case.text)))}
    named = sorted({own[word] for word in _WORD.findall(case.answer) if word in own})
    outcome = _WORD.sub(
        lambda word: f"{{{named.index(own[word[0]])}}}" if word[0] in own else word[0], case.answer
    )
    return ToldCase(speaker, case, task_words(case.text), answer_key(outcome))
