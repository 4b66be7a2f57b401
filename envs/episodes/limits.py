"""Limits of a manager's store in figures that fit any stream, and the check that a figure is positive."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memdojo.errors import ConfigError, unknown_name

from ..memory.token_counter import TokenCounter, token_counter
from ..streams.rendering import render_turn
from ..types import DEFAULT_CORE_TOKENS, Capacity, Stream, WhenFull

DEFAULT_CAPACITY_SHARE = 0.25

UNLIMITED = "inf"
"""An infinite share where it is written as JSON, which has no infinity."""


@dataclass(frozen=True, slots=True)
class CapacitySettings:
    """How much memory an episode has, in figures that fit any stream.

    With neither entries, tokens nor a share of one given, `capacity_share` is `DEFAULT_CAPACITY_SHARE`.

    A number of entries alone would bound nothing for a policy that writes text: it packs many turns into one
    entry. So where entries are limited, tokens are as well, to the share of the stream's tokens that the
    entries are of its turns, unless another limit in tokens is given. Both hold for every policy: tokens are
    what a memory keeps, and entries what its manager chooses among and its retriever finds.

    Attributes:
        max_entries: Most entries.
        capacity_share: Most entries as a share of the stream's turns; infinity for no limit.
        max_tokens: Most tokens over all entries.
        token_share: The same as a share of the stream's tokens; infinity for no limit.
        max_entry_tokens: Most tokens in one entry.
        when_full: What an ADD to a full store does: `policy` (it names who leaves), `evict_oldest`, `reject`.
        max_core_tokens: Most tokens in the core block.
        tokenizer: Whose tokens are counted, in limits, rewards and tables: the folder of a language model, or
            its name on the Hugging Face hub; None counts by `count_tokens`.

    Raises:
        ConfigError: If a figure is out of range, a limit is given both as a number and as a share, or the
            tokenizer is no text.
    """

    max_entries: int | None = None
    capacity_share: float | None = None
    max_tokens: int | None = None
    max_entry_tokens: int | None = 2048
    when_full: str = WhenFull.POLICY.value
    max_core_tokens: int | None = DEFAULT_CORE_TOKENS
    token_share: float | None = None
    tokenizer: str | None = None

    def __post_init__(self) -> None:
        for number, share, counted in (
            ("max_entries", "capacity_share", "turns"),
            ("max_tokens", "token_share", "tokens"),
        ):
            limit, part = getattr(self, number), getattr(self, share)
            if limit is not None and part is not None:
                raise ConfigError(
                    f"{number}={limit} and {share}={part} contradict each other; give one of them."
                )
            if part is not None and not part > 0:
                raise ConfigError(f"{share} is {part}; give a positive share of the stream's {counted}.")
        if self.when_full not in list(WhenFull):
            raise unknown_name("rule for a full store", str(self.when_full), list(WhenFull))
        for name in ("max_entries", "max_tokens", "max_entry_tokens", "max_core_tokens"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise ConfigError(f"{name} is {value!r}; give a positive whole number, or None for no limit.")

        if not isinstance(self.tokenizer, str | None) or self.tokenizer == "":
            raise ConfigError(
                f"the tokenizer is {self.tokenizer!r}; give the folder of a language model, or its name on "
                "the hub, or None to count by rule."
            )

    @property
    def counter(self) -> TokenCounter:
        """Counts the tokens.

        Raises:
            ConfigError: If the tokenizer cannot be loaded.
        """
        return token_counter(self.tokenizer)

    def for_stream(self, stream: Stream, num_tokens: int | None = None) -> Capacity:
        """Return the limits for a stream; a share gives at least one entry, or the tokens of an average turn.

        Args:
            stream: The stream.
            num_tokens: Tokens of its turns as they would be stored, where they have been counted.
        """
        num_turns = max(1, sum(len(chunk.turns) for chunk in stream.chunks))
        entry_share = self._entry_share(num_turns)
        token_share = entry_share if self.token_share is None else self.token_share
        max_entries, max_tokens = self.max_entries, self.max_tokens
        if max_entries is None and not math.isinf(entry_share):
            max_entries = max(1, round(entry_share * num_turns))
        if max_tokens is None and not math.isinf(token_share):
            token_share = max(token_share, 1 / num_turns)
            max_tokens = max(1, round(token_share * (num_tokens or tokens_of(stream, self.counter))))
        return Capacity(
            max_entries,
            max_tokens,
            self.max_entry_tokens,
            WhenFull(self.when_full),
            self.max_core_tokens,
            self.tokenizer,
        )

    def _entry_share(self, num_turns: int) -> float:
        """Return the most entries as a share of the turns; infinity for no limit."""
        if self.max_entries is not None:
            return self.max_entries / num_turns
        if self.capacity_share is not None:
            return self.capacity_share
        has_tokens = self.max_tokens is not None or self.token_share is not None
        return math.inf if has_tokens else DEFAULT_CAPACITY_SHARE


def describe_limits(limits: Mapping[str, Any]) -> str:
    """Return the limits of a store in words, such as `a store of 20% of the turns and tokens`.

    Args:
        limits: Fields of `CapacitySettings` by name, in plain values; None, infinity and `UNLIMITED` are no
            limit. Where there is no `token_share`, an earlier version wrote them, which limited entries
            alone.
    """
    entries, share, tokens, token_share = (
        None if limits.get(name) in (math.inf, UNLIMITED) else limits.get(name)
        for name in ("max_entries", "capacity_share", "max_tokens", "token_share")
    )
    has_own = limits.get("max_tokens") is not None or limits.get("token_share", math.inf) is not None
    described = []
    if entries is not None:
        described.append(f"{entries} entries{'' if has_own else ' with the tokens of as many turns'}")
    elif share is not None:
        described.append(f"{100 * share:.4g}% of the turns{'' if has_own else ' and tokens'}")
    if tokens is not None:
        described.append(f"{tokens} tokens")
    elif token_share is not None:
        described.append(f"{100 * token_share:.4g}% of the tokens")
    store = f"a store of {' and '.join(described)}" if described else "a store without limit"
    tokenizer = limits.get("tokenizer")
    return f"{store}, tokens counted by {tokenizer}" if tokenizer else store


def tokens_of(stream: Stream, counter: TokenCounter) -> int:
    """Return the tokens of a stream's turns as they would be stored."""
    return sum(counter.count(render_turn(turn)) for chunk in stream.chunks for turn in chunk.turns)


def check_positive(name: str, value: int) -> int:
    """Return the value.

    Raises:
        ConfigError: If it is not a positive whole number.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{name} is {value!r}; give a positive whole number.")
    return value
