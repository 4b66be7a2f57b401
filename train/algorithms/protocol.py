"""`Algorithm`: which groups teach, what their steps were worth, and what a gradient step minimises.

A learner asks it three things, in this order: `select` when an update's rollouts are there, `estimate` when
it knows what the critic says of them, and `loss` for each batch of a gradient step. Everything else (batches,
passes over the network, optimiser) is the learner's business, so that an algorithm serves every kind of
policy.

Axes: G trajectories of a group, S steps of a trajectory, R steps of all trajectories of an update in order of
group, trajectory and time, N choices of a batch, M states of a batch. A step is what is rewarded: a row of a
language policy, whose choices are its tokens, or a single choice of a compact policy.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, NamedTuple, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt
from torch import Tensor

from memdojo.errors import ConfigError

from .advantages import FloatArray
from .settings import AlgorithmSettings


class Trajectory(Protocol):
    """An episode as an algorithm sees it; arrays of steps may have any shape that holds S values."""

    @property
    def scored(self) -> bool:
        """False if any step could not be scored: a failed attempt must be untrainable, not a zero."""
        ...

    @property
    def rewards(self) -> FloatArray:
        """Reward of each step."""
        ...

    @property
    def row_rewards(self) -> FloatArray:
        """What each step is worth when the steps of all of a group's episodes are compared."""
        ...

    @property
    def row_call_rewards(self) -> FloatArray:
        """What of `row_rewards` is for the step's calls; NaN at steps without a call."""
        ...

    @property
    def episode_return(self) -> float:
        """Sum of all rewards."""
        ...

    @property
    def loss_mask(self) -> npt.NDArray[np.bool_]:
        """True at the steps at which something was chosen."""
        ...

    @property
    def num_choices(self) -> npt.NDArray[np.int64]:
        """How many choices each step has, over which losses are averaged."""
        ...

    @property
    def is_local(self) -> bool:
        """True if its group has forked from one memory in mid-stream, and was not played from the start."""
        ...


def nothing_to_learn_from(update: int) -> ConfigError:
    """Return the error of an update in which no episode came to a choice."""
    return ConfigError(
        f"no episode of update {update} came to a choice: there is no decision that is learned from; "
        "let the episodes have some, as by a smaller store (episode.max_entries)."
    )


TrajectoryT = TypeVar("TrajectoryT", bound=Trajectory)
SettingsT = TypeVar("SettingsT", bound=AlgorithmSettings)


@dataclass(frozen=True, slots=True)
class Selection(Generic[TrajectoryT]):
    """The groups that an update learns from, and what was left out.

    Attributes:
        groups: Without the trajectories and groups that cannot teach anything.
        counts: Trajectories left out: `dropped_unscored`, `dropped_alone` (nothing scored to compare with)
            and `dropped_equal` (of `skipped_groups` groups in which there is nothing to prefer).
    """

    groups: tuple[tuple[TrajectoryT, ...], ...]
    counts: Mapping[str, float]


class Estimates(NamedTuple):
    """Of all steps of an update: their advantages, and what the critic should have said; both shape (R,)."""

    advantages: FloatArray
    targets: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """The choices of a batch: what a loss is made of, and how it is averaged over the gradient step.

    Attributes:
        log_probs: Of each choice under the current policy, shape (N,) or, padded, any other.
        old_log_probs: Under the policy before the update, the same shape.
        sampler_log_probs: Under the behaviour policy as the sampler computed them, the same shape.
        reference_log_probs: Under the reference policy, the same shape; zeros without one.
        advantages: Of the step of each choice, the same shape.
        entropy: Of the distributions that choices were drawn from, in nats.
        values: The critic's value of each state, shape (M,) or padded; empty without a critic.
        targets: What it should be, the same shape.
        mean_of_choices: Takes values of the shape of `log_probs` to a batch's part of their mean over all
            choices of the gradient step.
        mean_of_entropy: The same for values of the shape of `entropy`.
        mean_of_values: The same for values of the shape of `values`.
    """

    log_probs: Tensor
    old_log_probs: Tensor
    sampler_log_probs: Tensor
    reference_log_probs: Tensor
    advantages: Tensor
    entropy: Tensor
    values: Tensor
    targets: Tensor
    mean_of_choices: Callable[[Tensor], Tensor]
    mean_of_entropy: Callable[[Tensor], Tensor]
    mean_of_values: Callable[[Tensor], Tensor]


