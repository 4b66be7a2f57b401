"""The reward of a ranking by what it does for the answers: MemSifter's marginal utility at tiers.

Source: MemSifter (arXiv, March 2026), its outcome reward. A working model answers each question without
memory, which scores s_0, and given the first k entries of the ranking, which scores s_k, for every tier k.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from memdojo.errors import ConfigError

from .grading import OFFICIAL, grade, needs_judge
from .metrics import token_f1
from .outcomes import QuestionOutcome, StepOutcome
from .parts import mean_over_evidence_questions, register_reward_part
from .ranking import dcg, newly_covered

TIERS = (1, 2, 3, 5, 8, 10)
"""The paper's tiers."""


@lru_cache(64)
def tier_weights(tiers: tuple[int, ...]) -> tuple[float, ...]:
    """Return the weight of each tier, w_n = 1/log2(k_n + 1) - 1/log2(k_(n+1) + 1), the last 1/log2(k_N + 1).

    A tier weighs what the discount of DCG falls until the next one, so that an entry that helps counts by the
    rank at which it stands. They sum to 1, because the first tier is 1. For `TIERS` they are .3691, .1309,
    .1131, .0714, .0264 and .2891.

    Raises:
        ValueError: If the tiers do not begin at 1 and rise.
    """
    if not tiers or tiers[0] != 1 or any(later <= k for k, later in pairwise(tiers)):
        raise ValueError(f"tiers are {tiers}; they begin with 1 and each is larger than the one before it.")
    discounts = [1 / math.log2(k + 1) for k in tiers]
    return tuple(discount - later for discount, later in zip(discounts, [*discounts[1:], 0.0], strict=True))


def marginal_utility_of(without: float, at_tiers: Sequence[float], tiers: Sequence[int]) -> float:
    """Return -s_0 + the sum over the tiers of w_n * s_n; 0 where memory changes nothing, whatever the score.

    Args:
        without: s_0, the score without memory.
        at_tiers: s_n, the score given the first k_n entries.
        tiers: k_n.

    Raises:
        ValueError: If there is not one score for a tier, or `tier_weights` refuses the tiers.
    """
    weights = tier_weights(tuple(tiers))
    if len(at_tiers) != len(weights):
        raise ValueError(f"{len(at_tiers)} scores came for {len(weights)} tiers; give one for each.")
    # The weights sum to 1, so this is -s_0 + sum(w * s); equal scores give exactly 0 this way.
    return math.fsum(weight * (score - without) for weight, score in zip(weights, at_tiers, strict=True))


def _mean_utility(outcome: StepOutcome, grade: Callable[[QuestionOutcome, str], float]) -> float | None:
    """Return the step's share of the mean marginal utility; None if an answer is missing."""
    if len(outcome.questions) > outcome.num_questions:
        raise ValueError(
            f"step {outcome.step} has {len(outcome.questions)} questions and num_questions is "
            f"{outcome.num_questions}; it counts the whole episode."
        )
    total = 0.0
    for question in outcome.questions:
        if not question.tier_answers:
            raise ValueError(
                f"question {question.question_id!r} was not asked at tiers, and the reward has a part that "
                "compares them; set the tiers of the episode."
            )
        scores = [None if answer is None else grade(question, answer) for _, answer in question.tier_answers]
        known = [score for score in scores if score is not None]
        if len(known) < len(scores):
            return None
        total += marginal_utility_of(known[0], known[1:], [k for k, _ in question.tier_answers[1:]])
    return total / outcome.num_questions if outcome.questions else 0.0


@register_reward_part("marginal_utility", needs_answers=True, needs_tiers=True)
def marginal_utility(outcome: StepOutcome) -> float | None:
    """What the ranking does for the answers' token F1, over having no memory; mean over questions, [-1, 1].

    A malformed ranking hands nothing over, so that all its answers are the one without memory: it gets 0,
    which is better than a ranking that misleads. `malformed_ranking` prices it otherwise.
    """
    return _mean_utility(
        outcome,
        lambda question, answer: token_f1(answer, () if question.unanswerable else question.references),
    )


@register_reward_part("marginal_utility_official", needs_answers=True, needs_tiers=True)
def marginal_utility_official(outcome: StepOutcome) -> float | None:
    """The same with the metric that each question names itself, and token F1 where it names none, [-1, 1].

    Raises:
        ConfigError: If a question is graded by a judge, who is not asked at tiers.
    """
    return _mean_utility(outcome, _official)


def _official(question: QuestionOutcome, answer: str) -> float:
    score = None if needs_judge(question.metric) else grade(OFFICIAL, replace(question, answer=answer))
    if score is None:
        raise ConfigError(
            f"question {question.question_id!r} is graded by {question.metric!r}, a judge, who is not asked "
            "at tiers; pay marginal_utility instead, which counts token F1."
        )
    return score


@register_reward_part("malformed_ranking")
def malformed_ranking(outcome: StepOutcome) -> float:
    """Minus the share of the episode's questions whose ranking was malformed; in [-1, 0].

    Its weight is the worth of a failure: with 1, a malformed ranking is as bad as the worst that misleads.
    """
    is_malformed = any(each.malformed and each.kind == "RANK" for each in outcome.operations)
    return -float(is_malformed) / max(outcome.num_questions, 1)


@register_reward_part("evidence_dcg", needs_evidence=True)
def evidence_dcg(outcome: StepOutcome) -> float:
    """DCG of the ranked entries that hold evidence; mean over questions with evidence, at least 0.

    An entry gains 1 if it supports evidence that no entry before it does. Not normalised: three sessions with
    evidence on the first three ranks give 2.13.
    """
    return mean_over_evidence_questions(outcome, _evidence_dcg)


@register_reward_part("evidence_dcg_share", needs_evidence=True)
def evidence_dcg_share(outcome: StepOutcome) -> float:
    """`evidence_dcg` of each question over the number of entries that hold evidence of it, in [0, 1].

    As MemSifter's published code has it: a question whose evidence is spread over many sessions pays no more
    than one with a single session.

    Raises:
        ValueError: If evidence was ranked and nobody counted those entries; retrieval episodes do.
    """
    return mean_over_evidence_questions(outcome, _evidence_dcg_share)


def _evidence_dcg(question: QuestionOutcome) -> float:
    return dcg([min(1, gain) for gain in newly_covered(question.retrieved, question.evidence)])


def _evidence_dcg_share(question: QuestionOutcome) -> float:
    value = _evidence_dcg(question)
    if value and not question.num_evidence_entries:
        raise ValueError(
            f"question {question.question_id!r} does not say how many entries hold its evidence, by which "
            "evidence_dcg_share divides; pay evidence_dcg instead."
        )
    return value / max(question.num_evidence_entries, 1)
