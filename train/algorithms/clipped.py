"""The loss that GRPO and PPO share."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Self, TypeVar

from .losses import clipped_surrogate, importance_weights, kl_from_reference
from .protocol import Algorithm, Choices, Loss
from .settings import ClippedSettings

ClippedSettingsT = TypeVar("ClippedSettingsT", bound=ClippedSettings)


class ClippedAlgorithm(Algorithm[ClippedSettingsT]):
    """An algorithm that minimises PPO's clipped surrogate, less entropy, plus a KL divergence."""

    @property
    def needs_reference(self) -> bool:
        """True with a KL term."""
        return self.settings.kl_coefficient > 0

    @property
    def needs_entropy_gradient(self) -> bool:
        """True if the entropy has a weight."""
        return self.settings.entropy_coefficient > 0

    @property
    def importance_cap(self) -> float:
        """`settings.importance_cap`."""
        return self.settings.importance_cap

    @property
    def coefficients(self) -> Mapping[str, float]:
        """The weight of the entropy."""
        return {"entropy_coefficient": self.settings.entropy_coefficient}

    def at(self, update: int) -> Self:
        """Return the algorithm with the entropy's weight of the update."""
        scheduled = copy.copy(self)
        coefficient = self.settings.entropy_coefficient_at(update)
        scheduled.settings = self.settings.model_copy(update={"entropy_coefficient": coefficient})
        return scheduled

    def loss(self, choices: Choices) -> Loss:
        """Return the clipped surrogate and what belongs to it.

        The terms are `policy_loss`, `entropy`, with a KL term `kl`; and `clip_fraction` and `approximate_kl`
        as in `clipped_surrogate`.
        """
        settings = self.settings
        surrogate = clipped_surrogate(
            choices.log_probs - choices.old_log_probs,
            choices.advantages,
            clip_low=settings.clip_low,
            clip_high=settings.clip_high,
            dual_clip=settings.dual_clip,
        )
        policy_loss = surrogate.loss
        if settings.importance_cap:
            policy_loss = policy_loss * importance_weights(
                choices.old_log_probs, choices.sampler_log_probs, cap=settings.importance_cap
            )
        terms = {
            "policy_loss": choices.mean_of_choices(policy_loss),
            "entropy": choices.mean_of_entropy(choices.entropy),
            "clip_fraction": choices.mean_of_choices(surrogate.clip_fraction),
            "approximate_kl": choices.mean_of_choices(surrogate.approximate_kl),
        }
        total = terms["policy_loss"] - settings.entropy_coefficient * terms["entropy"]
        if self.needs_reference:
            terms["kl"] = choices.mean_of_choices(
                kl_from_reference(choices.log_probs, choices.reference_log_probs)
            )
            total = total + settings.kl_coefficient * terms["kl"]
        return Loss(total, terms)
