"""Generated dialogues as a stream source, every setting an option."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import partial
from typing import Any

from ...types import Stream
from ..source import StreamSource
from .generator import synthetic_streams
from .genre import FRIENDS_TALK, Genre
from .phrasings.partition import SPLITS
from .settings import SyntheticSettings


def load_generated(
    genre: Genre,
    split: str,
    *,
    settings: SyntheticSettings | None = None,
    seed: int = 0,
    num_streams: int = 16,
    **changes: Any,
) -> Iterator[Stream]:
    """Return an iterator over generated streams.

    Args:
        genre: Their kind.
        split: One of `SPLITS`.
        settings: Of the generator; the defaults of the genre if left out.
        seed: Not negative.
        num_streams: How many there are.
        **changes: Fields of `settings` that are to have other values.

    Raises:
        UnknownNameError: If there is no such split.
        ConfigError: If a value makes no stream.
    """
    base = genre.defaults if settings is None else settings
    return synthetic_streams(dataclasses.replace(base, **changes), split, seed, num_streams, genre)


def source_of(genre: Genre, description: str) -> StreamSource:
    """Return the stream source of a genre."""
    return StreamSource(
        genre.name,
        partial(load_generated, genre),
        SPLITS,
        description,
        ("settings", "seed", "num_streams", *(field.name for field in dataclasses.fields(genre.defaults))),
        default_split="train",
    )


SOURCE = source_of(
    FRIENDS_TALK,
    "Generated dialogues of people with a life; any length, difficulty by option. By default train.",
)
