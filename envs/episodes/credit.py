"""`CreditRules`: what an episode measures so that its steps can be paid for what they do to answers."""

from __future__ import annotations

from dataclasses import dataclass

from memdojo.errors import ConfigError
from memdojo.rewards.grading import DEFAULT_METRIC, OFFICIAL, needs_judge
from memdojo.rewards.reward import Reward

from ..types import Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRules:
    """What an episode measures for `rewards.credit`.

    Attributes:
        metric: Grades the answers; one of `grade_names()`.
        answerability: Whether the questions to come are asked at every step.
        attribution: Whether the scores of answers are booked to the steps that wrote what was read for them.
    """

    metric: str
    answerability: bool = False
    attribution: bool = False

    @classmethod
    def of(cls, reward: Reward | None) -> CreditRules | None:
        """Return what a reward needs; None if it needs nothing."""
        if reward is None or not (reward.needs_answerability or reward.needs_attribution):
            return None
        return cls(
            metric=reward.answer_metric,
            answerability=reward.needs_answerability,
            attribution=reward.needs_attribution,
        )

    def check(self, stream: Stream) -> None:
        """Refuse questions that are graded by a judge, who is not asked.

        Raises:
            ConfigError: With the first of them.
        """
        for question in stream.questions:
            metric = (question.metric or DEFAULT_METRIC) if self.metric == OFFICIAL else self.metric
            if needs_judge(metric):
                raise ConfigError(
                    f"question {question.id!r} of stream {stream.id!r} is graded by {metric}, a judge's "
                    "verdict, and a judge is not asked what a step does to answers; pay a metric such as "
                    "token_f1 as well, by which they are graded then."
                )
