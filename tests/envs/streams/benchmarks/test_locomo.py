import json
import os
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from builders import write_json
from memdojo.envs.streams.benchmarks.locomo import (
    CONVERSATIONS,
    SPLITS,
    clean_evidence,
    load_locomo,
    parse_time,
    verify,
)
from memdojo.envs.streams.files import data_folders
from memdojo.envs.streams.jsonl.rules import check_stream
from memdojo.envs.types import Question
from memdojo.errors import ConfigError, DataError, MemdojoError, UnknownNameError

_REAL = next(
    (f / "locomo/locomo10.json" for f in data_folders() if (f / "locomo/locomo10.json").is_file()), None
)
needs_locomo = pytest.mark.skipif(
    _REAL is None, reason="locomo/locomo10.json is neither under $MEMDOJO_DATA nor in the cache folder"
)


def _line(id: str, text: str, **more: object) -> dict[str, Any]:
    return {"speaker": "Ann", "dia_id": id, "text": text} | more


def _sample(sample_id: str = "conv-26") -> dict[str, Any]:
    """A conversation with every trap of the release."""
    return {
        "sample_id": sample_id,
        "conversation": {
            "speaker_a": "Ann",
            "speaker_b": "Ben",
            "session_10": [_line("D10:1", "Session ten.")],
            "session_10_date_time": "12:05 am on 1 January, 2024",
            "session_2": [
                _line("D2:1", "Look!", img_url=["x"], blip_caption="a photo of a dog"),
                _line("D2:2", ""),
            ],
            "session_2_date_time": "12:30 pm on 9 May, 2023",
            "session_1": [
                _line("D1:1", "Hi Ben. "),
                _line("D1:2", "Hi."),
                _line("D1:3", "", blip_caption="a red car"),
            ],
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_11": [],
            "session_11_date_time": "1:00 pm on 2 January, 2024",
            "session_12_date_time": "1:00 pm on 3 January, 2024",
        },
        "qa": [
            {"question": "When? ", "answer": 2022, "evidence": ["D1:01; D2:1"], "category": 2},
            {"question": "Who?", "answer": "Ben", "evidence": [], "category": 3},
            {"question": "Whose dog?", "adversarial_answer": "Ben's", "evidence": ["D2:1"], "category": 5},
            {
                "question": "Is it?",
                "adversarial_answer": "Yes",
                "answer": "No",
                "evidence": ["D2:1"],
                "category": 5,
            },
            {
                "question": "What?",
                "answer": "dogs, cars",
                "evidence": ["D1:3 D10:1", "D", "D:2:2"],
                "category": 1,
            },
        ],
    }


def _write(tmp_path: Path, *samples: object) -> Path:
    return write_json(tmp_path / "locomo10.json", samples)


def _finding(question: int, error_type: str, text: str) -> dict[str, Any]:
    return {"question_id": f"locomo_0_qa{question}", "question": text, "error_type": error_type}


def test_sessions_come_in_the_order_of_their_numbers_with_parsed_dates(tmp_path: Path) -> None:
    (stream,) = load_locomo(path=_write(tmp_path, _sample()))
    assert (stream.id, stream.group, stream.source) == ("conv-26", "conv-26", "locomo:all")
    assert [turn.id for turn in stream.turns] == ["D1:1", "D1:2", "D1:3", "D2:1", "D2:2", "D10:1"]
    assert [chunk.index for chunk in stream.chunks] == list(range(6))
    assert [chunk.session for chunk in stream.chunks] == ["session_1"] * 3 + ["session_2"] * 2 + [
        "session_10"
    ]
    assert stream.chunks[0].time == stream.turns[0].time == datetime(2023, 5, 8, 13, 56)
    assert stream.turns[3].time == datetime(2023, 5, 9, 12, 30)
    assert stream.turns[5].time == datetime(2024, 1, 1, 0, 5)


def test_a_photo_is_told_by_its_caption(tmp_path: Path) -> None:
    (stream,) = load_locomo(path=_write(tmp_path, _sample()))
    assert [turn.text for turn in stream.turns] == [
        "Hi Ben.",
        "Hi.",
        "[photo: a red car]",
        "Look! [photo: a dog]",
        "",
        "Session ten.",
    ]


