"""The loss of PPO and GRPO as pure functions of log-probabilities."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class PolicyLoss(NamedTuple):
    """A clipped policy loss and what to watch beside it, all scalars.

    Attributes:
        loss: To be minimised.
        clip_fraction: Share of the choices whose ratio was outside the clip range on the side that clips.
        approximate_kl: KL of the behaviour from the current policy, by the estimator (r - 1) - log r.
    """

    loss: Tensor
    clip_fraction: Tensor
    approximate_kl: Tensor


def clipped_policy_loss(
    log_probs: Tensor,
    old_log_probs: Tensor,
    advantages: Tensor,
    loss_mask: Tensor,
    *,
    clip_low: float,
    clip_high: float,
) -> PolicyLoss:
    """Compute PPO's clipped surrogate (arXiv:1707.06347, equation 7), as GRPO uses it as well.

    loss = -mean over unmasked choices of min(r * A, clip(r, 1 - clip_low, 1 + clip_high) * A), r the ratio of
    the current to the behaviour policy's probability.

    Args:
        log_probs: Under the current policy, any shape.
        old_log_probs: Under the behaviour policy, the same shape.
        advantages: The same shape.
        loss_mask: The same shape; True contributes.
    """
    log_ratio = torch.where(loss_mask, log_probs - old_log_probs, 0.0)
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1 - clip_low, 1 + clip_high)
    surrogate = torch.minimum(ratio * advantages, clipped * advantages)
    is_clipped = (clipped * advantages < ratio * advantages).float()
    return PolicyLoss(
        -masked_mean(surrogate, loss_mask),
        masked_mean(is_clipped, loss_mask).detach(),
        masked_mean(ratio - 1 - log_ratio, loss_mask).detach(),
    )


def value_loss(values: Tensor, targets: Tensor, loss_mask: Tensor) -> Tensor:
    """Half the mean squared error of the critic over unmasked choices."""
    return 0.5 * masked_mean((values - targets) ** 2, loss_mask)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of `values` where `mask` is True; 0 where it is nowhere."""
    return torch.where(mask, values, 0.0).sum() / mask.sum().clamp(min=1)


def explained_variance(values: Tensor, targets: Tensor) -> float:
    """Share of the targets' variance that the critic explains: 1 at best, 0 for a constant."""
    variance = float(targets.var(unbiased=False))
    return 1 - float((targets - values).var(unbiased=False)) / variance if variance > 0 else 0.0
