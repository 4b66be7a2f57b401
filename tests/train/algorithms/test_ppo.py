from __future__ import annotations

import numpy as np
import pytest

from memdojo.train.algorithms.ppo import Ppo
from memdojo.train.algorithms.settings import PpoSettings
from memdojo.train.language.trajectories import LanguageGroup, LanguageTrajectory, Row


def _row(reward: float = 0.0) -> Row:
    return Row(np.ones(1, np.int32), np.ones(1, np.int32), -np.ones(1, np.float32), reward)


def _episode(*rewards: float, failure: str = "") -> LanguageTrajectory:
    return LanguageTrajectory("s", tuple(map(_row, rewards)), failure=failure)


def test_the_critic_bootstraps_across_contexts_but_not_across_episodes() -> None:
    groups: list[LanguageGroup] = [(_episode(0.0, 2.0),), (_episode(1.0),)]
    values = np.array([0.5, 1.0, 4.0])
    settings = PpoSettings(name="ppo", num_updates=1, discount=0.5, gae_lambda=0.5)
    advantages, targets = Ppo(settings).estimate(groups, values)
    # Deltas: 0.5 * 1 - 0.5 = 0 and 2 - 1 = 1; advantages 0 + 0.25 * 1 and 1. The other episode: 1 - 4 = -3.
    raw = np.array([0.25, 1.0, -3.0])
    assert targets == pytest.approx(raw + values)
    assert advantages == pytest.approx((raw - raw.mean()) / raw.std(), rel=1e-5)