def test_questions_are_cleaned_and_numbered_by_their_place_in_the_file(tmp_path: Path) -> None:
    (stream,) = load_locomo(path=_write(tmp_path, _sample()), categories=("1", 2, 3, 4, 5))
    expected = (
        Question("conv-26/q0", "When?", ("2022",), "2", frozenset({"D1:1", "D2:1"})),
        Question("conv-26/q1", "Who?", ("Ben",), "3"),
        Question("conv-26/q2", "Whose dog?", (), "5", frozenset({"D2:1"}), unanswerable=True),
        Question("conv-26/q3", "Is it?", (), "5", frozenset({"D2:1"}), unanswerable=True),
        Question("conv-26/q4", "What?", ("dogs, cars",), "1", frozenset({"D1:3", "D10:1", "D2:2"})),
    )
    assert stream.questions == tuple(replace(question, metric="locomo") for question in expected)
    (without,) = load_locomo(path=_write(tmp_path, _sample()))
    assert [question.id for question in without.questions] == ["conv-26/q0", "conv-26/q1", "conv-26/q4"]
    assert load_locomo(path=_write(tmp_path, _sample()), categories=[4]) == []


def test_a_chunk_never_crosses_a_session(tmp_path: Path) -> None:
    (stream,) = load_locomo(path=_write(tmp_path, _sample()), turns_per_chunk=2)
    assert [[turn.id for turn in chunk.turns] for chunk in stream.chunks] == [
        ["D1:1", "D1:2"],
        ["D1:3"],
        ["D2:1", "D2:2"],
        ["D10:1"],
    ]


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        (["D8:6; D9:17"], {"D8:6", "D9:17"}),
        (["D9:17 D30:5 D8:6"], {"D8:6", "D9:17", "D30:5"}),
        (["D30:05"], {"D30:5"}),
        (["D:11:26"], {"D11:26"}),
        (["D8:6", "D", "D10:19", "D4:36"], {"D8:6"}),
        ([" D8:6;"], {"D8:6"}),
        ([], set()),
    ],
)
def test_evidence_is_mended(references: list[str], expected: set[str]) -> None:
    turn_ids = {"D8:6", "D9:17", "D11:26", "D30:5"}
    assert clean_evidence(references, turn_ids, "q") == expected


def test_evidence_that_names_no_turn_is_refused_and_not_dropped() -> None:
    with pytest.raises(DataError, match="q: evidence 'D7:7' names no turn"):
        clean_evidence(["D8:6", "D7:7"], {"D8:6"}, "q")


def test_a_reference_of_the_dangling_ones_counts_where_the_turn_exists() -> None:
    assert clean_evidence(["D4:36"], {"D4:36"}, "q") == {"D4:36"}


