from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from memdojo.errors import ConfigError
from memdojo.rewards import (
    TIERS,
    OperationOutcome,
    QuestionOutcome,
    Reward,
    StepOutcome,
    marginal_utility_of,
    tier_weights,
)
from memdojo.train.algorithms.advantages import group_relative_advantages

WEIGHTS = (0.3691, 0.1309, 0.1131, 0.0714, 0.0264, 0.2891)
EVIDENCE = frozenset({"t1", "t2", "t3"})


def step(
    answers: tuple[str | None, ...] = (),
    *,
    tiers: tuple[int, ...] = TIERS,
    error: str = "",
    metric: str = "",
    retrieved: tuple[frozenset[str], ...] = (),
    malformed: int = 0,
) -> StepOutcome:
    """The step of one question with the reference "Lake Como"; the first answer is the one without memory."""
    pairs = tuple(zip((0, *tiers), answers, strict=True)) if answers else ()
    question = QuestionOutcome(
        question_id="q",
        category="",
        references=("Lake Como",),
        unanswerable=False,
        answer=answers[-1] if answers else None,
        answer_error=error,
        evidence=EVIDENCE,
        stored=EVIDENCE,
        retrieved=retrieved,
        metric=metric,
        tier_answers=pairs,
    )
    operations = tuple(OperationOutcome("RANK", False, True, 0) for _ in range(malformed))
    return StepOutcome(0, (question,), operations, 1, 1, 1, 0, 10, 0.0, 0.0, True)


@pytest.mark.parametrize(("num_entries", "expected"), [(1, 1 / math.log2(3)), (3, 1 / math.log2(3) / 3)])
def test_the_dcg_of_evidence_is_divided_by_the_entries_that_hold_some(
    num_entries: int, expected: float
) -> None:
    # One of the entries with evidence, on the second rank.
    ranked = step(retrieved=(frozenset(), EVIDENCE))
    (question,) = ranked.questions
    counted = replace(ranked, questions=(replace(question, num_evidence_entries=num_entries),))
    assert value({"evidence_dcg_share": 1.0}, counted) == pytest.approx(expected)
    with pytest.raises(ValueError, match="does not say how many entries hold its evidence"):
        value({"evidence_dcg_share": 1.0}, ranked)
    assert value({"evidence_dcg_share": 1.0}, step(retrieved=(frozenset(),))) == 0


def value(weights: dict[str, float], outcome: StepOutcome) -> float | None:
    return Reward(weights)(outcome).value


def test_the_weights_are_those_of_the_paper_and_sum_to_one() -> None:
    assert tier_weights(TIERS) == pytest.approx(WEIGHTS, abs=5e-5)
    assert sum(tier_weights(TIERS)) == pytest.approx(1, abs=1e-12)
    # 1/log2(2) - 1/log2(4), and 1/log2(4).
    assert tier_weights((1, 3)) == pytest.approx((0.5, 0.5))
    assert tier_weights((1,)) == (1.0,)


@pytest.mark.parametrize("tiers", [(), (2, 3), (1, 1), (1, 3, 2)])
def test_tiers_begin_at_one_and_rise(tiers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="begin with 1"):
        tier_weights(tiers)


@pytest.mark.parametrize("score", [0.0, 0.1, 0.5, 1.0])
def test_constant_scores_are_worth_exactly_nothing(score: float) -> None:
    # The published code drops the first weight: a constant 0.5 is then worth 0.5 * .6309 - 0.5 = -0.185.
    assert marginal_utility_of(score, [score] * 6, TIERS) == 0
    assert -0.5 + sum(0.5 * weight for weight in WEIGHTS[1:]) == pytest.approx(-0.185, abs=5e-4)


def test_a_worked_ranking() -> None:
    # Without memory nothing, at rank 1 nothing, from rank 2 on half of the answer, from rank 5 on all of it:
    # .1309 * 2/3 + .1131 * 2/3 + (.0714 + .0264 + .2891) * 1. "Como" against "Lake Como" has F1 2/3.
    answers = ("Rome", "Rome", "Como", "Como", "Lake Como", "Lake Como", "Lake Como")
    assert value({"marginal_utility": 1.0}, step(answers)) == pytest.approx(0.5496, abs=1e-4)
    # The same with the evidence in front: 1.
    assert value({"marginal_utility": 1.0}, step(("Rome", *["Lake Como"] * 6))) == pytest.approx(1)
    # What the model knew by itself pays nothing, and what misleads it costs.
    assert value({"marginal_utility": 1.0}, step(("Lake Como",) * 7)) == 0
    assert value({"marginal_utility": 1.0}, step(("Lake Como", *["Rome"] * 6))) == pytest.approx(-1)


def test_the_score_is_never_that_of_the_ranks() -> None:
    # The published code, as shipped, pays DCG instead without saying so.
    good_ranks = (EVIDENCE, frozenset[str]())
    assert value({"marginal_utility": 1.0}, step(("Rome",) * 7, retrieved=good_ranks)) == 0


