"""Distributions over masked actions and over rankings."""

from __future__ import annotations

import torch
from torch import Tensor

from memdojo.errors import DivergenceError

MASKED_LOGIT = -1e9


def require_scores(scores: Tensor) -> None:
    """Refuse scores of a network that choose nothing, or would choose what is masked.

    Raises:
        DivergenceError: If one is no number or too large, as where weights have run away.
    """
    # No comparison with a NaN is true.
    if not (scores.abs() < -MASKED_LOGIT / 10).all():
        raise DivergenceError(
            "the policy's scores of its choices are no numbers or too large: its weights have run away; "
            "use an earlier checkpoint, or train again with a lower algorithm.learning_rate."
        )


class MaskedCategorical:
    """A categorical distribution over the actions that a mask allows.

    Args:
        logits: Shape (..., num_actions).
        mask: The same shape; nonzero where the action is allowed.
    """

    def __init__(self, logits: Tensor, mask: Tensor) -> None:
        self.log_probs = torch.log_softmax(logits.masked_fill(mask == 0, MASKED_LOGIT), dim=-1)

    def log_prob(self, actions: Tensor) -> Tensor:
        """Log-probability of each action, shape (...)."""
        return self.log_probs.gather(-1, actions.unsqueeze(-1)).squeeze(-1)

    def entropy(self) -> Tensor:
        """Entropy in nats, shape (...)."""
        return -(self.log_probs.exp() * self.log_probs.clamp(min=-1e4)).sum(-1)


class PlackettLuce:
    """Rankings drawn without replacement, each place by a softmax over what is left (Plackett 1975).

    Args:
        scores: Shape (B, N).
        mask: Shape (B, N); nonzero where there is a candidate.
    """

    def __init__(self, scores: Tensor, mask: Tensor) -> None:
        self.scores = scores.masked_fill(mask == 0, MASKED_LOGIT)

    def log_prob(self, rankings: Tensor) -> Tensor:
        """Log-probability of the first places of a ranking.

        Args:
            rankings: Positions of candidates, best first, shape (B, P); -1 fills rankings of fewer places.

        Returns:
            Shape (B, P): of each place given those before it; 0 where it is not filled.
        """
        filled = rankings >= 0
        places = rankings.clamp(min=0)
        remaining = self.scores
        log_probs = []
        for place in range(rankings.shape[1]):
            chosen = places[:, place : place + 1]
            log_prob = remaining.gather(1, chosen) - torch.logsumexp(remaining, dim=1, keepdim=True)
            log_probs.append(torch.where(filled[:, place : place + 1], log_prob, torch.zeros_like(log_prob)))
            remaining = remaining.scatter(1, chosen, MASKED_LOGIT)
        return torch.cat(log_probs, dim=1)

    def entropy(self) -> Tensor:
        """Entropy of the first place in nats, shape (B,)."""
        log_probs = torch.log_softmax(self.scores, dim=-1)
        return -(log_probs.exp() * log_probs.clamp(min=-1e4)).sum(-1)
