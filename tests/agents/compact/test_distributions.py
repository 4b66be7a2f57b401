import math
from itertools import permutations

import pytest
import torch

from memdojo.agents.compact.distributions import MaskedCategorical, PlackettLuce


def test_a_masked_action_has_no_probability_and_no_gradient() -> None:
    logits = torch.tensor([[0.0, 1.0, 5.0]], requires_grad=True)
    distribution = MaskedCategorical(logits, torch.tensor([[1, 1, 0]]))
    assert distribution.log_prob(torch.tensor([0])).exp().item() == pytest.approx(1 / (1 + math.e), rel=1e-5)
    torch.autograd.backward(distribution.entropy().sum())
    assert logits.grad is not None
    assert logits.grad[0, 2] == 0


def test_entropy_of_equal_actions_is_the_logarithm_of_their_number() -> None:
    distribution = MaskedCategorical(torch.zeros(1, 5), torch.tensor([[1, 1, 1, 1, 0]]))
    assert distribution.entropy().item() == pytest.approx(math.log(4))


def test_plackett_luce_multiplies_softmaxes_over_what_is_left() -> None:
    scores = torch.log(torch.tensor([[1.0, 2.0, 3.0]]))
    log_probs = PlackettLuce(scores, torch.ones(1, 3)).log_prob(torch.tensor([[2, 0, 1]]))
    # 3/6, then 1/3 of what is left, then all.
    assert log_probs.exp()[0].tolist() == pytest.approx([1 / 2, 1 / 3, 1.0])


def test_plackett_luce_probabilities_of_all_rankings_sum_to_one() -> None:
    scores = torch.randn(1, 4, generator=torch.Generator().manual_seed(0))
    rankings = torch.tensor(list(permutations(range(4), 2)))
    distribution = PlackettLuce(scores.expand(len(rankings), -1), torch.ones(len(rankings), 4))
    assert distribution.log_prob(rankings).sum(1).exp().sum().item() == pytest.approx(1.0)


def test_places_that_are_not_filled_have_log_probability_zero() -> None:
    log_probs = PlackettLuce(torch.zeros(1, 2), torch.tensor([[1, 0]])).log_prob(torch.tensor([[0, -1]]))
    assert log_probs[0].tolist() == pytest.approx([0.0, 0.0])
