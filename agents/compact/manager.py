"""A compact manager: chooses NOOP, ADD, UPDATE k, DELETE k or ADD in place of k from readable features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from memdojo.envs.episodes.visible import VisibleEpisode
from memdojo.envs.features.manager import ManagerFeatures, ManagerObservation
from memdojo.envs.types import Operation

from ..policy import Choice
from .base import ChoosingNetwork, Decision, Observations, mlp, stack_observations
from .distributions import MaskedCategorical, require_scores
from .keep_and_supersede import KeepAndSupersedeNetwork

NUM_EXPLAINED = 8
"""Choices that the policy reports for a step."""


class ManagerNetwork(ChoosingNetwork):
    """Scores every action from the features of the entry that it concerns.

    One scorer says how readily a text should leave the store, and it judges the new turn as it judges the
    entries: NOOP means that the new turn leaves, ADD in place of k that entry k does. So the policy compares
    what it could lose in one currency, learns from every eviction about every text, and works for any number
    of candidates.

    Args:
        turn_dim: Features of the new turn.
        store_dim: Features of the store.
        candidate_dim: Features of a candidate; the first ones are those of the turn that it came from.
        num_shared: How many leading features turn and candidates have in common.
        hidden_dim: Width of the hidden layers.
    """

    sees_entry_ages = False
    """Whether its candidates have `AGED_PAIR_FEATURES`."""

    def __init__(
        self, turn_dim: int, store_dim: int, candidate_dim: int, num_shared: int, hidden_dim: int = 64
    ) -> None:
        super().__init__()
        self.num_shared = num_shared
        self.candidate_dim = candidate_dim
        self.leave = mlp(candidate_dim + 1, hidden_dim, 1)
        self.leave_linear = nn.Linear(candidate_dim + 1, 1)
        self.add = mlp(turn_dim + store_dim, hidden_dim, 1)
        self.edit = mlp(candidate_dim + turn_dim + store_dim, hidden_dim, 2)
        self.critic = mlp(turn_dim + store_dim + candidate_dim, hidden_dim, 1)
        with torch.no_grad():
            self.leave_linear.weight.zero_()
            self.leave_linear.bias.zero_()
            # Without this the first policy would mostly overwrite and delete at random.
            edit_output = self.edit[-1]
            assert isinstance(edit_output, nn.Linear)
            edit_output.bias.copy_(torch.tensor([-4.0, -5.0]))

    def forward(self, observations: Observations) -> tuple[Tensor, Tensor]:
        """Return the logits of all actions, shape (B, 2 + 3K), and the critic's values, shape (B,)."""
        turn, store, candidates = observations["turn"], observations["store"], observations["candidates"]
        batch, num_candidates, _ = candidates.shape
        as_candidate = torch.zeros(batch, 1, self.candidate_dim)
        as_candidate[:, 0, : self.num_shared] = turn[:, : self.num_shared]
        num_embedded = turn.shape[1] - self.num_shared
        as_candidate[:, 0, self.candidate_dim - num_embedded :] = turn[:, self.num_shared :]
        leavers = torch.cat([as_candidate, candidates], dim=1)
        is_new = torch.zeros(batch, num_candidates + 1, 1)
        is_new[:, 0] = 1
        leavers = torch.cat([leavers, is_new], dim=2)
        leave = (self.leave(leavers) + 4 * self.leave_linear(leavers)).squeeze(2)
        context = torch.cat([turn, store], dim=1)
        add = self.add(context)
        edit = self.edit(torch.cat([candidates, context.unsqueeze(1).expand(-1, num_candidates, -1)], dim=2))
        logits = torch.cat([leave[:, :1], add, edit[..., 0], edit[..., 1], leave[:, 1:]], dim=1)
        present = observations["action_mask"][:, 2 : 2 + num_candidates].unsqueeze(2).float()
        mean_candidate = (candidates * present).sum(1) / present.sum(1).clamp(min=1)
        values = self.critic(torch.cat([context, mean_candidate], dim=1)).squeeze(1)
        return logits, values


MANAGER_NETWORKS: Mapping[str, type[ManagerNetwork] | type[KeepAndSupersedeNetwork]] = {
    "joint": ManagerNetwork,
    "keep_and_supersede": KeepAndSupersedeNetwork,
}
"""What decides for a compact manager, by the names that configurations and checkpoints have for it."""