class Loss(NamedTuple):
    """What is minimised, and its terms without their coefficients, with what to watch beside them."""

    total: Tensor
    terms: Mapping[str, Tensor]


class Algorithm(ABC, Generic[SettingsT]):
    """How a policy learns from groups of trajectories.

    Attributes:
        needs_critic: Whether the network needs a critic; one without must not have it.
        needs_old_log_probs: Whether `loss` reads `old_log_probs`. Without them, an update of several
            gradient steps saves a pass over its rows, and cannot measure the sampler's mismatch.
        min_scored: Scored trajectories that a group needs to teach anything.

    Args:
        settings: Its table `[algorithm]`.
    """

    needs_critic: ClassVar[bool] = False
    needs_old_log_probs: ClassVar[bool] = True
    min_scored: ClassVar[int] = 1

    def __init__(self, settings: SettingsT) -> None:
        self.settings = settings

    @property
    def needs_reference(self) -> bool:
        """Whether `loss` reads `reference_log_probs`."""
        return False

    @property
    def needs_entropy_gradient(self) -> bool:
        """Whether the entropy is part of what is minimised."""
        return False

    @property
    def importance_cap(self) -> float:
        """Largest weight by which `loss` corrects the mismatch of sampler and learner; 0 if it does not."""
        return 0.0

    @property
    def critic_learning_rate(self) -> float:
        """Learning rate of a critic beside a language model."""
        return self.settings.learning_rate

    @property
    def coefficients(self) -> Mapping[str, float]:
        """Weights of the loss that a schedule may change, by the names of their metrics."""
        return {}

    def at(self, update: int) -> Self:
        """Return the algorithm as its schedules have it at an update, counted from 0; its loss is asked."""
        return self

    def select(self, groups: Sequence[Sequence[TrajectoryT]]) -> Selection[TrajectoryT]:
        """Leave out what teaches nothing: what could not be scored, and what cannot be compared.

        Raises:
            ValueError: If no trajectory at all could be scored.
        """
        kept: list[tuple[TrajectoryT, ...]] = []
        unscored = alone = equal = skipped = 0
        for group in groups:
            scored = tuple(trajectory for trajectory in group if trajectory.scored)
            unscored += len(group) - len(scored)
            if len(scored) < self.min_scored:
                alone += len(scored)
            elif scored and self.is_skipped(scored):
                equal += len(scored)
                skipped += 1
            elif scored:
                kept.append(scored)
        if unscored == sum(map(len, groups)):
            raise ValueError("no trajectory of this update could be scored; look at the answerer's errors.")
        counts = {
            "dropped_unscored": unscored,
            "dropped_alone": alone,
            "dropped_equal": equal,
            "skipped_groups": skipped,
        }
        return Selection(tuple(kept), counts)

    def num_skipped(self, groups: Sequence[Sequence[Trajectory]]) -> int:
        """Count the groups that teach nothing although they could be scored."""
        scored = [[each for each in group if each.scored] for group in groups]
        return sum(len(group) >= max(self.min_scored, 1) and self.is_skipped(group) for group in scored)

    def is_skipped(self, group: Sequence[Trajectory]) -> bool:
        """Return whether a group teaches nothing although it could be scored."""
        return False

    @abstractmethod
    def estimate(self, groups: Sequence[Sequence[Trajectory]], values_R: FloatArray) -> Estimates:
        """Return what each step was worth.

        Args:
            groups: As `select` returned them; trajectories of a group may differ in their number of steps.
            values_R: The critic's value before each step, shape (R,); zeros without a critic.
        """

    @abstractmethod
    def loss(self, choices: Choices) -> Loss:
        """Return a batch's part of the loss of its gradient step."""
