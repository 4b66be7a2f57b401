from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memdojo.errors import ConfigError, UnknownNameError
from memdojo.rewards import (
    NO_INFORMATION,
    EpisodeOutcome,
    OperationOutcome,
    QuestionOutcome,
    Reward,
    StepOutcome,
    grade_names,
    parse_reward,
    register_reward_part,
    reward_part,
    reward_part_names,
)
from memdojo.rewards.parts import PARTS

QUESTION = QuestionOutcome(
    question_id="q1",
    category="4",
    references=("Oslo",),
    unanswerable=False,
    answer="Oslo",
    answer_error="",
    evidence=frozenset({"t1", "t2"}),
    stored=frozenset({"t1", "t2"}),
    retrieved=(frozenset({"t1"}), frozenset()),
)
STEP = StepOutcome(
    step=0,
    questions=(),
    operations=(),
    num_questions=4,
    num_evidence_questions=2,
    num_steps=10,
    memory_tokens=30,
    stream_tokens=120,
    potential_before=0.0,
    potential_after=0.0,
    terminal=False,
)
ADD = OperationOutcome("ADD", applied=True, malformed=False, text_tokens=5)
NOOP = OperationOutcome("NOOP", applied=True, malformed=False, text_tokens=0)


@pytest.fixture
def scratch_parts() -> Iterator[None]:
    with PARTS.temporarily():
        yield


def value(name: str, step: StepOutcome) -> float | None:
    return Reward({name: 1.0})(step).value


def test_an_answer_is_worth_its_share_of_the_episodes_questions() -> None:
    step = replace(STEP, questions=(QUESTION, replace(QUESTION, answer="Oslo Norway")))
    # F1 of 1 and 2/3, over four questions in the whole episode.
    assert value("token_f1", step) == pytest.approx((1 + 2 / 3) / 4)
    assert value("exact_match", step) == pytest.approx(1 / 4)
    assert value("substring_exact_match", step) == pytest.approx(2 / 4)
    assert value("locomo", step) == pytest.approx((1 + 2 / 3) / 4)


def test_unanswerable_questions_want_to_hear_so_even_if_they_have_references() -> None:
    question = replace(QUESTION, unanswerable=True)
    assert value("token_f1", replace(STEP, questions=(question,))) == 0
    assert value("token_f1", replace(STEP, questions=(replace(question, answer=NO_INFORMATION),))) == 0.25


def test_a_step_without_questions_earns_no_answer_reward_even_if_the_episode_has_none() -> None:
    assert value("token_f1", STEP) == 0
    assert value("evidence_recall", replace(STEP, num_questions=0, num_evidence_questions=0)) == 0


def test_evidence_parts_average_over_the_questions_with_evidence() -> None:
    blank = replace(QUESTION, evidence=frozenset(), stored=frozenset(), retrieved=(frozenset(),))
    step = replace(STEP, questions=(QUESTION, blank))
    assert value("evidence_recall", step) == pytest.approx(0.5 / 2)
    assert value("evidence_stored", step) == pytest.approx(1.0 / 2)
    # DCG 1 over 1 + 1/log2(3) = 1.63093.
    assert value("evidence_ndcg", step) == pytest.approx(0.6131472 / 2)


def test_an_answer_that_could_not_be_had_leaves_the_step_unscored_and_named() -> None:
    failed = replace(QUESTION, question_id="q7", answer=None, answer_error="timed out after 30 s")
    score = Reward({"token_f1": 1.0, "evidence_recall": 2.0})(replace(STEP, questions=(QUESTION, failed)))
    assert score.value is None
    assert "'q7'" in score.why
    assert "timed out after 30 s" in score.why
    assert score.parts == pytest.approx({"evidence_recall": 2.0 * 0.5})


def test_a_reward_without_answers_does_not_mind_a_failed_answer() -> None:
    failed = replace(QUESTION, answer=None, answer_error="timed out")
    assert value("evidence_recall", replace(STEP, questions=(failed,))) == pytest.approx(0.25)


