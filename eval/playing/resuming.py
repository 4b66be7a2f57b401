"""Resumed evaluations: only unrecorded episodes are played, and only missing answers are asked for again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from memdojo.envs.answering import Answer, Answerer, AnswerRequest
from memdojo.envs.episodes.context import StreamContext
from memdojo.errors import EpisodeStateError
from memdojo.rewards.outcomes import QuestionOutcome

from ..records.files import EpisodeFile
from ..records.types import EpisodeRecord, question_context
from .episodes import Played, Start


def played_episodes(
    policy: str,
    batch: Sequence[Start],
    turns_per_chunk: int | None,
    play: Callable[[Sequence[Start]], list[Played]],
    file: EpisodeFile | None,
    answerer: Answerer | None,
) -> list[EpisodeRecord]:
    """Return the episodes of a batch, playing only those that the file does not have, or that have failed.

    Args:
        policy: Name of the policy.
        batch: The episodes wanted.
        turns_per_chunk: How the streams were cut for the policy.
        play: Plays some of them.
        file: Where episodes are recorded; None keeps none.
        answerer: Is asked again the questions of recorded episodes whose answers are missing.
    """
    known = [_known(policy, start, file, answerer) for start in batch]
    missing = [start for start, record in zip(batch, known, strict=True) if record is None]
    fresh = iter(play(missing) if missing else ())
    episodes = []
    for start, record in zip(batch, known, strict=True):
        episode = record
        if episode is None:
            stream, steps_and_figures = start.context.stream, next(fresh)
            fingerprint = "" if file is None else file.fingerprint(policy)
            episode = EpisodeRecord(
                policy,
                start.repetition,
                stream.id,
                stream.group,
                steps_and_figures.steps,
                turns_per_chunk,
                fingerprint,
                steps_and_figures.figures,
            )
            if file is not None:
                file.add(episode)
        episodes.append(episode)
    return episodes


def _known(
    policy: str, start: Start, file: EpisodeFile | None, answerer: Answerer | None
) -> EpisodeRecord | None:
    record = None if file is None else file.known(policy, start.repetition, start.context.stream.id)
    if record is not None and record.has_failed:
        return None
    if record is None or answerer is None or not record.has_failed_answers:
        return record
    asked = answer_again(record, start.context, answerer, only_failed=True)
    assert file is not None  # The record comes from it.
    file.add(asked)
    return asked


def answer_again(
    record: EpisodeRecord, context: StreamContext, answerer: Answerer, *, only_failed: bool = False
) -> EpisodeRecord:
    """Return the episode with its questions answered anew, from what was retrieved for them.

    Where the policy had failed nothing was, and they stay as they are.

    Args:
        record: The episode.
        context: Its stream.
        answerer: Is asked.
        only_failed: Ask only the questions whose answers are missing.

    Raises:
        EpisodeStateError: If the answerer gives another number of answers than it was asked for.
    """
    asked = {question.id: question for question in context.stream.questions}
    requests = {
        (step_index, place): AnswerRequest.of(asked[outcome.question_id], question_context(question))
        for step_index, step in enumerate(record.steps)
        if not step.outcome.failure
        for place, (outcome, question) in enumerate(zip(step.outcome.questions, step.questions, strict=True))
        if not only_failed or outcome.answer_error
    }
    answers = answerer.answer(list(requests.values())) if requests else []
    if len(answers) != len(requests):
        raise EpisodeStateError(
            f"{len(answers)} answers came for {len(requests)} questions; give one for each."
        )
    by_place = dict(zip(requests, answers, strict=True))
    steps = []
    for step_index, step in enumerate(record.steps):
        questions = tuple(
            _answered(outcome, by_place.get((step_index, place)))
            for place, outcome in enumerate(step.outcome.questions)
        )
        steps.append(step.with_outcomes(questions))
    return dataclasses.replace(record, steps=tuple(steps))


def _answered(outcome: QuestionOutcome, answer: Answer | None) -> QuestionOutcome:
    if answer is None:
        return outcome
    # A verdict is about the answer before.
    return dataclasses.replace(outcome, answer=answer.text, answer_error=answer.error, verdict=None)
