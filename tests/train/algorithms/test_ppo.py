from __future__ import annotations

import numpy as np
import pytest
import torch

from builders import make_trajectory
from memdojo.train.algorithms.ppo import Ppo
from memdojo.train.algorithms.protocol import Choices
from memdojo.train.algorithms.settings import PpoSettings
from memdojo.train.language.trajectories import LanguageGroup


def test_the_critic_bootstraps_across_contexts_but_not_across_episodes() -> None:
    groups: list[LanguageGroup] = [(make_trajectory(0.0, 2.0),), (make_trajectory(1.0),)]
    values = np.array([0.5, 1.0, 4.0])
    settings = PpoSettings(name="ppo", num_updates=1, discount=0.5, gae_lambda=0.5)
    advantages, targets = Ppo(settings).estimate(groups, values)
    # Deltas: 0.5 * 1 - 0.5 = 0 and 2 - 1 = 1; advantages 0 + 0.25 * 1 and 1. The other episode: 1 - 4 = -3.
    raw = np.array([0.25, 1.0, -3.0])
    assert targets == pytest.approx(raw + values)
    assert advantages == pytest.approx((raw - raw.mean()) / raw.std(), rel=1e-5)


def test_terms_of_a_loss_are_summed_with_their_weights() -> None:
    settings = PpoSettings(
        name="ppo",
        num_updates=1,
        clip_low=0.2,
        clip_high=0.3,
        entropy_coefficient=0.1,
        kl_coefficient=0.5,
        value_coefficient=2.0,
        importance_cap=1.5,
    )
    ratios = torch.tensor([1.5, 0.5])
    choices = Choices(
        log_probs=ratios.log(),
        old_log_probs=torch.zeros(2),
        sampler_log_probs=-torch.tensor([2.0, 1.25]).log(),
        reference_log_probs=ratios.log() + torch.tensor([2.0, 1.0]).log(),
        advantages=torch.tensor([2.0, -2.0]),
        entropy=torch.tensor([0.5, 1.5]),
        values=torch.tensor([1.0]),
        targets=torch.tensor([4.0]),
        mean_of_choices=torch.mean,
        mean_of_entropy=torch.mean,
        mean_of_values=torch.mean,
    )
    loss = Ppo(settings).loss(choices)
    # Clipped: -1.3 * 2 and 0.8 * 2. Weights of sampling: 2, capped at 1.5, and 1.25.
    policy = (-2.6 * 1.5 + 1.6 * 1.25) / 2
    # exp(d) - d - 1 with d = log 2 and 0.
    kl = (2 - np.log(2) - 1) / 2
    assert float(loss.terms["policy_loss"]) == pytest.approx(policy)
    assert float(loss.terms["kl"]) == pytest.approx(kl)
    assert float(loss.terms["value_loss"]) == 4.5
    assert float(loss.total) == pytest.approx(policy - 0.1 * 1.0 + 0.5 * kl + 2 * 4.5)
