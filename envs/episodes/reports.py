"""What came of tasks, as an episode's chunks and readings tell it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from memdojo.rewards.grading import OFFICIAL, grade
from memdojo.rewards.outcomes import QuestionOutcome

from ..streams.cases import Case, Verdict, case_text
from ..types import Chunk, Feedback, Turn


def told_score(feedback: Feedback | None, question: QuestionOutcome) -> float | None:
    """Return how right an answer was, as far as one is told: by feedback where it is a task's.

    Args:
        feedback: That of the task; None where it is a question of a dialogue, whose score is told as it is.
        question: What became of it.

    Returns:
        A number in [0, 1]; None if nobody says.
    """
    score = grade(OFFICIAL, question)
    if feedback is None or score is None:
        return score
    if not feedback.tells_success:
        return None
    return 1.0 - score if feedback.is_false else score


def reported(turn: Turn, feedback: Feedback, question: QuestionOutcome) -> Turn:
    """Return the report of a task, completed by what was answered and what feedback says of it.

    One whose answer is given away tells that already, and one that nobody answered has nothing to tell.
    """
    if feedback.reveals or question.answer is None:
        return turn
    score = told_score(feedback, question)
    verdict = Verdict.UNKNOWN if score is None else Verdict.RIGHT if score == 1 else Verdict.WRONG
    return dataclasses.replace(turn, text=case_text(Case(turn.text, question.answer, verdict)))


def with_outcomes(
    chunk: Chunk, feedback: Mapping[str, Feedback], outcomes: Mapping[str, QuestionOutcome]
) -> Chunk:
    """Return a chunk whose reports tell what came of their tasks.

    Args:
        chunk: As the stream has it.
        feedback: Of each task, by its id.
        outcomes: Of the tasks that were asked so far, by id.
    """
    if not outcomes or not any(turn.reports in outcomes for turn in chunk.turns):
        return chunk
    turns = tuple(
        reported(turn, feedback[turn.reports], outcomes[turn.reports])
        if turn.reports in outcomes and turn.reports in feedback
        else turn
        for turn in chunk.turns
    )
    return dataclasses.replace(chunk, turns=turns)
