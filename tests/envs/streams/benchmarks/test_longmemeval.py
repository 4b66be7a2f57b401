import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from builders import write_json
from memdojo.envs.streams import load_streams
from memdojo.envs.streams.benchmarks.longmemeval import (
    CATEGORIES,
    SPLITS,
    group_of,
    load_longmemeval,
    parse_time,
    tenth_of,
)
from memdojo.envs.streams.files import data_folders
from memdojo.envs.streams.jsonl.rules import check_stream
from memdojo.envs.types import Question
from memdojo.errors import ConfigError, DataError, UnknownNameError

_SINGLE = "longmemeval/longmemeval_single.json"
_REAL = next((folder / _SINGLE for folder in data_folders() if (folder / _SINGLE).is_file()), None)
needs_longmemeval = pytest.mark.skipif(
    _REAL is None, reason=f"{_SINGLE} is neither under $MEMDOJO_DATA nor in the cache folder"
)


def _instance(id: str = "q_1", **changes: object) -> dict[str, Any]:
    """An instance with the sessions out of order, a turn without a word, and one session without any turn."""
    return {
        "question_id": id,
        "question_type": "single-session-user",
        "question": "How many cats do I have? ",
        "question_date": "2023/05/30 (Tue) 23:40",
        "answer": 2,
        "answer_session_ids": ["answer_9"],
        "haystack_dates": ["2023/05/21 (Sun) 03:24", "2023/05/20 (Sat) 02:21", "2023/05/22 (Mon) 10:00"],
        "haystack_session_ids": ["answer_9", "sharegpt_1", "empty"],
        "haystack_sessions": [
            [
                {"role": "user", "content": "I have two cats.", "has_answer": True},
                {"role": "assistant", "content": " "},
                {"role": "assistant", "content": "Lovely!", "has_answer": False},
            ],
            [{"role": "user", "content": " Hello. "}, {"role": "assistant", "content": "Hi."}],
            [],
        ],
    } | changes


def _write(tmp_path: Path, instances: object) -> Path:
    return write_json(tmp_path / "longmemeval.json", instances)


def _load(tmp_path: Path, *instances: object, **options: Any) -> list[Any]:
    return list(load_longmemeval(path=_write(tmp_path, list(instances)), **options))


def test_sessions_come_in_the_order_of_their_times_under_names_that_tell_nothing(tmp_path: Path) -> None:
    [stream] = _load(tmp_path, _instance())
    assert (stream.id, stream.group, stream.source) == ("q_1", "q_1", "longmemeval:all")
    assert [(chunk.session, chunk.time) for chunk in stream.chunks] == [
        ("session_1", datetime(2023, 5, 20, 2, 21)),
        ("session_2", datetime(2023, 5, 21, 3, 24)),
    ]
    assert [(turn.id, turn.speaker, turn.text) for turn in stream.turns] == [
        ("S1:1", "User", "Hello."),
        ("S1:2", "Assistant", "Hi."),
        ("S2:1", "User", "I have two cats."),
        ("S2:3", "Assistant", "Lovely!"),
    ]
    assert "answer" not in repr(stream.chunks)
    assert check_stream(stream) == []


def test_the_question_is_asked_at_its_date_about_the_marked_turns(tmp_path: Path) -> None:
    [stream] = _load(tmp_path, _instance())
    assert stream.questions == (
        Question(
            "q_1",
            "How many cats do I have?",
            ("2",),
            "single-session-user",
            frozenset({"S2:1"}),
            time=datetime(2023, 5, 30, 23, 40),
            metric="longmemeval_judge",
        ),
    )


def test_where_no_turn_is_marked_whole_sessions_are_the_evidence(tmp_path: Path) -> None:
    instance = _instance(id="q_1_abs", answer="You told of cats, never of dogs.")
    del instance["haystack_sessions"][0][0]["has_answer"]
    [stream] = _load(tmp_path, instance)
    [question] = stream.questions
    assert question.evidence == {"S2:1", "S2:3"}
    assert (question.unanswerable, question.answers) == (True, ("You told of cats, never of dogs.",))
    # Both versions of a question land in the same part.
    assert (stream.id, stream.group) == ("q_1_abs", "q_1")
    assert check_stream(stream) == []


def test_a_file_may_hold_one_instance_and_chunks_may_be_smaller(tmp_path: Path) -> None:
    path = _write(tmp_path, _instance())
    path.write_text(json.dumps(_instance()), "utf-8")
    [stream] = load_longmemeval(path=path, turns_per_chunk=1)
    assert [len(chunk.turns) for chunk in stream.chunks] == [1, 1, 1, 1]


