"""Limits of a manager's store in figures that fit any stream, and the check that a figure is positive."""

from __future__ import annotations

import math
from dataclasses import dataclass

from memdojo.errors import ConfigError, unknown_name

from ..types import DEFAULT_CORE_TOKENS, Capacity, Stream, WhenFull

DEFAULT_CAPACITY_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class CapacitySettings:
    """How much memory an episode has, in figures that fit any stream.

    With neither entries, share nor tokens given, the share is `DEFAULT_CAPACITY_SHARE`.

    Attributes:
        max_entries: Most entries.
        capacity_share: Most entries as a share of the stream's turns; infinity for no limit.
        max_tokens: Most tokens over all entries.
        max_entry_tokens: Most tokens in one entry.
        when_full: What an ADD to a full store does: `policy` (it names who leaves), `evict_oldest`, `reject`.
        max_core_tokens: Most tokens in the core block.

    Raises:
        ConfigError: If a figure is out of range, or entries and share are both given.
    """

    max_entries: int | None = None
    capacity_share: float | None = None
    max_tokens: int | None = None
    max_entry_tokens: int | None = 2048
    when_full: str = WhenFull.POLICY.value
    max_core_tokens: int | None = DEFAULT_CORE_TOKENS

    def __post_init__(self) -> None:
        if self.max_entries is not None and self.capacity_share is not None:
            raise ConfigError(
                f"max_entries={self.max_entries} and capacity_share={self.capacity_share} contradict each "
                "other; give one of them."
            )
        share = self.capacity_share
        if share is not None and not share > 0:
            raise ConfigError(f"capacity_share is {share}; give a positive share of the stream's turns.")
        if self.when_full not in list(WhenFull):
            raise unknown_name("rule for a full store", str(self.when_full), list(WhenFull))
        for name in ("max_entries", "max_tokens", "max_entry_tokens", "max_core_tokens"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise ConfigError(f"{name} is {value!r}; give a positive whole number, or None for no limit.")

    def for_stream(self, stream: Stream) -> Capacity:
        """Return the limits for a stream; a share gives at least one entry."""
        return Capacity(
            self._max_entries(stream),
            self.max_tokens,
            self.max_entry_tokens,
            WhenFull(self.when_full),
            self.max_core_tokens,
        )

    def _max_entries(self, stream: Stream) -> int | None:
        share = self.capacity_share
        if share is None:
            if self.max_entries is not None or self.max_tokens is not None:
                return self.max_entries
            share = DEFAULT_CAPACITY_SHARE
        if math.isinf(share):
            return None
        return max(1, round(share * sum(len(chunk.turns) for chunk in stream.chunks)))


def check_positive(name: str, value: int) -> int:
    """Return the value.

    Raises:
        ConfigError: If it is not a positive whole number.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{name} is {value!r}; give a positive whole number.")
    return value
