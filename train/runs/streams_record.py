"""The record of the streams that a run has met, so that it does not go on, or is not judged, on others.

streams.json    for each split the spec, and the id and digest of each stream, in their order
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from memdojo.envs.streams.digests import stream_digest
from memdojo.envs.streams.files import atomic_writer
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError, RunFolderError

STREAMS_JSON = "streams.json"

Record = dict[str, list[tuple[str, str]]]
"""Of each source, by `source_label`, the ids and digests of its streams."""


def source_label(split: str, spec: str, options: Mapping[str, Any]) -> str:
    """Return the name of a source in a record: `test: synthetic:test (num_streams=24)`."""
    told = ", ".join(f"{name}={options[name]}" for name in sorted(options))
    return f"{split}: {spec}{f' ({told})' if told else ''}"


def record_streams(run: Path, sources: Mapping[str, Sequence[Stream]]) -> None:
    """Keep which streams a run has, or compare them with those that it had.

    A run that has no record, as those of before, gets one. A source that the record does not have is new to
    the run, which only test streams can be.

    Args:
        run: Its folder.
        sources: All of its streams, by `source_label`.

    Raises:
        ConfigError: If a source has changed; it says which, and how.
        RunFolderError: If the record is damaged.
        DataError: If it cannot be written.
    """
    before, now = read_record(run), {label: _record(streams) for label, streams in sources.items()}
    for label, streams in now.items():
        change = describe_change(before.get(label, streams), streams)
        if change:
            is_test = label.startswith("test:")
            raise ConfigError(
                f"streams.{label} is not what it was when the run {run} began: {change}. Restore the data, "
                f"{'name others by streams.test, ' if is_test else ''}or start a new run under another name."
            )
    if now != before:
        with atomic_writer(run / STREAMS_JSON) as file:
            json.dump(now, file, indent=1)


def changed_since(run: Path, label: str, streams: Sequence[Stream]) -> str:
    """Say in a sentence how the streams of a source differ from those that a run had.

    Args:
        run: Its folder.
        label: The source's, from `source_label`.
        streams: What the source has now.

    Returns:
        The sentence; "" if they do not differ, or the run has no record of the source.

    Raises:
        RunFolderError: If the record is damaged.
    """
    before = read_record(run).get(label)
    change = "" if before is None else describe_change(before, _record(streams))
    if not change:
        return ""
    return (
        f"streams.{label} is not what it was when the run {run} was trained: {change}. Scores on it do not "
        "compare with those of before."
    )


def read_record(run: Path) -> Record:
    """Return the record of a run; an empty one if it has none.

    Raises:
        RunFolderError: If it is damaged.
    """
    path = run / STREAMS_JSON
    try:
        return TypeAdapter(Record).validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no record of streams"
        raise RunFolderError(
            f"{path} cannot be read ({why}); restore it, or remove it, and nobody notices if the run's data "
            "has changed."
        ) from error


def describe_change(before: Sequence[tuple[str, str]], now: Sequence[tuple[str, str]]) -> str:
    """Say how streams, as ids and digests, differ from those of before; "" if they are the same in order."""
    if list(before) == list(now):
        return ""
    if Counter(before) == Counter(now):
        return "the same streams come in another order"
    digests, others = dict(before), dict(now)
    kinds = (
        ("say something else", [id for id in digests if others.get(id, digests[id]) != digests[id]]),
        ("are missing", [id for id in digests if id not in others]),
        ("are new", [id for id in others if id not in digests]),
    )
    told = [f"{len(ids)} streams {what}, such as {ids[0]!r}" for what, ids in kinds if ids]
    return "; ".join(told) or f"{len(before)} streams became {len(now)}"


def _record(streams: Sequence[Stream]) -> list[tuple[str, str]]:
    return [(stream.id, stream_digest(stream)) for stream in streams]
