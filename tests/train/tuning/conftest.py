"""A configuration of three files of streams that has ranges."""

from pathlib import Path

import pytest

from builders import make_stream
from memdojo.envs.streams.jsonl.reading import write_jsonl
from memdojo.envs.types import Question
from memdojo.train.tuning.space import Space

QUESTION = Question("q0", "Where does Ann live?", ("Oslo",), "single", frozenset({"t0"}))


@pytest.fixture
def tuned_config(tmp_path: Path) -> Path:
    specs = {}
    for split in ("train", "validation", "test"):
        streams = [
            make_stream("I moved to Oslo.", "Fine weather.", questions=(QUESTION,), id=group, group=group)
            for group in (f"{split}-{number}" for number in range(6))
        ]
        write_jsonl(streams, tmp_path / f"{split}.jsonl")
        specs[split] = f"jsonl:{tmp_path / split}.jsonl"
    path = tmp_path / "small.toml"
    path.write_text(
        f"""
        task = "manager"
        [streams]
        train = "{specs["train"]}"
        validation = "{specs["validation"]}"
        test = "{specs["test"]}"
        [episode]
        max_entries = 1
        [reward]
        evidence_recall = 1.0
        [algorithm]
        name = "grpo"
        num_updates = 3
        [evaluation]
        every = 1
        num_resamples = 50
        [tune]
        trials = 3
        concurrent = 1
        [tune.ranges]
        algorithm.learning_rate = {{ low = 1e-4, high = 1e-2, log = true }}
        policy.hidden_dim = [8, 16]
        """,
        encoding="utf-8",
    )
    return path


@pytest.fixture
def space(tuned_config: Path) -> Space:
    return Space.load(tuned_config)
