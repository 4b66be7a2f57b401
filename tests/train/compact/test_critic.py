from __future__ import annotations

import pytest
import torch

from builders import weights_of
from memdojo.envs.features.manager import FeatureSettings, ManagerFeatures
from memdojo.train.compact.critic import new_future_critic
from memdojo.train.compact.future import FUTURE, FUTURE_FEATURES

pytestmark = pytest.mark.usefixtures("one_thread")

FEATURES = ManagerFeatures(FeatureSettings(num_candidates=2))


def _observations(future: float, candidate: float = 0.0, absent: float = 0.0) -> dict[str, torch.Tensor]:
    """One decision with one candidate, in front of a place for another."""
    mask = torch.tensor([[1, 1, 1, 0, 1, 0, 0, 0]], dtype=torch.int8)
    candidates = torch.full((1, 2, FEATURES.candidate_dim), candidate)
    candidates[:, 1] = absent
    return {
        "turn": torch.zeros(1, FEATURES.turn_dim),
        "store": torch.zeros(1, FEATURES.store_dim),
        "candidates": candidates,
        "action_mask": mask,
        FUTURE: torch.full((1, len(FUTURE_FEATURES)), future),
    }


def test_values_depend_on_the_future_and_on_what_is_there() -> None:
    critic = new_future_critic(FEATURES, 8, seed=0)
    value = critic(_observations(0.0))
    assert value.shape == (1, 1)
    assert critic(_observations(1.0)) != value
    assert critic(_observations(0.0, candidate=1.0)) != value
    torch.testing.assert_close(critic(_observations(0.0, absent=9.0)), value)


def test_first_weights_depend_on_the_seed_alone() -> None:
    first, again, other = (weights_of(new_future_critic(FEATURES, 8, seed)) for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)
