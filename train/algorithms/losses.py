"""The loss of PPO and GRPO as pure functions of log-probabilities."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Surrogate(NamedTuple):
    """The clipped surrogate of each choice and what to watch beside it, all of one shape.

    Attributes:
        loss: To be minimised in the mean.
        clip_fraction: 1 where the ratio was outside the clip range on the side that clips, or beyond the dual
            clip, else 0.
        approximate_kl: KL of the behaviour from the current policy, by the estimator (r - 1) - log r.
    """

    loss: Tensor
    clip_fraction: Tensor
    approximate_kl: Tensor


def clipped_surrogate(
    log_ratios: Tensor, advantages: Tensor, *, clip_low: float, clip_high: float, dual_clip: float = 0.0
) -> Surrogate:
    """Compute PPO's clipped surrogate (arXiv:1707.06347, equation 7), as GRPO uses it as well.

    loss = -min(r * A, clip(r, 1 - clip_low, 1 + clip_high) * A), r the ratio of the current to the behaviour
    policy's probability. The mean over choices is the caller's.

    With a dual clip c the loss of a choice with A < 0 is at most -c * A, so that one bad choice that has
    become likely cannot outweigh all others (Ye et al. 2020, arXiv:1912.09729, equation 5).

    Args:
        log_ratios: Log-probability of each choice under the current policy less that under the behaviour
            policy, any shape.
        advantages: The same shape.
        dual_clip: c, above 1; 0 leaves it out.

    Raises:
        ValueError: If the shapes differ: one of them would be spread over the other, and the loss be of
            another problem.
    """
    _require_same_shape(log_ratios=log_ratios, advantages=advantages)
    ratios = log_ratios.exp()
    clipped = ratios.clamp(1 - clip_low, 1 + clip_high)
    gain = torch.minimum(ratios * advantages, clipped * advantages)
    is_clipped = clipped * advantages < ratios * advantages
    if dual_clip:
        least = torch.where(advantages < 0, dual_clip * advantages, -torch.inf)
        is_clipped = is_clipped | (gain < least)
        gain = torch.maximum(gain, least)
    return Surrogate(-gain, is_clipped.float(), ratios - 1 - log_ratios)


def kl_from_reference(log_probs: Tensor, reference_log_probs: Tensor) -> Tensor:
    """Estimate the KL divergence of the current from the reference policy at each sampled choice.

    exp(d) - d - 1 with d = log reference - log current: never negative, and right in the mean over choices
    that the current policy samples (J. Schulman, "Approximating KL Divergence", estimator k3; GRPO,
    arXiv:2402.03300, equation 4). Its gradient, taken as it is there, is in the mean that of the KL
    divergence the other way round, of the reference from the current policy.

    Raises:
        ValueError: If the shapes differ.
    """
    _require_same_shape(log_probs=log_probs, reference_log_probs=reference_log_probs)
    difference = reference_log_probs - log_probs
    return difference.exp() - difference - 1


def importance_weights(log_probs: Tensor, sampler_log_probs: Tensor, *, cap: float) -> Tensor:
    """Return min(p / q, cap) of each choice, without gradient: what was sampled from q counts as if from p.

    Args:
        log_probs: Log p, under the learner's copy of the policy that sampled, any shape.
        sampler_log_probs: Log q, as the sampler computed them, the same shape.
        cap: Largest weight (truncated importance sampling).

    Raises:
        ValueError: If the shapes differ.
    """
    _require_same_shape(log_probs=log_probs, sampler_log_probs=sampler_log_probs)
    return (log_probs - sampler_log_probs).detach().exp().clamp(max=cap)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of `values` where `mask` is True; 0 where it is nowhere."""
    return torch.where(mask, values, 0.0).sum() / mask.sum().clamp(min=1)


def explained_variance(values: Tensor, targets: Tensor) -> float:
    """Share of the targets' variance that the critic explains: 1 at best, 0 for a constant."""
    variance = float(targets.var(unbiased=False))
    return 1 - float((targets - values).var(unbiased=False)) / variance if variance > 0 else 0.0


def _require_same_shape(**tensors: Tensor) -> None:
    (name, first), (other, second) = tensors.items()
    if first.shape != second.shape:
        raise ValueError(
            f"{name} has shape {tuple(first.shape)} and {other} {tuple(second.shape)}; give one value of "
            "each for every choice."
        )
