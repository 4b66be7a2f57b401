"""The laptop version of Mem-alpha from end to end, with fewer steps and streams than it has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from memdojo.agents.language.tiny import build_tiny_model
from memdojo.cli import app
from memdojo.train.checkpoints.language import load_language_spec
from memdojo.train.config.files import load_config
from memdojo.train.runs.folder import RunFolder

FEWER = (
    *("warm_start.num_steps=30", "warm_start.num_streams=30"),
    *("streams.num_train=30", "streams.num_validation=4", "streams.num_test=4"),
    *("algorithm.num_updates=2", "algorithm.groups_per_update=2", "algorithm.group_size=4"),
    *("evaluation.every=2", "evaluation.num_resamples=100", "checkpoints.every=2", "learner.num_threads=1"),
)


def test_the_three_sizes_have_one_reward_one_advantage_and_one_memory() -> None:
    configs = [load_config(name) for name in ("mem_alpha", "mem_alpha_24gb", "mem_alpha_laptop")]
    for config, calls in zip(configs, ("_published", "", ""), strict=True):
        # The smaller ones are neutral towards a row without a call.
        assert config.reward == {
            "official": 1.0,
            f"call_success{calls}": 1.0,
            "compression": 0.05,
            f"valid_operations{calls}": 0.1,
        }
        assert config.algorithm.advantage == "rows"
        assert (config.episode.max_entries, config.episode.capacity_share) == (None, None)
        assert config.episode.retriever.startswith("pools:")
    # On a laptop there is too little room for all that is said, so that something can be learned.
    assert [config.episode.token_share for config in configs] == [1.0, 1.0, 0.35]
    published = configs[0]
    algorithm, policy, episode = published.algorithm, published.policy, published.episode
    assert (algorithm.groups_per_update, algorithm.group_size, algorithm.learning_rate) == (32, 8, 1e-6)
    assert (algorithm.num_updates, algorithm.warmup_updates) == (205, 10)
    assert (algorithm.clip_low, algorithm.clip_high, algorithm.loss_average) == (0.2, 0.2, "sequence")
    # 32 instances of some 14 chunks, eight rollouts each: 112 gradient steps an update.
    assert algorithm.groups_per_update * algorithm.group_size * 14 / algorithm.minibatch_rows == 112
    assert (policy.max_prompt_tokens, policy.max_response_tokens, policy.temperature) == (6144, 2048, 1.0)
    assert (episode.max_core_tokens, episode.top_k) == (512, 41)
    assert published.judge.operations == "model"


@pytest.mark.slow
def test_the_laptop_version_trains_validates_and_is_compared(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    build_tiny_model(model, hidden_dim=32, num_layers=1, num_heads=1, num_streams=40)
    arguments = (
        *("train", "mem_alpha_laptop", f"policy.model={model}", "name=run", *FEWER),
        *("--run-dir", str(tmp_path), "--quiet"),
    )
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    run = RunFolder.open(tmp_path / "run")
    _, first, last = run.metrics()
    assert first["rollouts/unscored"] == last["rollouts/unscored"] == 0
    parts = {"official", "call_success", "compression", "valid_operations"}
    assert {f"reward/{part}" for part in parts} < set(last)
    # Both fractions of calls are fractions.
    assert 0 <= last["reward/call_success"] <= 1
    assert 0 <= last["reward/valid_operations"] <= 0.1
    # Grades by the category of the generated questions.
    assert any(name.startswith("official/") for name in last)
    assert "validation/score" in last
    assert run.best is not None
    spec = load_language_spec(run.best)
    assert (spec.format, spec.training.retriever, spec.training.max_core_tokens) == (
        "mem_alpha_brief",
        "pools:2",
        64,
    )
    with (run.path / "evaluation" / "eval.json").open(encoding="utf-8") as file:
        settings = json.load(file)["settings"]
    assert (settings["retriever"], settings["max_core_tokens"]) == ("pools:2", 64)
