"""The learner of the compact policies: PPO and GRPO on the same trajectories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from memdojo.agents.compact.base import CompactNetwork
from memdojo.errors import DivergenceError

from ..algorithms.advantages import (
    generalised_advantages,
    group_relative_advantages,
    group_relative_step_advantages,
)
from ..algorithms.losses import clipped_policy_loss, explained_variance, masked_mean, value_loss
from ..config.tables import AlgorithmConfig
from .trajectories import Trajectory, TrajectoryGroup


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Decisions of many trajectories in one piece; N decisions of P choices.

    Attributes:
        observations: Every tensor of shape (N, ...); candidates are padded to the longest and masked.
        actions: Shape (N, P).
        log_probs: Under the behaviour policy, shape (N, P).
        advantages: Shape (N, P).
        targets: What the critic should say, shape (N, P); zeros under GRPO, which has no critic.
        values: What the critic said, shape (N, P).
        loss_mask: Shape (N, P); True contributes.
    """

    observations: dict[str, Tensor]
    actions: Tensor
    log_probs: Tensor
    advantages: Tensor
    targets: Tensor
    values: Tensor
    loss_mask: Tensor

    def rows(self, index: Tensor) -> Batch:
        """Return the decisions at `index`."""
        return Batch(
            {name: values[index] for name, values in self.observations.items()},
            *(getattr(self, name)[index] for name in Batch.__slots__[1:]),
        )


def build_batch(groups: Sequence[TrajectoryGroup], algorithm: AlgorithmConfig) -> Batch:
    """Compute advantages and put all trainable decisions into one batch.

    Trajectories that could not be scored are left out, of their group's statistics as well; so is a group of
    which fewer than two are left where the algorithm compares within groups.

    Raises:
        ValueError: If nothing trainable is left.
    """
    trajectories: list[Trajectory] = []
    advantages: list[np.ndarray] = []
    targets: list[np.ndarray] = []
    for group in groups:
        scored = [trajectory for trajectory in group if trajectory.scored]
        if algorithm.name == "ppo":
            estimates = [_ppo_estimates(trajectory, algorithm) for trajectory in scored]
        elif len(scored) > 1:
            estimates = _grpo_estimates(scored, algorithm)
        else:
            continue
        trajectories += scored
        advantages += [advantage for advantage, _ in estimates]
        targets += [target for _, target in estimates]
    if not trajectories:
        raise ValueError("no trajectory of this update could be scored; look at the answerer's errors.")
    joined = np.concatenate(advantages)
    loss_mask = np.concatenate([trajectory.actions >= 0 for trajectory in trajectories])
    if algorithm.name == "ppo":
        joined = (joined - joined[loss_mask].mean()) / (joined[loss_mask].std() + 1e-6)
    return Batch(
        _join_observations([trajectory.observations for trajectory in trajectories]),
        torch.from_numpy(np.concatenate([trajectory.actions for trajectory in trajectories])),
        torch.from_numpy(np.concatenate([trajectory.log_probs for trajectory in trajectories])),
        torch.from_numpy(joined.astype(np.float32)),
        torch.from_numpy(np.concatenate(targets).astype(np.float32)),
        torch.from_numpy(np.concatenate([trajectory.values for trajectory in trajectories])),
        torch.from_numpy(loss_mask),
    )


