"""The partition of every pool of names, values and phrasings among the splits.

A pool is dealt out item by item, so that the parts are disjoint by construction and every split gets a
share of every pool: two of four items go to `train`, one to `validation` and one to `test`.
"""

from __future__ import annotations

from functools import cache

from memdojo.errors import unknown_name

SPLITS = ("train", "validation", "test")

_DEAL = ("train", "validation", "train", "test")


def check_split(split: str) -> None:
    """Raise `UnknownNameError` unless `split` is one of `SPLITS`."""
    if split not in SPLITS:
        raise unknown_name("split of synthetic streams", split, SPLITS)


@cache
def share(items: tuple[str, ...], split: str) -> tuple[str, ...]:
    """The items of a pool that belong to `split`, in pool order; each item belongs to one split."""
    return tuple(item for place, item in enumerate(items) if _DEAL[place % len(_DEAL)] == split)


def lines(block: str) -> tuple[str, ...]:
    """One item per non-empty line of `block`, without the indentation."""
    return tuple(line.strip() for line in block.splitlines() if line.strip())


def words(block: str) -> tuple[str, ...]:
    """The comma-separated items of `block`, which may run over several lines."""
    return tuple(" ".join(item.split()) for item in block.split(",") if item.strip())
