"""The base of the compact policies: networks of well under a million parameters that run on a laptop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from .distributions import MaskedCategorical

Observations = Mapping[str, Tensor]


class Decision(NamedTuple):
    """One decision of a compact policy with what the learner needs; P choices make a decision.

    A manager chooses once (P = 1); a retriever fills P places of a ranking one after the other.

    Attributes:
        observation: Arrays that the network saw.
        actions: Shape (P,); -1 where there was nothing left to choose.
        log_probs: Of each choice under the behaviour policy, shape (P,).
        values: The critic's estimate before each choice, shape (P,).
    """

    observation: Mapping[str, npt.NDArray[Any]]
    actions: npt.NDArray[np.int64]
    log_probs: npt.NDArray[np.float32]
    values: npt.NDArray[np.float32]


class ActionEvaluation(NamedTuple):
    """What a network thinks of given actions: `log_probs` (B, P), `entropy` (B,), `values` (B, P)."""

    log_probs: Tensor
    entropy: Tensor
    values: Tensor


class CompactNetwork(Protocol):
    """A network that a compact learner can train."""

    def evaluate(self, observations: Observations, actions: Tensor) -> ActionEvaluation:
        """Evaluate `actions` (B, P) at a batch of observations."""
        ...


class ChoosingNetwork(nn.Module):
    """Decides by one choice: `forward` returns logits, shape (B, A), and the critic's values, shape (B,)."""

    def evaluate(self, observations: Observations, actions: Tensor) -> ActionEvaluation:
        """Evaluate `actions` (B, 1) at a batch of observations; of -1 the probability means nothing."""
        logits, values = self(observations)
        distribution = MaskedCategorical(logits, observations["action_mask"])
        return ActionEvaluation(
            distribution.log_prob(actions.squeeze(1).clamp(min=0)).unsqueeze(1),
            distribution.entropy(),
            values.unsqueeze(1),
        )


def mlp(input_dim: int, hidden_dim: int, output_dim: int, *, output_gain: float = 0.1) -> nn.Sequential:
    """Build a network of two hidden layers, of none where `hidden_dim` is 0, with first outputs close to 0.

    A small output layer makes the first policy close to its biases, so that training starts from a policy
    that is stated and not from one that is drawn.
    """
    hidden: list[nn.Module] = []
    if hidden_dim:
        hidden = [nn.Linear(input_dim, hidden_dim), nn.Tanh(), nn.Linear(hidden_dim, hidden_dim), nn.Tanh()]
    output = nn.Linear(hidden_dim or input_dim, output_dim)
    network = nn.Sequential(*hidden, output)
    with torch.no_grad():
        output.weight.mul_(output_gain)
        output.bias.zero_()
    return network


def use_one_thread() -> None:
    """Run torch on one core in this process.

    Networks this small lose more by handing work to other threads than they gain, and one thread adds up in
    one order, so numbers do not depend on the number of cores.
    """
    torch.set_num_threads(1)


def stack_observations(observations: list[Mapping[str, npt.NDArray[Any]]]) -> dict[str, Tensor]:
    """Stack observations of equal shapes along a new first axis."""
    return {
        name: torch.from_numpy(np.stack([observation[name] for observation in observations]))
        for name in observations[0]
    }
