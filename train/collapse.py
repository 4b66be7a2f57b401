"""Signs that a policy has collapsed: it does one thing only, is certain of it, or all it does pays alike.

They are read from metrics of the last updates, so they cost nothing, and they are signs and no proof: a
policy that has learned its task by heart shows some of them as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

WINDOW = 10
"""Updates in each of which a sign must be seen."""
ONE_OPERATION = 0.99
"""Share of the operations from which on a manager does nothing else."""
CERTAIN_NATS = 0.02
"""Entropy of a decision, in nats, below which nothing is tried any more: one time in 300 for two choices."""
NEARLY_ALL = 0.9
"""Share of the groups from which on next to none has anything to compare."""

OPERATIONS = "operations/"
"""How the names of the metrics of operations begin."""
EQUAL_GROUPS = "rollouts/equal_groups"


@dataclass(frozen=True, slots=True)
class Signs:
    """What an update shows; None where it shows nothing of the kind.

    Attributes:
        mean_return: Of its episodes.
        operation: The operation that a manager chose most often.
        operation_share: Share of it among all.
        entropy: Of a decision, in nats.
        equal_groups: Share of the groups whose episodes all earned the same.
    """

    mean_return: float
    operation: str | None
    operation_share: float
    entropy: float | None
    equal_groups: float | None

    @classmethod
    def of(cls, metrics: Mapping[str, float], *, is_manager: bool) -> Signs:
        """Read the signs from the metrics of an update.

        Args:
            is_manager: Others have but one operation, which is no sign of anything.
        """
        shares = {name: share for name, share in metrics.items() if name.startswith(OPERATIONS)}
        operation = max(shares, key=lambda name: shares[name]) if shares and is_manager else None
        entropy = metrics.get("entropy")
        # That of a language policy is the mean of the tokens that a decision is made of.
        per_decision = None if entropy is None else entropy * metrics.get("responses/tokens", 1.0)
        return cls(
            metrics["rollouts/return"],
            None if operation is None else operation.removeprefix(OPERATIONS),
            0.0 if operation is None else shares[operation],
            per_decision,
            metrics.get(EQUAL_GROUPS),
        )


def signs_of_collapse(recent: Sequence[Signs]) -> list[str]:
    """Return what speaks for a collapse, each as a clause; empty where nothing does or too little is known.

    Args:
        recent: Signs of the updates so far, oldest first; of more than 2 `WINDOW` the last ones count.
    """
    window = recent[-WINDOW:]
    if len(window) < WINDOW:
        return []
    found = [_one_operation(window, recent[-2 * WINDOW : -WINDOW])]
    if all(each.entropy is not None and each.entropy < CERTAIN_NATS for each in window):
        found.append(f"the entropy of a decision was below {CERTAIN_NATS} nats, so nothing else is tried")
    if all(each.equal_groups is not None and each.equal_groups >= NEARLY_ALL for each in window):
        found.append(
            f"all episodes earned the same in at least {NEARLY_ALL:.0%} of the groups, so there is next to "
            "nothing to learn from"
        )
    return [clause for clause in found if clause]


def _one_operation(window: Sequence[Signs], before: Sequence[Signs]) -> str:
    """Return a clause if one operation is nearly all there is and the return fell by more than its noise."""
    first = window[0].operation
    is_one = all(each.operation == first and each.operation_share >= ONE_OPERATION for each in window)
    if first is None or not is_one or len(before) < WINDOW:
        return ""
    now, then = (np.array([each.mean_return for each in part]) for part in (window, before))
    # Twice the standard error of the difference of two means.
    noise = 2 * math.sqrt((now.var(ddof=1) + then.var(ddof=1)) / WINDOW)
    if now.mean() >= then.mean() - noise:
        return ""
    return (
        f"{first} was at least {ONE_OPERATION:.0%} of the operations, while the return fell from "
        f"{then.mean():.3f} to {now.mean():.3f}"
    )
