import dataclasses
import errno
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memdojo.envs.streams.jsonl.reading import read_jsonl, stream_from_dict, stream_to_dict, write_jsonl
from memdojo.envs.types import Add, Chunk, Noop, PlannedOperation, Question, Stream, Turn, Update
from memdojo.errors import DataError

TIME = datetime(2023, 5, 8, 13, 56)
STREAM = Stream(
    "s1",
    "g1",
    chunks=(
        Chunk(
            0,
            (Turn("t1", "Ann", "I live in Rome. Zürich was “cold” 🥶", TIME), Turn("t2", "Ben", "Oh?")),
            "day 1",
            TIME,
        ),
        Chunk(1, (Turn("t3", "Ann", "Now in Oslo."),), "day 2"),
    ),
    questions=(
        Question(
            "q1",
            "Where did Ann live first?",
            ("Rome", "in Rome"),
            "1",
            frozenset({"t1"}),
            0,
            False,
            TIME,
            "locomo",
        ),
        Question("q2", "What is Ben's job?", (), "5", unanswerable=True),
    ),
    oracle=MappingProxyType(
        {
            "t1": (PlannedOperation(Add.kind, "Ann lives in Rome"),),
            "t2": (PlannedOperation(Noop.kind),),
            "t3": (PlannedOperation(Update.kind, "Ann lives in Oslo", "t1"),),
        }
    ),
)
"""A stream that uses every field."""


def _record() -> dict[str, Any]:
    """The smallest sensible line, as parsed JSON."""
    return {
        "id": "s1",
        "group": "g1",
        "chunks": [
            {"turns": [{"id": "t1", "speaker": "Ann", "text": "I live in Rome."}]},
            {"turns": [{"id": "t2", "speaker": "Ben", "text": "I see."}]},
        ],
        "questions": [{"id": "q1", "text": "Where does Ann live?", "answers": ["Rome"], "evidence": ["t1"]}],
    }


def test_streams_survive_writing_and_reading(tmp_path: Path) -> None:
    path = tmp_path / "streams.jsonl"
    streams = [dataclasses.replace(STREAM, id="a"), dataclasses.replace(STREAM, id="b")]
    assert write_jsonl(streams, path) == 2
    assert list(read_jsonl(path)) == [dataclasses.replace(s, source=f"jsonl:{path}") for s in streams]


def test_the_written_bytes_are_the_same_each_time(tmp_path: Path) -> None:
    stream = dataclasses.replace(
        STREAM, questions=(Question("q", "?", ("x",), evidence=frozenset({"t3", "t1", "t2"})),)
    )
    write_jsonl([stream], tmp_path / "a")
    write_jsonl([stream], tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert json.loads((tmp_path / "a").read_text("utf-8"))["questions"][0]["evidence"] == ["t1", "t2", "t3"]


_texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)


@given(
    texts=st.lists(_texts, min_size=1, max_size=4),
    answers=st.lists(_texts, max_size=2),
    time=st.none() | st.datetimes() | st.datetimes(timezones=st.just(UTC)),
)
@settings(max_examples=50)
def test_any_stream_survives_the_json_object(
    texts: list[str], answers: list[str], time: datetime | None
) -> None:
    chunks = tuple(Chunk(n, (Turn(f"t{n}", "Ann", text, time),), text, time) for n, text in enumerate(texts))
    questions = (
        Question("q", texts[0], tuple(answers), evidence=frozenset({"t0"}), unanswerable=not answers),
    )
    stream = Stream("s", "g", chunks, questions)
    assert stream_from_dict(json.loads(json.dumps(stream_to_dict(stream)))) == stream


def test_index_and_defaults_may_be_left_out() -> None:
    stream = stream_from_dict(_record())
    assert [chunk.index for chunk in stream.chunks] == [0, 1]
    assert stream.questions[0] == Question("q1", "Where does Ann live?", ("Rome",), "", frozenset({"t1"}))
    assert stream.oracle == {}


def test_a_turn_without_a_time_has_that_of_its_chunk_unless_it_is_null() -> None:
    record = _record()
    record["chunks"][0]["time"] = "2023-05-08T13:56:00"
    time = datetime(2023, 5, 8, 13, 56)
    assert stream_from_dict(record).turns[0].time == time
    record["chunks"][0]["turns"][0]["time"] = None
    assert stream_from_dict(record).turns[0].time is None
    record["chunks"][0]["turns"][0]["time"] = "2023-05-08T14:00:00"
    assert stream_from_dict(record).turns[0].time == datetime(2023, 5, 8, 14)


def test_reading_is_lazy_and_names_the_line_at_its_turn(tmp_path: Path) -> None:
    path = tmp_path / "streams.jsonl"
    path.write_text(json.dumps(_record()) + "\n\n{broken\n", "utf-8")
    streams = read_jsonl(path)
    assert next(streams).id == "s1"
    with pytest.raises(DataError, match=r"streams.jsonl: line 3: not valid JSON at column 2"):
        next(streams)


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "streams.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(_record()).encode() + b"\r\n")
    assert [stream.id for stream in read_jsonl(path)] == ["s1"]


def test_a_missing_or_empty_file_is_refused_before_the_first_stream(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.jsonl: the file does not exist; check the path"):
        read_jsonl(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(DataError, match=r"empty\.jsonl: the file is empty; write one stream a line"):
        read_jsonl(tmp_path / "empty.jsonl")
    with pytest.raises(DataError, match="cannot be read"):
        read_jsonl(tmp_path)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    write_jsonl([dataclasses.replace(STREAM, id="a"), dataclasses.replace(STREAM, id="b")], path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"line 2: not valid JSON.*a line that breaks off was cut short"):
        list(read_jsonl(path))


def test_an_error_says_how_many_more_problems_there_are() -> None:
    record = _record()
    del record["group"]
    record["questions"][0]["answers"] = []
    with pytest.raises(DataError, match=r"^group: the field is missing; add 'group'. \(1 more: "):
        stream_from_dict(record)


def test_a_stream_that_could_not_be_read_back_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "streams.jsonl"
    path.write_text("before")
    bad = dataclasses.replace(STREAM, id="bad", questions=(Question("q", "Who?", ()),))
    with pytest.raises(DataError, match=r"stream 'bad' cannot be written .* no answer"):
        write_jsonl([STREAM, bad], path)
    with pytest.raises(DataError, match="'s1' is also that of line 1"):
        write_jsonl([STREAM, STREAM], path)
    with pytest.raises(DataError, match="no stream to write"):
        write_jsonl([], path)
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["streams.jsonl"]


def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "streams.jsonl"
    path.write_text("before")

    def full_disk(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(DataError, match="was not written, nothing was changed: No space left on device"):
        write_jsonl([STREAM], path)
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["streams.jsonl"]


def test_an_error_of_the_source_while_writing_leaves_nothing_behind(tmp_path: Path) -> None:
    def streams() -> Iterator[Stream]:
        yield STREAM
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        write_jsonl(streams(), tmp_path / "streams.jsonl")
    assert os.listdir(tmp_path) == []
