import json
from pathlib import Path
from typing import Any

import pytest

from memdojo.envs.streams.benchmarks.ama_bench import SPLITS, load_ama_bench
from memdojo.envs.streams.jsonl.rules import check_stream
from memdojo.envs.types import Question
from memdojo.errors import ConfigError, DataError, UnknownNameError


def _episode(id: object = 7, **changes: object) -> dict[str, Any]:
    return {
        "episode_id": id,
        "task": "Bring the cup to the sink.",
        "task_type": "household",
        "domain": "embodied_ai",
        "trajectory": [
            {"turn_idx": 0, "action": "look", "observation": "A cup stands on the table."},
            {"turn_idx": 1, "action": {"take": "cup"}, "observation": " "},
            {"turn_idx": 2, "action": None, "observation": ""},
        ],
        "qa_pairs": [
            {"question": "What stood there at step 0? ", "answer": "a cup", "type": "A"},
            {"question": "What was taken?", "answer": 1, "relevant_turn_indices": [0, 1, 9]},
        ],
    } | changes


def _load(folder: Path, *episodes: object, split: str = "all", **options: Any) -> list[Any]:
    path = folder / "open_end_qa_set.jsonl"
    path.write_text("\n".join(map(json.dumps, episodes)), "utf-8")
    streams = list(load_ama_bench(split, path=path, **options))
    assert all(check_stream(stream) == [] for stream in streams)
    return streams


def test_a_step_is_a_chunk_of_what_was_done_and_seen(tmp_path: Path) -> None:
    [stream] = _load(tmp_path, _episode())
    assert (stream.id, stream.source) == ("7", "ama_bench:all")
    assert [[(turn.id, turn.speaker, turn.text) for turn in chunk.turns] for chunk in stream.chunks] == [
        [("task", "Task", "Bring the cup to the sink.")],
        [
            ("step0:action", "Agent", "Step 0: look"),
            ("step0:observation", "Environment", "Step 0: A cup stands on the table."),
        ],
        [("step1:action", "Agent", 'Step 1: {"take": "cup"}')],
    ]
    assert stream.questions == (
        Question("7/q0", "What stood there at step 0?", ("a cup",), "A", metric="judge"),
        Question(
            "7/q1",
            "What was taken?",
            ("1",),
            evidence=frozenset({"step0:action", "step0:observation", "step1:action"}),
            metric="judge",
        ),
    )


def test_chunks_may_be_smaller_and_a_task_may_be_missing(tmp_path: Path) -> None:
    [stream] = _load(tmp_path, _episode("x", task=""), turns_per_chunk=1)
    assert [len(chunk.turns) for chunk in stream.chunks] == [1, 1, 1]
    assert stream.group == "ama_bench-x"


def test_episodes_of_one_task_stay_together(tmp_path: Path) -> None:
    episodes = [_episode(number, task=f"Task {number // 2}") for number in range(60)]
    groups = {split: [stream.group for stream in _load(tmp_path, *episodes, split=split)] for split in SPLITS}
    assert len(set(groups["all"])) == 30
    assert sorted(groups["all"]) == sorted(groups["train"] + groups["validation"] + groups["test"])
    assert not set(groups["train"]) & set(groups["test"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"episode_id": None}, "episode_id is None"),
        ({"task": 3}, "field 'task' is 3"),
        ({"trajectory": None}, "field 'trajectory' is None"),
        ({"trajectory": []}, "has no step that says something"),
        ({"trajectory": ["go"]}, "field 'turn_idx' is None"),
        ({"trajectory": [{"turn_idx": 1, "action": "a"}] * 2}, "two steps have the turn_idx 1"),
        ({"qa_pairs": None}, "field 'qa_pairs' is None"),
        ({"qa_pairs": [{"answer": "a"}]}, "field 'question' is None"),
        ({"qa_pairs": [{"question": "?", "answer": None}]}, "answer is None"),
        (
            {"qa_pairs": [{"question": "?", "answer": "a", "relevant_turn_indices": ["1"]}]},
            r"relevant_turn_indices is \['1'\]",
        ),
    ],
)
def test_a_damaged_episode_is_told(changes: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message) as caught:
        _load(tmp_path, _episode(**changes))
    assert "open_end_qa_set.jsonl: episode 0" in str(caught.value)


def test_two_episodes_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="two episodes have the episode_id '7'"):
        _load(tmp_path, _episode(), _episode())


def test_options_and_a_missing_file_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMDOJO_DATA", str(tmp_path))
    with pytest.raises(UnknownNameError, match="split of ama_bench 'tests'"):
        load_ama_bench("tests")
    with pytest.raises(ConfigError, match="turns_per_chunk is 0"):
        load_ama_bench(turns_per_chunk=0)
    with pytest.raises(DataError, match=r"open_end_qa_set\.jsonl was not found.*data fetch ama_bench"):
        load_ama_bench()
