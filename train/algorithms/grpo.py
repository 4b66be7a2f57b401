"""GRPO: the episodes of a group are compared with each other, and the ratio of probabilities is clipped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .advantages import (
    EQUAL_REWARDS,
    FloatArray,
    group_relative_advantages,
    group_relative_position_advantages,
    group_relative_row_advantages,
    group_relative_step_advantages,
    neutral_without_calls,
    weights_of_added_losses,
)
from .clipped import ClippedAlgorithm
from .protocol import Estimates, Trajectory
from .settings import GrpoSettings


class Grpo(ClippedAlgorithm[GrpoSettings]):
    """GRPO (arXiv:2402.03300): `settings.advantage` says how the episodes of a group are compared."""

    min_scored = 2

    def is_skipped(self, group: Sequence[Trajectory]) -> bool:
        """True, on request, of equal episodes or, where rows or positions are compared, of equal ones."""
        if not self.settings.skip_equal_groups:
            return False
        if self.settings.advantage == "position":
            return not self._compare(group).any()
        by_row = self.settings.advantage == "rows"
        compared = _row_rewards(group) if by_row else [np.array([each.episode_return]) for each in group]
        return float(np.ptp(np.concatenate(compared))) <= EQUAL_REWARDS

    def estimate(self, groups: Sequence[Sequence[Trajectory]], values_R: FloatArray) -> Estimates:
        """Compare the episodes of each group; there is no critic."""
        advantages_R = np.concatenate([self._compare(group) for group in groups])
        if self.settings.group_start == "mixed":
            advantages_R = advantages_R * self._weights([each for group in groups for each in group])
        return Estimates(advantages_R, np.zeros_like(advantages_R))

    def _weights(self, trajectories: Sequence[Trajectory]) -> FloatArray:
        """Return what each step weighs, so that global and local losses are added."""
        by_token = self.settings.loss_average == "token"
        return weights_of_added_losses(
            np.concatenate([np.full(each.rewards.size, each.is_local) for each in trajectories]),
            np.concatenate(
                [(each.num_choices if by_token else each.loss_mask).ravel() for each in trajectories]
            ).astype(np.int64),
            local_weight=self.settings.local_weight,
        )

    def _compare(self, group: Sequence[Trajectory]) -> FloatArray:
        normalise = self.settings.normalise
        if self.settings.advantage == "rows":
            rows = group_relative_row_advantages(_row_rewards(group), normalise=normalise)
            return np.concatenate(rows)
        num_steps_G = np.array([each.rewards.size for each in group])
        if self.settings.advantage == "trajectory":
            returns_G = np.array([each.episode_return for each in group])
            advantages_G = group_relative_advantages(returns_G[None], normalise=normalise)[0]
            return np.repeat(advantages_G, num_steps_G)
        rewards_GS = np.zeros((len(group), num_steps_G.max()))
        for rewards_S, each in zip(rewards_GS, group, strict=True):
            rewards_S[: each.rewards.size] = each.rewards.ravel()
        exists_GS = np.arange(rewards_GS.shape[1]) < num_steps_G[:, None]
        discount = self.settings.discount
        if self.settings.advantage == "position":
            chosen_GS = np.zeros_like(exists_GS)
            chosen_GS[exists_GS] = np.concatenate([each.loss_mask.ravel() for each in group])
            advantages_GS = group_relative_position_advantages(
                rewards_GS, chosen_GS, discount=discount, normalise=normalise
            )
        else:
            (advantages_GS,) = group_relative_step_advantages(
                rewards_GS[None], num_steps_BG=num_steps_G[None], discount=discount, normalise=normalise
            )
        advantages_S: FloatArray = advantages_GS[exists_GS]
        return advantages_S


def _row_rewards(group: Sequence[Trajectory]) -> list[FloatArray]:
    return neutral_without_calls(
        [each.row_rewards for each in group], [each.row_call_rewards for each in group]
    )
