"""Streams of dialogue: their sources, and how they are checked, split, cut and rendered."""

from .chunking import rechunk
from .jsonl.reading import (
    check_file,
    read_jsonl,
    stream_from_dict,
    stream_to_dict,
    write_jsonl,
)
from .jsonl.rules import check_stream
from .problems import Problem
from .registry import SOURCES, SourceInfo, iter_streams, list_sources, load_streams, register_source
from .rendering import render_entry, render_turn
from .source import StreamSource
from .splits import check_no_leak, split_by_group
from .windows import sample_windows, window

__all__ = [
    "SOURCES",
    "Problem",
    "SourceInfo",
    "StreamSource",
    "check_file",
    "check_no_leak",
    "check_stream",
    "iter_streams",
    "list_sources",
    "load_streams",
    "read_jsonl",
    "rechunk",
    "register_source",
    "render_entry",
    "render_turn",
    "sample_windows",
    "split_by_group",
    "stream_from_dict",
    "stream_to_dict",
    "window",
    "write_jsonl",
]
