"""Three files of streams, and a configuration that trains on them."""

from pathlib import Path

import pytest

from builders import make_stream
from memdojo.envs.streams.jsonl.reading import write_jsonl
from memdojo.envs.types import Question, Stream


def _stream(group: str) -> Stream:
    """Two facts about Ann, of which a question each, and four turns of small talk."""
    small_talk = ("Fine weather today.", "Yes, very fine.") * 2
    questions = (
        Question("q0", "Where does Ann live?", ("Oslo",), "single", frozenset({"t0"})),
        Question("q1", "What does Ann own?", ("bike",), "single", frozenset({"t1"})),
    )
    return make_stream(
        "I moved to Oslo.",
        "I own a red bike.",
        *small_talk,
        questions=questions,
        id=f"stream-{group}",
        group=group,
        session="s1",
    )


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str]:
    """Specs of three files of streams whose groups differ."""
    specs = {}
    for split in ("train", "validation", "test"):
        path = tmp_path / f"{split}.jsonl"
        write_jsonl([_stream(f"{split}-{number}") for number in range(3)], path)
        specs[split] = f"jsonl:{path}"
    return specs


@pytest.fixture
def small_config(tmp_path: Path, data: dict[str, str]) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(
        f"""
        task = "manager"
        [streams]
        train = "{data["train"]}"
        validation = "{data["validation"]}"
        test = "{data["test"]}"
        [episode]
        max_entries = 2
        [features]
        num_candidates = 4
        [policy]
        hidden_dim = 8
        [reward]
        evidence_recall = 1.0
        [algorithm]
        name = "grpo"
        num_updates = 2
        groups_per_update = 2
        group_size = 2
        [rollouts]
        num_workers = 0
        [evaluation]
        every = 1
        baselines = ["recency", "sum_idf"]
        num_resamples = 50
        """,
        encoding="utf-8",
    )
    return path