class Learner:
    """Updates a compact network by clipped policy gradients.

    Args:
        network: Trained in place.
        algorithm: PPO or GRPO with its numbers.
        seed: With the number of the update, seeds the order of minibatches.
    """

    def __init__(self, network: nn.Module, algorithm: AlgorithmConfig, *, seed: int) -> None:
        self.network = network
        self.algorithm = algorithm
        self.seed = seed
        self.optimizer = torch.optim.Adam(network.parameters(), lr=algorithm.learning_rate, eps=1e-5)

    def update(self, groups: Sequence[TrajectoryGroup], update: int) -> dict[str, float]:
        """Learn from one update's rollouts and return metrics.

        Raises:
            DivergenceError: If the loss or a weight is no longer finite.
            ValueError: If no trajectory could be scored.
        """
        batch = build_batch(groups, self.algorithm)
        shuffle = np.random.default_rng((self.seed, update))
        history: list[dict[str, float]] = []
        for _ in range(self.algorithm.epochs):
            order = torch.from_numpy(shuffle.permutation(len(batch.actions)))
            for index in torch.split(order, self.algorithm.minibatch_size):
                history.append(self._step(batch.rows(index), update))
        metrics = {name: float(np.mean([step[name] for step in history])) for name in history[0]}
        if self.algorithm.name == "ppo":
            mask = batch.loss_mask
            metrics["explained_variance"] = explained_variance(batch.values[mask], batch.targets[mask])
        return metrics

    def _step(self, batch: Batch, update: int) -> dict[str, float]:
        algorithm = self.algorithm
        evaluation = _as_network(self.network).evaluate(batch.observations, batch.actions)
        policy = clipped_policy_loss(
            evaluation.log_probs,
            batch.log_probs,
            batch.advantages,
            batch.loss_mask,
            clip_low=algorithm.clip_low,
            clip_high=algorithm.clip_high,
        )
        decided = batch.loss_mask.any(dim=1)
        entropy = masked_mean(evaluation.entropy, decided)
        loss = policy.loss - algorithm.entropy_coefficient * entropy
        metrics = {
            "policy_loss": policy.loss,
            "entropy": entropy,
            "clip_fraction": policy.clip_fraction,
            "approximate_kl": policy.approximate_kl,
        }
        if algorithm.name == "ppo":
            critic_loss = value_loss(evaluation.values, batch.targets, batch.loss_mask)
            loss = loss + algorithm.value_coefficient * critic_loss
            metrics["value_loss"] = critic_loss
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), algorithm.max_gradient_norm)
        if not (torch.isfinite(loss) and torch.isfinite(norm)):
            raise DivergenceError(
                f"update {update} gave loss {float(loss.detach())}, gradient norm {float(norm)}, "
                "so training stopped; the last checkpoint is good. "
                "Start a new run with a lower algorithm.learning_rate."
            )
        self.optimizer.step()
        metrics["gradient_norm"] = norm
        return {name: float(value.detach()) for name, value in metrics.items()}


def _as_network(network: nn.Module) -> CompactNetwork:
    return network  # type: ignore[return-value]  # nn.Module hides the methods of the protocol.


def _ppo_estimates(trajectory: Trajectory, algorithm: AlgorithmConfig) -> tuple[np.ndarray, np.ndarray]:
    # A place that was not filled is no step: nobody ever taught the critic what it is worth.
    chosen = trajectory.actions >= 0
    advantages, targets = np.zeros(chosen.shape), np.zeros(chosen.shape)
    advantages[chosen], targets[chosen] = generalised_advantages(
        trajectory.rewards[chosen],
        trajectory.values[chosen].astype(np.float64),
        discount=algorithm.discount,
        gae_lambda=algorithm.gae_lambda,
    )
    return advantages, targets


def _grpo_estimates(
    group: Sequence[Trajectory], algorithm: AlgorithmConfig
) -> list[tuple[np.ndarray, np.ndarray]]:
    rewards_GS = np.stack([trajectory.rewards.ravel() for trajectory in group])
    if algorithm.advantage == "step":
        advantages_GS = group_relative_step_advantages(rewards_GS[None], discount=algorithm.discount)[0]
    else:
        advantages_G = group_relative_advantages(rewards_GS.sum(axis=1)[None])[0]
        advantages_GS = np.broadcast_to(advantages_G[:, None], rewards_GS.shape)
    shape = group[0].rewards.shape
    return [(advantages_S.reshape(shape), np.zeros(shape)) for advantages_S in advantages_GS]


def _join_observations(observations: Sequence[Mapping[str, np.ndarray]]) -> dict[str, Tensor]:
    """Concatenate along the first axis; arrays of candidates are padded with zeros to the longest."""
    joined = {}
    for name in observations[0]:
        arrays = [observation[name] for observation in observations]
        longest = max(array.shape[1] for array in arrays)
        padded = [
            array
            if array.shape[1] == longest
            else np.pad(array, [(0, 0), (0, longest - array.shape[1])] + [(0, 0)] * (array.ndim - 2))
            for array in arrays
        ]
        joined[name] = torch.from_numpy(np.concatenate(padded))
    return joined
