"""The named parts that rewards are composed of, and the registry that takes other people's.

A part is a function of one step's outcome. It is normalised by the counts of the whole episode, so that its
sum over an episode is that episode's figure: the mean over its questions, the operations per step, and so on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from memdojo.errors import unknown_name
from memdojo.registry import Registry, first_line

from .grading import GRADES, grade, grade_names, needs_judge
from .metrics import METRICS
from .outcomes import QuestionOutcome, StepOutcome
from .ranking import ndcg_at_k, recall_at_k

OVERLONG_SHARE = 0.25
"""Of the tokens of a response: the last ones, which cost."""

PartFunction = Callable[[StepOutcome], float | None]
"""The unweighted worth of a step; None if it cannot be computed."""


@dataclass(frozen=True, slots=True)
class RewardPart:
    """A registered part.

    Attributes:
        needs_answers: True if the step's questions must have been put to an answerer.
        needs_evidence: True if the questions' `stored` and `retrieved` must be filled in.
        needs_tiers: True if the questions must have been asked at tiers, `tier_answers`.
        needs_verdicts: True if a judge must have graded the answers, `verdict`.
        needs_validity: True if the operations must have been graded, `valid`.
        by_step: True if the part is about its own step alone; else what it pays is for the episode as a
            whole, whatever the step at which it is paid. Advantages over rows tell the two apart.
        by_call: True if the part, which is then `by_step`, is a mean over the step's calls. A step without a
            call has none, and advantages over rows give it the mean of the group's rows that have.
        needs_answerability: True if the questions to come must have been answered, `answerability`.
        needs_attribution: True if the scores of the answers must have been booked to steps, `attributed`.
        at_worst: The worth of a step with what is missing at 0; None where nothing is known of it then.
    """

    name: str
    function: PartFunction
    needs_answers: bool
    needs_evidence: bool
    needs_tiers: bool = False
    needs_verdicts: bool = False
    needs_validity: bool = False
    by_step: bool = False
    by_call: bool = False
    needs_answerability: bool = False
    needs_attribution: bool = False
    at_worst: Callable[[StepOutcome], float] | None = None


PARTS: Registry[RewardPart] = Registry("reward part", apart_from=(METRICS, GRADES))
"""The parts that are no grades, by name. Every grade is a part as well."""


def register_reward_part(
    name: str,
    *,
    needs_answers: bool = False,
    needs_evidence: bool = False,
    needs_tiers: bool = False,
    needs_verdicts: bool = False,
    needs_validity: bool = False,
    by_step: bool = False,
    by_call: bool = False,
) -> Callable[[PartFunction], PartFunction]:
    """Register the decorated function as the reward part `name`; see `RewardPart` for the flags.

    Workers of other processes must import the module that registers it, too.

    Raises:
        ConfigError: If another function, or a metric, already has the name.
    """

    def register(function: PartFunction) -> PartFunction:
        part = RewardPart(
            name,
            function,
            needs_answers,
            needs_evidence,
            needs_tiers,
            needs_verdicts,
            needs_validity,
            by_step,
            by_call,
        )
        PARTS.add(name, part, description=first_line(function))
        return function

    return register


def reward_part(name: str) -> RewardPart:
    """Return the part of that name.

    Raises:
        UnknownNameError: If there is none; the message lists those that exist, near matches first.
    """
    if name in grade_names():
        return _grading_part(name)
    if name not in PARTS:
        raise unknown_name("reward part", name, reward_part_names())
    return PARTS.get(name)


def reward_part_names() -> tuple[str, ...]:
    """Return the names of all parts, sorted: the registered ones, and all by which `grade` grades."""
    return tuple(sorted({*PARTS, *grade_names()}))


def mean_over_questions(outcome: StepOutcome, score: Callable[[QuestionOutcome, str], float]) -> float | None:
    """Return the step's share of the episode's mean question score; for parts that grade answers.

    Args:
        outcome: The step.
        score: Grades a question, given its answer.

    Returns:
        The sum of the step's scores over `num_questions`; None if an answer is missing.

    Raises:
        ValueError: If a question was never put to an answerer, or the step has more questions than the
            episode.
    """
    if not outcome.questions:
        return 0.0
    _check_count(outcome.step, len(outcome.questions), outcome.num_questions, "num_questions")
    total = 0.0
    failed = False
    for question in outcome.questions:
        if question.answer is not None:
            total += score(question, question.answer)
        elif question.answer_error:
            failed = True
        else:
            raise ValueError(
                f"question {question.question_id!r} was not put to an answerer, and the reward has a part "
                "that grades answers; ask where Reward.needs_answers is true."
            )
    return None if failed else total / outcome.num_questions


def mean_over_evidence_questions(outcome: StepOutcome, score: Callable[[QuestionOutcome], float]) -> float:
    """Return the step's share of the mean of `score` over the episode's questions that have evidence.

    Raises:
        ValueError: If the step has more such questions than the episode.
    """
    known = [question for question in outcome.questions if question.evidence]
    if not known:
        return 0.0
    _check_count(outcome.step, len(known), outcome.num_evidence_questions, "num_evidence_questions")
    return sum(map(score, known)) / outcome.num_evidence_questions


def _check_count(step: int, found: int, total: int, name: str) -> None:
    if found > total:
        raise ValueError(
            f"step {step} has {found} questions and {name} is {total}; it counts the whole episode."
        )


def _grading_part(name: str) -> RewardPart:
    """Return the part that grades the step's answers by `name`; None if a verdict is missing."""

    def part(outcome: StepOutcome) -> float | None:
        grades = {id(question): grade(name, question) for question in outcome.questions}
        share = mean_over_questions(outcome, lambda question, answer: grades[id(question)] or 0.0)
        return None if None in grades.values() else share

    def at_worst(outcome: StepOutcome) -> float:
        # The mean is over all questions of the episode, so one that is left out counts 0.
        graded = tuple(each for each in outcome.questions if grade(name, each) is not None)
        return part(dataclasses.replace(outcome, questions=graded)) or 0.0

    return RewardPart(
        name,
        part,
        needs_answers=True,
        needs_evidence=False,
        needs_verdicts=needs_judge(name),
        at_worst=at_worst,
    )