@pytest.mark.parametrize(
    "text",
    [
        "13:56 on 8 May, 2023",
        "0:10 am on 8 May, 2023",
        "1:10 pm on 31 June, 2023",
        "1:10 pm on 8 Mai, 2023",
        "",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(DataError, match=r"session_1: .* is not a time such as '1:56 pm on 8 May, 2023'"):
        parse_time(text, "session_1")


def test_the_audit_masks_the_questions_whose_key_corrupts_scores(tmp_path: Path) -> None:
    path = _write(tmp_path, _sample(), _sample("conv-30"))
    findings = [
        _finding(0, "WRONG_CITATION", "When? "),
        _finding(1, "HALLUCINATION", "Who?"),
        {"question_id": "locomo_9_qa3", "question": "of conv-50", "error_type": "AMBIGUOUS"},
    ]
    (tmp_path / "audit_errors.json").write_text(json.dumps(findings))
    streams = load_locomo(path=path, audited=True)
    assert [q.id for stream in streams for q in stream.questions] == [
        "conv-26/q0",
        "conv-26/q4",
        "conv-30/q0",
        "conv-30/q1",
        "conv-30/q4",
    ]


def test_an_audit_that_is_missing_or_of_other_data_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, _sample())
    with pytest.raises(DataError, match=r"audit_errors\.json was not found; audited=True needs it"):
        load_locomo(path=path, audited=True)
    audit = tmp_path / "audit_errors.json"
    for finding, message in [
        (_finding(1, "HALLUCINATION", "Why?"), "'locomo_0_qa1' is another question"),
        (_finding(99, "HALLUCINATION", "Who?"), "'locomo_0_qa99' is another question"),
        (_finding(1, "TYPO", "Who?"), "'locomo_0_qa1' .'TYPO'. is not known"),
        ({"question_id": 3}, "field 'question_id' is 3"),
    ]:
        audit.write_text(json.dumps([finding]))
        with pytest.raises(DataError, match=message):
            load_locomo(path=path, audited=True)


def test_a_split_needs_its_conversations(tmp_path: Path) -> None:
    path = _write(tmp_path, _sample())
    assert [stream.id for stream in load_locomo("memory_r1/train", path=path)] == ["conv-26"]
    assert load_locomo("loo/conv-26/test", path=path)[0].source == "locomo:loo/conv-26/test"
    with pytest.raises(
        DataError, match=r"locomo10\.json: there is no conv-30, which split 'validation' needs"
    ):
        load_locomo("validation", path=path)


def test_the_splits_of_a_protocol_cover_every_conversation_once() -> None:
    for protocol in ("memory_r1", "memskill"):
        parts = [SPLITS[f"{protocol}/{part}"] or () for part in ("train", "validation", "test")]
        assert sorted(id for part in parts for id in part) == list(CONVERSATIONS)
    for held_out in CONVERSATIONS:
        train, test = SPLITS[f"loo/{held_out}/train"] or (), SPLITS[f"loo/{held_out}/test"] or ()
        assert (sorted(train + test), test) == (list(CONVERSATIONS), (held_out,))
    assert [SPLITS[name] for name in ("train", "validation", "test")] == [
        SPLITS[f"memory_r1/{name}"] for name in ("train", "validation", "test")
    ]


def test_misspelt_options_are_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, _sample())
    with pytest.raises(UnknownNameError, match="Did you mean 'memory_r1/train'"):
        load_locomo("memoryr1/train", path=path)
    for categories in ([], [6], ["temporal"], "12", 5):
        with pytest.raises(ConfigError, match="categories"):
            load_locomo(path=path, categories=categories)  # type: ignore[arg-type]
    for turns_per_chunk in (0, 1.5, True):
        with pytest.raises(ConfigError, match="turns_per_chunk"):
            load_locomo(path=path, turns_per_chunk=turns_per_chunk)  # type: ignore[arg-type]


def _damage(sample: dict[str, Any], name: str) -> None:
    conversation, qa = sample["conversation"], sample["qa"]
    match name:
        case "no conversation":
            del sample["conversation"]
        case "no date":
            del conversation["session_2_date_time"]
        case "no sessions":
            conversation.clear()
        case "session a text":
            conversation["session_1"] = "hello"
        case "turn a text":
            conversation["session_1"][1] = "hello"
        case "turn without text":
            del conversation["session_1"][1]["text"]
        case "turn id twice":
            conversation["session_1"][1]["dia_id"] = "D1:1"
        case "qa missing":
            del sample["qa"]
        case "category a text":
            qa[0]["category"] = "2"
        case "category six":
            qa[0]["category"] = 6
        case "no answer":
            del qa[0]["answer"]
        case "answer a list":
            qa[0]["answer"] = ["2022"]
        case "evidence a text":
            qa[0]["evidence"] = "D1:1"
        case "evidence a number":
            qa[0]["evidence"] = [1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no conversation", "conv-26: field 'conversation' is None, not of type dict"),
        ("no date", "conv-26: field 'session_2_date_time' is None"),
        ("no sessions", "conv-26: it has no turn"),
        ("session a text", "conv-26: field 'session_1' is 'hello', not of type list"),
        ("turn a text", "conv-26, session_1, turn 1: field 'text' is None"),
        ("turn without text", "conv-26, session_1, turn 1: field 'text' is None"),
        ("turn id twice", "two turns share a dia_id"),
        ("qa missing", "conv-26: field 'qa' is None"),
        ("category a text", "conv-26/q0: field 'category' is '2', not of type int"),
        ("category six", "conv-26/q0: category is 6; LoCoMo has 1 to 5"),
        ("no answer", "conv-26/q0: answer is None"),
        ("answer a list", "conv-26/q0: answer is .'2022'., neither a text nor a whole number"),
        ("evidence a text", "conv-26/q0: field 'evidence' is 'D1:1', not of type list"),
        ("evidence a number", "conv-26/q0: evidence 1 is not a text"),
    ],
)
def test_mistyped_data_is_refused_with_file_and_field(name: str, message: str, tmp_path: Path) -> None:
    sample = _sample()
    _damage(sample, name)
    with pytest.raises(DataError, match=rf"locomo10\.json: .*{message}"):
        load_locomo(path=_write(tmp_path, sample))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (
            b'[{"sample_id": "conv-26", "conv',
            "is not valid JSON at column .*cut short. Run `memdojo data fetch locomo`",
        ),
        (b"\xff\xfe", "is UTF-16, not UTF-8 text"),
        (b"[]", "does not hold a list with at least one element"),
        (b"{}", "sample 0: field 'sample_id' is None"),
        (b"[3]", "row 0 is 3, not an object"),
        (b'[{"sample_id": "a"}, {"sample_id": "a"}]', "two samples have the sample_id 'a'"),
    ],
)
def test_a_file_that_is_no_locomo_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "locomo10.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        load_locomo(path=path)


