"""Files of recorded episodes, appended one by one, so that an evaluation can be resumed."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from memdojo.envs.streams.files import user_path, write_whole
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError, DataError

from .damage import told_as_damage
from .plain_values import from_plain, to_plain
from .types import EpisodeRecord

EPISODES, STREAMS = "episodes.jsonl.gz", "streams.jsonl.gz"

RECORD_VERSION = 1

_BLOCK = 1 << 16

Key = tuple[str, int, str]
"""Policy, repetition and stream of an episode."""


@dataclass(frozen=True, slots=True)
class EpisodeFolder:
    """Where the episodes of an evaluation are recorded, and which of those that are there count.

    Attributes:
        path: The folder; it is made where it is missing.
        fingerprints: What tells a policy from others of its name, by name, such as the digest of its weights:
            episodes of one with another fingerprint are played again.
        replace_others: Remove episodes that were recorded under other conditions instead of refusing them.
    """

    path: str | Path
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    replace_others: bool = False

    def inside(self, name: str) -> EpisodeFolder:
        """Return a folder in this one, with the same rules."""
        return dataclasses.replace(self, path=Path(self.path).expanduser() / name)


class EpisodeFile:
    """The recorded episodes of an evaluation, in a folder.

    `episodes.jsonl.gz` has a line that says under which conditions they were played, then one for each
    episode (see `records`). Each line is a gzip member of its own, so that an episode is on the disk as soon
    as it was played, and a line that was cut off by a kill is dropped when the file is opened again. Of two
    lines of one episode the later counts. `streams.jsonl.gz` has the streams.

    Args:
        folder: Made where it is missing.
        conditions: What the episodes depend on beside the policies, in plain values.
        streams: Those that are played.
        fingerprints: What tells a policy from others of its name, by name. Episodes of a policy whose
            fingerprint has changed are not taken for its own.
        replace_others: Remove episodes that were played under other conditions or on other streams.

    Raises:
        ConfigError: If the folder has such episodes and they are not to be removed.
        DataError: If its files cannot be read or written.
    """

    def __init__(
        self,
        folder: str | Path,
        conditions: Mapping[str, Any],
        streams: Sequence[Stream],
        fingerprints: Mapping[str, str] | None = None,
        replace_others: bool = False,
    ) -> None:
        self.folder = Path(folder).expanduser()
        self._path = self.folder / EPISODES
        self._fingerprints = dict(fingerprints or {})
        self._places: dict[Key, int] = {}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"the folder {self.folder} cannot be made: {error.strerror or error}."
            ) from error
        conditions = json.loads(json.dumps(to_plain(conditions)))
        try:
            self._open(conditions, streams)
        except ConfigError:
            if not replace_others:
                raise
            self._path.unlink(missing_ok=True)
            (self.folder / STREAMS).unlink(missing_ok=True)
            self._open(conditions, streams)

    def known(self, policy: str, repetition: int, stream: str) -> EpisodeRecord | None:
        """Return the episode if it was recorded of the same policy."""
        place = self._places.get((policy, repetition, stream))
        if place is None:
            return None
        with told_as_damage(self._path):
            record = from_plain(EpisodeRecord, json.loads(_member_at(self._path, place)))
        return record if record.fingerprint == self.fingerprint(policy) else None

    def fingerprint(self, policy: str) -> str:
        """Return what tells the policy from others of its name; "" if nothing was given."""
        return self._fingerprints.get(policy, "")

    def add(self, record: EpisodeRecord) -> None:
        """Write an episode to the disk; it replaces an earlier one of the same policy, repetition and stream.

        Raises:
            DataError: If the file system refuses; the file is then as it was.
        """
        place = self._append(to_plain(record))
        self._places[record.policy, record.repetition, record.stream] = place

    def _open(self, conditions: Mapping[str, Any], streams: Sequence[Stream]) -> None:
        self._places = {}
        if self._path.exists():
            self._read_places(conditions)
        self._write_streams(streams)
        if not self._path.exists():
            self._append({"version": RECORD_VERSION, "conditions": conditions})

    def _read_places(self, conditions: Mapping[str, Any]) -> None:
        end = 0
        with told_as_damage(self._path):
            for place, end, line in _members(self._path):  # noqa: B007  # The end of the last whole line counts.
                value = json.loads(line)
                if place == 0:
                    _check_conditions(self.folder, value, conditions)
                    continue
                self._places[value["policy"], value["repetition"], value["stream"]] = place
        if end < self._path.stat().st_size:
            os.truncate(self._path, end)
        if not end:
            self._path.unlink()

    def _append(self, value: Any) -> int:
        line = _compressed(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")
        place = self._path.stat().st_size if self._path.exists() else 0
        try:
            with open(self._path, "ab") as file:
                file.write(line)
        except OSError as error:
            if self._path.exists():
                os.truncate(self._path, place)
            raise DataError(f"{self._path} cannot be written: {error.strerror or error}.") from error
        return place

    def _write_streams(self, streams: Sequence[Stream]) -> None:
        path = self.folder / STREAMS
        known = {stream.id: stream for stream in read_streams(self.folder)} if path.exists() else {}
        for stream in streams:
            if known.setdefault(stream.id, stream) != stream:
                raise ConfigError(
                    f"{self.folder} has episodes on another stream {stream.id!r} than the one given; choose "
                    "another folder."
                )
        lines = "".join(json.dumps(to_plain(stream), ensure_ascii=False) + "\n" for stream in known.values())
        write_whole(path, _compressed(lines))


def read_episodes(folder: str | Path) -> Iterator[EpisodeRecord]:
    """Yield the recorded episodes of a folder, one in memory at a time, each in its latest version.

    Raises:
        DataError: If there are none or the file is damaged.
    """
    path = user_path(folder) / EPISODES
    latest: dict[Key, int] = {}
    with told_as_damage(path):
        for place, _, line in _members(path):
            value = json.loads(line)
            if place:
                latest[value["policy"], value["repetition"], value["stream"]] = place
    for place in latest.values():
        with told_as_damage(path):
            record = from_plain(EpisodeRecord, json.loads(_member_at(path, place)))
        yield record


def read_conditions(folder: str | Path) -> dict[str, Any]:
    """Return under which conditions the episodes of a folder were played.

    Raises:
        DataError: If the folder has no recorded episodes.
    """
    path = user_path(folder) / EPISODES
    with told_as_damage(path):
        for _, _, line in _members(path):
            return dict[str, Any](json.loads(line)["conditions"])
    raise DataError(f"{path} is empty; run memdojo eval ... --out {folder} again.")


def read_streams(folder: str | Path) -> list[Stream]:
    """Return the streams on which the episodes of a folder were played.

    Raises:
        DataError: If there are none or the file is damaged.
    """
    path = user_path(folder) / STREAMS
    try:
        lines = gzip.decompress(path.read_bytes()).split(b"\n")[:-1]
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; give a folder that memdojo eval --out wrote.") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    with told_as_damage(path):
        return [_frozen(from_plain(Stream, json.loads(line))) for line in lines]


def _frozen(stream: Stream) -> Stream:
    return dataclasses.replace(stream, oracle=MappingProxyType(dict(stream.oracle)))


def _check_conditions(folder: Path, head: Any, conditions: Mapping[str, Any]) -> None:
    if head.get("version") != RECORD_VERSION:
        raise DataError(
            f"{folder / EPISODES} has version {head.get('version')}, and this memdojo reads "
            f"{RECORD_VERSION}; choose another folder."
        )
    before = head["conditions"]
    for name in sorted(before.keys() | conditions.keys()):
        if before.get(name) != conditions.get(name):
            raise ConfigError(
                f"{folder} has episodes that were played with {name} = {before.get(name)!r}, and now it is "
                f"{conditions.get(name)!r}; choose another folder, or remove {folder / EPISODES}."
            )


def _members(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Yield where each gzip member begins and ends, with its bytes, but for a last one that was cut off."""
    place, rest = 0, b""
    with _opened(path) as file:
        while (member := _next_member(file, rest, path)) is not None:
            line, length, rest = member
            yield place, place + length, line
            place += length


def _member_at(path: Path, place: int) -> bytes:
    with _opened(path) as file:
        file.seek(place)
        member = _next_member(file, b"", path)
    if member is None:
        raise DataError(f"{path} is cut short; run the evaluation again.")
    return member[0]


def _next_member(file: BinaryIO, rest: bytes, path: Path) -> tuple[bytes, int, bytes] | None:
    """Return a member's bytes, its length on the disk and what was read beyond it; None at the end."""
    member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    pieces, length = [], 0
    while not member.eof:
        piece = rest or file.read(_BLOCK)
        if not piece:
            return None
        try:
            pieces.append(member.decompress(piece))
        except zlib.error as error:
            raise DataError(
                f"{path} is damaged ({error}); remove it and run the evaluation again."
            ) from error
        rest = member.unused_data
        length += len(piece) - len(rest)
    return b"".join(pieces), length, rest


def _opened(path: Path) -> BinaryIO:
    try:
        return open(path, "rb")
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; give a folder that memdojo eval --out wrote.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def _compressed(text: str) -> bytes:
    # Without a time stamp, so that equal episodes are equal bytes.
    return gzip.compress(text.encode("utf-8", "replace"), compresslevel=6, mtime=0)
