"""Splitting streams into training and held-out parts without ever splitting a group."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from itertools import accumulate

import numpy as np

from memdojo.errors import ConfigError, LeakError

from ..types import Stream


def shared_groups(groups: Iterable[str], others: Iterable[str]) -> list[str]:
    """Return, sorted, the groups of `groups` that are in `others` or lie in, or hold, one of them.

    A group lies in another if its name goes on with a slash behind the other's: `book/chapter 1` in `book`.
    """
    own, foreign = set(groups), set(others)
    inside = {ancestor for group in foreign for ancestor in _with_ancestors(group)}
    return sorted(group for group in own if group in inside or not foreign.isdisjoint(_with_ancestors(group)))


def _with_ancestors(group: str) -> list[str]:
    """Return the group and the names of all that it may lie in, the largest first."""
    parts = group.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]


def split_by_group(
    streams: Iterable[Stream], shares: Mapping[str, float], seed: int
) -> dict[str, list[Stream]]:
    """Deal the groups of `streams` into named parts; all streams of a group land in the same part.

    A group that lies in another (`shared_groups`) goes with it.

    Args:
        streams: The streams; their order within a part is kept.
        shares: Share of the groups for each part, such as `{"train": 0.8, "test": 0.2}`; they sum to 1.
            Numbers of groups are rounded by largest remainder, and no part stays without a group.
        seed: Decides which groups land where; the order of `streams` does not.

    Raises:
        ConfigError: If the shares are not positive, do not sum to 1, or outnumber the groups.
    """
    streams = list(streams)
    names = {stream.group for stream in streams}
    # Of groups that lie in one another the largest counts.
    largest = {
        name: next(ancestor for ancestor in _with_ancestors(name) if ancestor in names) for name in names
    }
    groups = sorted(set(largest.values()))
    if not shares or any(not share > 0 for share in shares.values()):
        raise ConfigError(f"shares are {dict(shares)}; give each part a share above 0.")
    if not math.isclose(sum(shares.values()), 1.0, abs_tol=1e-6):
        raise ConfigError(f"shares {dict(shares)} sum to {sum(shares.values()):g}; they must sum to 1.")
    if len(groups) < len(shares):
        raise ConfigError(
            f"{len(groups)} groups cannot fill {len(shares)} parts; a group is never split. "
            "Give more groups or fewer parts."
        )
    shuffled = [groups[place] for place in np.random.default_rng(seed).permutation(len(groups))]
    parts: dict[str, list[Stream]] = {}
    start = 0
    for name, size in _part_sizes(len(groups), shares).items():
        chosen = set(shuffled[start : start + size])
        parts[name] = [stream for stream in streams if largest[stream.group] in chosen]
        start += size
    return parts


def _part_sizes(num_groups: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Round shares to numbers of groups, by largest remainder, then fill empty parts from the largest."""
    sizes = {name: math.floor(num_groups * share) for name, share in shares.items()}
    by_remainder = sorted(shares, key=lambda name: sizes[name] - num_groups * shares[name])
    for name in by_remainder[: max(0, num_groups - sum(sizes.values()))]:
        sizes[name] += 1
    for name in [name for name, size in sizes.items() if size == 0]:
        sizes[max(sizes, key=lambda other: sizes[other])] -= 1
        sizes[name] = 1
    return sizes


def dealt_split(name: str, shares: Mapping[str, float]) -> str:
    """Return the part that a name falls into by its SHA-256, independently of all other names.

    Args:
        name: Of an article, a person: what no two parts may have in common.
        shares: Share of all names for each part; they sum to 1.
    """
    place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) / 2**64
    return next(
        (part for part, upto in zip(shares, accumulate(shares.values()), strict=True) if place < upto),
        # Sums of shares may fall short of 1 by a rounding error.
        list(shares)[-1],
    )


def check_no_leak(train: Iterable[Stream], held_out: Iterable[Stream]) -> None:
    """Refuse training and held-out streams that share a group, or of which one's lies in the other's.

    Raises:
        LeakError: With the names of the shared groups.
    """
    shared = shared_groups((stream.group for stream in train), (stream.group for stream in held_out))
    if shared:
        raise LeakError(
            f"training and held-out streams share the groups {', '.join(map(repr, shared))}. "
            "Take them out of one side, or split with split_by_group."
        )
