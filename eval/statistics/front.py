"""The Pareto front of scores against costs."""

from __future__ import annotations

from collections.abc import Sequence


def on_front(scores: Sequence[float], costs: Sequence[float]) -> list[bool]:
    """Return whether no other point has a higher score for as low a cost, or as high a score for a lower one.

    Of points that are alike the first one stands for all.

    Args:
        scores: Of each point.
        costs: The same.
    """
    places = list(zip(scores, costs, strict=True))

    def beaten(score: float, cost: float) -> bool:
        return any(
            other >= score and less <= cost and (other > score or less < cost) for other, less in places
        )

    first = {place: index for index, place in reversed(list(enumerate(places)))}
    front = {index for place, index in first.items() if not beaten(*place)}
    return [index in front for index in range(len(places))]
