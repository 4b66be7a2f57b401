from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from builders import write_json
from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.play import play_manager
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.streams import check_no_leak, load_streams
from memdojo.envs.streams.benchmarks.realmem import PERSONAS, SPLITS, load_realmem
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.streams.files import data_folders
from memdojo.envs.streams.jsonl.rules import check_stream
from memdojo.envs.types import Add, Capacity, PlannedOperation, Question
from memdojo.errors import ConfigError, DataError, UnknownNameError

_REAL = next((f / "realmem" for f in data_folders() if (f / "realmem").is_dir()), None)
needs_realmem = pytest.mark.skipif(
    _REAL is None, reason="the folder realmem is neither under $MEMDOJO_DATA nor in the cache folder"
)


def _turn(speaker: str, content: str, **more: object) -> dict[str, Any]:
    return {"speaker": speaker, "content": content, "is_query": False, "query_id": None} | more


def _query(content: str, id: str) -> dict[str, Any]:
    return _turn("User", content, is_query=True, query_id=id, category_name="Dynamic Updating")


def _reply(content: str, *used: tuple[str, object]) -> dict[str, Any]:
    memories = [{"session_uuid": uuid, "content": text} for uuid, text in used]
    return _turn("Assistant", content, memory_used=memories)


def _memory(index: str, content: object, source_turn: int, type: str = "Dynamic") -> dict[str, Any]:
    return {"index": index, "type": type, "content": content, "source_turn": source_turn}


def _record() -> dict[str, Any]:
    """A persona with every trap of the release."""
    first = [
        _turn("User", "I run on Mondays."),
        _turn("Assistant", "  "),
        _turn("User", "My knee hurts."),
        _turn("Assistant", "Rest, then."),
    ]
    second = [
        _query("What should I do today?", "Q-0001"),
        _reply(
            "Swim, for your knee.",
            ("aa", "Knee hurts since May."),
            ("aa", "Run (Postponed)"),
            ("bb", "User likes swimming."),
        ),
        _query("And tomorrow?", "Q-0002"),
        _reply("Run.", ("aa", {"plan": "runs"})),
    ]
    return {
        "_metadata": {"person_name": "Ann_Example"},
        "dialogues": [
            {
                "session_uuid": "aa",
                "current_time": "2025-12-15 (Monday)",
                "dialogue_turns": first,
                "extracted_memory": [
                    _memory("m1", {"plan": "runs"}, 1),
                    _memory("m2", "Knee hurts.", 3),
                    _memory("m3", "Rest is advised.", 3),
                    _memory("m4", "Beyond the end.", 5),
                    # Rewritten after the session, when May was told.
                    _memory("m2", "Knee hurts since May.", 0),
                    _memory("s-schedule-1", "Run (Postponed)", -1, "Schedule"),
                ],
            },
            {
                "session_uuid": "bb",
                "current_time": "2025-12-20 (Saturday)",
                "dialogue_turns": second,
                "extracted_memory": [_memory("m5", "User likes swimming.", 2)],
            },
        ],
    }


def _write(folder: Path, record: object, name: str = "Ann_Example") -> Path:
    return write_json(folder / f"{name}_dialogues_256k.json", record)


def test_a_session_is_a_chunk_and_turns_keep_their_place(tmp_path: Path) -> None:
    _write(tmp_path, _record())
    [stream] = load_realmem(path=tmp_path)
    assert (stream.id, stream.group, stream.source) == ("Ann_Example", "Ann_Example", "realmem:all")
    assert [(chunk.session, chunk.time) for chunk in stream.chunks] == [
        ("session_1", datetime(2025, 12, 15)),
        ("session_2", datetime(2025, 12, 20)),
    ]
    assert [turn.id for turn in stream.chunks[0].turns] == ["aa:1", "aa:3", "aa:4"]
    assert check_stream(stream) == []


def test_a_query_is_asked_before_its_session_with_the_reply_as_reference(tmp_path: Path) -> None:
    [stream] = load_realmem(path=_write(tmp_path, _record()))
    assert stream.questions == (
        Question(
            "Ann_Example/Q-0001",
            "What should I do today?",
            ("Swim, for your knee.",),
            "Dynamic Updating",
            # The rewritten memory has the turn of the first version, the schedule its whole session; what is
            # said in the session of the query is said too late.
            frozenset({"aa:1", "aa:3", "aa:4"}),
            0,
            time=datetime(2025, 12, 20),
            metric="realmem_judge",
        ),
        Question(
            "Ann_Example/Q-0002",
            "And tomorrow?",
            ("Run.",),
            "Dynamic Updating",
            frozenset({"aa:1"}),
            0,
            time=datetime(2025, 12, 20),
            metric="realmem_judge",
        ),
    )


@pytest.mark.parametrize("size", [1, 2, 99])
def test_no_chunk_size_shows_the_reply_before_the_question(size: int, tmp_path: Path) -> None:
    [stream] = load_realmem(path=_write(tmp_path, _record()), turns_per_chunk=size)
    for cut in (stream, rechunk(stream, 3)):
        for question in cut.questions:
            assert question.ask_after is not None
            shown = [turn for chunk in cut.chunks[: question.ask_after + 1] for turn in chunk.turns]
            assert {turn.id for turn in shown} == {"aa:1", "aa:3", "aa:4"}


