"""Rounds from end to end: a manager and an answer agent, with real engines, learners and merged models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM
from typer.testing import CliRunner

from memdojo.agents.language.tiny import build_tiny_model
from memdojo.cli import app
from memdojo.train.checkpoints.language import load_language_spec
from memdojo.train.checkpoints.model_folders import find_model
from memdojo.train.config.files import dump_config, parse_config
from memdojo.train.run_state import RunState
from memdojo.train.runs.folder import RunFolder

from .conftest import OPTIONS

MANAGER: dict[str, Any] = {
    "name": "manager",
    "task": "manager",
    "streams": {
        "train": "synthetic:train",
        "validation": "synthetic:validation",
        "test": "synthetic:test",
        "num_train": 3,
        "num_validation": 2,
        "num_test": 2,
        "turns_per_chunk": 4,
        "options": OPTIONS,
    },
    "episode": {"max_entries": 3, "top_k": 3},
    "policy": {"kind": "language", "format": "brief", "max_prompt_tokens": 400, "max_response_tokens": 6},
    "warm_start": {"num_steps": 2, "batch_size": 4},
    "reward": {"exact_match": 1.0, "invalid_operations": 0.1},
    "algorithm": {
        "name": "grpo",
        "num_updates": 2,
        "groups_per_update": 2,
        "group_size": 2,
        "learning_rate": 1e-3,
        "entropy_coefficient": 0.01,
    },
    "engine": {"kind": "transformers"},
    "learner": {"num_threads": 1},
    "rollouts": {"num_workers": 1},
    "evaluation": {"every": 1, "metric": "exact_match", "baselines": ["no_op"], "num_resamples": 20},
    "rounds": {"num_rounds": 2, "merge_best": 2},
}
ANSWERER: dict[str, Any] = {
    **MANAGER,
    "name": "answerer",
    "task": "answer_agent",
    "streams": {key: value for key, value in MANAGER["streams"].items() if key != "turns_per_chunk"},
    "episode": {"written_by": "recency", "max_entries": 6, "top_k": 3, "retriever": "per_speaker"},
    "policy": {**MANAGER["policy"], "lora_rank": 2},
    "rounds": {},
}


def _state(folder: Path) -> dict[str, torch.Tensor]:
    return dict(AutoModelForCausalLM.from_pretrained(folder / "model").state_dict())


@pytest.mark.slow
def test_a_manager_and_an_answer_agent_are_trained_in_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    build_tiny_model(tmp_path / "model", hidden_dim=32, num_layers=1, num_heads=1, num_streams=20)
    model = f"policy.model={tmp_path / 'model'}"
    (tmp_path / "answerer.toml").write_text(dump_config(parse_config(ANSWERER, (model,))), "utf-8")
    config = parse_config(MANAGER, (model, "rounds.partner=answerer.toml"))
    (tmp_path / "manager.toml").write_text(dump_config(config), "utf-8")
    result = CliRunner().invoke(app, ["train", "manager.toml", "--quiet"])
    assert result.exit_code == 0, result.output
    whole = tmp_path / "runs" / "manager"
    runs = {
        name: RunFolder.open(whole / name)
        for name in ("round-1", "round-1-answerer", "round-2", "round-2-answerer")
    }
    assert [len(run.metrics()) for run in runs.values()] == [3, 3, 3, 3]

    # The second round begins from the mean of the two best checkpoints of the first one.
    first = runs["round-1"]
    assert first.latest is not None
    ranked = RunState.saved_in(first.latest).ranked_updates
    one, two = (_state(first.checkpoint_folder(update)) for update in ranked)
    mean = _state(first.path / "merged")
    for name, weight in mean.items():
        torch.testing.assert_close(weight, (one[name] + two[name]) / 2)
    assert runs["round-2"].config.policy.model == "runs/manager/round-1/merged/model"
    assert load_language_spec(first.path / "merged").task == "manager"
    # What follows no more is not merged.
    assert not (runs["round-2-answerer"].path / "merged").exists()

    # Each meets the other one as it was by then. Adapters are merged into what the next round begins with.
    assert runs["round-1-answerer"].config.episode.written_by == "runs/manager/round-1/merged"
    assert runs["round-2"].config.answerer.kind == "policy"
    answering = runs["round-2"].config.answerer.checkpoint
    assert answering is not None
    assert runs["round-2-answerer"].config.policy.model == f"{answering}/model"
    assert runs["round-2"].metrics()[1]["answers/asked"] > 0
    record = load_language_spec(runs["round-2-answerer"].best or Path()).training
    assert (record.memory, record.retriever) == ("runs/manager/round-2/merged", "per_speaker")
    memory = (runs["round-2-answerer"].path / "memory" / "train.jsonl").read_text("utf-8")
    assert len(memory.splitlines()) == 3

    # The whole is a run: the policy's last one. Nothing of it is done twice.
    assert find_model(whole).checkpoint == runs["round-2"].best
    assert (whole / "evaluation").is_dir()
    assert (runs["round-2-answerer"].path / "evaluation").is_dir()
    again = CliRunner().invoke(app, ["train", "manager.toml", "--quiet", "--resume"])
    assert again.exit_code == 0, again.output
    assert [len(run.metrics()) for run in runs.values()] == [3, 3, 3, 3]
    evaluated = CliRunner().invoke(app, ["eval", "runs/manager", "no_op", "--seeds", "1"])
    assert evaluated.exit_code == 0, evaluated.output
    over = CliRunner().invoke(
        app, ["eval", "runs/manager/round-2-answerer", "no_op", "--memory", "oracle", "--max-entries", "2"]
    )
    assert over.exit_code == 0, over.output
    assert "over what oracle wrote" in over.output