def test_a_question_that_nobody_asked_is_a_programmers_error() -> None:
    with pytest.raises(ValueError, match=r"'q1' was not put to an answerer"):
        value("token_f1", replace(STEP, questions=(replace(QUESTION, answer=None),)))


def test_more_questions_than_the_episode_has_is_a_programmers_error() -> None:
    with pytest.raises(ValueError, match="num_questions is 0"):
        value("token_f1", replace(STEP, questions=(QUESTION,), num_questions=0))


def test_applied_writes_cost_and_noop_is_free() -> None:
    refused = replace(ADD, kind="UPDATE", applied=False)
    malformed = OperationOutcome("NOOP", applied=False, malformed=True, text_tokens=0)
    step = replace(STEP, operations=(ADD, replace(ADD, kind="DELETE"), NOOP, refused, malformed))
    assert value("operation_cost", step) == pytest.approx(-2 / 10)
    assert value("invalid_operations", step) == pytest.approx(-2 / 10)


def test_memory_is_paid_for_at_the_last_step_only() -> None:
    assert value("memory_tokens", STEP) == 0
    assert value("compression", STEP) == 0
    last = replace(STEP, terminal=True)
    assert value("memory_tokens", last) == pytest.approx(-0.25)
    assert value("compression", last) == pytest.approx(0.75)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0.0), (0.75, 0.0), (0.875, -0.5), (1.0, -1.0)])
def test_a_response_that_comes_near_its_limit_costs(share: float, expected: float) -> None:
    assert value("overlong_responses", replace(STEP, response_share=share)) == pytest.approx(expected / 10)


def test_form_is_paid_step_by_step_and_asks_nothing_of_the_store() -> None:
    malformed = OperationOutcome("NOOP", applied=False, malformed=True, text_tokens=0)
    refused = OperationOutcome("UPDATE", applied=False, malformed=False, text_tokens=2)

    def value(*operations: OperationOutcome) -> float | None:
        return reward_part("well_formed").function(replace(STEP, operations=operations))

    # One of ten steps; a piece that means nothing costs the whole step, whatever stands beside it.
    assert value(ADD) == value(NOOP, refused) == value() == pytest.approx(0.1)
    assert value(malformed) == value(ADD, malformed) == 0


@given(potentials=st.lists(st.floats(0, 1), min_size=2, max_size=8))
def test_potential_shaping_telescopes_to_the_last_potential_minus_the_first(potentials: list[float]) -> None:
    steps = tuple(
        replace(STEP, step=index, potential_before=before, potential_after=after)
        for index, (before, after) in enumerate(pairwise(potentials))
    )
    total = Reward({"evidence_kept": 1.0}).episode(EpisodeOutcome("s", "g", steps))
    assert total.value == pytest.approx(potentials[-1] - potentials[0], abs=1e-9)


def test_parts_are_weighted_and_add_up() -> None:
    step = replace(STEP, questions=(QUESTION,), operations=(ADD, ADD), terminal=True)
    score = Reward({"token_f1": 2.0, "operation_cost": 0.5, "memory_tokens": 0.1})(step)
    assert score.parts == pytest.approx({"token_f1": 0.5, "operation_cost": -0.1, "memory_tokens": -0.025})
    assert score.value == pytest.approx(0.375)


def test_an_episode_is_worth_the_mean_over_its_questions() -> None:
    wrong = replace(QUESTION, answer="Rome")
    steps = (
        replace(STEP, questions=(QUESTION,)),
        replace(STEP, step=1),
        replace(STEP, step=2, questions=(wrong, QUESTION, wrong), terminal=True),
    )
    episode = EpisodeOutcome("s", "g", steps)
    assert len(episode.questions) == 4
    assert Reward({"token_f1": 1.0}).episode(episode).value == pytest.approx(0.5)


