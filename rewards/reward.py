"""Rewards: weighted sums of named parts."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from numbers import Real
from types import MappingProxyType

from memdojo.errors import ConfigError

from .grading import OFFICIAL, grade_names, needs_judge
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
        decay: Updates over which a part's weight falls linearly to 0, by part name; see `at`.

    Raises:
        UnknownNameError: If a part is not registered; the message has the near matches.
        ConfigError: If a weight is not a finite number, no part is left or stays, or a part decays that has
            no weight, or over less than one update.
    """

    def __init__(self, weights: Mapping[str, float], decay: Mapping[str, int] | None = None) -> None:
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
        self._decay = dict(decay or {})
        self._check_decay()

    @property
    def weights(self) -> Mapping[str, float]:
        """The weights by part name, those of weight 0 left out."""
        return MappingProxyType({part.name: weight for part, weight in self._parts})

    def at(self, update: int) -> Reward:
        """Return the reward as weighted at an update, counted from 0, without any decay of its own.

        A part that decays over n updates has its whole weight at update 0 and (1 - update / n) of it until
        update n, from which on it is left out.
        """
        if not self._decay:
            return self
        return Reward(
            {
                part.name: weight * max(0.0, 1 - update / self._decay[part.name])
                if part.name in self._decay
                else weight
                for part, weight in self._parts
            }
        )

    @property
    def needs_answers(self) -> bool:
        """True if a part grades answers, so that questions must be put to an answerer."""
        return any(part.needs_answers for part, _ in self._parts)

    @property
    def needs_evidence(self) -> bool:
        """True if a part looks at the evidence stored or retrieved, so that the outcomes must name it."""
        return any(part.needs_evidence for part, _ in self._parts)

    @property
    def needs_tiers(self) -> bool:
        """True if a part compares answers at tiers, so that questions must be asked at each of them."""
        return any(part.needs_tiers for part, _ in self._parts)

    @property
    def needs_verdicts(self) -> bool:
        """True if a part is a judge's grade of the answers."""
        return any(part.needs_verdicts for part, _ in self._parts)

    @property
    def needs_validity(self) -> bool:
        """True if a part is a grade of the operations."""
        return any(part.needs_validity for part, _ in self._parts)

    @property
    def needs_answerability(self) -> bool:
        """True if a part pays for how well questions to come can be answered, so that they must be asked."""
        return any(part.needs_answerability for part, _ in self._parts)

    @property
    def needs_attribution(self) -> bool:
        """True if a part pays steps for the answers that go back to them, known when an episode has ended."""
        return any(part.needs_attribution for part, _ in self._parts)

    @property
    def answer_metric(self) -> str:
        """The metric by which answers are scored where a part pays for more than a grade of its own.

        It is the metric of the largest weight, of equal ones the first by name; `official`, which takes each
        question's own, where the reward grades no answers or leaves that to a judge.
        """
        graded = [
            (-weight, part.name)
            for part, weight in self._parts
            if part.name in grade_names() and not part.needs_verdicts
        ]
        return min(graded)[1] if graded else OFFICIAL

    def by_step(self, score: Score) -> float:
        """Return how much of a step's score is for that step alone; the rest is for the episode."""
        return self._paid_by(score, lambda part: part.by_step)

    def by_call(self, score: Score) -> float:
        """Return how much of a step's score is for its calls."""
        return self._paid_by(score, lambda part: part.by_call)

    def _paid_by(self, score: Score, counts: Callable[[RewardPart], bool]) -> float:
        names = {part.name for part, _ in self._parts if counts(part)}
        return math.fsum(value for name, value in score.parts.items() if name in names)

    def __call__(self, outcome: StepOutcome) -> Score:
        """Score a step; unscored, with the parts that could be computed, if an answer is missing.

        A step at which the policy has failed is worth nothing, good or bad.

        Raises:
            ValueError: If a part grades answers and a question was never put to an answerer.
        """
        if outcome.failure:
            return Score(None, why=f"step {outcome.step}: {outcome.failure}")
        contributions: dict[str, float] = {}
        missing: list[str] = []
        for part, weight in self._parts:
            value = part.function(outcome)
            if value is None:
                missing.append(part.name)
            elif isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
                raise ConfigError(
                    f"the reward part {part.name!r} gave {value!r} at step {outcome.step}; a part returns a "
                    "finite number, or None where it has no value."
                )
            else:
                contributions[part.name] = weight * value
        if missing:
            return Score(
                None,
                contributions,
                _why_missing(outcome, missing),
                self._at_worst(outcome, contributions, missing),
            )
        return Score(math.fsum(contributions.values()), contributions)

    def _at_worst(
        self, outcome: StepOutcome, contributions: Mapping[str, float], missing: Collection[str]
    ) -> float:
        """Return what a step is worth if the answers and verdicts that are missing earn nothing."""
        total = math.fsum(contributions.values())
        for part, weight in self._parts:
            if part.name in missing and part.at_worst is not None:
                total += weight * part.at_worst(outcome)
        return total

    def episode(self, outcome: EpisodeOutcome) -> Score:
        """Score a whole episode: the sum over its steps, unscored as soon as one of them is."""
        return sum_scores(map(self, outcome.steps))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reward) and self.weights == other.weights and self._decay == other._decay

    def __hash__(self) -> int:
        return hash(frozenset(self.weights.items()))

    def __repr__(self) -> str:
        decay = f", {self._decay!r}" if self._decay else ""
        return f"Reward({dict(self.weights)!r}{decay})"

    def __reduce__(self) -> tuple[object, ...]:
        # Part functions may be closures; another process finds its own by name.
        return Reward, (dict(self.weights), self._decay)

    def _check_decay(self) -> None:
        names = [part.name for part, _ in self._parts]
        for name, updates in self._decay.items():
            if name not in names:
                raise ConfigError(
                    f"the reward part {name!r} decays and has no weight; give it one, or leave its decay out."
                )
            if isinstance(updates, bool) or not isinstance(updates, int) or updates < 1:
                raise ConfigError(
                    f"the reward part {name!r} decays over {updates!r} updates; give a positive whole number."
                )
        if self._decay and set(names) == set(self._decay):
            raise ConfigError(
                f"all parts of the reward decay ({', '.join(names)}), so nothing would pay in the end; "
                "let one stay."
            )


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
    failed = [question for question in outcome.questions if question.answer_error]
    unjudged = [question for question in outcome.questions if question.verdict is None]
    judged = [name for name in missing if needs_judge(name) or name == OFFICIAL]
    probed = outcome.answerability
    if not failed and probed is not None and probed.error:
        return f"step {outcome.step}: {probed.error}"
    if not failed and unjudged and judged:
        first = next((question for question in unjudged if needs_judge(question.metric)), unjudged[0])
        return (
            f"step {outcome.step}: {judged[0]} wants a judge's verdict on question {first.question_id!r} "
            "and there is none"
        )
    if not failed:
        return f"step {outcome.step}: no value for {', '.join(missing)}"
    first, more = failed[0], len(failed) - 1
    others = f" ({more} more at this step)" if more else ""
    return f"step {outcome.step}: no answer to question {first.question_id!r}{others}: {first.answer_error}"
