"""Advantages as pure functions of rewards, for every kind of policy.

Axes: B trajectory groups, G trajectories of a group, S steps of an episode.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

EQUAL_REWARDS = 1e-9
"""Sums that differ by no more are equal: the same rewards in another order add up to other last digits."""


def group_relative_advantages(
    returns_BG: FloatArray, *, normalise: bool = True, eps: float = 1e-6
) -> FloatArray:
    """Standardise returns within each group (GRPO with outcome rewards, arXiv:2402.03300, section 4.1.2).

    Args:
        returns_BG: Episode returns, shape (num_groups, group_size). NaN marks an episode that could not be
            scored: it counts in no mean and its advantage is NaN.
        normalise: Divide by the group's deviation. Without it (Dr. GRPO, arXiv:2503.20783, section 3.2) a
            group teaches as much as its returns differ; with it a group in which every episode failed teaches
            its small differences as forcefully as another its success.
        eps: Added to the standard deviation, so that a group of equal returns yields zeros.

    Returns:
        Shape (num_groups, group_size); every step of a trajectory takes its trajectory's advantage.

    Raises:
        ValueError: If `returns_BG` is not two-dimensional.
    """
    if returns_BG.ndim != 2:
        raise ValueError(f"returns_BG has shape {returns_BG.shape}; give (num_groups, group_size).")
    centred_BG: FloatArray = returns_BG - np.nanmean(returns_BG, axis=1, keepdims=True)
    if not normalise:
        return centred_BG
    advantages_BG: FloatArray = centred_BG / (np.nanstd(returns_BG, axis=1, keepdims=True) + eps)
    return advantages_BG


def group_relative_step_advantages(
    rewards_BGS: FloatArray,
    *,
    num_steps_BG: IntArray | None = None,
    discount: float = 1.0,
    normalise: bool = True,
    eps: float = 1e-6,
) -> FloatArray:
    """Standardise the rewards to go of each step within its group.

    GRPO with process rewards (arXiv:2402.03300, section 4.1.3) with two differences: the sum of the rewards
    to come is centred instead of each reward, and on the group's mean at the same step instead of over all
    steps; one scale serves the whole group. Rollouts of one stream see the same turn at the same step, so
    what the turn itself is worth cancels, and only what the policy did about it remains.

    Args:
        rewards_BGS: Step rewards, shape (num_groups, group_size, num_steps); NaN in any step of a trajectory
            takes the whole trajectory out.
        num_steps_BG: Steps that each trajectory has; those beyond are padding, which counts in no mean. By
            default all have all.
        discount: Weight of a reward one step later, in [0, 1].
        normalise: Divide by the group's one scale; see `group_relative_advantages`.
        eps: Added to the standard deviation.

    Returns:
        Shape (num_groups, group_size, num_steps); 0 at padding, NaN in trajectories that are out.
    """
    if rewards_BGS.ndim != 3:
        raise ValueError(
            f"rewards_BGS has shape {rewards_BGS.shape}; give (num_groups, group_size, num_steps)."
        )
    exists_BGS = np.ones(rewards_BGS.shape, dtype=bool)
    if num_steps_BG is not None:
        exists_BGS = np.arange(rewards_BGS.shape[2]) < num_steps_BG[..., None]
    is_out_BG1 = (np.isnan(rewards_BGS) & exists_BGS).any(axis=2, keepdims=True)
    counts_BGS = exists_BGS & ~is_out_BG1
    to_go_BGS = rewards_to_go(np.where(counts_BGS, rewards_BGS, 0.0), discount=discount)
    mean_B1S = _mean_where(counts_BGS, to_go_BGS, axis=1)
    centred_BGS = np.where(counts_BGS, to_go_BGS - mean_B1S, 0.0)
    # One scale for the group: a step at which nothing was at stake must not be blown up to unit variance.
    spread_B11 = np.sqrt(_mean_where(counts_BGS, centred_BGS**2, axis=(1, 2)))
    scale_B11 = spread_B11 + eps if normalise else 1.0
    advantages_BGS: FloatArray = np.where(is_out_BG1, np.nan, centred_BGS / scale_B11)
    return advantages_BGS


def group_relative_position_advantages(
    rewards_GS: FloatArray,
    chosen_GS: BoolArray,
    *,
    discount: float = 1.0,
    normalise: bool = True,
    eps: float = 1e-6,
) -> FloatArray:
    """Standardise the rewards to go of each position among the choices that one group made there.

    Position-wise GRPO (SpeakerMem-R1, arXiv:2609.26780): a choice is compared, in mean and deviation, with
    those of the other episodes at the same position alone, so that a position at which returns differ little
    weighs as much as one at which they differ widely. A position at which they do not differ, or at which
    fewer than two episodes chose, is skipped: it has no advantage.

    Args:
        rewards_GS: Step rewards of the scored episodes of a group, which begin in the same state, shape
            (group_size, num_steps); 0 beyond an episode's end.
        chosen_GS: True where something was chosen, the same shape.
        discount: Weight of a reward one step later, in [0, 1].
        normalise: Divide by the position's deviation; see `group_relative_advantages`.
        eps: Added to the standard deviation.

    Returns:
        Shape (group_size, num_steps); 0 where nothing was chosen and at skipped positions.
    """
    to_go_GS = rewards_to_go(rewards_GS, discount=discount)
    centred_GS = np.where(chosen_GS, to_go_GS - _mean_where(chosen_GS, to_go_GS, axis=0), 0.0)
    spread_1S = np.sqrt(_mean_where(chosen_GS, centred_GS**2, axis=0))
    scale_1S = spread_1S + eps if normalise else 1.0
    advantages_GS: FloatArray = np.where(spread_1S > EQUAL_REWARDS, centred_GS / scale_1S, 0.0)
    return advantages_GS


def group_relative_row_advantages(
    rewards: Sequence[FloatArray], *, normalise: bool = True, eps: float = 1e-6
) -> list[FloatArray]:
    """Standardise the rewards of all rows of one group, which count alike whatever their episode.

    Mean and standard deviation are over all contexts of all rollouts of an instance (Mem-alpha,
    arXiv:2509.25911, section 3), so an episode of more rows weighs more.

    Args:
        rewards: Of each of the group's trajectories what its rows are worth, shape (num_rows,): what is paid
            for the whole episode, which all of its rows share, and what the row alone is paid. Episodes may
            have different numbers of rows. NaN in any row takes the whole trajectory out.
        normalise: Divide by the deviation; see `group_relative_advantages`.
        eps: Added to the standard deviation.

    Returns:
        Advantages of the same shapes; NaN in trajectories that are out.
    """
    is_out = [bool(np.isnan(rewards_S).any()) for rewards_S in rewards]
    counted = [rewards_S for rewards_S, out in zip(rewards, is_out, strict=True) if not out]
    rows_R = np.concatenate(counted) if counted else np.zeros(1)
    mean, scale = rows_R.mean(), rows_R.std() + eps if normalise else 1.0
    return [
        np.full_like(rewards_S, np.nan) if out else (rewards_S - mean) / scale
        for rewards_S, out in zip(rewards, is_out, strict=True)
    ]


def neutral_without_calls(
    rewards: Sequence[FloatArray], call_rewards: Sequence[FloatArray]
) -> list[FloatArray]:
    """Pay rows without a call what the group's rows with calls are paid for them in the mean.

    Such a row neither gains nor loses by what is paid for calls: full marks would teach a policy whose calls
    fail to be silent, and none, as in Mem-alpha's published code, to write whatever there is.

    Args:
        rewards: Of each of the group's scored trajectories what its rows are worth, shape (num_rows,), with
            nothing for the calls of rows that have none.
        call_rewards: What of it is for calls, the same shapes; NaN at rows without a call.

    Returns:
        Rewards of the same shapes. Where no row has a call they are as they were.
    """
    paid_R = np.concatenate([calls_S[~np.isnan(calls_S)] for calls_S in call_rewards])
    mean = paid_R.mean() if paid_R.size else 0.0
    return [
        rewards_S + np.where(np.isnan(calls_S), mean, 0.0)
        for rewards_S, calls_S in zip(rewards, call_rewards, strict=True)
    ]


def weights_of_added_losses(
    is_local_R: BoolArray, num_choices_R: IntArray, *, local_weight: float
) -> FloatArray:
    """Weigh steps so that the mean loss of all choices is that of global steps plus that of local ones.

    L = L_global + local_weight * L_local, each the mean over its own choices (LoGo-GRPO: Memory-R2,
    arXiv:2605.21768). Of N choices, N_g of them global and N_l local, a global one weighs N / N_g and a local
    one local_weight * N / N_l. The clipped surrogate grows in proportion to a positive factor of the
    advantage, so the weights may be put there, and what else a loss has (entropy, divergence) stays a mean
    over all choices.

    Args:
        is_local_R: True at the steps of groups that begin in mid-stream, shape (num_steps,).
        num_choices_R: Choices of each step, the same shape.
        local_weight: Of the local loss.

    Returns:
        The same shape. Where all steps are of one kind its loss stands alone.
    """
    num_local, num_all = num_choices_R[is_local_R].sum(), num_choices_R.sum()
    weights_R: FloatArray = np.where(
        is_local_R,
        local_weight * num_all / max(num_local, 1),
        num_all / max(num_all - num_local, 1),
    )
    return weights_R


def rewards_to_go(rewards: FloatArray, *, discount: float = 1.0) -> FloatArray:
    """Sum the rewards from each step on, discounted; the last axis is time."""
    to_go = np.array(rewards, dtype=np.float64)
    for step in range(to_go.shape[-1] - 2, -1, -1):
        to_go[..., step] += discount * to_go[..., step + 1]
    return to_go


def generalised_advantages(
    rewards_S: FloatArray,
    values_S: FloatArray,
    *,
    discount: float = 1.0,
    gae_lambda: float = 0.95,
    final_value: float = 0.0,
) -> tuple[FloatArray, FloatArray]:
    """Estimate advantages by GAE over the steps of one episode (arXiv:1506.02438, equation 16).

    delta_s = r_s + discount * V(s+1) - V(s);  A_s = delta_s + discount * gae_lambda * A_{s+1}.

    Args:
        rewards_S: Reward of each step, shape (num_steps,).
        values_S: The critic's value before each step, shape (num_steps,).
        discount: Weight of what comes one step later, in [0, 1].
        gae_lambda: 0 trusts the critic, 1 the rewards.
        final_value: Value after the last step: 0 where the episode terminated, the critic's estimate where it
            was truncated.

    Returns:
        Advantages and the critic's targets (advantages + values), each of shape (num_steps,).

    Raises:
        ValueError: If the shapes differ.
    """
    if rewards_S.shape != values_S.shape or rewards_S.ndim != 1:
        raise ValueError(
            f"rewards_S {rewards_S.shape} and values_S {values_S.shape} must be one series each, "
            "equal in length."
        )
    next_values_S = np.append(values_S[1:], final_value)
    deltas_S = rewards_S + discount * next_values_S - values_S
    advantages_S = rewards_to_go(deltas_S, discount=discount * gae_lambda)
    return advantages_S, advantages_S + values_S


def _mean_where(counts: BoolArray, values: FloatArray, *, axis: int | tuple[int, ...]) -> FloatArray:
    """Mean over `axis`, kept as 1, of the values that count; 0 where none does."""
    total = np.where(counts, values, 0.0).sum(axis=axis, keepdims=True)
    mean: FloatArray = total / np.maximum(counts.sum(axis=axis, keepdims=True), 1)
    return mean
