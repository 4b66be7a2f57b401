"""`Superseded`: how like each of some turns is to a newer one of them, kept while they come and go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from ..streams.turn_features import FloatArray

_BLOCK = 64
"""Cosines are computed for so many turns at a time, so that what is held in between stays small."""


@dataclass(frozen=True, slots=True, eq=False)
class Superseded:
    """For each of some turns the largest cosine with a newer one of them, and the turn that has it.

    The turns that a memory rests on differ little from one step to the next. So what was found is kept, and
    only what has come or gone is looked at: a step costs the number of the turns, not its square.

    Attributes:
        turns: Ascending indices, each once.
        cosines: At least 0.
        by: Index of the newer turn; -1 where no cosine is above 0.
    """

    turns: npt.NDArray[np.intp]
    cosines: FloatArray
    by: npt.NDArray[np.intp]

    @classmethod
    def empty(cls) -> Self:
        """Return what is known of no turns."""
        return cls(np.zeros(0, np.intp), np.zeros(0, np.float32), np.zeros(0, np.intp))

    def of(self, turns: npt.NDArray[np.intp]) -> FloatArray:
        """Return the cosines of `turns`, which are among those that are known, shape (len(turns),)."""
        return self.cosines[np.searchsorted(self.turns, turns)]

    def renumbered(self, kept: npt.NDArray[np.intp]) -> Superseded:
        """Return the same after all turns but `kept` were dropped."""
        stays = _are_in(kept, self.turns)
        by = self.by[stays]
        # Of a turn whose newer one has gone nothing is known any more.
        gone = (by >= 0) & ~_are_in(kept, by)
        stays_known = ~gone
        turns = np.searchsorted(kept, self.turns[stays][stays_known])
        by = by[stays_known]
        return Superseded(
            turns, self.cosines[stays][stays_known], np.where(by < 0, -1, np.searchsorted(kept, by))
        )

    def moved_to(self, turns: npt.NDArray[np.intp], vectors: FloatArray) -> Superseded:
        """Return the same for other turns, in any order and as often as they like, given the vectors of all.

        The result does not depend on what was known, to the last bit.
        """
        if (turns[1:] <= turns[:-1]).any():
            turns = np.unique(turns)
        cosines, by = np.zeros(len(turns), np.float32), np.full(len(turns), -1, np.intp)
        is_old = _are_in(self.turns, turns)
        here = np.searchsorted(self.turns, turns[is_old])
        cosines[is_old], by[is_old] = self.cosines[here], self.by[here]
        unknown = ~is_old | ((by >= 0) & ~_are_in(turns, by))
        own = vectors[turns]
        (come,) = (~is_old).nonzero()
        (known,) = (~unknown).nonzero()
        for first in range(0, len(come) if len(known) else 0, _BLOCK):
            block = come[first : first + _BLOCK]
            # Only those that are older than the newest of the block can be superseded by it.
            older = known[: np.searchsorted(known, block[-1])]
            among = _cosines(own[block], own[older])
            among[block[:, None] <= older] = 0
            newer = among.argmax(axis=0)
            best = among[newer, np.arange(len(older))]
            higher = best > cosines[older]
            cosines[older[higher]] = best[higher]
            by[older[higher]] = turns[block[newer[higher]]]
        (lost,) = unknown.nonzero()
        for first in range(0, len(lost), _BLOCK):
            block = lost[first : first + _BLOCK]
            # What is newer than the oldest of the block is all that can count.
            among = _cosines(own[block], own[block[0] :])
            among[block[:, None] >= np.arange(block[0], len(turns))] = 0
            newer = among.argmax(axis=1)
            best = among[np.arange(len(block)), newer]
            cosines[block] = np.maximum(best, 0)
            by[block] = np.where(best > 0, turns[block[0] :][newer], -1)
        return Superseded(turns, cosines, by)


def _are_in(ascending: npt.NDArray[np.intp], values: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Return which of the values are in an ascending array; `numpy.isin`, which has to sort, takes longer."""
    if not len(ascending):
        return np.zeros(len(values), np.bool_)
    places = np.searchsorted(ascending, values)
    found: npt.NDArray[np.bool_] = ascending[np.minimum(places, len(ascending) - 1)] == values
    return found


def _cosines(rows: FloatArray, columns: FloatArray) -> FloatArray:
    """Return the products of unit vectors, shape (len(rows), len(columns)).

    By einsum, which adds up every pair in the same order; a product of matrices does so in an order that
    depends on what stands beside the pair, and the last bit would tell what was known before.
    """
    products: FloatArray = np.einsum("ik,jk->ij", rows, columns)
    return products