def test_a_failed_answer_leaves_the_step_unscored_and_says_why() -> None:
    outcome = step(("Rome", "Rome", None, "Como", "Como", "Como", "Como"), error="timed out")
    score = Reward({"marginal_utility": 1.0, "evidence_dcg": 1.0})(outcome)
    assert score.value is None
    assert "timed out" in score.why


def test_a_question_that_was_not_asked_at_tiers_is_an_error() -> None:
    with pytest.raises(ValueError, match="not asked at tiers"):
        value({"marginal_utility": 1.0}, step())


def test_the_questions_own_metric_may_be_what_counts() -> None:
    answers = ("Rome", "Rome", "Como", "Como", "Lake Como", "Lake Como", "Lake Como")
    # Exact match: 0 until rank 5, then 1.
    official = {"marginal_utility_official": 1.0}
    assert value(official, step(answers, metric="exact_match")) == pytest.approx(0.3869, abs=1e-4)
    assert value(official, step(answers)) == pytest.approx(0.5496, abs=1e-4)


def test_a_judges_metric_cannot_be_had_at_tiers() -> None:
    with pytest.raises(ConfigError, match="marginal_utility instead"):
        value({"marginal_utility_official": 1.0}, step(("Rome",) * 7, metric="longmemeval_judge"))


def test_a_malformed_ranking_is_worth_nothing_unless_its_part_prices_it() -> None:
    # Nothing is handed over: all answers are the one without memory.
    failed = step(("Rome",) * 7, malformed=3)
    assert value({"marginal_utility": 1.0}, failed) == 0
    assert value({"marginal_utility": 1.0, "malformed_ranking": 0.25}, failed) == -0.25
    assert value({"malformed_ranking": 0.25}, step(("Rome",) * 7)) == 0


def test_dcg_counts_entries_with_evidence_that_is_new() -> None:
    one, two, none = frozenset({"t1"}), frozenset({"t1", "t2"}), frozenset[str]()
    three = frozenset({"t3"})
    # Ranks 1 and 4 bring something new, however many turns; rank 3 repeats: 1 + 1/log2(5).
    outcome = step(("Rome",) * 7, retrieved=(two, none, one, three))
    assert value({"evidence_dcg": 1.0}, outcome) == pytest.approx(1.4307, abs=1e-4)
    # Three on the first three ranks: 1 + .6309 + .5.
    best = step(("Rome",) * 7, retrieved=(one, frozenset({"t2"}), three))
    assert value({"evidence_dcg": 1.0}, best) == pytest.approx(2.1309, abs=1e-4)


def test_the_advantages_of_a_group_of_rankings() -> None:
    late = ("Rome", "Rome", "Rome", "Rome", "Lake Como", "Lake Como", "Lake Como")
    rankings = [
        step(("Rome", *["Lake Como"] * 6)),  # Evidence in front: 1.
        step(late),  # From rank 5 on: .0714 + .0264 + .2891 = .3869.
        step(("Rome",) * 7),  # Never: 0.
        step(("Rome",) * 7, malformed=1),  # Malformed: 0 - 0.2.
    ]
    paid = [value({"marginal_utility": 1.0, "malformed_ranking": 0.2}, each) for each in rankings]
    # Mean .2967; deviations .7033, .0902, -.2967, -.4967; their root mean square .4576.
    advantages = group_relative_advantages(np.array([paid], dtype=np.float64))
    assert advantages[0] == pytest.approx([1.5370, 0.1970, -0.6484, -1.0855], abs=1e-3)


def test_a_part_decays_linearly_and_is_then_left_out() -> None:
    reward = Reward({"marginal_utility": 1.0, "evidence_dcg": 0.5}, {"evidence_dcg": 4})
    assert reward.at(0).weights == {"marginal_utility": 1.0, "evidence_dcg": 0.5}
    assert reward.at(1).weights["evidence_dcg"] == pytest.approx(0.375)
    assert reward.at(3).weights["evidence_dcg"] == pytest.approx(0.125)
    assert reward.at(4).weights == reward.at(100).weights == {"marginal_utility": 1.0}
    # Warm-up and outcome together at update 2: 1 + 0.5 * 0.5 * 2.1309.
    ranks = tuple(frozenset({turn}) for turn in ("t1", "t2", "t3"))
    score = reward.at(2)(step(("Rome", *["Lake Como"] * 6), retrieved=ranks))
    assert score.value == pytest.approx(1.5327, abs=1e-4)


def test_a_reward_without_decay_is_always_the_same() -> None:
    reward = Reward({"evidence_dcg": 1.0})
    assert reward.at(7) is reward


@pytest.mark.parametrize(
    ("decay", "why"),
    [
        ({"token_f1": 3}, "decays and has no weight"),
        ({"evidence_dcg": 0}, "positive whole number"),
        ({"evidence_dcg": True}, "positive whole number"),
        ({"evidence_dcg": 3, "malformed_ranking": 3}, "let one stay"),
    ],
)
def test_a_decay_that_makes_no_sense_is_refused(decay: dict[str, int], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        Reward({"evidence_dcg": 1.0, "malformed_ranking": 1.0}, decay)
