"""Generated streams of tasks as a stream source, every setting an option."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from ...types import Stream
from ..source import StreamSource
from ..synthetic.phrasings.partition import SPLITS
from .generator import NAME, experience_streams
from .settings import ExperienceSettings


def load_experience(
    split: str,
    *,
    settings: ExperienceSettings | None = None,
    seed: int = 0,
    num_streams: int = 16,
    **changes: Any,
) -> Iterator[Stream]:
    """Return an iterator over generated streams of tasks.

    Args:
        split: One of `SPLITS`.
        settings: Of the generator; the defaults if left out.
        seed: Not negative.
        num_streams: How many there are.
        **changes: Fields of `settings` that are to have other values.

    Raises:
        UnknownNameError: If there is no such split.
        ConfigError: If a value makes no stream.
    """
    base = ExperienceSettings() if settings is None else settings
    return experience_streams(dataclasses.replace(base, **changes), split, seed, num_streams)


SOURCE = StreamSource(
    NAME,
    load_experience,
    SPLITS,
    "Generated tasks of families whose rules only experience tells; difficulty by option. By default train.",
    ("settings", "seed", "num_streams", *(field.name for field in dataclasses.fields(ExperienceSettings))),
    default_split="train",
)
