"""Mixtures: streams of several sources, each with the weight at which it is drawn in training."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from ..types import Stream
from .registry import load_streams


def load_mixture(specs: Mapping[str, float], options: Callable[[str], Mapping[str, Any]]) -> list[Stream]:
    """Return the streams of all parts, part by part; the `source` of each is the spec of its part.

    Args:
        specs: What the parts are named by. Weights say nothing here: every stream is there once.
        options: Returns the options of a spec.

    Raises:
        UnknownNameError: If a source, split or option is unknown.
        ConfigError: If a spec is malformed or an option has an impossible value.
        DataError: If data is missing or damaged, or a part has no stream.
    """
    return [
        dataclasses.replace(stream, source=spec)
        for spec in specs
        for stream in load_streams(spec, **options(spec))
    ]
