"""A critic that sees what the policy may not: it is there in training alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from memdojo.agents.compact.base import Observations, mlp
from memdojo.agents.compact.keep_and_supersede import mean_of_candidates
from memdojo.envs.features.manager import ManagerFeatures

from .future import FUTURE, FUTURE_FEATURES


class FutureCritic(nn.Module):
    """Values the state of a manager by what the policy sees and by what is still to come.

    An asymmetric critic (Pinto et al. 2017, arXiv:1710.06542). As all of its inputs are there before the
    decision, it is a baseline like any other: advantages stay unbiased, and vary less.

    Args:
        input_dim: Features of turn, store, candidate and future together.
        hidden_dim: Width of the hidden layers.
    """

    def __init__(self, input_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.values = mlp(input_dim, hidden_dim, 1)

    def forward(self, observations: Observations) -> Tensor:
        """Return the values of a batch of B observations, shape (B, 1)."""
        mean_candidate = mean_of_candidates(observations, observations["candidates"])
        values: Tensor = self.values(
            torch.cat(
                [observations["turn"], observations["store"], mean_candidate, observations[FUTURE]], dim=1
            )
        )
        return values


def new_future_critic(features: ManagerFeatures, hidden_dim: int, seed: int) -> FutureCritic:
    """Build an untrained critic whose weights depend on `seed` alone.

    Args:
        features: What the policy sees.
        hidden_dim: Width of its hidden layers.
        seed: Not negative.
    """
    seen = features.turn_dim + features.store_dim + features.candidate_dim
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return FutureCritic(seen + len(FUTURE_FEATURES), hidden_dim)
