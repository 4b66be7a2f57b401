"""Rewards: weighted sums of named parts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from memdojo.errors import ConfigError

from .outcomes import EpisodeOutcome, StepOutcome
from .parts import RewardPart, reward_part
from .scores import Score, sum_scores


class Reward:
    """A weighted sum of reward parts, called with a step's outcome.

    Every part is normalised by the counts of the whole episode, so that the rewards of an episode's steps add
    up to the episode's score; see `rewards.parts`.

    Args:
        weights: Weight by part name. A part of weight 0 is left out altogether, so that a configuration can
            switch it off; costs are negative by themselves and take a positive weight.

    Raises:
        UnknownNameError: If a part is not registered; the message has the near matches.
        ConfigError: If a weight is not a finite number or no part is left.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        parts: list[tuple[RewardPart, float]] = []
        for name, weight in weights.items():
            part = reward_part(name)
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight):
                raise ConfigError(f"the reward part {name!r} has weight {weight!r}; give a finite number.")
            if weight:
                parts.append((part, float(weight)))
        if not parts:
            raise ConfigError(f"the reward {dict(weights)!r} has no part with a weight; give at least one.")
        self._parts = tuple(parts)

    @property
    def weights(self) -> Mapping[str, float]:
        """The weights by part name, those of weight 0 left out."""
        return MappingProxyType({part.name: weight for part, weight in self._parts})

    @property
    def needs_answers(self) -> bool:
        """True if a part grades answers, so that questions must be put to an answerer."""
        return any(part.needs_answers for part, _ in self._parts)

    @property
    def needs_evidence(self) -> bool:
        """True if a part looks at the evidence stored or retrieved, so that the outcomes must name it."""
        return any(part.needs_evidence for part, _ in self._parts)

    def __call__(self, outcome: StepOutcome) -> Score:
        """Score a step; unscored, with the parts that could be had, if an answer could not be had.

        Raises:
            ValueError: If a part grades answers and a question was never put to an answerer.
        """
        contributions: dict[str, float] = {}
        missing: list[str] = []
        for part, weight in self._parts:
            value = part.function(outcome)
            if value is None:
                missing.append(part.name)
            elif not math.isfinite(value):
                raise ValueError(f"the reward part {part.name!r} gave {value} at step {outcome.step}.")
            else:
                contributions[part.name] = weight * value
        if missing:
            return Score(None, contributions, _why_missing(outcome, missing))
        return Score(math.fsum(contributions.values()), contributions)

    def episode(self, outcome: EpisodeOutcome) -> Score:
        """Score a whole episode: the sum over its steps, unscored as soon as one of them is."""
        return sum_scores(map(self, outcome.steps))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reward) and self.weights == other.weights

    def __hash__(self) -> int:
        return hash(frozenset(self.weights.items()))

    def __repr__(self) -> str:
        return f"Reward({dict(self.weights)!r})"

    def __reduce__(self) -> tuple[object, ...]:
        # Part functions may be closures; another process finds its own by name.
        return Reward, (dict(self.weights),)


def parse_reward(spec: object) -> Reward:
    """Build a reward from a configuration's table, such as `{token_f1 = 1.0, operation_cost = 0.01}`.

    Raises:
        UnknownNameError: If a part is not registered; the message has the near matches.
        ConfigError: If `spec` is not a table of finite numbers or has no part.
    """
    if not isinstance(spec, Mapping):
        raise ConfigError(f"the reward is {spec!r}; give a table of weights, such as {{token_f1 = 1.0}}.")
    return Reward(spec)


def _why_missing(outcome: StepOutcome, missing: list[str]) -> str:
    failed = [question for question in outcome.questions if question.answer is None and question.answer_error]
    if not failed:
        return f"step {outcome.step}: no value for {', '.join(missing)}"
    first, more = failed[0], len(failed) - 1
    others = f" ({more} more at this step)" if more else ""
    return f"step {outcome.step}: no answer to question {first.question_id!r}{others}: {first.answer_error}"
