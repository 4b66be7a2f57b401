import math

import pytest
import torch

from memdojo.train.algorithms.losses import (
    clipped_policy_loss,
    clipped_surrogate,
    explained_variance,
    importance_weights,
    kl_from_reference,
    masked_mean,
    value_loss,
)


def _loss(ratio: float, advantage: float, mask: bool = True) -> torch.Tensor:
    return clipped_policy_loss(
        torch.tensor([math.log(ratio)]),
        torch.zeros(1),
        torch.tensor([advantage]),
        torch.tensor([mask]),
        clip_low=0.2,
        clip_high=0.3,
    ).loss


@pytest.mark.parametrize(
    ("ratio", "advantage", "expected"),
    [
        (1.1, 2.0, -2.2),  # Inside the range.
        (1.5, 2.0, -2.6),  # A gain is capped at 1 + clip_high.
        (0.5, 2.0, -1.0),  # A loss of a good choice is not.
        (0.5, -2.0, 1.6),  # A bad choice is pushed down to 1 - clip_low only.
        (1.5, -2.0, 3.0),  # A rise of a bad choice is paid in full.
    ],
)
def test_the_surrogate_is_clipped_on_the_side_of_the_gain(
    ratio: float, advantage: float, expected: float
) -> None:
    assert float(_loss(ratio, advantage)) == pytest.approx(expected, rel=1e-5)


def test_masked_choices_change_neither_loss_nor_gradient() -> None:
    old, advantages = torch.zeros(3), torch.tensor([1.0, -2.0, 5.0])
    mask = torch.tensor([True, True, False])

    def gradient(masked_value: float) -> tuple[float, torch.Tensor]:
        log_probs = torch.tensor([0.1, -0.1, masked_value], requires_grad=True)
        loss = clipped_policy_loss(log_probs, old, advantages, mask, clip_low=0.2, clip_high=0.2).loss
        torch.autograd.backward(loss)
        assert log_probs.grad is not None
        return float(loss.detach()), log_probs.grad

    first_loss, first = gradient(0.0)
    second_loss, second = gradient(30.0)
    assert first_loss == second_loss
    assert torch.equal(first, second)
    assert first[2] == 0


def test_the_loss_equals_reinforce_where_the_policy_has_not_moved() -> None:
    log_probs = torch.tensor([-1.0, -2.0], requires_grad=True)
    advantages = torch.tensor([3.0, -1.0])
    loss = clipped_policy_loss(
        log_probs,
        log_probs.detach(),
        advantages,
        torch.ones(2, dtype=torch.bool),
        clip_low=0.2,
        clip_high=0.2,
    )
    torch.autograd.backward(loss.loss)
    assert log_probs.grad is not None
    assert log_probs.grad.tolist() == pytest.approx([-1.5, 0.5])
    assert float(loss.approximate_kl) == 0.0


def test_the_surrogate_of_each_choice_is_what_the_mean_is_of() -> None:
    ratios = torch.tensor([1.1, 1.5, 0.5])
    advantages = torch.tensor([2.0, 2.0, -2.0])
    each = clipped_surrogate(ratios.log(), advantages, clip_low=0.2, clip_high=0.3)
    assert each.loss.tolist() == pytest.approx([-2.2, -2.6, 1.6])
    assert each.clip_fraction.tolist() == [0, 1, 1]
    assert each.approximate_kl.tolist() == pytest.approx([r - 1 - math.log(r) for r in (1.1, 1.5, 0.5)])
    mask = torch.ones(3, dtype=torch.bool)
    mean = clipped_policy_loss(ratios.log(), torch.zeros(3), advantages, mask, clip_low=0.2, clip_high=0.3)
    assert [float(value) for value in mean] == pytest.approx([float(value.mean()) for value in each])


def test_the_kl_estimate_is_right_in_the_mean_over_what_the_policy_samples() -> None:
    policy, reference = torch.tensor([0.5, 0.25, 0.25]), torch.tensor([0.2, 0.3, 0.5])
    each = kl_from_reference(policy.log(), reference.log())
    # At the first choice the reference is 0.4 of the policy: 0.4 - log 0.4 - 1.
    assert float(each[0]) == pytest.approx(0.4 - math.log(0.4) - 1)
    assert (each >= 0).all()
    exact = (policy * (policy / reference).log()).sum()
    assert float((policy * each).sum()) == pytest.approx(float(exact), rel=1e-5)
    assert float(kl_from_reference(policy.log(), policy.log()).abs().max()) == 0


def test_importance_weights_are_ratios_up_to_a_cap_and_have_no_gradient() -> None:
    log_probs = torch.tensor([0.5, 0.25, 0.9]).log().requires_grad_()
    weights = importance_weights(log_probs, torch.tensor([0.25, 0.5, 0.3]).log(), cap=2.5)
    assert weights.tolist() == pytest.approx([2, 0.5, 2.5])
    assert not weights.requires_grad


def test_a_mean_over_nothing_is_zero() -> None:
    assert float(masked_mean(torch.tensor([5.0]), torch.tensor([False]))) == 0.0


def test_value_loss_is_half_the_mean_square() -> None:
    assert (
        float(value_loss(torch.tensor([1.0, 9.0]), torch.tensor([3.0, 0.0]), torch.tensor([True, False])))
        == 2.0
    )


def test_explained_variance_is_one_for_the_truth_and_zero_for_a_constant() -> None:
    targets = torch.tensor([1.0, 2.0, 3.0])
    assert explained_variance(targets, targets) == 1.0
    assert explained_variance(torch.zeros(3), targets) == pytest.approx(0.0)
