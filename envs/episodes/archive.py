"""An archive's settings: what one candidate is, and at which ranks each question is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from memdojo.errors import ConfigError


class Granularity(StrEnum):
    """What one candidate of the archive is."""

    TURN = "turn"
    SESSION = "session"


class TierOrder(StrEnum):
    """In which order an answerer reads the entries of a tier."""

    RANK = "rank"
    """Best first: a tier begins with the one before it, which a server with a prefix cache reads once."""
    TIME = "time"
    """As they were said, so that rankings of the same entries ask the same, which is asked once."""


@dataclass(frozen=True, slots=True)
class Tiers:
    """Ranks at which each question is asked, beside without memory.

    Attributes:
        ranks: As `check_tiers` wants them; empty asks each question once, from all entries that count.
        order: In which order the entries of a tier are handed over.
    """

    ranks: tuple[int, ...] = ()
    order: TierOrder = TierOrder.RANK


NO_TIERS = Tiers()


def check_tiers(tiers: Sequence[int], top_k: int) -> tuple[int, ...]:
    """Return the tiers at which questions are asked; none at all is fine.

    Raises:
        ConfigError: If they do not rise from 1 to `top_k`.
    """
    checked = tuple(tiers)
    rises = all(later > k for k, later in pairwise(checked))
    if checked and not (rises and checked[0] == 1 and checked[-1] == top_k):
        raise ConfigError(
            f"tiers are {list(checked)} and top_k is {top_k}; tiers rise from 1 to top_k, such as "
            "1, 2, 3, 5, 8, 10 with a top_k of 10."
        )
    return checked