def test_the_file_is_looked_for_by_path_then_data_folder_then_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, sample_id in [("data/locomo", "in-data"), ("cache/memdojo/locomo", "in-cache"), ("own", "own")]:
        (tmp_path / name).mkdir(parents=True)
        _write(tmp_path / name, _sample(sample_id))
    monkeypatch.setenv("MEMDOJO_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert load_locomo(path=tmp_path / "own/locomo10.json")[0].id == "own"
    assert load_locomo()[0].id == "in-data"
    os.remove(tmp_path / "data/locomo/locomo10.json")
    assert load_locomo()[0].id == "in-cache"
    assert not verify()


def test_the_error_for_a_missing_file_says_where_it_comes_from_and_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMDOJO_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    places = [tmp_path / "data/locomo/locomo10.json", tmp_path / "cache/memdojo/locomo/locomo10.json"]
    for load in (load_locomo, verify):
        with pytest.raises(DataError) as caught:
            load()
        message = str(caught.value)
        assert all(str(place) in message for place in places)
        assert "https://github.com/snap-research/locomo" in message
    monkeypatch.delenv("MEMDOJO_DATA")
    with pytest.raises(DataError, match="MEMDOJO_DATA is not set"):
        load_locomo()
    with pytest.raises(MemdojoError, match=r"none\.json is not a file"):
        load_locomo(path=tmp_path / "none.json")


@needs_locomo
def test_the_release_is_recognised_by_its_checksum() -> None:
    assert verify(_REAL)


@needs_locomo
def test_the_release_holds_what_its_authors_count() -> None:
    streams = load_locomo(path=_REAL, categories=(1, 2, 3, 4, 5))
    assert [stream.id for stream in streams] == list(CONVERSATIONS)
    assert sum(len({chunk.session for chunk in stream.chunks}) for stream in streams) == 272
    assert sum(len(stream.turns) for stream in streams) == 5_882
    questions = [question for stream in streams for question in stream.questions]
    counts = {"1": 282, "2": 321, "3": 96, "4": 841, "5": 446}
    assert Counter(question.category for question in questions) == counts
    assert sum(not question.evidence for question in questions) == 4
    assert sum(question.unanswerable for question in questions) == 446
    assert sum("[photo: " in turn.text for stream in streams for turn in stream.turns) == 1_226
    assert [problem for stream in streams for problem in check_stream(stream)] == []


@needs_locomo
@pytest.mark.parametrize(
    ("split", "num_questions", "num_audited"),
    [
        ("memory_r1/train", 152, 137),
        ("memory_r1/validation", 81, 77),
        ("memory_r1/test", 1_307, 1_227),
        ("memskill/train", 885, 827),
        ("memskill/validation", 341, 326),
        ("memskill/test", 314, 288),
        ("loo/conv-26/train", 1_388, 1_304),
        ("all", 1_540, 1_441),
    ],
)
def test_the_splits_of_the_release_have_the_published_sizes(
    split: str, num_questions: int, num_audited: int
) -> None:
    streams = load_locomo(split, path=_REAL)
    assert sum(len(stream.questions) for stream in streams) == num_questions
    # Category 5, which has no answers, is left out by default.
    assert "5" not in {question.category for stream in streams for question in stream.questions}
    if _REAL is not None and not _REAL.with_name("audit_errors.json").is_file():
        pytest.skip("audit_errors.json is not beside locomo10.json")
    assert (
        sum(len(stream.questions) for stream in load_locomo(split, path=_REAL, audited=True)) == num_audited
    )
