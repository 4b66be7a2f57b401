"""What a training would play, counted by hand."""

from pathlib import Path
from typing import Any

from builders import make_stream
from memdojo.envs.streams.jsonl.reading import write_jsonl
from memdojo.envs.types import Chunk, Question, Stream, Turn
from memdojo.train.config.files import parse_config
from memdojo.train.forecast import forecast


def _spec(path: Path, num_streams: int) -> str:
    """Streams of six turns and two questions, of which the evidence is the first and the second turn."""
    questions = [
        Question(f"q{place}", "Where?", ("Oslo",), "single", frozenset({f"t{place}"})) for place in (0, 1)
    ]
    streams = [
        make_stream(*"abcdef", questions=questions, id=f"{path.stem}{number}", group=f"{path.stem}{number}")
        for number in range(num_streams)
    ]
    write_jsonl(streams, path)
    return f"jsonl:{path}"


def _tree(folder: Path, **tables: dict[str, Any]) -> dict[str, Any]:
    algorithm = {"name": "grpo", "num_updates": 4, "groups_per_update": 2, "group_size": 3}
    tree: dict[str, Any] = {
        "name": "run",
        "task": "manager",
        "streams": {"train": _spec(folder / "a.jsonl", 3), "validation": _spec(folder / "b.jsonl", 2)},
        "episode": {"max_entries": 2},
        "reward": {"evidence_recall": 1.0},
        "evaluation": {"every": 3},
    }
    for name, table in ({"algorithm": algorithm} | tables).items():
        tree[name] = tree.get(name, {}) | table
    return tree


def test_whole_episodes_are_counted(tmp_path: Path) -> None:
    counts = forecast(parse_config(_tree(tmp_path)))
    assert (counts.train_streams, counts.validation_streams) == (3, 2)
    assert (counts.updates, counts.supervised_updates) == (4, 0)
    assert (counts.episodes, counts.steps, counts.questions) == (24, 24 * 6, 24 * 2)
    # Before the first update, after the third and after the last.
    assert (counts.validations, counts.validation_steps) == (3, 3 * 2 * 6)
    assert (counts.replays, counts.tokens) == (0, None)


def test_steps_are_chunks(tmp_path: Path) -> None:
    policy = {"kind": "language", "model": "m"}
    tree = _tree(tmp_path, streams={"turns_per_chunk": 4}, policy=policy)
    assert forecast(parse_config(tree)).steps == 24 * 2


def test_windows_ask_what_they_tell(tmp_path: Path) -> None:
    counts = forecast(parse_config(_tree(tmp_path, streams={"window_turns": 2})))
    assert counts.steps == 24 * 2
    # Two questions in the window of the first two turns, one in the next.
    assert 24 <= counts.questions <= 48


def test_probes_are_replayed_after_the_imitation(tmp_path: Path) -> None:
    probing = {
        "name": "grpo",
        "num_updates": 3,
        "groups_per_update": 2,
        "group_size": 2,
        "group_start": "probes",
        "num_probes": 5,
        "num_alternatives": 4,
        "discount": 0.0,
    }
    tree = _tree(
        tmp_path, algorithm=probing, policy={"network": "keep_and_supersede"}, imitation={"num_updates": 1}
    )
    counts = forecast(parse_config(tree))
    assert counts.supervised_updates == 1
    assert counts.episodes == 4 + 2 + 2
    assert counts.replays == 4 * 5 * 4
    assert counts.questions == (8 + 80) * 2


def test_a_retriever_decides_once_for_a_question(tmp_path: Path) -> None:
    tree = _tree(tmp_path) | {"task": "retriever", "episode": {}}
    counts = forecast(parse_config(tree))
    assert (counts.episodes, counts.steps, counts.questions) == (24, 24, 24)
    assert counts.validation_steps == 3 * 4


def test_a_retriever_s_question_is_imitated_once(tmp_path: Path) -> None:
    tree = _tree(tmp_path) | {"task": "retriever", "episode": {}, "imitation": {"num_updates": 2}}
    counts = forecast(parse_config(tree))
    # Four updates of two groups of three; in the first two of them a group is one episode.
    assert counts.supervised_updates == 2
    assert (counts.episodes, counts.steps, counts.questions) == (16, 16, 16)


def test_tokens_of_a_language_policy_are_bounded(tmp_path: Path) -> None:
    policy = {"kind": "language", "model": "m", "max_prompt_tokens": 100, "max_response_tokens": 10}
    counts = forecast(parse_config(_tree(tmp_path, policy=policy)))
    assert counts.tokens == 110 * (24 * 6 + 3 * 12)
    assert ["tokens of prompts and replies, at most", f"{counts.tokens:,}"] in counts.rows()


def test_stages_play_the_first_sessions_alone(tmp_path: Path) -> None:
    chunks = [Chunk(place, (Turn(f"t{place}", "Ann", "a"),), session=f"s{place}") for place in range(3)]
    question = Question("q", "Where?", ("Oslo",), "single", frozenset({"t0"}))
    write_jsonl([Stream("s", "s", tuple(chunks), (question,), "mine")], tmp_path / "c.jsonl")
    streams = {"train": f"jsonl:{tmp_path / 'c.jsonl'}", "session_stages": [1, 3]}
    # Two updates of one step each, then two of three; six episodes each.
    assert forecast(parse_config(_tree(tmp_path, streams=streams))).steps == 2 * 6 * 1 + 2 * 6 * 3