@register_reward_part("evidence_recall", needs_evidence=True)
def evidence_recall(outcome: StepOutcome) -> float:
    """Share of the evidence among the retrieved entries; mean over questions with evidence, [0, 1]."""
    return mean_over_evidence_questions(
        outcome, lambda question: recall_at_k(question.retrieved, question.evidence)
    )


@register_reward_part("evidence_ndcg", needs_evidence=True)
def evidence_ndcg(outcome: StepOutcome) -> float:
    """NDCG of the retrieved entries; mean over questions with evidence, [0, 1]."""
    return mean_over_evidence_questions(
        outcome, lambda question: ndcg_at_k(question.retrieved, question.evidence)
    )


@register_reward_part("evidence_stored", needs_evidence=True)
def evidence_stored(outcome: StepOutcome) -> float:
    """Share of the evidence in the store when asked; mean over questions with evidence, [0, 1]."""
    return mean_over_evidence_questions(
        outcome, lambda question: len(question.stored & question.evidence) / len(question.evidence)
    )


@register_reward_part("evidence_kept", by_step=True)
def evidence_kept(outcome: StepOutcome) -> float:
    """Gain of potential over the step, `potential_after - potential_before`, in [-1, 1].

    Where each step's `potential_before` is the previous step's `potential_after`, the sum over an episode
    telescopes to the last potential minus the first. Of a manager's episode, in which what is kept for a
    question counts no more once it was asked, that is `evidence_stored`, paid at the steps that earn or lose
    it. So it is a reward of its own, and no shaping in the sense of Ng, Harada and Russell (1999), which
    would leave the optimal policy as it is: the last potential depends on the policy.
    """
    return outcome.potential_after - outcome.potential_before


@register_reward_part("operation_cost", by_step=True)
def operation_cost(outcome: StepOutcome) -> float:
    """Minus the number of applied writes (every kind but NOOP) per step of the episode; at most 0."""
    writes = sum(
        operation.applied and not operation.malformed and operation.kind != "NOOP"
        for operation in outcome.operations
    )
    return -writes / num_steps(outcome)


@register_reward_part("invalid_operations", by_step=True)
def invalid_operations(outcome: StepOutcome) -> float:
    """Minus the number of operations, malformed or refused, that changed nothing, per step; at most 0."""
    invalid = sum(operation.malformed or not operation.applied for operation in outcome.operations)
    return -invalid / num_steps(outcome)


@register_reward_part("well_formed", by_step=True)
def well_formed(outcome: StepOutcome) -> float:
    """Share of the steps at which every piece of the completion could be parsed, in [0, 1].

    Unlike `invalid_operations` it does not ask whether the store did what was written.
    """
    is_malformed = any(operation.malformed for operation in outcome.operations)
    return 0.0 if is_malformed else 1 / num_steps(outcome)


@register_reward_part("overlong_responses", by_step=True)
def overlong_responses(outcome: StepOutcome) -> float:
    """Minus how far responses reach into the last quarter of what they may have, per step; in [-1, 0].

    0 up to three quarters of the limit, and from there linearly to -1 at the limit: a policy that thinks
    learns to come to an end before it is cut off (DAPO, arXiv:2503.14476, equation 13). Only in the training
    of language policies is the length known; elsewhere it is 0.
    """
    excess = max(0.0, outcome.response_share - (1 - OVERLONG_SHARE))
    return -excess / OVERLONG_SHARE / num_steps(outcome)


@register_reward_part("memory_tokens")
def memory_tokens(outcome: StepOutcome) -> float:
    """Minus the final store's tokens per token of the stream, at the last step; 0 before; at most 0."""
    return -_compressed(outcome) if outcome.terminal else 0.0


@register_reward_part("compression")
def compression(outcome: StepOutcome) -> float:
    """One minus the final store's tokens per token of the stream, at the last step; 0 before; at most 1.

    Negative where the store has grown beyond the stream (Mem-α, arXiv:2509.25911, section 3, r3). An empty
    store earns all of it, so it needs a part beside it that pays for what is remembered.
    """
    return 1 - _compressed(outcome) if outcome.terminal else 0.0


def _compressed(outcome: StepOutcome) -> float:
    if outcome.stream_tokens < 1:
        raise ValueError(
            f"step {outcome.step} has stream_tokens {outcome.stream_tokens}; it must be positive."
        )
    return outcome.memory_tokens / outcome.stream_tokens


def num_steps(outcome: StepOutcome) -> int:
    """Return the steps of the whole episode, by which parts that count per step are divided.

    Raises:
        ValueError: If there is none.
    """
    if outcome.num_steps < 1:
        raise ValueError(f"step {outcome.step} has num_steps {outcome.num_steps}; it must be positive.")
    return outcome.num_steps
