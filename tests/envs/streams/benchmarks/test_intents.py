import json
from pathlib import Path

import pytest

from memdojo.envs.streams.benchmarks.intents import (
    NLU_SHARES,
    load_intents,
    read_banking77,
    read_clinc150,
    read_nlu,
    read_trec,
)
from memdojo.envs.streams.benchmarks.labelled_texts import LabelledText
from memdojo.envs.streams.registry import load_streams
from memdojo.errors import DataError, UnknownNameError

BANKING = (
    'text,category\nWhere is my card?,card_arrival\n"Still, no card\ncame.",card_arrival\nWhy a fee?,fee\n'
)
NLU = (
    "userid;answerid;scenario;intent;status;answer_annotation;notes;suggested_entities;answer_normalised;"
    "answer;question\n"
    '1;1;alarm;set;null;"wake me";null;null;"wake me";"Wake me at six.";"Q"\n'
    '1;2;alarm;set;IRR_XL;"x";null;null;"x";"Nothing to see.";"Q"\n'
    '1;3;music;query;null;"x";null;null;"x";"What is playing?";"Q"\n'
)


def _file(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def test_banking77_is_a_table_of_queries(tmp_path: Path) -> None:
    assert read_banking77(_file(tmp_path, "test.csv", BANKING)) == [
        LabelledText("Where is my card?", "card_arrival"),
        LabelledText("Still, no card came.", "card_arrival"),
        LabelledText("Why a fee?", "fee"),
    ]


def test_clinc150_has_its_splits_in_one_file_and_queries_out_of_scope_are_left_out(tmp_path: Path) -> None:
    data = {"val": [["set an alarm", "alarm"], ["who won", "oos"]], "test": []}
    path = _file(tmp_path, "data_full.json", json.dumps(data))

    assert read_clinc150(path, "val") == [LabelledText("set an alarm", "alarm")]
    with pytest.raises(DataError, match="no list 'train'"):
        read_clinc150(path, "train")
    with pytest.raises(DataError, match=r"test\[0\] is 'x', not a query and its intent"):
        read_clinc150(_file(tmp_path, "bad.json", json.dumps({"test": ["x"]})), "test")


def test_nlu_is_dealt_to_splits_without_what_is_irrelevant(tmp_path: Path) -> None:
    path = _file(tmp_path, "nlu.csv", NLU)
    dealt = [text for split in NLU_SHARES for text in read_nlu(path, split)]

    assert sorted(dealt, key=lambda each: each.text) == [
        LabelledText("Wake me at six.", "alarm_set"),
        LabelledText("What is playing?", "music_query"),
    ]


def test_trec_has_coarse_and_fine_labels(tmp_path: Path) -> None:
    path = _file(tmp_path, "trec", "LOC:city Where is Köln ?\nHUM:ind Who was he ?\n", "latin-1")

    assert read_trec(path, "coarse")[0] == LabelledText("Where is Köln ?", "LOC")
    assert read_trec(path, "fine")[1] == LabelledText("Who was he ?", "HUM:ind")
    with pytest.raises(DataError, match=r"line 1 is 'Where is he \?', not a label and a question"):
        read_trec(_file(tmp_path, "bad", "Where is he ?\n"), "fine")


def test_a_file_is_found_where_its_repository_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMDOJO_DATA", str(tmp_path))
    _file(tmp_path, "banking_data/test.csv", BANKING)
    (stream,) = load_streams("intents:banking77/test", num_streams=1, num_tasks=2)

    assert len(stream.questions) == 2
    assert stream.source == "intents:banking77/test"
    with pytest.raises(DataError, match=r"banking77/train\.csv"):
        load_streams("intents:banking77/train")


def test_files_that_are_something_else_are_refused(tmp_path: Path) -> None:
    for text, said in (
        ("query,label\na,b\n", "no column 'text'"),
        ("text,category\nonly a text\n", "line 2 has too few columns"),
        ("text,category\na,b\nc,b\n", "no texts of two labels"),
    ):
        with pytest.raises(DataError, match=said):
            list(load_intents("banking77/test", path=_file(tmp_path, "bad.csv", text)))
    with pytest.raises(DataError, match="cannot be read"):
        list(load_intents("banking77/test", path=_file(tmp_path, "bad.csv", BANKING + "é,x\n", "latin-1")))


def test_unknown_sets_and_options_are_named() -> None:
    with pytest.raises(UnknownNameError, match="banking77/test"):
        load_streams("intents:banking77/tests")
    with pytest.raises(UnknownNameError, match="num_labels"):
        load_streams("intents:banking77/test", num_label=3)
