"""`parse_json` and `read_json`: JSON of data files, refused where it holds what no later step can take."""

from __future__ import annotations

import codecs
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from memdojo.errors import DataError, cut_short

MAX_DEPTH = 100
"""How deep lists and objects may lie in one another; no data set comes near it."""

_KINDS_OF_FILES = (
    (b"\x1f\x8b", "compressed (gzip)", "unpack it first"),
    (b"BZh", "compressed (bzip2)", "unpack it first"),
    (b"\xfd7zXZ", "compressed (xz)", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed (zstd)", "unpack it first"),
    (b"PK\x03\x04", "a zip archive", "unpack it first"),
    (codecs.BOM_UTF32_LE, "UTF-32, not UTF-8 text", "save it in the encoding UTF-8"),
    (codecs.BOM_UTF16_LE, "UTF-16, not UTF-8 text", "save it in the encoding UTF-8"),
    (codecs.BOM_UTF16_BE, "UTF-16, not UTF-8 text", "save it in the encoding UTF-8"),
    (b"version https://git-lfs", "a pointer of Git LFS", "fetch the file that it points to"),
    (b"<", "a web page or XML", "download the file itself"),
)
"""Beginnings of files that are no JSON, what they are, and what to do."""


class JsonError(DataError):
    """Text that is no JSON, or holds a value that no data set has.

    Attributes:
        what: What the text is, such as `not valid JSON (NaN is no value)`.
        remedy: What to do about it, a clause.
        where: The field, such as `questions[2].text`; empty where the whole text is meant.
    """

    def __init__(self, what: str, remedy: str, where: str = "") -> None:
        super().__init__(what, remedy, where)
        self.what = what
        self.remedy = remedy
        self.where = where

    def __str__(self) -> str:
        """Return what and remedy as one clause."""
        return f"{self.what}; {self.remedy}"


class JsonSyntaxError(JsonError):
    """Text that is no JSON."""


def require_text(beginning: bytes) -> None:
    """Refuse a file by its first bytes if it is not UTF-8 text at all.

    Raises:
        JsonError: With what the file is instead.
    """
    for magic, what, remedy in _KINDS_OF_FILES:
        if beginning.startswith(magic):
            raise JsonError(what, remedy)


def read_json(file: Path, obtain: str) -> object:
    """Return what a JSON file holds, or the list of what the lines of a file with the ending `.jsonl` hold.

    A byte order mark is skipped.

    Args:
        file: The file.
        obtain: One sentence for the error: where the file comes from.

    Raises:
        DataError: If the file cannot be read, or not parsed; with the line in a file of lines.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from error
    try:
        require_text(data[:32])
    except JsonError as error:
        raise DataError(f"{file} is {error}. {obtain}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not UTF-8 text (byte {error.start}). {obtain}") from error
    if not text.strip():
        raise DataError(f"{file} is empty. {obtain}")
    if file.suffix != ".jsonl":
        return _parse_of(str(file), text, obtain)
    return [
        _parse_of(f"{file}: line {number}", line, obtain)
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip()
    ]


def parse_json(text: str) -> object:
    """Return the value that a text holds.

    Refused, beside what is no JSON: NaN and infinities, numbers too large for a float or of thousands of
    digits, halves of surrogate pairs, a name that stands twice in an object, and what lies deeper than
    `MAX_DEPTH`.

    Raises:
        JsonError: With what is wrong and what to do.
    """
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_finite
        )
    except JsonError:
        raise
    except json.JSONDecodeError as error:
        place = f"column {error.colno}" if error.lineno == 1 else f"line {error.lineno}, column {error.colno}"
        raise JsonSyntaxError(f"not valid JSON at {place} ({error.msg})", "it may be cut short") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        # All that is left is Python's limit of the digits of an integer.
        raise _refused("a number has thousands of digits", "write it as a text") from None
    _check_values(value)
    return value


def _parse_of(where: str, text: str, obtain: str) -> object:
    try:
        return parse_json(text)
    except JsonError as error:
        field = f", {error.where}," if error.where else ""
        raise DataError(f"{where}{field} is {error}. {obtain}") from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(pairs)
    if len(record) < len(pairs):
        [(repeated, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise _refused(
            f"the field {cut_short(repeated, 40)!a} stands twice in one object", "keep one of the two"
        )
    return record


def _refuse_constant(name: str) -> NoReturn:
    raise _refused(f"{name} is no value", "write a finite number, or null")


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise _refused(f"{digits[:20]} is too large for a number", "write a finite number")
    return value


def _check_values(value: object) -> None:
    """Look at every text and at the depth, without recursion."""
    path: list[str | int] = []
    open_levels = [_items_of([value])]
    while open_levels:
        for name, item in open_levels[-1]:
            if isinstance(name, str):
                _check_text(name, path)
            if isinstance(item, str):
                _check_text(item, [*path, name])
            elif isinstance(item, dict | list):
                if len(open_levels) > MAX_DEPTH:
                    raise _too_deep()
                path.append(name)
                open_levels.append(_items_of(item))
                break
        else:
            open_levels.pop()
            if path:
                path.pop()


def _items_of(value: dict[str, object] | list[object]) -> Iterator[tuple[str | int, object]]:
    return iter(value.items() if isinstance(value, dict) else enumerate(value))


def _check_text(text: str, path: Sequence[str | int]) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        # JSON can escape half of a pair, which no file, hash or tokeniser takes. The first part of the path
        # is the place of the whole value in the list that it was put in.
        why = f"the text {cut_short(text, 40)!a} holds half of a surrogate pair"
        raise JsonError(
            f"not valid JSON ({why})", "write the text as valid UTF-8", field_path(path[1:])
        ) from None


def field_path(parts: Iterable[str | int]) -> str:
    """Return how messages name a field, such as `questions[2].text`."""
    where = ""
    for part in parts:
        where += f"[{part}]" if isinstance(part, int) else f".{part}" if where else part
    return where


def _too_deep() -> JsonError:
    return _refused("it is nested too deeply", f"nest lists and objects at most {MAX_DEPTH} deep")


def _refused(why: str, remedy: str) -> JsonError:
    return JsonError(f"not valid JSON ({why})", remedy)
