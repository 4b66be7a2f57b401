"""Records of the files that data sets come in: a JSON list, JSON Lines or Parquet, by the file's ending."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from memdojo.errors import DataError, MissingDependencyError, cut_short

from ...types import Stream
from ..json_text import JsonError, parse_json, read_json
from ..jsonl.rules import check_stream

_Value = TypeVar("_Value")

_HARMLESS = re.compile(
    r"chunks\[\d+\]\.turns\[\d+\]\.text: the text is blank;.*|questions: the list is empty;.*"
)
"""Problems of streams that published files have."""

Row = Mapping[str, Any]


def read_rows(file: Path, obtain: str) -> list[Row]:
    """Return the rows of a file, at least one; each is a JSON object or a record of the Parquet table.

    Args:
        file: Ends in `.parquet`, or in `.jsonl` for one object a line; any other file holds one JSON list,
            or one object.
        obtain: One sentence for the error: where the file comes from.

    Raises:
        DataError: If the file cannot be read or holds something else.
        MissingDependencyError: If the file is Parquet and pyarrow is not installed.
    """
    rows = _parquet_rows(file, obtain) if file.suffix == ".parquet" else read_json(file, obtain)
    if isinstance(rows, dict):
        rows = [rows]
    if not isinstance(rows, list) or not rows:
        raise DataError(f"{file} does not hold a list with at least one element. {obtain}")
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise DataError(f"{file}: row {number} is {cut_short(repr(row))}, not an object. {obtain}")
    return rows


def field_of(row: object, name: str, kind: type[_Value], where: str, obtain: str = "") -> _Value:
    """Return a field of a row.

    Raises:
        DataError: If it is missing or of another type; `where` opens the message, and `obtain` ends it, which
            says in one sentence where the file comes from.
    """
    value = row.get(name) if isinstance(row, Mapping) else None
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        what = f"{where}: field {name!r} is {cut_short(repr(value))}, not of type {kind.__name__}."
        raise DataError(f"{what} {obtain}".rstrip())
    return value


def decoded_field(row: object, name: str, where: str) -> list[Any]:
    """Return a field that is a list, or a text that holds a JSON list.

    Raises:
        DataError: If it is neither, or empty; `where` opens the message.
    """
    value = row.get(name) if isinstance(row, Mapping) else None
    if isinstance(value, str):
        try:
            value = parse_json(value)
        except JsonError as error:
            raise DataError(f"{where}: field {name!r} is {error}.") from None
    if not isinstance(value, list) or not value:
        raise DataError(
            f"{where}: field {name!r} is {cut_short(repr(value))}, not a list with at least one element."
        )
    return value


def checked(stream: Stream, where: str, obtain: str) -> Stream:
    """Return a stream that was made of a file.

    Single turns without a word, and a stream without a question, are in published files and do no harm.

    Raises:
        DataError: If it breaks another rule of streams: ids that repeat, questions without a text, and so on.
            `where` opens the message, and `obtain` ends it, which says where the file comes from.
    """
    is_silent = not any(turn.text.strip() for turn in stream.turns)
    problems = [each for each in check_stream(stream) if is_silent or not _HARMLESS.fullmatch(str(each))]
    if problems:
        raise DataError(f"{where}: {problems[0]}. {obtain}")
    return stream


def _parquet_rows(file: Path, obtain: str) -> Any:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import read_table
    except ImportError as error:
        raise MissingDependencyError(
            f"{file} is a Parquet file, which needs pyarrow, which is not installed: "
            "pip install 'memdojo[data]'"
        ) from error
    try:
        return read_table(file).to_pylist()
    except (OSError, ArrowException, ValueError, OverflowError) as error:
        # The last two come of values: texts that are not UTF-8, times that no calendar has.
        raise DataError(f"{file} cannot be read as Parquet ({error}). {obtain}") from error
