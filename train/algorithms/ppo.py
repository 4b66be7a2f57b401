"""PPO: a critic says what was to be expected, and the ratio of probabilities is clipped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .advantages import FloatArray, generalised_advantages
from .clipped import ClippedAlgorithm
from .protocol import Choices, Estimates, Loss, Trajectory
from .settings import PpoSettings


class Ppo(ClippedAlgorithm[PpoSettings]):
    """PPO (arXiv:1707.06347) with GAE over the steps of each episode.

    The value bootstraps across the contexts of a language policy: one step is one row.
    """

    needs_critic = True

    @property
    def critic_learning_rate(self) -> float:
        """`settings.critic_learning_rate`, or that of the policy."""
        return self.settings.critic_learning_rate or self.settings.learning_rate

    def estimate(self, groups: Sequence[Sequence[Trajectory]], values_R: FloatArray) -> Estimates:
        """Estimate advantages by GAE, standardised over all steps at which something was chosen."""
        trajectories = [trajectory for group in groups for trajectory in group]
        chosen_R = np.concatenate([each.loss_mask.ravel() for each in trajectories])
        advantages_R, targets_R = np.zeros(len(values_R)), np.zeros(len(values_R))
        start = 0
        for trajectory in trajectories:
            # A place that was not filled is no step: the critic never learned what it is worth.
            chosen_S = trajectory.loss_mask.ravel()
            steps = start + np.flatnonzero(chosen_S)
            advantages_R[steps], targets_R[steps] = generalised_advantages(
                trajectory.rewards.ravel()[chosen_S],
                values_R[steps],
                discount=self.settings.discount,
                gae_lambda=self.settings.gae_lambda,
            )
            start += len(chosen_S)
        counted = advantages_R[chosen_R]
        return Estimates((advantages_R - counted.mean()) / (counted.std() + 1e-6), targets_R)

    def loss(self, choices: Choices) -> Loss:
        """Add half the squared error of the critic to the clipped loss."""
        policy = super().loss(choices)
        value_loss = 0.5 * choices.mean_of_values((choices.values - choices.targets) ** 2)
        return Loss(
            policy.total + self.settings.value_coefficient * value_loss,
            {**policy.terms, "value_loss": value_loss},
        )
