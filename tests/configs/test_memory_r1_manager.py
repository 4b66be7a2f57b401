"""The laptop version of Memory-R1's manager from end to end, with fewer steps and streams than it has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders import invoke
from memdojo.agents.language.tiny import build_tiny_model
from memdojo.train.checkpoints.language import load_language_spec
from memdojo.train.config.files import load_config
from memdojo.train.runs.folder import RunFolder

FEWER = (
    *("warm_start.num_steps=30", "warm_start.num_streams=30"),
    *("streams.num_train=30", "streams.num_validation=4", "streams.num_test=4"),
    *("algorithm.num_updates=2", "algorithm.groups_per_update=2", "algorithm.group_size=4"),
    *("evaluation.every=2", "evaluation.num_resamples=100", "checkpoints.every=2", "learner.num_threads=1"),
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    build_tiny_model(folder, hidden_dim=32, num_layers=1, num_heads=1, num_streams=40)
    return folder


def test_the_laptop_version_differs_from_the_published_one_in_size_and_in_its_store() -> None:
    published, laptop = load_config("memory_r1_manager"), load_config("memory_r1_manager_laptop")
    for config, share in ((published, None), (laptop, 0.25), (load_config("memory_r1_manager_24gb"), None)):
        assert config.reward["exact_match"] == 1
        assert config.reward["well_formed"] == 0.2
        assert (config.episode.max_entries, config.episode.capacity_share) == (None, share)
        assert config.policy.related_entries is not None
        assert config.algorithm.name == "grpo"
    algorithm, policy = published.algorithm, published.policy
    assert (algorithm.groups_per_update, algorithm.group_size, algorithm.learning_rate) == (128, 8, 1e-6)
    assert (policy.max_prompt_tokens, policy.max_response_tokens, policy.temperature) == (4096, 2048, 1.0)
    assert (algorithm.kl_coefficient, published.one_step.window_turns) == (0.001, 50)


@pytest.fixture(scope="module")
def trained(model: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    root = tmp_path_factory.mktemp("runs")
    config = ("memory_r1_manager_laptop", f"policy.model={model}", "name=run", *FEWER)
    result = invoke("train", *config, "--run-dir", root, "--quiet")
    assert result.exit_code == 0, result.output
    return RunFolder.open(root / "run")


@pytest.mark.slow
def test_the_laptop_version_trains_validates_and_is_compared(trained: RunFolder) -> None:
    start, first, last = trained.metrics()
    assert first["rollouts/unscored"] == last["rollouts/unscored"] == 0
    assert {"reward/exact_match", "reward/well_formed", "reward/answerability"} < set(last)
    assert "validation/score" in start
    assert "validation/score" in last
    assert trained.best is not None
    spec = load_language_spec(trained.best)
    assert spec.related_entries == 2
    assert (spec.training.max_entries, spec.training.capacity_share) == (None, 0.25)
    lines = (trained.path / "evaluation" / "summary.csv").read_text("utf-8").splitlines()[1:]
    # The checkpoint and the warm start are told apart by their folders.
    compared = sorted(line.split(",")[0].partition(" (")[0] for line in lines)
    assert compared == ["labelled", "no_op", "oracle", "recency", "run", "run", "similarity"]


@pytest.mark.slow
def test_a_checkpoint_is_evaluated_on_a_store_of_as_many_turns_as_in_its_training(trained: RunFolder) -> None:
    command = ("eval", trained.path, "recency", "--streams", "synthetic:test", "--option", "num_streams=2")
    result = invoke(*command, "--quiet")
    assert result.exit_code == 0, result.output
    assert "a store of 25% of the turns and 50% of the tokens, " in result.output
    # Whoever wants a limit has it, the baselines as well.
    assert "a store of 5 entries" in invoke(*command, "--quiet", "--max-entries", "5").output


@pytest.mark.slow
def test_the_laptop_version_trains_on_single_steps_by_ppo(model: Path, tmp_path: Path) -> None:
    changes = ("one_step.window_turns=24", "algorithm.name=ppo", "warm_start.num_steps=0", "streams.test=")
    fewer = [change for change in FEWER if not change.startswith(("warm_start", "streams.num_test"))]
    result = invoke(
        *("train", "memory_r1_manager_laptop", f"policy.model={model}", "name=run"),
        *(*fewer, *changes, "--run-dir", tmp_path, "--quiet"),
    )
    assert result.exit_code == 0, result.output
    run = RunFolder.open(tmp_path / "run")
    assert [metrics.get("rows") for metrics in run.metrics()] == [None, 8, 8]
    (first,) = (run.path / "trajectories").glob("update_000000.jsonl")
    episodes = [json.loads(line) for line in first.read_text("utf-8").splitlines()]
    # Two groups of four, each about a chunk (behind the @ of its name), an episode one row.
    assert len(episodes) == 8
    assert all(len(episode["rows"]) == 1 and "@" in episode["stream"] for episode in episodes)
