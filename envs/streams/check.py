"""Check a file of streams and report everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path

from .jsonl import scan_jsonl
from .rules import Problem, check_stream

__all__ = ["Problem", "check_file", "check_stream"]


def check_file(path: str | Path) -> list[Problem]:
    """Return every problem of a JSON Lines file in the order of its lines; an empty list if it is usable.

    The rules are those of the reader: a file without problems can be read. Only one line is in memory at a
    time.
    """
    return [problem for _, problems in scan_jsonl(path) for problem in problems]
