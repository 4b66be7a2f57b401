"""Training of language policies from end to end, with real engines, Ray and learners."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from builders import make_trajectory, run_training
from memdojo.envs.streams.registry import load_streams
from memdojo.errors import ConfigError
from memdojo.eval.records.files import read_episodes
from memdojo.train.algorithms.registry import make_algorithm
from memdojo.train.checkpoints.language import load_language_spec
from memdojo.train.checkpoints.loading import load_policy
from memdojo.train.config.files import dump_config, parse_config
from memdojo.train.config.run import TrainConfig
from memdojo.train.config.run_kinds import LanguageConfig
from memdojo.train.language.trainer import LanguageTrainee
from memdojo.train.language.trajectories import LanguageGroup
from memdojo.train.rollouts.tasks import RolloutTask
from memdojo.train.runs.folder import RunFolder

from .conftest import OPTIONS

CONFIG: dict[str, Any] = {
    "name": "run",
    "seed": 3,
    "task": "manager",
    "streams": {
        "train": "synthetic:train",
        "validation": "synthetic:validation",
        "num_train": 4,
        "num_validation": 2,
        "turns_per_chunk": 4,
        "options": OPTIONS,
    },
    "episode": {"max_entries": 3, "top_k": 3},
    "policy": {
        "kind": "language",
        "format": "brief",
        "max_prompt_tokens": 400,
        "max_response_tokens": 6,
    },
    "reward": {"token_f1": 1.0, "invalid_operations": 0.1},
    "algorithm": {
        "name": "grpo",
        "num_updates": 2,
        "groups_per_update": 2,
        "group_size": 2,
        "learning_rate": 1e-3,
        # A model that has learnt nothing earns nothing: without it there would be no gradient.
        "entropy_coefficient": 0.01,
    },
    "engine": {"kind": "transformers"},
    "learner": {"num_threads": 1},
    "rollouts": {"num_workers": 1},
    "evaluation": {"every": 2, "metric": "token_f1"},
    "checkpoints": {"every": 1, "keep": 9},
}


PROBES = (
    "algorithm.group_start=probes",
    "algorithm.discount=0",
    "algorithm.num_probes=3",
    "algorithm.num_alternatives=4",
)
ONE_AT_A_TIME = "engine.max_sequences=1"
"""A reply then depends on weights, prompt and seed alone, and not on what happens to be sampled beside it."""


def _config(model: str, *overrides: str) -> TrainConfig:
    return parse_config(CONFIG, (f"policy.model={model}", *overrides))


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    loaded = AutoModelForCausalLM.from_pretrained(folder / "model")
    return dict(loaded.state_dict())


def _metrics(run: RunFolder) -> list[dict[str, Any]]:
    """All metrics that measure neither time nor how far the caches of the workers reach."""
    timed = ("seconds/", "rollouts/steps_per_s", "rollouts/tokens_per_s", "tokens_per_s", "answers/")
    return [
        {name: value for name, value in line.items() if not name.startswith(timed)} for line in run.metrics()
    ]


def test_prompts_and_responses_that_the_model_has_no_room_for_are_refused(model: str, tmp_path: Path) -> None:
    config = _config(model, "policy.max_prompt_tokens=2048")
    with pytest.raises(ConfigError, match=r"2048 and policy\.max_response_tokens is 6, but .* room for 2048"):
        run_training(tmp_path, config)


class _PlaysEqualGroups:
    """Plays groups of two equal episodes, but for the last one of each call; notes what it was asked.

    Where decisions are probed, those of a task are all equal or all different.
    """

    def __init__(self) -> None:
        self.tasks: list[list[RolloutTask]] = []

    def play(self, player: str, tasks: Sequence[RolloutTask], version: int) -> list[LanguageGroup]:
        self.tasks.append(list(tasks))
        equal, differs = [(make_trajectory(0.0),) * 2, (make_trajectory(1.0), make_trajectory(0.0))]
        return [_probed(equal, task.probes) for task in tasks[:-1]] + [_probed(differs, tasks[-1].probes)]

    def restarts(self) -> dict[str, float]:
        return {}

    def take_answer_counts(self) -> tuple[int, int]:
        return 0, 0

    def close(self) -> None: ...


def _probed(group: LanguageGroup, num_probes: int) -> LanguageGroup:
    return tuple(replace(each, decision=place) for place in range(max(num_probes, 1)) for each in group)


@pytest.mark.parametrize("num_probes", [0, 3])
@pytest.mark.parametrize(("refill_rounds", "num_played"), [(0, [4]), (1, [4, 3]), (9, [4, 3, 2, 1])])
def test_other_groups_are_played_for_those_without_spread_until_there_are_enough_or_the_rounds_are_over(
    refill_rounds: int, num_played: list[int], num_probes: int, model: str, tmp_path: Path
) -> None:
    config = _config(
        model,
        *(PROBES if num_probes else ()),
        "algorithm.groups_per_update=4",
        "algorithm.skip_equal_groups=true",
        f"algorithm.refill_rounds={refill_rounds}",
    )
    assert isinstance(config, LanguageConfig)
    sampling = _PlaysEqualGroups()
    learner: Any = SimpleNamespace(
        algorithm=make_algorithm(config.algorithm), accelerator=SimpleNamespace(num_processes=1)
    )
    run = RunFolder.create(tmp_path, config)
    splits = {"train": load_streams("synthetic:train", num_streams=4, **OPTIONS)}
    trainee = LanguageTrainee(config, run, splits, sampling, learner, lambda: False)
    played = trainee.play(1)
    assert [len(tasks) for tasks in sampling.tasks] == num_played
    # A decision that is probed is a group of its own.
    groups_per_task = max(num_probes, 1)
    assert len(played.groups) == sum(num_played) * groups_per_task
    # With enough rounds as many groups teach as there are to be.
    taught = len(learner.algorithm.select(played.groups).groups)
    assert taught == len(num_played) * groups_per_task
    assert len({task.seeds for tasks in sampling.tasks for task in tasks}) == sum(num_played)


@pytest.mark.slow
def test_a_run_with_vllm_learns_validates_and_leaves_checkpoints_that_any_tool_loads(
    model: str, tmp_path: Path
) -> None:
    config = _config(
        model, "engine.kind=vllm", "warm_start.num_steps=2", "warm_start.num_streams=2", "evaluation.every=1"
    )
    run, result = run_training(tmp_path, config)
    start, first, second = run.metrics()
    assert (start["update"], "rows" in start) == (0, False)
    assert 0 <= start["validation/score"] <= 1
    assert first["rows"] == 2 * 2 * 3
    # What the engine sampled is what the learner thinks of it, after new weights as well.
    assert max(first["sampler_mismatch_max"], second["sampler_mismatch_max"]) < 1e-4
    assert 0 <= second["validation/score"] <= 1
    assert first["rollouts/unscored"] == 0
    assert {"answers/cached_share", "prompts/shortened_share", "seconds/weights"} <= second.keys()
    assert load_language_spec(result.best).task == "manager"
    loaded = AutoModelForCausalLM.from_pretrained(result.best / "model")
    assert loaded.config.vocab_size == AutoTokenizer.from_pretrained(result.best / "model").vocab_size
    assert AutoTokenizer.from_pretrained(result.best / "model").chat_template
    # Of equal scores the start's is the best, so the last checkpoint is what was learned.
    assert run.latest is not None
    started, ended = _weights(run.warm_start), _weights(run.latest)
    assert any(not torch.equal(started[name], ended[name]) for name in started)
    lines = (run.path / "trajectories" / "update_000000.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 4
    assert json.loads(lines[0])["rows"][0]["prompt"].startswith("<|user|>MEMORY")
    # The validation after the last update, with the store as each step left it.
    (record,) = [each for each in read_episodes(run.path / "trajectories") if each.policy == "update 2"][:1]
    assert record.steps
    assert all(step.turns for step in record.steps)
    assert second["memory/entries"] >= 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("algorithm", "num_workers"),
    [((), 0), (PROBES, 0), (("algorithm.name=ppo",), 1)],
    ids=["grpo", "probes", "ppo"],
)
def test_a_run_that_was_resumed_gives_the_numbers_of_one_that_was_not(
    algorithm: tuple[str, ...], num_workers: int, model: str, tmp_path: Path
) -> None:
    same = (*algorithm, f"rollouts.num_workers={num_workers}", ONE_AT_A_TIME)
    whole, _ = run_training(tmp_path / "whole", _config(model, *same))
    run_training(tmp_path / "parts", _config(model, *same, "algorithm.num_updates=1", "evaluation.every=1"))
    parts, _ = run_training(tmp_path / "parts", _config(model, *same), resume=True)
    assert _metrics(parts)[2] == pytest.approx(_metrics(whole)[2], rel=0, abs=0, nan_ok=True)
    assert whole.latest is not None
    assert parts.latest is not None
    expected, found = _weights(whole.latest), _weights(parts.latest)
    assert all(torch.equal(expected[name], found[name]) for name in expected)


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", [(), PROBES], ids=["grpo", "probes"])
def test_a_run_in_one_process_learns_what_a_worker_and_an_engine_of_their_own_do(
    algorithm: tuple[str, ...], model: str, tmp_path: Path
) -> None:
    same = (*algorithm, ONE_AT_A_TIME)
    beside, _ = run_training(tmp_path / "beside", _config(model, *same))
    here, _ = run_training(tmp_path / "here", _config(model, *same, "rollouts.num_workers=0"))
    _require_alike(here, beside)
    assert "restarts/workers" in beside.metrics()[1]
    assert "restarts/workers" not in here.metrics()[1]


@pytest.mark.slow
def test_adapters_are_trained_saved_and_resumed(model: str, tmp_path: Path) -> None:
    adapters = ("policy.lora_rank=2", "algorithm.kl_coefficient=0.01")
    run, result = run_training(
        tmp_path, _config(model, *adapters, "algorithm.num_updates=1", "evaluation.every=1")
    )
    assert (result.best / "adapter" / "adapter_model.safetensors").is_file()
    run, result = run_training(tmp_path, _config(model, *adapters), resume=True)
    assert [line["update"] for line in run.metrics()] == [0, 1, 2]
    assert run.metrics()[2]["sampler_mismatch_max"] < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("task", ["retriever", "answer_agent"])
def test_the_tasks_of_one_context_are_trained_by_the_same_loop(task: str, model: str, tmp_path: Path) -> None:
    tree = {
        **CONFIG,
        "task": task,
        "streams": {key: value for key, value in CONFIG["streams"].items() if key != "turns_per_chunk"},
        "episode": {"top_k": 3},
        "policy": {**CONFIG["policy"], "format": "plain", "model": model, "max_prompt_tokens": 1500},
        "warm_start": {"num_steps": 2, "batch_size": 4},
    }
    if task == "retriever":
        tree["reward"] = {"evidence_recall": 1.0}
        tree["evaluation"] = {"every": 2, "metric": "evidence_recall"}
    run, _ = run_training(tmp_path, parse_config(tree))
    assert [line.get("rows") for line in run.metrics()] == [None, 4, 4]


DESIGN: dict[str, Any] = {
    **CONFIG,
    "task": "design",
    "design": {"name": "re_me", "learn": ["store"], "embedder": "hashed_ngrams"},
    "streams": {key: value for key, value in CONFIG["streams"].items() if key != "turns_per_chunk"},
    "warm_start": {"num_steps": 3, "batch_size": 4},
    "rollouts": {"num_workers": 0},
}


@pytest.mark.slow
def test_the_decisions_of_a_design_are_trained_resumed_and_loaded(model: str, tmp_path: Path) -> None:
    same = (f"policy.model={model}", ONE_AT_A_TIME)
    whole, _ = run_training(tmp_path / "whole", parse_config(DESIGN, same))
    first = parse_config(DESIGN, (*same, "algorithm.num_updates=1", "evaluation.every=1"))
    run_training(tmp_path / "parts", first)
    parts, result = run_training(tmp_path / "parts", parse_config(DESIGN, same), resume=True)
    assert _metrics(parts)[2] == pytest.approx(_metrics(whole)[2], rel=0, abs=0, nan_ok=True)
    start, _, second = whole.metrics()
    assert 0 <= start["validation/score"] <= 1
    # At most turns the fact is a choice; a stream has twelve.
    assert 4 * 6 < second["rows"] <= 4 * 24
    assert second["sampler_mismatch_max"] < 1e-4
    assert second["operations/malformed"] > 0
    assert second["memory/entries"] > 0
    lines = (whole.path / "trajectories" / "update_000000.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[0])["rows"][0]["prompt"].startswith("<|user|>DECISION store\nABOUT ")
    (record,) = [each for each in read_episodes(whole.path / "trajectories") if each.policy == "update 2"][:1]
    assert [len(step.turns) for step in record.steps] == [1] * 12
    policy: Any = load_policy(result.best)
    assert (policy.design.name, policy.turns_per_chunk) == ("re_me", 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "algorithm",
    [("algorithm.name=ppo", "rollouts.num_workers=1"), PROBES, ("algorithm.group_start=fork",)],
    ids=["ppo-ray", "probes", "fork"],
)
def test_the_decisions_of_a_design_are_trained_in_all_ways(
    algorithm: tuple[str, ...], model: str, tmp_path: Path
) -> None:
    run, _ = run_training(tmp_path, parse_config(DESIGN, (f"policy.model={model}", *algorithm)))
    assert [line["update"] for line in run.metrics()] == [0, 1, 2]
    assert all(line["rows"] > 0 for line in run.metrics()[1:])


@pytest.mark.slow
def test_decisions_that_never_come_are_told(model: str, tmp_path: Path) -> None:
    never = ('design.learn=["leave"]', "episode.max_entries=99", "episode.token_share=9.0")
    config = parse_config(DESIGN, (f"policy.model={model}", "warm_start.num_steps=0", *never))
    with pytest.raises(ConfigError, match="no decision that is learned from"):
        run_training(tmp_path, config)


@pytest.mark.slow
def test_two_learner_processes_two_workers_and_two_engines_learn_what_one_of_each_does(
    model: str, tmp_path: Path
) -> None:
    one, _ = run_training(tmp_path / "one", _config(model, ONE_AT_A_TIME))
    several = ("learner.num_processes=2", "rollouts.num_workers=2", "engine.num_engines=2")
    two, _ = run_training(tmp_path / "two", _config(model, ONE_AT_A_TIME, *several))
    _require_alike(two, one)


def _require_alike(run: RunFolder, other: RunFolder) -> None:
    """Require that two runs have sampled the same, and learnt the same but for the last digits."""
    for found, expected in zip(_metrics(run)[1:], _metrics(other)[1:], strict=True):
        for name in ("policy_loss", "gradient_norm", "rollouts/return", "rows", "tokens"):
            assert found[name] == pytest.approx(expected[name], rel=1e-4, abs=1e-6), name
    assert run.latest is not None
    assert other.latest is not None
    found_weights, expected_weights = _weights(run.latest), _weights(other.latest)
    for name, weight in expected_weights.items():
        torch.testing.assert_close(found_weights[name], weight, rtol=1e-4, atol=1e-5)


def _start(root: Path, config: TrainConfig) -> subprocess.Popen[str]:
    path = root / "config.toml"
    root.mkdir(exist_ok=True)
    path.write_text(dump_config(config), encoding="utf-8")
    command = [sys.executable, "-m", "memdojo", "train", str(path), "--run-dir", str(root)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def _wait_for_lines(path: Path, num_lines: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        if path.exists() and len(path.read_text("utf-8").splitlines()) >= num_lines:
            return
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.2)
    raise AssertionError("the run made no progress")


@pytest.mark.slow
def test_a_killed_driver_loses_nothing_but_the_update_in_flight(model: str, tmp_path: Path) -> None:
    whole, _ = run_training(tmp_path / "whole", _config(model, ONE_AT_A_TIME, "algorithm.num_updates=4"))
    long = _config(model, ONE_AT_A_TIME, "algorithm.num_updates=400")
    process = _start(tmp_path / "killed", long)
    try:
        _wait_for_lines(tmp_path / "killed" / "run" / "metrics.jsonl", 3, process)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    before = [line["update"] for line in RunFolder.open(tmp_path / "killed" / "run").metrics()]
    num_updates = max(4, before[-1] + 1)
    config = _config(model, ONE_AT_A_TIME, f"algorithm.num_updates={num_updates}")
    run, _ = run_training(tmp_path / "killed", config, resume=True)
    updates = [line["update"] for line in run.metrics()]
    assert updates == list(range(num_updates + 1))
    for found, expected in zip(_metrics(run)[1:5], _metrics(whole)[1:], strict=True):
        assert found["policy_loss"] == expected["policy_loss"]


@pytest.mark.slow
def test_a_killed_learner_process_ends_the_run_with_one_sentence_and_resume_goes_on(
    model: str, tmp_path: Path
) -> None:
    two = ("learner.num_processes=2", "rollouts.num_workers=1")
    process = _start(tmp_path, _config(model, *two, "algorithm.num_updates=400"))
    try:
        _wait_for_lines(tmp_path / "run" / "metrics.jsonl", 3, process)
        victim = _learner_process(process.pid)
        os.kill(victim, signal.SIGKILL)
        output, _ = process.communicate(timeout=240)
    finally:
        process.kill()
    assert process.returncode == 2, output
    assert "a learner process died" in output
    assert "Traceback" not in output
    done = RunFolder.open(tmp_path / "run").metrics()[-1]["update"]
    longer = f"algorithm.num_updates={done + 1}"
    run, _ = run_training(tmp_path, _config(model, *two, longer), resume=True)
    assert [line["update"] for line in run.metrics()] == list(range(done + 2))


def _learner_process(driver: int) -> int:
    """Return the process id of one of the driver's learners: another run on the machine may have its own."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                is_learner = (folder / "cmdline").read_bytes().startswith(b"ray::RayTrainWorker")
                if is_learner and driver in _ancestors(int(folder.name)):
                    return int(folder.name)
    raise AssertionError("there is no learner process")


def _ancestors(pid: int) -> Iterator[int]:
    while pid > 1:
        # The name, in parentheses, may hold blanks; the state and the parent come after it.
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        yield pid
