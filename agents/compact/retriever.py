"""A compact proxy retriever: ranks the entries of a store by a learned score of readable features."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from memdojo.envs.features.retrieval import RETRIEVAL_FEATURES, RetrievalFeatures, RetrievalObservation
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.types import Hit

from .base import ActionEvaluation, Decision, Observations, mlp, stack_observations
from .distributions import PlackettLuce, require_scores

SMALLEST_SPREAD = 0.05
"""What is hardly ever seen in training should not count for more than it is when it is seen."""


class RetrieverNetwork(nn.Module):
    """Scores each candidate on its own: a linear part and a small correction, of standardised features.

    Features have the center 0 and the spread 1 until `standardise_by` is told others.

    Args:
        feature_dim: Features of a candidate.
        num_places: Places of a ranking, for each of which the critic has a value.
        hidden_dim: Width of the hidden layers.
    """

    def __init__(self, feature_dim: int, num_places: int, hidden_dim: int = 32) -> None:
        super().__init__()
        self.center: Tensor
        self.spread: Tensor
        self.register_buffer("center", torch.zeros(feature_dim))
        self.register_buffer("spread", torch.ones(feature_dim))
        self.linear = nn.Linear(feature_dim, 1)
        self.correction = mlp(feature_dim, hidden_dim, 1)
        self.critic = mlp(2 * feature_dim, hidden_dim, num_places)
        with torch.no_grad():
            self.linear.weight.zero_()
            self.linear.bias.zero_()
            # The first policy ranks by BM25, softly.
            self.linear.weight[0, RETRIEVAL_FEATURES.index("bm25_z")] = 1.0

    def scores(self, features: Tensor) -> Tensor:
        """Return a score for each candidate, shape (..., N), from features (..., N, F)."""
        inputs = self._standardised(features)
        scores: Tensor = (self.linear(inputs) + self.correction(inputs)).squeeze(-1)
        return scores

    @torch.no_grad()
    def standardise_by(self, features: Tensor, mask: Tensor) -> None:
        """Take center and spread of the features from candidates (B, N, F) that a mask (B, N) allows.

        The linear part goes on to order candidates as it does; weights that were equal become weights of what
        is equally unusual, so that a decay of weights is the same for all.
        """
        present = features[mask != 0]
        if not len(present):
            return
        spread = present.std(0, correction=0).clamp(min=SMALLEST_SPREAD)
        self.linear.weight.mul_(spread / self.spread)
        self.center.copy_(present.mean(0))
        self.spread.copy_(spread)

    def evaluate(self, observations: Observations, actions: Tensor) -> ActionEvaluation:
        """Evaluate rankings `actions` (B, P) of candidates padded to (B, N, F) with `mask` (B, N)."""
        features, mask = observations["features"], observations["mask"]
        distribution = PlackettLuce(self.scores(features), mask)
        features = self._standardised(features)
        present = mask.unsqueeze(2).float()
        mean = (features * present).sum(1) / present.sum(1).clamp(min=1)
        largest = features.masked_fill(present == 0, -10).amax(1)
        values = self.critic(torch.cat([mean, largest], dim=1))[:, : actions.shape[1]]
        return ActionEvaluation(distribution.log_prob(actions), distribution.entropy(), values)

    def _standardised(self, features: Tensor) -> Tensor:
        return (features - self.center) / self.spread


class CompactRetriever:
    """The retriever policy over a `RetrieverNetwork`; ranks greedily wherever a `Retriever` is wanted."""

    def __init__(
        self, network: RetrieverNetwork, features: RetrievalFeatures, *, name: str = "compact"
    ) -> None:
        self.network = network
        self.features = features
        self.name = name

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return the k entries of the highest score."""
        observation = self.features.observe(store, query)
        scores = self._scores(observation)
        entries = store.readable
        return tuple(
            Hit(entries[position], float(scores[position]))
            for position in np.argsort(-scores, kind="stable")[:k]
        )

    @torch.no_grad()
    def decide(
        self, observation: RetrievalObservation, num_places: int, rng: np.random.Generator | None
    ) -> tuple[list[int], Decision]:
        """Return a ranking as entry ids, and the decision behind it.

        Gumbel noise on the scores and a sort draw from the Plackett-Luce distribution (Kool, van Hoof and
        Welling 2019, arXiv:1903.06059, section 2).

        Args:
            observation: The candidates.
            num_places: Most places of the ranking.
            rng: Draws the ranking; None takes the likeliest.
        """
        scores = self._scores(observation)
        noise = 0.0 if rng is None else rng.gumbel(size=len(scores))
        ranking = np.argsort(-(scores + noise), kind="stable")[:num_places]
        actions = np.full(num_places, -1, np.int64)
        actions[: len(ranking)] = ranking
        # A memory may have nothing to rank; the network wants at least one place, if only a masked one.
        padding = ((0, int(not len(scores))), (0, 0))
        arrays: dict[str, npt.NDArray[Any]] = {
            "features": np.pad(observation.features, padding),
            "mask": np.pad(np.ones(len(scores), np.int8), padding[0]),
        }
        evaluation = self.network.evaluate(stack_observations([arrays]), torch.from_numpy(actions[None]))
        decision = Decision(arrays, actions, evaluation.log_probs[0].numpy(), evaluation.values[0].numpy())
        return [int(observation.entry_ids[position]) for position in ranking], decision

    @torch.no_grad()
    def _scores(self, observation: RetrievalObservation) -> np.ndarray:
        scores = self.network.scores(torch.from_numpy(observation.features))
        require_scores(scores)
        return scores.numpy()


def new_retriever_network(num_places: int, hidden_dim: int, seed: int) -> RetrieverNetwork:
    """Build an untrained network whose weights depend on `seed` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return RetrieverNetwork(len(RETRIEVAL_FEATURES), num_places, hidden_dim)
