"""Step several episodes with one batch of answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from memdojo.errors import EpisodeStateError
from memdojo.rewards.outcomes import StepOutcome

from .answering import Answer, Answerer, AnswerRequest


class AnsweredEpisode(Protocol):
    """An episode whose step has been begun and waits for its answers."""

    def finish_step(self, answers: Sequence[Answer]) -> StepOutcome:
        """Take the answers to the step's requests, in their order."""
        ...


def finish_together(
    episodes: Sequence[AnsweredEpisode],
    requests: Sequence[Sequence[AnswerRequest]],
    answerer: Answerer | None,
) -> list[StepOutcome]:
    """Answer the requests of all episodes in one batch and finish their steps.

    Args:
        episodes: Episodes of which each has begun a step.
        requests: What `begin_step` of each returned.
        answerer: Answers them; None where nobody answers.

    Raises:
        EpisodeStateError: If the answerer gives another number of answers than it was asked for.
    """
    flat = [request for of_episode in requests for request in of_episode]
    answers = answerer.answer(flat) if answerer is not None and flat else []
    if len(answers) != len(flat):
        raise EpisodeStateError(f"{len(answers)} answers came for {len(flat)} questions; give one for each.")
    remaining = iter(answers)
    return [
        episode.finish_step([next(remaining) for _ in of_episode])
        for episode, of_episode in zip(episodes, requests, strict=True)
    ]
