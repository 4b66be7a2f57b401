"""The answers of played episodes, graded by a judge."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from memdojo.agents.graders.judging import Judging

from ..records.files import EpisodeFile
from ..records.types import EpisodeRecord, StepRecord


def judged_episodes(
    records: Sequence[EpisodeRecord], judging: Judging, file: EpisodeFile | None
) -> list[EpisodeRecord]:
    """Return the episodes with the verdicts that they lack, as far as the judge gives them.

    Args:
        records: Played side by side; all of their answers are put to the judge at the same time.
        judging: The judge.
        file: Where episodes are recorded; those that got verdicts are recorded anew.
    """
    lacking = [
        question
        for record in records
        for question in record.outcome.questions
        if question.answer is not None and question.verdict is None
    ]
    verdicts = dict(zip(map(id, lacking), judging.grade(lacking), strict=True))

    def judged(step: StepRecord) -> StepRecord:
        return step.with_outcomes(
            tuple(
                dataclasses.replace(question, verdict=verdicts.get(id(question), question.verdict))
                for question in step.outcome.questions
            )
        )

    episodes = []
    for record in records:
        if not any(id(question) in verdicts for question in record.outcome.questions):
            episodes.append(record)
            continue
        episode = dataclasses.replace(record, steps=tuple(map(judged, record.steps)))
        if file is not None and episode != record:
            file.add(episode)
        episodes.append(episode)
    return episodes
