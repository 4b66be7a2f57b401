"""The learner of the compact policies."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from memdojo.agents.compact.base import CompactNetwork
from memdojo.agents.compact.keep_and_supersede import KeepAndSupersedeNetwork
from memdojo.agents.compact.retriever import RetrieverNetwork
from memdojo.errors import ConfigError, DivergenceError

from ..algorithms.losses import explained_variance, masked_mean
from ..algorithms.protocol import Algorithm, Choices, Loss, nothing_to_learn_from
from ..config.tables import ImitationConfig
from .critic import FutureCritic
from .labels import label_loss, ranking_loss
from .trajectories import TrajectoryGroup


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Decisions of many trajectories in one piece; N decisions of P choices.

    Attributes:
        observations: Every tensor of shape (N, ...); candidates are padded to the longest and masked.
        actions: Shape (N, P).
        log_probs: Under the behaviour policy, shape (N, P).
        advantages: Shape (N, P).
        targets: What the critic should say, shape (N, P); zeros without a critic.
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


def build_batch(
    groups: Sequence[TrajectoryGroup], algorithm: Algorithm[Any], critic: FutureCritic | None = None
) -> Batch:
    """Put the decisions that the algorithm learns from into one batch, with their advantages.

    Args:
        groups: What was played.
        algorithm: Says what to learn from.
        critic: What values are taken from; None for those that the policy's network gave as it played.

    Raises:
        ValueError: If nothing trainable is left.
    """
    selection = algorithm.select(groups)
    trajectories = [trajectory for group in selection.groups for trajectory in group]
    if not trajectories:
        raise ValueError("no trajectory of this update could be scored; look at the answerer's errors.")
    observations = _join_observations([trajectory.observations for trajectory in trajectories])
    values = np.concatenate([trajectory.values for trajectory in trajectories])
    if critic is not None:
        with torch.no_grad():
            values = critic(observations).numpy()
    estimates = algorithm.estimate(selection.groups, values.ravel().astype(np.float64))
    return Batch(
        observations,
        torch.from_numpy(np.concatenate([trajectory.actions for trajectory in trajectories])),
        torch.from_numpy(np.concatenate([trajectory.log_probs for trajectory in trajectories])),
        torch.from_numpy(estimates.advantages.reshape(values.shape).astype(np.float32)),
        torch.from_numpy(estimates.targets.reshape(values.shape).astype(np.float32)),
        torch.from_numpy(values),
        torch.from_numpy(np.concatenate([trajectory.loss_mask for trajectory in trajectories])),
    )


class Learner:
    """Updates a compact network by the gradients of an algorithm's loss.

    Args:
        network: Trained in place.
        algorithm: Decides what to learn from, and what is minimised.
        seed: With the number of the update, seeds the order of minibatches.
        critic: Takes the place of the network's own, and is trained with it.

    Raises:
        ConfigError: If the algorithm needs a reference policy, which compact policies do not have.
    """

    def __init__(
        self,
        network: nn.Module,
        algorithm: Algorithm[Any],
        *,
        seed: int,
        critic: FutureCritic | None = None,
    ) -> None:
        if algorithm.needs_reference:
            raise ConfigError(
                f"algorithm.name is {algorithm.settings.name!r} with a term of a reference policy, which "
                "only language policies have; remove the term or set policy.kind = 'language'."
            )
        self.network = network
        self.algorithm = algorithm
        self.seed = seed
        self.critic = critic
        self._weights = dict(network.named_parameters())
        if critic is not None:
            self._weights |= {f"critic.{name}": weight for name, weight in critic.named_parameters()}
        self.optimizer = torch.optim.Adam(
            list(self._weights.values()), lr=algorithm.settings.learning_rate, eps=1e-5
        )

    def update(self, groups: Sequence[TrajectoryGroup], update: int) -> dict[str, float]:
        """Learn from one update's rollouts and return metrics.

        Raises:
            DivergenceError: If the loss or a weight is no longer finite.
            ValueError: If no trajectory could be scored.
            ConfigError: If nothing was chosen in any of them.
        """
        algorithm = self.algorithm.at(update)
        rate = algorithm.settings.learning_rate * algorithm.settings.learning_rate_share(update)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        batch = build_batch(groups, algorithm, self.critic)
        if not batch.loss_mask.any():
            raise nothing_to_learn_from(update)
        shuffle = np.random.default_rng((self.seed, update))
        history: list[dict[str, float]] = []
        for _ in range(algorithm.settings.epochs):
            order = torch.from_numpy(shuffle.permutation(len(batch.actions)))
            for index in torch.split(order, algorithm.settings.minibatch_size):
                loss = algorithm.loss(self._choices(batch.rows(index)))
                history.append(self._descend(loss, update))
        metrics = self._mean_of(history, update) | {"learning_rate": rate, **algorithm.coefficients}
        if algorithm.needs_critic:
            mask = batch.loss_mask
            metrics["explained_variance"] = explained_variance(batch.values[mask], batch.targets[mask])
        return metrics

    def imitate(
        self, groups: Sequence[TrajectoryGroup], update: int, stage: ImitationConfig
    ) -> dict[str, float]:
        """Learn what the labels of one update's decisions say, and return metrics.

        The learning rate falls linearly to 0 at the end of the stage.

        Raises:
            DivergenceError: If the loss or a weight is no longer finite.
        """
        observations = _join_observations(
            [trajectory.observations for group in groups for trajectory in group]
        )
        if update == 0 and isinstance(self.network, RetrieverNetwork):
            self.network.standardise_by(observations["features"], observations["mask"])
        num_rows = len(next(iter(observations.values())))
        shuffle = np.random.default_rng((self.seed, update))
        history: list[dict[str, float]] = []
        rate = stage.learning_rate * (1 - update / stage.num_updates)
        with (
            self._supervised(rate, stage.weight_decay),
            self._dropping_out(stage.dropout, self.seed + update),
        ):
            for _ in range(stage.epochs):
                order = torch.from_numpy(shuffle.permutation(num_rows))
                for index in torch.split(order, self.algorithm.settings.minibatch_size):
                    rows = {name: values[index] for name, values in observations.items()}
                    history.append(self._descend(self._supervised_loss(rows), update))
        return self._mean_of(history, update) | {"learning_rate": rate}

    def _supervised_loss(self, rows: Mapping[str, Tensor]) -> Loss:
        network = self.network
        if isinstance(network, RetrieverNetwork):
            return ranking_loss(network.scores(rows["features"]), rows)
        assert isinstance(network, KeepAndSupersedeNetwork)  # The configuration has no labels for others.
        return label_loss(network.heads(rows), rows)

    def _dropping_out(self, share: float, seed: int) -> contextlib.AbstractContextManager[None]:
        """Leave out a share of what a network sees of embeddings; a retriever sees none of them."""
        if isinstance(self.network, KeepAndSupersedeNetwork):
            return self.network.dropping_out(share, seed)
        return contextlib.nullcontext()

    @contextlib.contextmanager
    def _supervised(self, learning_rate: float, weight_decay: float) -> Iterator[None]:
        """Let the optimiser take the steps of AdamW for a while."""
        groups = self.optimizer.param_groups
        settings = {"lr": learning_rate, "weight_decay": weight_decay, "decoupled_weight_decay": True}
        before = [{name: group[name] for name in settings} for group in groups]
        for group in groups:
            group.update(settings)
        try:
            yield
        finally:
            for group, values in zip(groups, before, strict=True):
                group.update(values)

    def _mean_of(self, history: Sequence[Mapping[str, float]], update: int) -> dict[str, float]:
        """Return the mean metrics of an update's steps, if they left weights to go on with."""
        for name, parameter in self._weights.items():
            if not torch.isfinite(parameter).all():
                raise _divergence(f"update {update} left weights that are not finite, first in {name}")
        return {name: float(np.mean([step[name] for step in history])) for name in history[0]}

    def _descend(self, loss: Loss, update: int) -> dict[str, float]:
        """Take one gradient step and return its metrics."""
        self.optimizer.zero_grad()
        torch.autograd.backward(loss.total)
        norm = nn.utils.clip_grad_norm_(self._weights.values(), self.algorithm.settings.max_gradient_norm)
        if not (torch.isfinite(loss.total) and torch.isfinite(norm)):
            raise _divergence(
                f"update {update} gave loss {float(loss.total.detach())}, gradient norm {float(norm)}"
            )
        self.optimizer.step()
        metrics = {**loss.terms, "gradient_norm": norm}
        return {name: float(value.detach()) for name, value in metrics.items()}

    def _choices(self, batch: Batch) -> Choices:
        evaluation = _as_network(self.network).evaluate(batch.observations, batch.actions)
        # A place that was not filled was no choice: it counts as one that could not have been another.
        behaviour = torch.where(batch.loss_mask, batch.log_probs, 0.0)
        mean = partial(masked_mean, mask=batch.loss_mask)
        return Choices(
            log_probs=torch.where(batch.loss_mask, evaluation.log_probs, 0.0),
            old_log_probs=behaviour,
            sampler_log_probs=behaviour,
            reference_log_probs=torch.zeros_like(behaviour),
            advantages=batch.advantages,
            entropy=evaluation.entropy,
            values=evaluation.values if self.critic is None else self.critic(batch.observations),
            targets=batch.targets,
            mean_of_choices=mean,
            mean_of_entropy=partial(masked_mean, mask=batch.loss_mask.any(dim=1)),
            mean_of_values=mean,
        )


def _divergence(what: str) -> DivergenceError:
    return DivergenceError(
        f"{what}, so training stopped; the last checkpoint is good. "
        "Start a new run with a lower algorithm.learning_rate."
    )


def _as_network(network: nn.Module) -> CompactNetwork:
    return network  # type: ignore[return-value]  # nn.Module hides the methods of the protocol.


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