def test_splits_are_parts_of_the_groups(tmp_path: Path) -> None:
    instances = [_instance(id=f"q{number}{end}") for number in range(100) for end in ("", "_abs")]
    ids = {split: {stream.id for stream in _load(tmp_path, *instances, split=split)} for split in SPLITS}
    groups = {split: set(map(group_of, found)) for split, found in ids.items()}
    assert ids["all"] == ids["train"] | ids["validation"] | ids["test"]
    assert len(groups["train"]) + len(groups["validation"]) + len(groups["test"]) == 100
    # Of 500 made-up names; 50 each are expected, with a standard deviation of 6.7.
    sizes = Counter(tenth_of(f"q{number}") for number in range(500))
    assert sorted(sizes) == list(range(10))
    assert all(30 < size < 70 for size in sizes.values())
    # sha256("e47becba") ends in the hexadecimal digits that leave 7.
    assert tenth_of("e47becba") == 7


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"question_type": "riddle"}, "question_type is 'riddle'"),
        ({"answer": None}, "answer is None"),
        ({"answer": " "}, "answer is ' '"),
        ({"question_date": "30 May"}, "'30 May' is not a time"),
        ({"haystack_dates": []}, "3 haystack_sessions, 3 haystack_session_ids and 0 haystack_dates"),
        ({"haystack_dates": ["2023/13/01 (Sun) 03:24"] * 3}, "'2023/13/01"),
        ({"haystack_sessions": [[], [], []]}, "has no turn"),
        ({"haystack_sessions": ["hi", [], []]}, "'answer_9': the session is not a list"),
        ({"haystack_sessions": [[{"role": "system", "content": "x"}], [], []]}, "role is 'system'"),
        ({"haystack_sessions": [[{"role": "user"}], [], []]}, "'content' is None"),
        ({"question_id": 7}, "'question_id' is 7"),
    ],
)
def test_a_damaged_instance_is_told(changes: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message) as caught:
        _load(tmp_path, _instance() | changes)
    assert "longmemeval.json" in str(caught.value)


def test_two_instances_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="two instances have the question_id 'q_1'"):
        _load(tmp_path, _instance(), _instance())


def test_options_and_a_missing_file_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMDOJO_DATA", str(tmp_path))
    with pytest.raises(UnknownNameError, match="split of longmemeval 'tests'"):
        load_longmemeval("tests")
    with pytest.raises(UnknownNameError, match="variant of longmemeval 'xl'"):
        load_longmemeval(variant="xl")
    with pytest.raises(ConfigError, match="turns_per_chunk is 0"):
        load_longmemeval(turns_per_chunk=0)
    with pytest.raises(DataError, match=r"longmemeval_m_cleaned\.json was not found.*huggingface\.co"):
        load_longmemeval(variant="m")


def test_times_are_read_whatever_the_locale() -> None:
    assert parse_time("2023/05/20 (Sat) 02:21") == datetime(2023, 5, 20, 2, 21)


@needs_longmemeval
def test_a_real_instance_holds_what_is_counted_in_it() -> None:
    [stream] = load_streams("longmemeval", path=_REAL)
    assert (stream.id, len(stream.chunks), len(stream.turns)) == ("e47becba", 53, 550)
    [question] = stream.questions
    assert question.category in CATEGORIES
    assert question.evidence == {"S52:5", "S52:6"}
    assert question.time == datetime(2023, 5, 30, 23, 40)
    assert check_stream(stream) == []


def test_evidence_sessions_that_the_haystack_lacks_are_counted(tmp_path: Path) -> None:
    instances = [
        _instance("q_1", answer_session_ids=["answer_9", "gone", "lost", "gone"]),
        _instance("q_2"),
        # A session without a word holds no evidence either.
        _instance("q_3", answer_session_ids=["empty"]),
    ]
    message = r"2 questions of the split all .* 3 sessions in all; .* first is 'q_1', whose session 'gone'"
    with pytest.warns(UserWarning, match=message):
        streams = _load(tmp_path, *instances)
    assert [len(stream.questions[0].evidence) for stream in streams] == [1, 1, 1]


def test_evidence_sessions_may_be_numbers_and_nothing_else(tmp_path: Path) -> None:
    (stream,) = _load(tmp_path, _instance(answer_session_ids=[9], haystack_session_ids=[9, 1, 2]))
    assert stream.questions[0].evidence == {"S2:1"}
    with pytest.raises(DataError, match=r"answer_session_ids is \[\{\}\], not a list of ids"):
        _load(tmp_path, _instance(answer_session_ids=[{}]))
