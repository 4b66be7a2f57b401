"""The choices of a micro-batch, put together for the algorithm from all that is known of its tokens.

Axes: R rows of an update, N response tokens of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from memdojo.agents.language.network import RowScores

from ..algorithms.protocol import Choices
from .batches import MicroBatch, UpdateRows


@dataclass(slots=True, eq=False)
class UpdateTensors:
    """What the gradient steps of one update look up, whole in each process, on its device.

    Attributes:
        num_response_tokens: Of each row, shape (R,).
        sampler_log_probs: Of each response token under the behaviour policy, shape (N,).
        log_probs: Under the learner's weights before the update, shape (N,).
        is_scored: Whether `log_probs` are there before the first step; else that step fills them in.
        reference_log_probs: Under the reference policy, shape (N,); zeros without a KL term.
        values: The critic's before the update, shape (R,); zeros without a critic.
        advantages: Shape (R,); every token of a row takes its row's.
        targets: Of the critic, shape (R,).
    """

    num_response_tokens: Tensor
    sampler_log_probs: Tensor
    log_probs: Tensor
    is_scored: bool
    reference_log_probs: Tensor
    values: Tensor
    advantages: Tensor
    targets: Tensor

    @classmethod
    def of(cls, rows: UpdateRows, device: torch.device) -> UpdateTensors:
        """Put what is known of `rows` on a device; the rest is zeros."""
        sampler_log_probs = torch.from_numpy(rows.sampler_log_probs).to(device)
        nothing_N = torch.zeros_like(sampler_log_probs)
        nothing_R = torch.zeros(len(rows.rows), device=device)
        return cls(
            torch.from_numpy(rows.num_response_tokens).to(device),
            sampler_log_probs,
            log_probs=nothing_N.clone(),
            is_scored=False,
            reference_log_probs=nothing_N,
            values=nothing_R,
            advantages=nothing_R,
            targets=nothing_R,
        )


def choices_of(
    scores: RowScores,
    batch: MicroBatch,
    tensors: UpdateTensors,
    step_rows: Sequence[int],
    loss_average: Literal["token", "sequence"],
) -> Choices:
    """Return the choices of a micro-batch, one a token, as an algorithm's loss takes them.

    Summed over all micro-batches of all processes, their means are means over the whole gradient step.

    Args:
        scores: Of the micro-batch under the current weights.
        step_rows: Numbers of all rows of the gradient step, of all processes.
        loss_average: Whether every token of the step counts alike, or every row.
    """
    weights = _token_weights(tensors, batch, step_rows, loss_average)

    def mean_of_tokens(values: Tensor) -> Tensor:
        return (weights * values).sum()

    return Choices(
        log_probs=scores.log_probs,
        old_log_probs=tensors.log_probs[batch.tokens] if tensors.is_scored else scores.log_probs.detach(),
        sampler_log_probs=tensors.sampler_log_probs[batch.tokens],
        reference_log_probs=tensors.reference_log_probs[batch.tokens],
        advantages=tensors.advantages[batch.token_rows],
        entropy=scores.entropy,
        values=scores.values,
        targets=tensors.targets[batch.rows],
        mean_of_choices=mean_of_tokens,
        mean_of_entropy=mean_of_tokens,
        mean_of_values=lambda values: values.sum() / len(step_rows),
    )


def sampler_mismatch(tensors: UpdateTensors, importance_cap: float) -> dict[str, float]:
    """Compare learner and sampler under the same weights, over all response tokens of an update.

    Returns:
        `sampler_mismatch_max` and `sampler_mismatch_mean` of |log p learner - log p sampler|, and
        `importance_capped`, the share of the tokens whose importance weight met its cap.
    """
    difference = tensors.log_probs - tensors.sampler_log_probs
    is_capped = difference.exp() > importance_cap if importance_cap else torch.zeros_like(difference)
    return {
        "sampler_mismatch_max": float(difference.abs().max()),
        "sampler_mismatch_mean": float(difference.abs().mean()),
        "importance_capped": float(is_capped.float().mean()),
    }


def _token_weights(
    tensors: UpdateTensors,
    batch: MicroBatch,
    step_rows: Sequence[int],
    loss_average: Literal["token", "sequence"],
) -> Tensor:
    """Return the share of each token in a mean over all tokens, or all rows, of the gradient step."""
    if loss_average == "token":
        return 1 / tensors.num_response_tokens[step_rows].sum().expand(len(batch.tokens)).float()
    return 1 / (len(step_rows) * tensors.num_response_tokens[batch.token_rows].float())