def test_the_labels_are_planned_at_the_turns_that_they_name_and_at_no_others(tmp_path: Path) -> None:
    [stream] = load_realmem(path=_write(tmp_path, _record()))
    assert stream.oracle == {
        "aa:1": (PlannedOperation(Add.kind, '{"plan": "runs"}'),),
        "aa:3": (
            PlannedOperation(Add.kind, "Knee hurts."),
            PlannedOperation(Add.kind, "Rest is advised."),
        ),
        "bb:2": (PlannedOperation(Add.kind, "User likes swimming."),),
    }


def test_the_labelled_manager_writes_the_labels(tmp_path: Path) -> None:
    [stream] = load_realmem(path=_write(tmp_path, _record()), turns_per_chunk=1)
    episode = ManagerEpisode(StreamContext(stream), Capacity())
    play_manager(make_baseline("labelled"), [episode])
    assert [(entry.text, entry.sources) for entry in episode.store] == [
        ('{"plan": "runs"}', ("aa:1",)),
        ("Knee hurts.", ("aa:3",)),
        ("Rest is advised.", ("aa:3",)),
        ("User likes swimming.", ("bb:2",)),
    ]


def test_a_memory_that_nobody_labelled_stands_for_its_session(tmp_path: Path) -> None:
    record = _record()
    record["dialogues"][1]["dialogue_turns"][3]["memory_used"] = [{"session_uuid": "aa", "content": "?"}]
    [stream] = load_realmem(path=_write(tmp_path, record))
    assert stream.questions[1].evidence == {"aa:1", "aa:3", "aa:4"}


def test_a_query_of_the_first_session_has_nothing_to_remember(tmp_path: Path) -> None:
    record = _record()
    del record["dialogues"][0]
    record["dialogues"].append(_record()["dialogues"][0] | {"session_uuid": "cc"})
    [stream] = load_realmem(path=_write(tmp_path, record))
    assert stream.questions == ()


def _change(record: dict[str, Any], session: int, **fields: object) -> dict[str, Any]:
    record["dialogues"][session] |= fields
    return record


@pytest.mark.parametrize(
    ("session", "fields", "message"),
    [
        (0, {"current_time": "Monday"}, "'Monday' is not a date"),
        (0, {"session_uuid": "bb"}, "two sessions share"),
        (0, {"dialogue_turns": None}, "'dialogue_turns' is None"),
        (0, {"extracted_memory": [_memory("m1", " ", 1)]}, "the content of a memory is ' '"),
        (1, {"dialogue_turns": [_query("What?", "Q-0001")]}, "the query at turn 1 has no reply"),
        (1, {"dialogue_turns": [_query("What?", "Q-1"), _turn("User", "?")]}, "has no reply"),
        (1, {"dialogue_turns": [_query("What?", "Q-1"), _reply("x", ("zz", "y"))]}, "the session 'zz'"),
    ],
)
def test_a_damaged_file_is_told(
    session: int, fields: dict[str, object], message: str, tmp_path: Path
) -> None:
    path = _write(tmp_path, _change(_record(), session, **fields))
    with pytest.raises(DataError, match=message) as caught:
        list(load_realmem(path=path))
    assert str(path) in str(caught.value)


def test_options_and_missing_files_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownNameError, match="split of realmem 'tests'"):
        load_realmem("tests")
    with pytest.raises(ConfigError, match="turns_per_chunk is 0"):
        load_realmem(turns_per_chunk=0)
    with pytest.raises(DataError, match=r"no Lin_Wanyu_dialogues_256k\.json, which split 'validation' needs"):
        load_realmem("validation", path=_write(tmp_path, _record()))
    monkeypatch.setenv("MEMDOJO_DATA", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "none"))
    with pytest.raises(DataError, match=r"no file NAME_dialogues_256k\.json.*RealMemBench.*MEMDOJO_DATA"):
        load_realmem()


@needs_realmem
def test_the_real_files_hold_what_is_counted_in_them() -> None:
    streams = [stream for stream in load_streams("realmem") if stream.id in PERSONAS]
    assert [stream.id for stream in streams] == list(PERSONAS)
    assert sum(len(stream.chunks) for stream in streams) == 1_644
    # 11,177 turns, six of which are without a word.
    assert sum(len(stream.turns) for stream in streams) == 11_171
    questions = [question for stream in streams for question in stream.questions]
    assert Counter(question.category for question in questions) == {
        "Dynamic Incremental": 832,
        "Implicit Preference": 131,
        "Dynamic Updating": 113,
        "Temporal-reasoning": 18,
    }
    assert all(question.evidence for question in questions)
    # Of 3,870 labels 435 were rewritten later, 72 are of the schedule, and one names a turn that is missing.
    assert sum(len(plan) for stream in streams for plan in stream.oracle.values()) == 3_870 - 435 - 72 - 1
    assert [problem for stream in streams for problem in check_stream(stream)] == []


@needs_realmem
def test_the_splits_are_of_whole_personas() -> None:
    parts = {split: load_streams(f"realmem:{split}") for split in SPLITS if split != "all"}
    sizes = {split: sum(len(stream.questions) for stream in part) for split, part in parts.items()}
    assert sizes == {"train": 728, "validation": 126, "test": 240}
    check_no_leak(parts["train"], parts["validation"] + parts["test"])
