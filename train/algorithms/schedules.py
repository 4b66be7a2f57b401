"""Schedules over the updates of a run: functions of the number of an update alone, as resuming needs."""

from __future__ import annotations

import math
from typing import Literal

ScheduleName = Literal["constant", "linear", "cosine"]


def warmup_share(update: int, warmup_updates: int) -> float:
    """Return the share that a warm-up has reached: it rises by equal steps to 1 at its last update.

    Args:
        update: How many updates there were before, from 0.
        warmup_updates: 0 for no warm-up.
    """
    return min(1.0, (update + 1) / warmup_updates) if warmup_updates else 1.0


def scheduled_share(
    schedule: ScheduleName, update: int, num_updates: int, *, start: int = 0, final_share: float = 0.0
) -> float:
    """Return the share of the full value at an update: 1 up to `start`, and from there on it falls.

    It falls towards `final_share`, which it would reach right after the last update, so that the last update
    still counts where that is 0. `cosine` is half a wave (SGDR, arXiv:1608.03983, equation 5).

    Args:
        update: How many updates there were before, from 0.
        num_updates: Of the whole run.
        start: First update of the fall.
    """
    if schedule == "constant" or update <= start:
        return 1.0
    progress = min(1.0, (update - start) / (num_updates - start))
    left = 1 - progress if schedule == "linear" else (1 + math.cos(math.pi * progress)) / 2
    return final_share + (1 - final_share) * left
