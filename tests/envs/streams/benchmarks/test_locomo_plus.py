from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from builders import write_json
from memdojo.envs.streams.benchmarks.locomo import CONVERSATIONS
from memdojo.envs.streams.benchmarks.locomo_plus import days_of, load_locomo_plus
from memdojo.envs.streams.jsonl.rules import check_stream
from memdojo.envs.types import Question
from memdojo.errors import ConfigError, DataError, UnknownNameError


def _conversation(id: str) -> dict[str, Any]:
    conversation = {
        "speaker_a": "Ann",
        "speaker_b": "Ben",
        "session_1": [{"speaker": "Ben", "dia_id": "D1:1", "text": "Hi!"}],
        "session_1_date_time": "1:00 pm on 1 March, 2023",
        "session_2": [{"speaker": "Ann", "dia_id": "D2:1", "text": "Hello again."}],
        "session_2_date_time": "1:00 pm on 24 March, 2023",
    }
    return {"sample_id": id, "conversation": conversation, "qa": []}


def _item(**changes: object) -> dict[str, Any]:
    return {
        "relation_type": "causal",
        "cue_dialogue": "A: My oven broke.\nB: Oh no!",
        "trigger_query": "A: I had cold supper again.",
        "time_gap": "about two weeks later",
        "scores": {},
    } | changes


def _load(folder: Path, *items: object, split: str = "all", **options: Any) -> list[Any]:
    locomo = write_json(folder / "locomo10.json", [_conversation(id) for id in CONVERSATIONS])
    path = write_json(folder / "locomo_plus.json", list(items))
    streams = list(load_locomo_plus(split, path=path, locomo_path=locomo, **options))
    assert all(check_stream(stream) == [] for stream in streams)
    return streams


def test_a_cue_is_a_session_of_its_time_and_the_remark_the_question(tmp_path: Path) -> None:
    [stream] = _load(tmp_path, _item())
    assert (stream.id, stream.group, stream.source) == ("conv-26/plus0", "conv-26", "locomo_plus:all")
    # The remark comes on 31 March, the cue two weeks before, between the sessions.
    assert [(turn.id, turn.speaker, turn.text) for turn in stream.turns] == [
        ("D1:1", "Ben", "Hi!"),
        ("D2:1", "Ann", "My oven broke."),
        ("D2:2", "Ben", "Oh no!"),
        ("D3:1", "Ann", "Hello again."),
    ]
    assert [(chunk.session, chunk.time) for chunk in stream.chunks[1:3]] == [
        ("session_2", datetime(2023, 3, 17, 13))
    ] * 2
    assert stream.questions == (
        Question(
            "conv-26/plus0",
            "Ann: I had cold supper again.",
            ("Ann: My oven broke.\nBen: Oh no!",),
            "causal",
            frozenset({"D2:1", "D2:2"}),
            time=datetime(2023, 3, 31, 13),
            metric="locomo_plus_judge",
        ),
    )


@pytest.mark.parametrize(
    ("gap", "session"),
    [("one year later", "session_1"), ("one week later", "session_3"), ("later", "session_3")],
)
def test_a_cue_comes_first_last_or_behind_a_session_of_its_time(
    gap: str, session: str, tmp_path: Path
) -> None:
    [stream] = _load(tmp_path, _item(time_gap=gap), turns_per_chunk=9)
    [chunk] = [chunk for chunk in stream.chunks if chunk.turns[0].text == "My oven broke."]
    assert chunk.session == session


@pytest.mark.parametrize(
    ("gap", "days"),
    [
        ("two weeks later", 14),
        ("about three months later", 90),
        ("A year after", 365),
        ("10 weeks later", 70),
        ("several months later", 0),
        ("a few weeks later", 0),
    ],
)
def test_gaps_are_counted_as_in_the_script(gap: str, days: int) -> None:
    assert days_of(gap) == days


def test_items_go_round_the_conversations_and_the_same_cue_into_one(tmp_path: Path) -> None:
    items = [_item(cue_dialogue=f"A: Cue {number}") for number in range(11)]
    streams = _load(tmp_path, *items, _item(cue_dialogue="A: Cue 3"))
    assert [stream.group for stream in streams] == [*CONVERSATIONS, CONVERSATIONS[0], CONVERSATIONS[3]]
    held_out = _load(tmp_path, *items, split="memory_r1/train")
    assert [stream.id for stream in held_out] == ["conv-26/plus0", "conv-26/plus10"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"relation_type": "friend"}, "relation_type is 'friend'"),
        ({"cue_dialogue": None}, "field 'cue_dialogue' is None"),
        ({"cue_dialogue": " "}, "cue_dialogue is blank"),
        ({"cue_dialogue": "C: Hi"}, "cue_dialogue has the line 'C: Hi', which begins with no A: or B:"),
        ({"trigger_query": "Hi"}, "trigger_query has the line 'Hi'"),
        ({"time_gap": 3}, "field 'time_gap' is 3"),
    ],
)
def test_a_damaged_item_is_told(changes: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message) as caught:
        _load(tmp_path, _item(**changes))
    assert "locomo_plus.json: item 0" in str(caught.value)


def test_a_damaged_conversation_is_told(tmp_path: Path) -> None:
    path = write_json(tmp_path / "locomo_plus.json", [_item()])
    for change, message in (
        ({"speaker_a": 3}, "'speaker_a' is 3"),
        ({"session_1": [], "session_2": []}, "no session"),
    ):
        sample = _conversation("conv-26")
        sample["conversation"] |= change
        locomo = write_json(tmp_path / "locomo10.json", [sample])
        with pytest.raises(DataError, match=message):
            load_locomo_plus(path=path, locomo_path=locomo)


def test_options_and_missing_files_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMDOJO_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(UnknownNameError, match="split of locomo_plus 'tests'"):
        load_locomo_plus("tests")
    with pytest.raises(ConfigError, match="turns_per_chunk is 0"):
        load_locomo_plus(turns_per_chunk=0)
    with pytest.raises(DataError, match=r"locomo_plus\.json was not found.*data fetch locomo_plus"):
        load_locomo_plus()
    path = write_json(tmp_path / "locomo" / "locomo_plus.json", [_item()])
    with pytest.raises(DataError, match=r"locomo10\.json was not found"):
        load_locomo_plus(path=path)
