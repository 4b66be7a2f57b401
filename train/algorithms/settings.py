"""Settings of the table `[algorithm]`: those of every algorithm, and what GRPO and PPO add to them."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from memdojo.errors import ConfigError
from memdojo.settings import Count, CountOrZero, NotNegative, Positive, Share, Table

from ..used_keys import (
    COMPACT_ONLY,
    LANGUAGE_ONLY,
    MANAGER_ONLY,
    MIXED_STARTS,
    SCHEDULED_ENTROPY,
    WHOLE_EPISODES,
    WHOLE_MANAGER_ONLY,
    WITH_ENTROPY,
    WITH_PROBES,
)
from .schedules import ScheduleName, scheduled_share, warmup_share


class AlgorithmSettings(Table):
    """How a policy learns. One update plays `groups_per_update` times `group_size` episodes.

    Attributes:
        name: Of the algorithm in `ALGORITHMS`.
        num_updates: Updates of the whole run.
        groups_per_update: Streams (or windows; for a retriever, questions) played for an update.
        group_size: Episodes of each of them.
        epochs: Passes over the decisions of an update.
        minibatch_size: Decisions of a gradient step; compact policies only.
        minibatch_groups: Groups of a gradient step; by default all of an update; language policies only.
        minibatch_rows: Rows of a gradient step, whatever their groups, in place of `minibatch_groups`;
            language policies only.
        learning_rate: Of Adam (compact policies) or AdamW.
        max_gradient_norm: Longer gradients are shortened to it.
        loss_average: Whether every token of a gradient step counts alike, or every row; language policies
            only.
        curriculum: Whether streams (for a retriever: questions) come `shuffled`, each once before any comes
            again, or by `priority`, those in front on which the policy now and then succeeds.
        warmup_updates: Updates over which the learning rate rises from 0.
        learning_rate_schedule: Whether it then stays, or falls to 0 by the end of the run.
        weight_decay: Of AdamW; language policies only.
    """

    name: str
    num_updates: Count
    groups_per_update: Count = 8
    group_size: Count = 8
    epochs: Count = 2
    minibatch_size: Annotated[Count, COMPACT_ONLY] = 1024
    minibatch_groups: Annotated[Count | None, LANGUAGE_ONLY] = None
    minibatch_rows: Annotated[Count | None, LANGUAGE_ONLY] = None
    learning_rate: Positive = 1e-3
    max_gradient_norm: Positive = 0.5
    loss_average: Annotated[Literal["token", "sequence"], LANGUAGE_ONLY] = "token"
    curriculum: Literal["shuffled", "priority"] = "shuffled"
    warmup_updates: CountOrZero = 0
    learning_rate_schedule: ScheduleName = "constant"
    weight_decay: Annotated[NotNegative, LANGUAGE_ONLY] = 0.0

    def earliest_fork(self, place: int) -> int | None:
        """Return how many turns are played, at least, before a group forks from the state that they led to.

        Args:
            place: Of the group among those of an update, from 0.

        Returns:
            None if its episodes part at the start of the stream.
        """
        return None

    @property
    def probes(self) -> tuple[int, int]:
        """How many decisions of an episode a group replays, with how many operations each.

        Both are 0 where a group plays whole episodes.
        """
        return 0, 0

    @property
    def future_discount(self) -> float | None:
        """Weight of what comes a step later for a critic that sees the future; None where none does."""
        return None

    @property
    def most_refills(self) -> int:
        """Rounds at most in which groups that teach nothing are played anew."""
        return 0

    @model_validator(mode="after")
    def _check_minibatch(self) -> Self:
        if self.minibatch_groups and self.minibatch_rows:
            raise ConfigError(
                f"algorithm.minibatch_groups is {self.minibatch_groups} and algorithm.minibatch_rows "
                f"{self.minibatch_rows}; both say what a gradient step takes, so give one of them."
            )
        return self

    @property
    def depends_on_length(self) -> bool:
        """True if an update depends on how many there are to be: such a run cannot become longer."""
        return self.learning_rate_schedule != "constant"

    def learning_rate_share(self, update: int) -> float:
        """Return the share of the learning rate with which update `update`, counted from 0, learns."""
        fall = scheduled_share(
            self.learning_rate_schedule, update, self.num_updates, start=self.warmup_updates
        )
        return warmup_share(update, self.warmup_updates) * fall

    def check_policy(self, *, is_language: bool) -> None:
        """Refuse a kind of policy that cannot learn so.

        Raises:
            ConfigError: With the setting that the policy has no use for.
        """


class ClippedSettings(AlgorithmSettings):
    """What the algorithms that clip the probability ratio share.

    Attributes:
        clip_low, clip_high: The probability ratio is clipped to [1 - clip_low, 1 + clip_high].
        dual_clip: The loss of a choice with a negative advantage is at most so many times that (Ye et al.
            2020); 0 sets no such limit.
        entropy_coefficient: Weight of the entropy, which is pushed up.
        entropy_schedule: Whether that weight stays, or falls to `entropy_final_share` of it by the end of the
            run.
        entropy_final_share: Where it falls to.
        discount: Weight of a reward one step later.
        kl_coefficient: Weight of the KL divergence from the policy that the run began with; 0 needs no second
            model; language policies only.
        importance_cap: Largest weight with which the mismatch of sampler and learner is corrected; 0 leaves
            the correction out; language policies only.
    """

    clip_low: Annotated[float, Field(gt=0, lt=1)] = 0.2
    clip_high: Positive = 0.2
    dual_clip: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    entropy_coefficient: NotNegative = 0.0
    entropy_schedule: Annotated[ScheduleName, WITH_ENTROPY] = "constant"
    entropy_final_share: Annotated[Share, SCHEDULED_ENTROPY] = 0.0
    discount: Share = 1.0
    kl_coefficient: Annotated[NotNegative, LANGUAGE_ONLY] = 0.0
    importance_cap: Annotated[NotNegative, LANGUAGE_ONLY] = 2.0

    @property
    def depends_on_length(self) -> bool:
        """True with a schedule of the learning rate or of the entropy's weight."""
        return super().depends_on_length or self.entropy_schedule != "constant"

    def entropy_coefficient_at(self, update: int) -> float:
        """Return the weight of the entropy at update `update`, counted from 0."""
        share = scheduled_share(
            self.entropy_schedule, update, self.num_updates, final_share=self.entropy_final_share
        )
        return self.entropy_coefficient * share

    @model_validator(mode="after")
    def _check_dual_clip(self) -> Self:
        # At 1 or below it would also cap choices that have not moved.
        if 0 < self.dual_clip <= 1:
            raise ConfigError(f"algorithm.dual_clip is {self.dual_clip}; give more than 1, such as 3, or 0.")
        return self


