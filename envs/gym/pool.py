"""`StreamPool`, the streams that an environment plays, and the order in which it plays them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from memdojo.errors import ConfigError, DataError, unknown_name

from ..episodes.context import StreamContext
from ..episodes.limits import check_positive
from ..streams.chunking import rechunk
from ..streams.registry import load_streams
from ..types import Stream

DEFAULT_STREAMS = "synthetic:train"


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