def test_doing_nothing_and_keeping_everything_both_lose_to_keeping_what_matters() -> None:
    # The manager's two hacks under F1 with small costs: NOOP saves all costs, ADD-all answers at full cost.
    reward = Reward({"token_f1": 1.0, "operation_cost": 0.05, "memory_tokens": 0.1})

    def episode(answer: str, num_adds: int, memory_tokens: int) -> float:
        question = replace(QUESTION, answer=answer)
        step = replace(
            STEP,
            questions=(question,),
            operations=(ADD,) * num_adds,
            num_questions=1,
            memory_tokens=memory_tokens,
            terminal=True,
        )
        total = reward.episode(EpisodeOutcome("s", "g", (step,))).value
        assert total is not None
        return total

    nothing = episode(NO_INFORMATION, 0, 0)
    everything = episode("Oslo", 10, 120)
    what_matters = episode("Oslo", 2, 24)
    assert nothing == 0
    assert everything == pytest.approx(1 - 0.05 - 0.1)
    assert what_matters == pytest.approx(1 - 0.01 - 0.02)


def test_a_reward_knows_what_it_needs() -> None:
    costs = Reward({"operation_cost": 1.0})
    assert (costs.needs_answers, costs.needs_evidence) == (False, False)
    assert Reward({"evidence_recall": 1.0}).needs_evidence
    assert Reward({"operation_cost": 1.0, "locomo": 0.5}).needs_answers


def test_a_part_of_weight_zero_is_switched_off() -> None:
    reward = Reward({"token_f1": 0.0, "operation_cost": 1})
    assert not reward.needs_answers
    assert reward.weights == {"operation_cost": 1.0}


def test_rewards_pickle_and_compare_by_their_weights() -> None:
    reward = Reward({"token_f1": 1.0, "rouge_l": 0.5})
    assert pickle.loads(pickle.dumps(reward)) == reward
    assert hash(reward) == hash(Reward({"rouge_l": 0.5, "token_f1": 1.0}))
    assert reward != Reward({"token_f1": 1.0})


def test_a_reward_is_parsed_from_a_table() -> None:
    assert parse_reward({"token_f1": 1.0, "operation_cost": 0.01}) == Reward(
        {"token_f1": 1.0, "operation_cost": 0.01}
    )


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("token_f1", "table of weights"),
        ({}, "at least one"),
        ({"token_f1": 0}, "at least one"),
        ({"token_f1": "high"}, "'high'; give a finite number"),
        ({"token_f1": True}, "finite number"),
        ({"token_f1": float("nan")}, "finite number"),
    ],
)
def test_a_reward_that_cannot_be_meant_is_refused(spec: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_reward(spec)


def test_an_unknown_part_is_told_with_the_near_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"'operation_costs'. Did you mean 'operation_cost'"):
        parse_reward({"operation_costs": 1.0})


@pytest.mark.usefixtures("scratch_parts")
def test_other_peoples_parts_join_by_name() -> None:
    @register_reward_part("last_step")
    def last_step(outcome: StepOutcome) -> float:
        return float(outcome.terminal)

    assert value("last_step", replace(STEP, terminal=True)) == 1
    assert "last_step" in reward_part_names()
    with pytest.raises(ConfigError, match="registered already"):
        register_reward_part("last_step")(lambda outcome: 0.0)


@pytest.mark.usefixtures("scratch_parts")
def test_other_peoples_parts_may_be_unscored_but_not_infinite() -> None:
    register_reward_part("absent")(lambda outcome: None)
    assert Reward({"absent": 1.0})(STEP).why == "step 0: no value for absent"
    register_reward_part("broken")(lambda outcome: float("inf"))
    with pytest.raises(ValueError, match="'broken' gave inf"):
        value("broken", STEP)


def test_every_built_in_part_is_documented_and_says_what_it_needs() -> None:
    graders = {name for name in reward_part_names() if reward_part(name).needs_answers}
    assert set(grade_names()) <= graders
    readers = {name for name in reward_part_names() if reward_part(name).needs_evidence}
    assert readers == {
        "evidence_recall",
        "evidence_ndcg",
        "evidence_dcg",
        "evidence_dcg_share",
        "evidence_stored",
    }
