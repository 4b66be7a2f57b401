"""The partition of every pool of names, values and phrasings among the splits.

A pool is dealt out item by item, so that the parts are disjoint by construction and every split gets a
share of every pool: two of four items go to `train`, one to `validation` and one to `test`. Behind them a
pool may have items for training alone, which change nothing of what the other splits get.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from memdojo.errors import unknown_name

SPLITS = ("train", "validation", "test")

_DEAL = ("train", "validation", "train", "test")

_FOR_TRAINING = "-- for training alone --"
"""The line of a pool behind which its items are for training alone."""


def check_split(split: str) -> None:
    """Raise `UnknownNameError` unless `split` is one of `SPLITS`."""
    if split not in SPLITS:
        raise unknown_name("split of synthetic streams", split, SPLITS)


class ForTraining(str):
    """An item that belongs to `train` and isn't dealt out."""

    __slots__ = ()


@cache
def share(items: tuple[str, ...], split: str) -> tuple[str, ...]:
    """The items of a pool that belong to `split`, in pool order; each item belongs to one split."""
    dealt = [item for item in items if not isinstance(item, ForTraining)]
    own = [item for place, item in enumerate(dealt) if _DEAL[place % len(_DEAL)] == split]
    if split == "train":
        own += [item for item in items if isinstance(item, ForTraining)]
    return tuple(own)


def lines(block: str) -> tuple[str, ...]:
    """One item per non-empty line of `block`, without the indentation.

    Lines behind one that says "-- for training alone --" aren't dealt out.
    """
    return _pool(block, lambda part: [line.strip() for line in part.splitlines()])


def words(block: str) -> tuple[str, ...]:
    """The comma-separated items of `block`, which may run over several lines; parts like those of `lines`."""
    return _pool(block, lambda part: [" ".join(item.split()) for item in part.split(",")])


def _pool(block: str, split_up: Callable[[str], list[str]]) -> tuple[str, ...]:
    dealt, _, for_training = block.partition(_FOR_TRAINING)
    return (*filter(None, split_up(dealt)), *map(ForTraining, filter(None, split_up(for_training))))
