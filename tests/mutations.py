"""Hostile variants of a good file: what disks, editors, programs and people do to data, drawn from a seed."""

from __future__ import annotations

import copy
import gzip
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

DEEP = "[" * 100_000
"""Opens more lists than any parser follows."""

_HOSTILE_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 3, 2**31, 2**63, -(2**64), 10**400, 0.5, -0.0, 1e308),
    *("", " ", "\n", "x", "0", "=1+1", "\x00", "\x1b[31m", "\u202e", "\ud800", "\udfff\ud800", "\u2028"),
    *("D1:1", "../../etc/passwd", "a" * 5000, "1:56 pm on 8 May, 0000", "9999-99-99", "²", "٣", "٣:٣٣"),
    *([], {}, [None], [[]], {"": None}, ["D1:1", 1], [["a", 2**70]], {"a": {"b": []}}, [1e308, "x"]),
)
_HOSTILE_PIECES = (
    *(b"\x00", b"\xff", b"\xef\xbb\xbf", b"\n", b"\r", b"\\", b'"', b"{", b"}", b"[", b"]", b",", b":"),
    *(b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 5000, b'"\\ud800"', b"null", b"-", b"\xe2\x80\xa8"),
    DEEP.encode(),
)


def mutations(content: Any, seed: int, *, lines: bool = False) -> Iterator[bytes]:
    """Yield damaged forms of a JSON file without end.

    Args:
        content: What the good file holds; a list of the lines' values where `lines` is true.
        seed: Decides them.
        lines: Whether the file has one value on each line.
    """
    rng = random.Random(seed)
    whole = _written(content, lines)
    yield from _encodings(whole)
    while True:
        kind = rng.random()
        if kind < 0.7:
            changed = copy.deepcopy(content)
            for _ in range(rng.choice((1, 1, 1, 2, 5))):
                changed = _changed(changed, rng)
            data = _written(changed, lines)
        else:
            data = whole
        if kind > 0.6:
            for _ in range(rng.choice((1, 1, 2, 8))):
                data = damaged_bytes(data, rng)
        yield data


def damaged_forms(path: Path, seed: int) -> Iterator[bytes]:
    """Yield damaged forms of a file without end: damaged bytes, and for JSON by turns also `mutations`."""
    good, rng = path.read_bytes(), random.Random(seed)
    changed = mutations(json.loads(good), seed) if path.suffix == ".json" else None
    while True:
        yield damaged_bytes(good, rng)
        if changed is not None:
            yield next(changed)


def damaged_bytes(data: bytes, rng: random.Random) -> bytes:
    """Return a file with one stretch of its bytes lost, doubled, overwritten or put in."""
    place = rng.randrange(len(data) + 1)
    end = min(len(data), place + rng.choice((1, 1, 4, 64)))
    match rng.randrange(6):
        case 0:
            return data[:place]
        case 1:
            return data[:place] + data[end:]
        case 2:
            return data[:end] + data[place:]
        case 3:
            return data[:place] + bytes([rng.randrange(256)]) + data[place + 1 :]
        case 4:
            return data[:place] + rng.randbytes(end - place) + data[end:]
        case _:
            return data[:place] + rng.choice(_HOSTILE_PIECES) + data[place:]


def _encodings(whole: bytes) -> Iterator[bytes]:
    """Yield the file as other programs save it, and what lies in its place after a failed download."""
    text = whole.decode()
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        yield text.encode(encoding)
    yield from (
        gzip.compress(whole, mtime=0),
        b"PK\x03\x04" + whole,
        whole.replace(b"\n", b"\r\n"),
        whole + b"\x00",
    )
    yield from (
        b"",
        b"\n \n",
        b"\x00" * 100,
        b"<html></html>",
        b"version https://git-lfs.github.com/spec/v1\n",
    )
    yield from (
        DEEP.encode(),
        b'{"a":' * 100_000,
        b"[]",
        b"{}",
        b"[{}]",
        b"null",
        b'"x"',
        b"9" * 5000,
        b"NaN",
    )


def _written(content: Any, lines: bool) -> bytes:
    if lines and isinstance(content, list):
        return "\n".join(map(json.dumps, content)).encode()
    return json.dumps(content).encode()


def _changed(content: Any, rng: random.Random) -> Any:
    """Change one value somewhere in a tree, each as probable as every other."""
    places: list[tuple[Callable[[Any], None], Any]] = []
    holder = [content]
    _collect(holder, places)
    put, value = rng.choice(places)
    match rng.randrange(6):
        case 0 if isinstance(value, list) and value:
            del value[rng.randrange(len(value))]
        case 1 if isinstance(value, list) and value:
            value.insert(rng.randrange(len(value) + 1), copy.deepcopy(rng.choice(value)))
        case 0 | 1 if isinstance(value, dict) and value:
            del value[rng.choice(list(value))]
        case 2 if isinstance(value, dict):
            value[rng.choice(("session_3", "id", "", "\ud800", "time", "answers"))] = rng.choice(
                _HOSTILE_VALUES
            )
        case 3:
            # A copy, for a value inside itself can be written to no file.
            put(copy.deepcopy(rng.choice(places)[1]))
        case 4:
            put([value] if rng.random() < 0.5 else {"x": value})
        case _:
            put(copy.deepcopy(rng.choice(_HOSTILE_VALUES)))
    return holder[0]


def _collect(holder: Any, places: list[tuple[Callable[[Any], None], Any]]) -> None:
    for key, value in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
        places.append((lambda new, holder=holder, key=key: holder.__setitem__(key, new), value))
        if isinstance(value, dict | list):
            _collect(value, places)
