"""What the environments' arguments mean: which streams, how much memory, what pays, who finds and answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from memdojo.errors import ConfigError, DataError, unknown_name
from memdojo.rewards import Reward, parse_reward

from ..answering import Answerer, CachedAnswerer, ExtractiveAnswerer
from ..episodes.archive import Granularity
from ..episodes.context import StreamContext
from ..memory.retrieval.protocol import Retriever
from ..memory.retrieval.retrievers import make_retriever
from ..streams.chunking import rechunk
from ..streams.registry import load_streams
from ..types import DEFAULT_CORE_TOKENS, Capacity, Stream, WhenFull

DEFAULT_STREAMS = "synthetic:train"
DEFAULT_CAPACITY_SHARE = 0.25


class StreamPool:
    """The streams that an environment plays, each with what all of its episodes share.

    Environments of one process may share a pool: then each stream is analysed once for all of them.

    Args:
        streams: A spec such as `synthetic:train` or `locomo:memory_r1/train`, or the streams themselves.
        stream_options: What the source of the spec takes; only with a spec.
        turns_per_chunk: Cut the streams into chunks of this many turns; None takes them as they are cut.

    Raises:
        UnknownNameError: If source, split or option is unknown, with the near matches.
        ConfigError: If options come with streams that are loaded already.
        DataError: If there is no stream, or two have one id.
    """

    def __init__(
        self,
        streams: str | Sequence[Stream] = DEFAULT_STREAMS,
        stream_options: Mapping[str, Any] | None = None,
        turns_per_chunk: int | None = None,
    ) -> None:
        if isinstance(streams, str):
            loaded: Sequence[Stream] = load_streams(streams, **(stream_options or {}))
        elif stream_options:
            raise ConfigError(
                f"stream_options {dict(stream_options)!r} came with streams that are loaded already; "
                "give a spec such as 'synthetic:train' with them, or leave them out."
            )
        else:
            loaded = streams
        if turns_per_chunk is not None:
            check_positive("turns_per_chunk", turns_per_chunk)
            loaded = [rechunk(stream, turns_per_chunk) for stream in loaded]
        self.streams = tuple(loaded)
        self._index = {stream.id: index for index, stream in enumerate(self.streams)}
        if not self.streams:
            raise DataError("there is no stream to play; give at least one.")
        if len(self._index) < len(self.streams):
            raise DataError("two streams have the same id; ids are unique within a pool.")
        self._contexts: dict[int, StreamContext] = {}

    @classmethod
    def of(
        cls,
        streams: str | Sequence[Stream] | StreamPool,
        stream_options: Mapping[str, Any] | None = None,
        turns_per_chunk: int | None = None,
    ) -> StreamPool:
        """Return the pool itself where one is given, else a new one.

        Raises:
            ConfigError: If a pool comes with options, which belong to its constructor.
        """
        if not isinstance(streams, StreamPool):
            return cls(streams, stream_options, turns_per_chunk)
        if stream_options or turns_per_chunk is not None:
            raise ConfigError(
                "stream_options or turns_per_chunk came with a StreamPool; give them to its constructor."
            )
        return streams

    def __len__(self) -> int:
        return len(self.streams)

    def index(self, stream_id: str) -> int:
        """Return the position of a stream.

        Raises:
            UnknownNameError: If no stream has the id; the message has the near matches.
        """
        if stream_id not in self._index:
            raise unknown_name("stream", str(stream_id), self._index)
        return self._index[stream_id]

    def context(self, index: int) -> StreamContext:
        """Return what the episodes of the stream at this position share; made when first asked for."""
        if index not in self._contexts:
            self._contexts[index] = StreamContext(self.streams[index])
        return self._contexts[index]

    def __reduce__(self) -> tuple[object, ...]:
        # Contexts are large and quickly made again where the pool arrives.
        return StreamPool, (self.streams,)


class StreamOrder:
    """Goes through the streams of a pool in a shuffled order, shuffled anew each time round."""

    def __init__(self, num_streams: int) -> None:
        self._num_streams = num_streams
        self._remaining: list[int] = []

    def restart(self) -> None:
        """Forget the present order, as when a new seed comes."""
        self._remaining.clear()

    def next(self, rng: np.random.Generator) -> int:
        """Return the position of the next stream."""
        if not self._remaining:
            self._remaining = rng.permutation(self._num_streams).tolist()
        return self._remaining.pop()


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


def resolve_reward(reward: Reward | Mapping[str, float]) -> Reward:
    """Return the reward, built where weights are given."""
    return reward if isinstance(reward, Reward) else parse_reward(reward)


def resolve_retriever(retriever: Retriever | str) -> Retriever:
    """Return the retriever, built where a name such as `bm25` or `fusion` is given."""
    return make_retriever(retriever) if isinstance(retriever, str) else retriever


def resolve_answerer(answerer: Answerer | None, reward: Reward) -> Answerer | None:
    """Return who answers: nobody unless the reward grades answers; by default the extractive reader."""
    if not reward.needs_answers:
        return None
    return answerer if answerer is not None else CachedAnswerer(ExtractiveAnswerer())


def check_granularity(granularity: str) -> Granularity:
    """Return the granularity of that name.

    Raises:
        UnknownNameError: If there is none.
    """
    if granularity not in list(Granularity):
        raise unknown_name("granularity", str(granularity), list(Granularity))
    return Granularity(granularity)


def check_positive(name: str, value: int) -> int:
    """Return the value.

    Raises:
        ConfigError: If it is not a positive whole number.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{name} is {value!r}; give a positive whole number.")
    return value
