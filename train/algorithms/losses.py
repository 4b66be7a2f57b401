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
    surrogate = clipped_surrogate(
        torch.where(loss_mask, log_probs - old_log_probs, 0.0),
        advantages,
        clip_low=clip_low,
        clip_high=clip_high,
    )
    return PolicyLoss(
        masked_mean(surrogate.loss, loss_mask),
        masked_mean(surrogate.clip_fraction, loss_mask).detach(),
        masked_mean(surrogate.approximate_kl, loss_mask).detach(),
    )


def clipped_surrogate(
    log_ratios: Tensor, advantages: Tensor, *, clip_low: float, clip_high: float
) -> PolicyLoss:
    """Compute the terms of `clipped_policy_loss` for each choice, before any mean.

    Args:
        log_ratios: Log-probability of each choice under the current policy less that under the behaviour
            policy, any shape.
        advantages: The same shape.

    Returns:
        The fields of `PolicyLoss`, each of that shape; `clip_fraction` is 1 where the ratio was clipped.
    """
    ratios = log_ratios.exp()
    clipped = ratios.clamp(1 - clip_low, 1 + clip_high)
    return PolicyLoss(
        -torch.minimum(ratios * advantages, clipped * advantages),
        (clipped * advantages < ratios * advantages).float(),
        ratios - 1 - log_ratios,
    )


def kl_from_reference(log_probs: Tensor, reference_log_probs: Tensor) -> Tensor:
    """Estimate the KL divergence of the current from the reference policy at each sampled choice.

    exp(d) - d - 1 with d = log reference - log current: never negative, and right in the mean over choices
    that the current policy samples (J. Schulman, "Approximating KL Divergence", estimator k3; GRPO,
    arXiv:2402.03300, equation 4). Its gradient, taken as it is there, is in the mean that of the KL
    divergence the other way round, of the reference from the current policy.
    """
    difference = reference_log_probs - log_probs
    return difference.exp() - difference - 1


def importance_weights(log_probs: Tensor, sampler_log_probs: Tensor, *, cap: float) -> Tensor:
    """Return min(p / q, cap) of each choice, without gradient: what was sampled from q counts as if from p.

    Args:
        log_probs: Log p, under the learner's copy of the policy that sampled, any shape.
        sampler_log_probs: Log q, as the sampler computed them, the same shape.
        cap: Largest weight (truncated importance sampling).
    """
    return (log_probs - sampler_log_probs).detach().exp().clamp(max=cap)


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
