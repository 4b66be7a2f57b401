import math

import pytest
import torch

from memdojo.train.algorithms.losses import (
    clipped_surrogate,
    explained_variance,
    importance_weights,
    kl_from_reference,
    masked_mean,
)


def _loss(ratio: float, advantage: float) -> torch.Tensor:
    log_ratios = torch.tensor([math.log(ratio)])
    return clipped_surrogate(log_ratios, torch.tensor([advantage]), clip_low=0.2, clip_high=0.3).loss


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


@pytest.mark.parametrize(
    ("ratio", "advantage", "expected", "is_clipped"),
    [
        (5.0, -2.0, 6.0, 1),  # Without the dual clip 10.
        (2.5, -2.0, 5.0, 0),
        (0.5, -2.0, 1.6, 1),
        (5.0, 2.0, -2.6, 1),
        (0.1, 2.0, -0.2, 0),
    ],
)
def test_the_dual_clip_caps_the_loss_of_a_bad_choice_that_has_become_likely(
    ratio: float, advantage: float, expected: float, is_clipped: int
) -> None:
    log_ratio = torch.tensor([math.log(ratio)], requires_grad=True)
    each = clipped_surrogate(log_ratio, torch.tensor([advantage]), clip_low=0.2, clip_high=0.3, dual_clip=3.0)
    assert each.loss.tolist() == pytest.approx([expected])
    assert each.clip_fraction.tolist() == [is_clipped]
    torch.autograd.backward(each.loss.sum())
    assert log_ratio.grad is not None
    assert bool(log_ratio.grad.any()) is not bool(is_clipped)


def test_the_loss_equals_reinforce_where_the_policy_has_not_moved() -> None:
    log_probs = torch.tensor([-1.0, -2.0], requires_grad=True)
    advantages = torch.tensor([3.0, -1.0])
    each = clipped_surrogate(log_probs - log_probs.detach(), advantages, clip_low=0.2, clip_high=0.2)
    torch.autograd.backward(each.loss.mean())
    assert log_probs.grad is not None
    assert log_probs.grad.tolist() == pytest.approx([-1.5, 0.5])
    assert not each.approximate_kl.any()


def test_the_surrogate_says_of_each_choice_whether_it_was_clipped_and_how_far_it_moved() -> None:
    ratios = torch.tensor([1.1, 1.5, 0.5])
    advantages = torch.tensor([2.0, 2.0, -2.0])
    each = clipped_surrogate(ratios.log(), advantages, clip_low=0.2, clip_high=0.3)
    assert each.loss.tolist() == pytest.approx([-2.2, -2.6, 1.6])
    assert each.clip_fraction.tolist() == [0, 1, 1]
    assert each.approximate_kl.tolist() == pytest.approx([r - 1 - math.log(r) for r in (1.1, 1.5, 0.5)])


def test_shapes_that_would_be_spread_over_each_other_are_refused() -> None:
    column, row = torch.zeros(2, 1), torch.zeros(2)
    for refused in (
        lambda: clipped_surrogate(column, row, clip_low=0.2, clip_high=0.2),
        lambda: kl_from_reference(column, row),
        lambda: importance_weights(column, row, cap=2.0),
    ):
        with pytest.raises(ValueError, match=r"has shape \(2, 1\) and .* \(2,\); give one value of each"):
            refused()


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


def test_a_mean_is_over_what_counts_and_over_nothing_zero() -> None:
    values = torch.tensor([5.0, 1.0, 2.0], requires_grad=True)
    mean = masked_mean(values, torch.tensor([False, True, True]))
    torch.autograd.backward(mean)
    assert float(mean.detach()) == 1.5
    assert values.grad is not None
    assert values.grad.tolist() == [0, 0.5, 0.5]
    assert float(masked_mean(torch.tensor([5.0]), torch.tensor([False]))) == 0.0


def test_explained_variance_is_one_for_the_truth_and_zero_for_a_constant() -> None:
    targets = torch.tensor([1.0, 2.0, 3.0])
    assert explained_variance(targets, targets) == 1.0
    assert explained_variance(torch.zeros(3), targets) == pytest.approx(0.0)