class GrpoSettings(ClippedSettings):
    """GRPO: the episodes of a group are compared with each other.

    Attributes:
        advantage: Whether a group's episodes are compared as wholes, step by step, position by position (as
            step by step, but each position by its own deviation), or as rows (contexts) that all count alike,
            whatever their episode; `rows` is for language policies only.
        normalise: Divide advantages by the deviation; without, they are differences of rewards.
        group_start: Whether the episodes of a group part at the start of the stream, `fork` from a state
            that one of them has reached, at a turn drawn anew for each group, or are `probes`: single
            decisions of a greedy episode are taken again, each with operations drawn from the policy, and
            then all goes on greedily; a decision is paid the return of the whole episode, and compared with
            what else was drawn in its place. With `mixed` some groups of an update part at the start and the
            others fork in mid-stream. Managers only.
        local_share: Share of the groups that fork in mid-stream, where starts are mixed.
        local_weight: Weight of their loss beside that of the others.
        num_probes: How many such decisions of an episode. They are drawn without replacement, the less sure
            the policy is of one the likelier.
        num_alternatives: How many operations, or completions, are drawn for each; equal operations are played
            once.
        skip_equal_groups: Leave groups whose returns are all equal out of the batch; language policies only.
        refill_rounds: Rounds at most in which as many groups as `skip_equal_groups` leaves out are drawn and
            played in addition (dynamic sampling: DAPO, arXiv:2503.14476, section 3.2); language policies
            only.
    """

    name: Literal["grpo"]
    advantage: Literal["trajectory", "step", "position", "rows"] = "step"
    normalise: bool = True
    group_start: Annotated[Literal["stream", "fork", "probes", "mixed"], MANAGER_ONLY, WHOLE_EPISODES] = (
        "stream"
    )
    local_share: Annotated[float, Field(gt=0, lt=1), MIXED_STARTS] = 0.5
    local_weight: Annotated[Positive, MIXED_STARTS] = 0.5
    num_probes: Annotated[Count, WITH_PROBES] = 8
    num_alternatives: Annotated[Annotated[Count, Field(ge=2)], WITH_PROBES] = 8
    skip_equal_groups: Annotated[bool, LANGUAGE_ONLY] = False
    refill_rounds: Annotated[CountOrZero, LANGUAGE_ONLY] = 0

    @property
    def most_refills(self) -> int:
        """`refill_rounds`."""
        return self.refill_rounds

    def earliest_fork(self, place: int) -> int | None:
        """Return 0 where all groups fork, and 1 where those of a share of the places do, evenly spread."""
        if self.group_start == "mixed":
            return 1 if self._num_local(place + 1) > self._num_local(place) else None
        return 0 if self.group_start == "fork" else None

    def _num_local(self, num_groups: int) -> int:
        """Return how many of the first groups of an update fork in mid-stream, where starts are mixed."""
        return math.floor(num_groups * self.local_share + 0.5)

    @property
    def probes(self) -> tuple[int, int]:
        """`num_probes` and `num_alternatives`, where groups are probes."""
        return (self.num_probes, self.num_alternatives) if self.group_start == "probes" else (0, 0)

    def check_policy(self, *, is_language: bool) -> None:
        """Refuse `rows` for a compact policy, whose trajectories do not keep step-only rewards apart."""
        if self.advantage == "rows" and not is_language:
            raise ConfigError("algorithm.advantage is 'rows', which only language policies have; use 'step'.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        compared = {"trajectory": "returns", "rows": "rewards"}
        if self.advantage in compared and self.discount < 1:
            raise ConfigError(
                f"algorithm.discount is {self.discount}, but algorithm.advantage is {self.advantage!r}, "
                f"which compares undiscounted {compared[self.advantage]}; leave the discount out or take "
                "advantage = 'step'."
            )
        if self.group_start == "probes" and (self.advantage not in ("step", "position") or self.discount):
            raise ConfigError(
                f"algorithm.group_start is 'probes' with algorithm.advantage = {self.advantage!r} and "
                f"algorithm.discount = {self.discount}, but each probe is a decision of its own, paid with "
                "the whole return; set the advantage to 'step' or 'position' and the discount to 0."
            )
        if self.group_start == "mixed" and not 0 < self._num_local(self.groups_per_update) < (
            self.groups_per_update
        ):
            raise ConfigError(
                f"algorithm.group_start is 'mixed', but algorithm.local_share = {self.local_share} of "
                f"algorithm.groups_per_update = {self.groups_per_update} leaves one of the two kinds "
                "without a group; give more groups or another share."
            )
        if self.group_size < 2:
            raise ConfigError(
                f"algorithm.group_size is {self.group_size}, but grpo compares the episodes of a group; give "
                "at least 2."
            )
        if self.refill_rounds and not self.skip_equal_groups:
            raise ConfigError(
                f"algorithm.refill_rounds is {self.refill_rounds}, but algorithm.skip_equal_groups is false, "
                "so no group is left out that could be replaced; set it, or leave the rounds out."
            )
        return self


class PpoSettings(ClippedSettings):
    """PPO: a critic says what was to be expected.

    Attributes:
        gae_lambda: 0 trusts the critic, 1 the rewards.
        value_coefficient: Weight of the critic's loss.
        critic_learning_rate: Of the critic; by default `learning_rate`; language policies only.
        critic_sees: What the `policy` sees, or the `future` as well: the questions to come, and where their
            evidence is; compact managers only.
    """

    name: Literal["ppo"]
    gae_lambda: Share = 0.9
    value_coefficient: NotNegative = 0.5
    critic_learning_rate: Annotated[Positive | None, LANGUAGE_ONLY] = None
    critic_sees: Annotated[Literal["policy", "future"], COMPACT_ONLY, WHOLE_MANAGER_ONLY] = "policy"

    @property
    def future_discount(self) -> float | None:
        """The discount, where the critic sees the future."""
        return self.discount if self.critic_sees == "future" else None
