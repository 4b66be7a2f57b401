"""Splitting streams into training and held-out parts without ever splitting a group."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from memdojo.errors import ConfigError, LeakError

from ..types import Stream


def split_by_group(
    streams: Iterable[Stream], shares: Mapping[str, float], seed: int
) -> dict[str, list[Stream]]:
    """Deal the groups of `streams` into named parts; all streams of a group land in the same part.

    Args:
        streams: The streams; their order within a part is kept.
        shares: Share of the groups for each part, such as `{"train": 0.8, "test": 0.2}`; they sum to 1.
            Numbers of groups are rounded by largest remainder, and no part stays without a group.
        seed: Decides which groups land where; the order of `streams` does not.

    Raises:
        ConfigError: If the shares are not positive, do not sum to 1, or outnumber the groups.
    """
    streams = list(streams)
    groups = sorted({stream.group for stream in streams})
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
        parts[name] = [stream for stream in streams if stream.group in chosen]
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


def check_no_leak(train: Iterable[Stream], held_out: Iterable[Stream]) -> None:
    """Refuse training and held-out streams that share a group.

    Raises:
        LeakError: With the names of the shared groups.
    """
    shared = sorted({stream.group for stream in train} & {stream.group for stream in held_out})
    if shared:
        raise LeakError(
            f"training and held-out streams share the groups {', '.join(map(repr, shared))}. "
            "Take them out of one side, or split with split_by_group."
        )
