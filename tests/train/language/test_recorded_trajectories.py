from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders import make_row
from memdojo.agents.language.policies import PromptEncoder
from memdojo.envs.prompts.brief import BriefFormat
from memdojo.errors import DataError
from memdojo.train.config.files import parse_config
from memdojo.train.language.recorded_trajectories import write_trajectories
from memdojo.train.language.trajectories import LanguageTrajectory, Row
from memdojo.train.language.warm_start.recorded_demonstrations import recorded_demonstrations
from memdojo.train.runs.folder import RunFolder


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    tree = {
        "name": "run",
        "task": "manager",
        "streams": {"train": "synthetic:train"},
        "episode": {"max_entries": 3},
        "reward": {"evidence_recall": 1.0},
        "algorithm": {"name": "grpo", "num_updates": 1},
    }
    return RunFolder.create(tmp_path, parse_config(tree))


@pytest.fixture
def encoder(tokenizer: Any) -> PromptEncoder:
    return PromptEncoder(tokenizer, BriefFormat(), 100)


def _row(encoder: PromptEncoder, reply: str, reward: float) -> Row:
    ids = np.array(encoder.encode_reply(reply), np.int32)
    return Row(ids[:2], ids, np.zeros(len(ids), np.float32), reward)


def _written(run: RunFolder) -> Path:
    return run.path / "trajectories" / "update_000004.jsonl"


def test_trajectories_are_written_one_a_line_in_words_and_ids(run: RunFolder, encoder: PromptEncoder) -> None:
    good = LanguageTrajectory("s", (_row(encoder, "KEEP a", 0.25), _row(encoder, "NOOP", 0.5)))
    failed = LanguageTrajectory("s", (_row(encoder, "DROP 1", float("nan")),), failure="answer: time-out")
    write_trajectories(run, [(good, failed)], encoder, update=4)
    first, second = map(json.loads, _written(run).read_text("utf-8").splitlines())
    assert (first["update"], first["group"], first["stream"], first["return"]) == (4, 0, "s", 0.75)
    assert [row["response"] for row in first["rows"]] == ["KEEP a", "NOOP"]
    assert first["rows"][0]["response_ids"] == list(encoder.encode_reply("KEEP a"))
    assert (second["return"], second["failure"]) == (None, "answer: time-out")
    assert second["rows"][0]["reward"] is None


def test_what_was_recorded_can_be_learnt_but_for_what_failed(run: RunFolder, encoder: PromptEncoder) -> None:
    row = _row(encoder, "KEEP a", 1.0)
    failed = LanguageTrajectory("s", (row,), failure="answer: time-out")
    unasked = LanguageTrajectory("s", (make_row(1.0, prompt=(), response=()),))
    write_trajectories(run, [(LanguageTrajectory("s", (row, row)), failed, unasked)], encoder, update=4)
    demonstrations = recorded_demonstrations(_written(run), encoder)
    assert [example.reply_ids for example in demonstrations.examples] == [encoder.encode_reply("KEEP a")] * 2
    assert demonstrations.num_without_words == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [("{", "line 1 is not a recorded trajectory"), ('{"return": 1}', "line 1 is not a recorded trajectory")],
)
def test_a_damaged_file_is_told_with_its_line(
    line: str, message: str, tmp_path: Path, encoder: PromptEncoder
) -> None:
    path = tmp_path / "damaged.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=message):
        recorded_demonstrations(path, encoder)


def test_ids_of_another_tokenizer_are_refused(run: RunFolder, encoder: PromptEncoder) -> None:
    write_trajectories(run, [(LanguageTrajectory("s", (_row(encoder, "KEEP a", 1.0),)),)], encoder, update=4)
    text = _written(run).read_text("utf-8").replace('"KEEP a"', '"KEEP b"')
    _written(run).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="another tokenizer"):
        recorded_demonstrations(_written(run), encoder)


def test_a_missing_file_is_told(tmp_path: Path, encoder: PromptEncoder) -> None:
    with pytest.raises(DataError, match=r"trajectories .* cannot be read: No such file"):
        recorded_demonstrations(tmp_path / "none.jsonl", encoder)
