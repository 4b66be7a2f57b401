"""GRPO: the episodes of a group are compared with each other, and the ratio of probabilities is clipped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .advantages import (
    FloatArray,
    group_relative_advantages,
    group_relative_row_advantages,
    group_relative_step_advantages,
    neutral_without_calls,
)
from .clipped import ClippedAlgorithm
from .protocol import EQUAL_REWARDS, Estimates, Trajectory
from .settings import GrpoSettings


class Grpo(ClippedAlgorithm[GrpoSettings]):
    """GRPO (arXiv:2402.03300): `settings.advantage` says how the episodes of a group are compared."""

    min_scored = 2

    def is_skipped(self, group: Sequence[Trajectory]) -> bool:
        """True, on request, of equal episodes or, where rows are compared, of equal rows."""
        if not self.settings.skip_equal_groups:
            return False
        by_row = self.settings.advantage == "rows"
        compared = _row_rewards(group) if by_row else [np.array([each.episode_return]) for each in group]
        return float(np.ptp(np.concatenate(compared))) <= EQUAL_REWARDS

    def estimate(self, groups: Sequence[Sequence[Trajectory]], values_R: FloatArray) -> Estimates:
        """Compare the episodes of each group; there is no critic."""
        advantages_R = np.concatenate([self._compare(group) for group in groups])
        return Estimates(advantages_R, np.zeros_like(advantages_R))

    def _compare(self, group: Sequence[Trajectory]) -> FloatArray:
        if self.settings.advantage == "rows":
            return np.concatenate(group_relative_row_advantages(_row_rewards(group)))
        num_steps_G = np.array([each.rewards.size for each in group])
        if self.settings.advantage == "trajectory":
            returns_G = np.array([each.episode_return for each in group])
            return np.repeat(group_relative_advantages(returns_G[None])[0], num_steps_G)
        rewards_GS = np.zeros((len(group), num_steps_G.max()))
        for rewards_S, each in zip(rewards_GS, group, strict=True):
            rewards_S[: each.rewards.size] = each.rewards.ravel()
        advantages_GS = group_relative_step_advantages(
            rewards_GS[None], num_steps_BG=num_steps_G[None], discount=self.settings.discount
        )[0]
        advantages_S: FloatArray = advantages_GS[np.arange(rewards_GS.shape[1]) < num_steps_G[:, None]]
        return advantages_S


def _row_rewards(group: Sequence[Trajectory]) -> list[FloatArray]:
    return neutral_without_calls(
        [each.row_rewards for each in group], [each.row_call_rewards for each in group]
    )
