import math

import pytest
import torch

from memdojo.train.losses import clipped_policy_loss, explained_variance, masked_mean, value_loss


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