class CompactManager:
    """The manager policy over one of `MANAGER_NETWORKS`.

    Where it acts, it takes the likeliest action and is shown the whole store, since the network takes any
    number of candidates; where it learns, it samples and is shown `num_candidates` of its features.
    """

    turns_per_chunk = 1
    stochastic = False
    stores_turns_whole = True
    """What it stores is a turn, so that one that is longer than an entry may be is none it can decide on."""

    def __init__(
        self,
        network: ManagerNetwork | KeepAndSupersedeNetwork,
        features: ManagerFeatures,
        *,
        sample: bool = False,
        name: str = "compact",
    ) -> None:
        self.network = network
        self.features = features
        self.sample = sample
        self.name = name
        self._last: list[tuple[ManagerFeatures, ManagerObservation, np.ndarray, int]] = []

    def act(self, episodes: Sequence[VisibleEpisode]) -> list[tuple[Operation, ...]]:
        """Return the likeliest operation for the current turn of each episode."""
        return [(operation,) for operation, _ in self.decide(episodes, sample=False)]

    def decide(self, episodes: Sequence[VisibleEpisode], *, sample: bool) -> list[tuple[Operation, Decision]]:
        """Return for each episode the operation and the decision behind it.

        Args:
            episodes: Each waits with a single turn.
            sample: Draw the action with the episode's generator instead of taking the likeliest.
        """
        largest_store = max(len(episode.store) for episode in episodes)
        features = self.features if sample else self.features.showing(largest_store)
        observations = [features.observe(episode) for episode in episodes]
        log_probs, values = self._evaluate(observations)
        decisions = []
        self._last = []
        for row, (episode, observation) in enumerate(zip(episodes, observations, strict=True)):
            noise = episode.rng.gumbel(size=log_probs.shape[1]) if sample else 0.0
            action = int(np.argmax(log_probs[row] + noise))
            decision = _decision(observation, action, log_probs[row], values[row])
            decisions.append((features.operation(episode, observation, action, log_probs[row]), decision))
            self._last.append((features, observation, log_probs[row], action))
        return decisions

    def draw(self, episodes: Sequence[VisibleEpisode], number: int) -> list[list[tuple[Operation, Decision]]]:
        """Return for each episode several operations drawn from the policy, with the decisions behind them.

        They are drawn systematically: an operation of probability p comes `number` p times, rounded up or
        down at random, so that a few draws say more than as many independent ones.

        Args:
            episodes: Each waits with a single turn; its generator draws.
            number: How many for each.
        """
        observations = [self.features.observe(episode) for episode in episodes]
        log_probs, values = self._evaluate(observations)
        drawn = []
        for row, (episode, observation) in enumerate(zip(episodes, observations, strict=True)):
            reached = np.cumsum(np.exp(log_probs[row]) * observation.arrays["action_mask"], dtype=np.float64)
            marks = (np.arange(number) + episode.rng.random()) / number * reached[-1]
            actions = np.searchsorted(reached, marks, side="right").tolist()
            drawn.append(
                [
                    (
                        self.features.operation(episode, observation, action, log_probs[row]),
                        _decision(observation, action, log_probs[row], values[row]),
                    )
                    for action in actions
                ]
            )
        return drawn

    def last_observations(self) -> list[ManagerObservation]:
        """Return what was seen of each episode of the last decision."""
        return [observation for _, observation, _, _ in self._last]

    def last_choices(self) -> list[tuple[Choice, ...]]:
        """Return the likeliest choices of each episode of the last decision, at most `NUM_EXPLAINED`."""
        return [_choices(*last) for last in self._last]

    @torch.no_grad()
    def _evaluate(self, observations: Sequence[ManagerObservation]) -> tuple[np.ndarray, np.ndarray]:
        batch = stack_observations([observation.arrays for observation in observations])
        logits, values = self.network(batch)
        require_scores(logits)
        return MaskedCategorical(logits, batch["action_mask"]).log_probs.numpy(), values.numpy()


def _decision(
    observation: ManagerObservation, action: int, log_probs: np.ndarray, value: np.floating
) -> Decision:
    chosen = slice(action, action + 1)
    return Decision(observation.arrays, np.array([action]), log_probs[chosen], np.array([value]))


def _choices(
    features: ManagerFeatures, observation: ManagerObservation, log_probs: np.ndarray, taken: int
) -> tuple[Choice, ...]:
    (allowed,) = observation.arrays["action_mask"].nonzero()
    likeliest = allowed[np.argsort(-log_probs[allowed], kind="stable")][:NUM_EXPLAINED]
    return tuple(
        Choice(*features.meaning(observation, action), float(np.exp(log_probs[action])), action == taken)
        for action in likeliest.tolist()
    )


def new_manager_network(
    features: ManagerFeatures, hidden_dim: int, seed: int, network: str = "joint"
) -> ManagerNetwork | KeepAndSupersedeNetwork:
    """Build an untrained network whose weights depend on `seed` alone.

    Args:
        features: Give it its inputs.
        hidden_dim: Width of its hidden layers.
        seed: Not negative.
        network: Its name in `MANAGER_NETWORKS`.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MANAGER_NETWORKS[network](
            features.turn_dim, features.store_dim, features.candidate_dim, features.num_shared, hidden_dim
        )
