from __future__ import annotations

from dataclasses import replace

import pytest

from memdojo.rewards import OperationOutcome, QuestionOutcome, Reward, StepOutcome, reward_part

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
ADD = OperationOutcome("ADD", applied=True, malformed=False, text_tokens=5, valid=1.0)
DUPLICATE = OperationOutcome("ADD", applied=False, malformed=False, text_tokens=5)
DELETE = OperationOutcome("DELETE", applied=True, malformed=False, text_tokens=0, valid=1.0)
UNKNOWN = OperationOutcome("DELETE", applied=False, malformed=False, text_tokens=0)
NOOP = OperationOutcome("NOOP", applied=True, malformed=False, text_tokens=0)
MALFORMED = OperationOutcome("NOOP", applied=False, malformed=True, text_tokens=0)


def worth(name: str, *operations: OperationOutcome) -> float | None:
    """Return what a part gives a step, undivided by the ten steps of the episode."""
    value = Reward({name: 1.0})(replace(STEP, operations=operations)).value
    return None if value is None else value * 10


@pytest.mark.parametrize(
    ("operations", "ours", "published"),
    [
        ((ADD, ADD), 1, 1),
        ((ADD, DUPLICATE), 1 / 2, 1 / 2),
        ((ADD, MALFORMED, DUPLICATE, DELETE), 2 / 4, 2 / 4),
        # Where the published code differs: nothing done, and a deletion of what is not there.
        ((), 1, 0),
        ((NOOP,), 1, 0),
        ((UNKNOWN,), 0, 1),
        ((ADD, UNKNOWN), 1 / 2, 1),
        ((MALFORMED,), 0, 0),
    ],
)
def test_the_share_of_calls_that_succeed(
    operations: tuple[OperationOutcome, ...], ours: float, published: float
) -> None:
    assert worth("call_success", *operations) == pytest.approx(ours)
    assert worth("call_success_published", *operations) == pytest.approx(published)


@pytest.mark.parametrize(
    ("operations", "ours", "published"),
    [
        ((ADD, replace(ADD, valid=0.0)), 1 / 2, 1 / 2),
        ((ADD, MALFORMED, DUPLICATE), 1 / 3, 1 / 3),
        ((), 1, 0),
        ((NOOP,), 1, 0),
        # A deletion is graded like anything else; published, it is worth nothing.
        ((DELETE,), 1, 0),
        ((DELETE, ADD), 1, 1 / 2),
        ((replace(DELETE, valid=0.0), ADD), 1 / 2, 1 / 2),
        ((UNKNOWN,), 0, 0),
    ],
)
def test_the_share_of_calls_that_are_valid(
    operations: tuple[OperationOutcome, ...], ours: float, published: float
) -> None:
    assert worth("valid_operations", *operations) == pytest.approx(ours)
    assert worth("valid_operations_published", *operations) == pytest.approx(published)


def test_a_grade_that_could_not_be_had_leaves_the_step_unscored() -> None:
    ungraded = replace(ADD, valid=None)
    assert worth("valid_operations", ADD, ungraded) is None
    assert worth("valid_operations_published", ungraded) is None
    # Of a deletion the published rule needs no grade, and of what failed none is needed at all.
    assert worth("valid_operations_published", replace(DELETE, valid=None)) == 0
    assert worth("valid_operations", DUPLICATE, MALFORMED) == 0


def test_parts_about_a_step_are_told_apart_from_those_about_the_episode() -> None:
    reward = Reward({"call_success": 1.0, "valid_operations": 0.1, "compression": 0.05})
    score = reward(replace(STEP, operations=(ADD, DUPLICATE), terminal=True))
    # 1/2 of the calls succeed and are valid, over ten steps; compression is 1 - 30/120 for the episode.
    assert score.value == pytest.approx(0.5 / 10 + 0.1 * 0.5 / 10 + 0.05 * 0.75)
    assert reward.by_step(score) == pytest.approx(0.5 / 10 + 0.1 * 0.5 / 10)
    assert (
        Reward({"call_success": 2.0, "well_formed": 1.0, "token_f1": 1.0}).by_call(score)
        == score.parts["call_success"]
    )
    published = ("call_success_published", "valid_operations_published")
    assert not any(reward_part(name).by_call for name in (*published, "operation_cost", "token_f1"))
    by_step = {"call_success", "operation_cost", "invalid_operations", "evidence_kept"}
    assert all(reward_part(name).by_step for name in by_step)
    assert not any(reward_part(name).by_step for name in ("token_f1", "compression", "evidence_recall"))


def test_the_judges_verdict_is_a_part() -> None:
    question = QuestionOutcome(
        "q", "", ("Oslo",), False, "Oslo", "", frozenset(), frozenset(), (), verdict=1.0
    )
    step = replace(STEP, questions=(question, replace(question, verdict=0.0)))
    assert Reward({"judge": 1.0})(step).value == pytest.approx(1 / 4)
    missing = replace(STEP, questions=(question, replace(question, verdict=None)))
    assert not Reward({"judge": 1.0})(missing).scored
    assert Reward({"judge": 1.0}).needs_verdicts
    assert Reward({"valid_operations": 1.0}).needs_validity
    assert not Reward({"call_success": 1.0}).needs_validity
