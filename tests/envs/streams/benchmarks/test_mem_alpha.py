import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from memdojo.envs.streams import check_stream, load_streams
from memdojo.envs.streams.benchmarks.mem_alpha import DATA_SETS, SPLITS, data_set_of
from memdojo.errors import ConfigError, DataError, UnknownNameError
from memdojo.rewards.grading import question_metric_names

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def _row(source: str, *asked: tuple[str, object], chunks: tuple[str, ...] = ("A chunk.",)) -> dict[str, Any]:
    pairs = [{"question": question, "answer": answer} for question, answer in asked]
    return {
        "instance_id": 0,
        "data_source": source,
        "chunks": json.dumps(chunks),
        "questions_and_answers": json.dumps(pairs),
        "num_chunks": len(chunks),
    }


CHUNKS = (
    "[Dialogue on 2024-01-03 00:00]\n<User>Ann lives in Rome.\n<Assistant>Noted.",
    "[Event happened on 2024-02-30]\nBen left.",
)
TRAIN = [
    _row("squad", ("Where does Ann live?", "Rome"), ("Who left?", ["Ben", "Ben B."]), chunks=CHUNKS),
    _row("booksum", ("Summarise.", "whale, sea ,Ahab")),
    _row("icl_nlu_8296shot_balance", ("Which label?", "3")),
]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEMDOJO_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "mem_alpha").mkdir()
    _write(tmp_path / "mem_alpha" / "train.parquet", TRAIN)
    return tmp_path


def _write(path: Path, rows: list[dict[str, Any]]) -> Path:
    parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


def test_chunks_are_sessions_and_questions_come_at_the_end(data: Path) -> None:
    first, books, labels = load_streams("mem_alpha")
    assert [(chunk.session, len(chunk.turns)) for chunk in first.chunks] == [("1", 1), ("2", 1)]
    assert first.turns[0].text == CHUNKS[0]
    # The second date does not exist.
    assert [chunk.time for chunk in first.chunks] == [datetime(2024, 1, 3), None]
    assert [(q.text, q.answers, q.metric) for q in first.questions] == [
        ("Where does Ann live?", ("Rome",), "substring_exact_match"),
        ("Who left?", ("Ben", "Ben B."), "substring_exact_match"),
    ]
    assert books.questions[0].answers == ("whale; sea; Ahab",)
    assert books.questions[0].metric == "keyword_match"
    assert (labels.questions[0].metric, labels.questions[0].category) == ("label_match", "nlu")
    assert [stream.id for stream in (first, books)] == ["mem_alpha/train/0", "mem_alpha/train/1"]
    assert first.source == "mem_alpha"
    assert not any(check_stream(stream) for stream in (first, books, labels))


def test_a_data_set_is_a_split_of_its_own(data: Path) -> None:
    assert [stream.id for stream in load_streams("mem_alpha:train/booksum")] == ["mem_alpha/train/1"]
    with pytest.raises(DataError, match="has no instance of 'perltqa'"):
        load_streams("mem_alpha:train/perltqa")
    with pytest.raises(UnknownNameError, match="Did you mean 'train/squad'"):
        load_streams("mem_alpha:train/sqad")
    with pytest.raises(DataError, match=r"test.parquet was not found.*memdojo data fetch mem_alpha"):
        load_streams("mem_alpha:test")


def test_instances_of_the_same_chunks_are_one_group(data: Path) -> None:
    _write(data / "mem_alpha" / "test.parquet", [_row("squad", ("Else?", "no"), chunks=CHUNKS)])
    (test,) = load_streams("mem_alpha:test")
    assert test.group == load_streams("mem_alpha:train/squad")[0].group
    assert test.group != load_streams("mem_alpha:train/nlu")[0].group


def test_chunks_may_be_cut_into_passages(data: Path) -> None:
    (stream,) = load_streams("mem_alpha:train/squad", turn_tokens=20, turns_per_chunk=2)
    # The first chunk has lines of 20, 8 and 6 tokens, the second has 19 in all.
    assert [[turn.id for turn in chunk.turns] for chunk in stream.chunks] == [
        ["c0.0", "c0.1"],
        ["c0.2"],
        ["c1.0"],
    ]
    with pytest.raises(ConfigError, match="turn_tokens is 0"):
        load_streams("mem_alpha", turn_tokens=0)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (_row("squad", ("Who?", "")), "row 0, q0: the question or its answer '' is empty"),
        (_row("squad", ("Who?", None)), "its answer None is empty"),
        (_row("squad", ("Who?", "x"), chunks=("",)), "chunks is not a list of texts"),
        (_row("squad", ("Who?", "x")) | {"chunks": "[1"}, "field 'chunks' is not valid JSON"),
        (_row("squad") | {"questions_and_answers": "[]"}, "field 'questions_and_answers' is .*not a list"),
        ({"chunks": "[]"}, "field 'data_source' is None"),
    ],
)
def test_damaged_rows_are_told(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_streams("mem_alpha", path=_write(tmp_path / "x.parquet", [row]))


@pytest.mark.parametrize(
    ("data_source", "name"),
    [
        ("lme_train", "longmemeval"),
        ("pubmed-rct", "pubmed_rct"),
        ("icl_trec_coarse_6600shot_balance", "trec"),
        ("NLU", "nlu"),
        ("hotpotqa", "hotpotqa"),
        ("eventqa_full", ""),
    ],
)
def test_data_sets_are_told_by_the_column_data_source(data_source: str, name: str) -> None:
    assert data_set_of(data_source) == name


def test_every_metric_is_one_that_grades_questions() -> None:
    assert {each.metric for each in DATA_SETS.values()} <= set(question_metric_names())
    assert {"train", "test/perltqa"} < set(SPLITS)
