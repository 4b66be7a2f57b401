"""`bound_unscored`: episodes that could not be scored, counted as failed where they are too many.

An episode of which an answer or a verdict is missing teaches nothing, so it leaves the batch. A policy that
is unscored where it would fail must not gain by it: of more than a small share, every such episode counts
with its missing answers at 0, in training as in the validation that chooses the checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Groups = Sequence[Sequence[Any]]


def bound_unscored(groups: Groups, max_unscored: float) -> Groups:
    """Return the groups, with what is unscored at its worst where it is too much to leave out.

    Where no episode has a score nothing was measured, and the groups are returned as they are. So are
    episodes that failed for another reason than a missing answer or verdict, such as a prompt that is too
    long.

    Args:
        groups: Trajectory groups of an update or a validation.
        max_unscored: Share of all episodes that may be left out for a missing answer or verdict.
    """
    trajectories = [trajectory for group in groups for trajectory in group]
    num_missing = sum(map(_is_missing, trajectories))
    if num_missing <= max_unscored * len(trajectories) or not any(each.scored for each in trajectories):
        return groups
    return tuple(tuple(each.at_worst() if _is_missing(each) else each for each in group) for group in groups)


def _is_missing(trajectory: Any) -> bool:
    # Trajectories of other packages need not know of it; theirs leave the batch.
    return not trajectory.scored and bool(getattr(trajectory, "is_missing_answers", False))
