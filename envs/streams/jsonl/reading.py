"""Streams as JSON Lines, one stream a line: reading, checking, writing. docs/data.md describes the format."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from memdojo.errors import DataError

from ...types import Stream
from ..files import atomic_writer, user_path
from ..json_text import JsonError, JsonSyntaxError, parse_json, require_text
from ..problems import Problem
from ..source import StreamSource
from .rules import find_problems
from .schema import StreamRow, stream_to_dict

__all__ = ["check_file", "read_jsonl", "scan_jsonl", "stream_from_dict", "stream_to_dict", "write_jsonl"]


def stream_from_dict(record: Mapping[str, Any], source: str = "") -> Stream:
    """Return the stream that `stream_to_dict` turned into a JSON object.

    Raises:
        DataError: If the object breaks a rule of the format; the message has the first problem.
    """
    if problems := find_problems(record):
        raise DataError(_first_of(problems))
    return StreamRow.model_validate(record).record(source)


def read_jsonl(path: str | Path) -> Iterator[Stream]:
    """Yield the streams of a file, one line in memory at a time; `source` is `jsonl:PATH`.

    Raises:
        DataError: At once if the file cannot be opened, and at its turn for a line that breaks a rule, with
            file, line, field, rule and remedy.
    """
    return (StreamRow.model_validate(record).record(f"jsonl:{path}") for record in sound_records(path))


def sound_records(
    path: str | Path, find: Callable[[object, int], list[Problem]] = find_problems
) -> Iterator[object]:
    """Yield the parsed JSON of every line. Arguments are those of `scan_jsonl`, errors of `read_jsonl`."""
    lines = scan_jsonl(path, find)
    first = next(lines, None)

    def records() -> Iterator[object]:
        item = first
        while item is not None:
            record, problems = item
            if problems:
                raise DataError(f"{path}: {_first_of(problems)}")
            yield record
            item = next(lines, None)

    if first is not None and first[1] and first[1][0].line is None:
        raise DataError(f"{path}: {first[1][0]}.")
    return records()


def write_jsonl(streams: Iterable[Stream], path: str | Path) -> int:
    """Write streams to a file, whole or not at all, and return how many there were.

    Raises:
        DataError: If a stream breaks a rule of the format, two streams share an id, there is none, or the
            file system refuses. What lay under `path` before is then untouched.
    """
    num_streams = 0
    ids: dict[str, int] = {}
    with atomic_writer(path) as file:
        for stream in streams:
            num_streams += 1
            record = stream_to_dict(stream)
            problems = find_problems(record) + _repeated_id(record, num_streams, ids)
            if problems:
                raise DataError(f"stream {stream.id!r} cannot be written to {path}: {_first_of(problems)}")
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
        if not num_streams:
            raise DataError(f"there is no stream to write to {path}; give at least one.")
    return num_streams


def scan_jsonl(
    path: str | Path, find: Callable[[object, int], list[Problem]] = find_problems
) -> Iterator[tuple[object, list[Problem]]]:
    """Yield, for every line, its parsed JSON with everything that is wrong with it.

    Args:
        path: Of the file.
        find: Returns what is wrong with the parsed JSON of a line of that number.

    A file that cannot be opened or is empty yields one item whose problem has no line. Never raises
    `DataError`, so that a checker can go on to the end.
    """
    ids: dict[str, int] = {}
    line = num_streams = 0
    try:
        found = user_path(path)
    except DataError as error:
        yield None, [Problem(None, "", str(error).rstrip("."), "check the path")]
        return
    try:
        with open(found, "rb") as file:
            for line, raw in enumerate(file, start=1):
                if line == 1:
                    raw = raw.removeprefix(codecs.BOM_UTF8)
                if not raw.strip():
                    continue
                num_streams += 1
                record, problems = _parse(raw, line)
                if not problems:
                    problems = find(record, line) + _repeated_id(record, line, ids)
                yield record, problems
    except FileNotFoundError:
        yield None, [Problem(None, "", "the file does not exist", "check the path")]
        return
    except OSError as error:
        remedy = (
            "give a file" if isinstance(error, IsADirectoryError) else "check the file and its permissions"
        )
        yield None, [Problem(line + 1 if line else None, "", f"cannot be read ({error.strerror})", remedy)]
        return
    if not num_streams:
        yield None, [Problem(None, "", "the file is empty", "write one stream a line")]


def _parse(raw: bytes, line: int) -> tuple[object, list[Problem]]:
    """Return the JSON value of a line, or the one problem that it cannot be parsed for."""
    try:
        if line == 1:
            require_text(raw[:32])
        return parse_json(raw.decode("utf-8")), []
    except UnicodeDecodeError as error:
        what = f"byte {error.start + 1} is not UTF-8"
        return None, [Problem(line, "", what, "save the file in the encoding UTF-8")]
    except JsonSyntaxError as error:
        remedy = "write one whole JSON object on the line; a line that breaks off was cut short"
        return None, [Problem(line, "", error.what, remedy)]
    except JsonError as error:
        return None, [Problem(line, error.where, error.what, error.remedy)]


def _repeated_id(record: object, line: int, ids: dict[str, int]) -> list[Problem]:
    """Enter the stream's id into `ids`; return a problem if an earlier line has it."""
    id = record.get("id") if isinstance(record, dict) else None
    if not isinstance(id, str) or ids.setdefault(id, line) == line:
        return []
    what = f"the stream id {id!r} is also that of line {ids[id]}"
    return [Problem(line, "id", what, "give every stream of the file an id of its own")]


def _first_of(problems: list[Problem]) -> str:
    more = len(problems) - 1
    return f"{problems[0]}." + (f" ({more} more: `memdojo data check` lists all.)" if more else "")


def check_file(path: str | Path) -> list[Problem]:
    """Return every problem of a JSON Lines file in the order of its lines; an empty list if it is usable.

    The rules are those of the reader: a file without problems can be read. Only one line is in memory at a
    time.
    """
    return [problem for _, problems in scan_jsonl(path) for problem in problems]


SOURCE = StreamSource(
    "jsonl",
    read_jsonl,
    description="A file of your own in memdojo's JSON Lines format.",
    options=(),
    takes_path=True,
    check=check_file,
)
