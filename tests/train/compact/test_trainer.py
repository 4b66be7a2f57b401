from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

import memdojo
from builders import Messages, make_stream, run_training
from http_servers import Request, Response, serve
from memdojo.agents.compact.design import CompactDesign
from memdojo.agents.compact.keep_and_supersede import KeepAndSupersedeNetwork
from memdojo.agents.compact.manager import CompactManager
from memdojo.agents.policy import ReadsItself
from memdojo.cli import app
from memdojo.envs.answering import Answer, AnswerRequest, ExtractiveAnswerer
from memdojo.envs.streams.jsonl.reading import write_jsonl
from memdojo.envs.types import Question
from memdojo.errors import CheckpointError, ConfigError, DivergenceError, EngineError, LeakError
from memdojo.eval.records.files import read_episodes, read_streams
from memdojo.train.checkpoints import compact as checkpoints
from memdojo.train.checkpoints.compact import (
    load_network_state,
    load_policy,
    load_spec,
    load_training_state,
    restore_critic,
)
from memdojo.train.compact.critic import new_future_critic
from memdojo.train.compact.trainer import TrainResult
from memdojo.train.config.files import dump_config, parse_config
from memdojo.train.dispatch import train
from memdojo.train.rollouts.ray_rollouts import RayRollouts
from memdojo.train.rollouts.start import start_rollouts
from memdojo.train.runs.folder import RunFolder
from memdojo.train.runs.progress import NoProgress, Report

pytestmark = pytest.mark.usefixtures("one_thread")

MANAGER: dict[str, Any] = {
    "name": "run",
    "seed": 3,
    "task": "manager",
    "streams": {
        "train": "synthetic:train",
        "validation": "synthetic:validation",
        "num_train": 3,
        "num_validation": 1,
        "options": {"num_sessions": 1, "turns_per_session": 12, "num_facts": 4, "num_questions": 3},
    },
    "episode": {"max_entries": 3, "top_k": 3},
    "features": {"num_candidates": 4},
    "policy": {"hidden_dim": 8},
    "reward": {"evidence_recall": 1.0, "evidence_kept": 0.5},
    "algorithm": {
        "name": "grpo",
        "num_updates": 4,
        "groups_per_update": 2,
        "group_size": 3,
        "minibatch_size": 16,
        "learning_rate": 0.03,
    },
    "rollouts": {"num_workers": 0},
    "evaluation": {"every": 2},
    "checkpoints": {"every": 2, "keep": 9},
}
TO_RETRIEVER = ("task=retriever", "episode.max_entries=", "features.num_candidates=")
TO_DESIGN = (
    "task=design",
    "design.name=sirllm",
    "design.parameters.num_first=1",
    "design.parameters.num_recent=1",
    "design.embedder=hashed_ngrams",
    "features.num_candidates=",
)
TASKS = {
    "manager-grpo": (),
    "manager-forks": ("algorithm.group_start=fork", "streams.window_turns=10"),
    "manager-mixed": ("algorithm.group_start=mixed", "algorithm.local_weight=2"),
    "manager-probes": (
        "algorithm.group_start=probes",
        "algorithm.num_probes=3",
        "algorithm.num_alternatives=2",
        "algorithm.discount=0",
    ),
    "manager-ppo": ("algorithm.name=ppo",),
    "manager-ppo-future": ("algorithm.name=ppo", "algorithm.critic_sees=future"),
    "manager-warm-start": (
        "policy.network=keep_and_supersede",
        "features.embedding_inputs=true",
        "imitation.num_updates=3",
    ),
    "manager-schedules": (
        "algorithm.warmup_updates=1",
        "algorithm.learning_rate_schedule=cosine",
        "algorithm.entropy_coefficient=0.01",
        "algorithm.entropy_schedule=linear",
    ),
    "manager-stages": (
        "streams.session_stages=[1, 2, inf]",
        "streams.options.num_sessions=3",
        "streams.options.turns_per_session=6",
        "policy.network=keep_and_supersede",
        "imitation.num_updates=2",
    ),
    "design-grpo": (*TO_DESIGN, "algorithm.advantage=trajectory"),
    "design-probes": (
        *TO_DESIGN,
        "algorithm.group_start=probes",
        "algorithm.num_probes=3",
        "algorithm.num_alternatives=8",
        "algorithm.discount=0",
    ),
    "design-ppo": (*TO_DESIGN, "algorithm.name=ppo"),
    "retriever-ppo": (*TO_RETRIEVER, "algorithm.name=ppo"),
    "retriever-warm-start": (*TO_RETRIEVER, "imitation.num_updates=2"),
}


class InterruptedAfter(NoProgress):
    """Presses Ctrl-C when an update is reported."""

    def __init__(self, update: int) -> None:
        self.update = update

    def report(self, report: Report) -> None:
        if report.update == self.update:
            signal.raise_signal(signal.SIGINT)


def _train(root: Path, *overrides: str) -> tuple[RunFolder, TrainResult]:
    return run_training(root, parse_config(MANAGER, overrides))


def _resume(root: Path, *overrides: str) -> tuple[RunFolder, TrainResult]:
    config = parse_config(MANAGER, overrides)
    run = RunFolder.resume(root, config)
    return run, train(config, run, resume=True, progress=NoProgress())


def _updates(run: RunFolder) -> list[dict[str, Any]]:
    """The metrics of each update, without those of the start."""
    start, *updates = run.metrics()
    assert start["update"] == 0
    return updates


def _metrics(run: RunFolder) -> list[dict[str, Any]]:
    """All metrics that do not measure time."""
    timed = ("seconds/", "rollouts/steps_per_s")
    return [
        {name: value for name, value in line.items() if not name.startswith(timed)} for line in run.metrics()
    ]


def _require_equal_runs(run: RunFolder, expected: RunFolder) -> None:
    assert _metrics(run) == _metrics(expected)
    folder, other = run.latest, expected.latest
    assert folder is not None
    assert other is not None
    assert folder.name == other.name
    weights, other_weights = load_network_state(folder), load_network_state(other)
    assert weights.keys() == other_weights.keys()
    assert all(torch.equal(weights[name], other_weights[name]) for name in weights)
    state, other_state = load_training_state(folder), load_training_state(other)
    assert state.state == other_state.state
    assert state.tensors.keys() == other_state.tensors.keys()
    assert all(torch.equal(state.tensors[name], other_state.tensors[name]) for name in state.tensors)
    assert run.best is not None
    assert expected.best is not None
    assert run.best.name == expected.best.name


def _checkpoints(run: RunFolder) -> list[str]:
    return sorted(path.name for path in (run.path / "checkpoints").iterdir())


def test_validation_episodes_are_recorded_for_each_update_on_the_same_streams(tmp_path: Path) -> None:
    overrides = ("streams.num_validation=3", "logging.trajectories_every=2")
    run, _ = _train(tmp_path, *overrides, "logging.num_trajectories=2")
    folder = run.path / "trajectories"
    records = list(read_episodes(folder))
    ids = [stream.id for stream in read_streams(folder)]
    assert len(ids) == 2
    assert [(record.policy, record.stream) for record in records] == [
        (f"update {update}", id) for update in (2, 4) for id in ids
    ]
    record = records[0]
    assert len(record.steps) == 12
    assert record.figures.keys() == {"capacity_entries", "capacity_tokens"}
    assert record.figures["capacity_entries"] == 3
    assert len(record.outcome.questions) == 3
    # What the policy thought of its choices; the likeliest is the one that it takes.
    assert all(step.choices[0].is_taken for step in record.steps)
    run, _ = _train(tmp_path / "none", *overrides, "logging.num_trajectories=0")
    assert not (run.path / "trajectories").exists()


def test_a_report_shows_the_updates_as_policies(tmp_path: Path) -> None:
    run, _ = _train(tmp_path, "logging.trajectories_every=2", "logging.num_trajectories=1")
    page = tmp_path / "report.html"
    result = CliRunner().invoke(app, ["report", str(run.path), "--out", str(page)])
    assert result.exit_code == 0, result.stderr
    assert "2 episodes on 1 streams" in result.stdout
    blocks = re.findall(r'<script[^>]* id="([^"]+)">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)
    of_id = {id: json.loads(text) for id, text in blocks}
    (stream,) = of_id["index"]["streams"]
    assert [each["name"] for each in stream["episodes"]] == ["run, update 2", "run, update 4"]
    records = list(read_episodes(run.path / "trajectories"))
    for shown, record in zip(stream["episodes"], records, strict=True):
        steps = of_id[shown["block"]]["steps"]
        assert len(steps) == 12
        assert [step.get("n", 0) for step in steps] == [step.num_entries for step in record.steps]
        asked = [each for step in steps for each in step.get("asked", ())]
        # Validated by evidence recall: what was retrieved of the evidence, as a share of it.
        assert [each["score"] for each in asked] == [
            round(len(each.evidence & frozenset().union(*each.retrieved)) / len(each.evidence), 4)
            for each in record.outcome.questions
        ]
        failed = [each for each in asked if each["score"] < 0.5]
        assert [each for each in asked if "blame" in each] == failed
        assert shown["failed"] == len(failed) > 0
        # A store of 3 entries for 12 turns: evidence is not in it, or it would be retrieved.
        assert {each["blame"]["by"] for each in failed} == {"write"}


def test_a_manager_tells_what_its_memory_comes_to_and_a_retriever_does_not(tmp_path: Path) -> None:
    run, _ = _train(tmp_path)
    for line in _updates(run):
        assert 0 <= line["memory/entries"] <= 3
        assert 0 <= line["memory/evidence_stored"] <= 1
        assert line["memory/tokens_written"] >= line["memory/tokens"]
    run, _ = _train(tmp_path / "retriever", *TASKS["retriever-ppo"])
    assert not any(name.startswith("memory/") for line in run.metrics() for name in line)


def test_a_run_leaves_metrics_checkpoints_and_the_best(tmp_path: Path) -> None:
    run, result = _train(tmp_path)
    start, *lines = run.metrics()
    assert [line["update"] for line in (start, *lines)] == [0, 1, 2, 3, 4]
    assert [("validation/score" in line) for line in (start, *lines)] == [True, False, True, False, True]
    assert "rollouts/return" not in start
    assert {"rollouts/return", "policy_loss", "reward/evidence_kept", "seconds/learner"} <= lines[0].keys()
    kinds = [value for name, value in lines[0].items() if name.startswith("operations/")]
    assert sum(kinds) == pytest.approx(1)
    parts = [value for name, value in lines[0].items() if name.startswith("reward/")]
    assert lines[0]["rollouts/return"] == pytest.approx(sum(parts))
    assert _checkpoints(run) == ["step_000000", "step_000002", "step_000004"]
    scores = {line["update"]: line["validation/score"] for line in (start, lines[1], lines[3])}
    best = max(scores, key=lambda update: scores[update])
    assert result == TrainResult(run.checkpoint_folder(best), scores[best], 4)
    assert run.best == run.checkpoint_folder(best).resolve()
    record = load_spec(run.checkpoint_folder(4)).training
    assert (record.update, record.seed, record.algorithm, record.max_entries) == (4, 3, "grpo", 3)
    assert len(record.groups) == 3
    assert len(record.validation_groups) == 1


def test_without_validation_the_newest_checkpoint_is_the_best(tmp_path: Path) -> None:
    run, result = _train(
        tmp_path,
        *("streams.validation=", "streams.num_validation=", "evaluation.every=", "checkpoints.keep=1"),
    )
    assert result == TrainResult(run.checkpoint_folder(4), None, 4)
    assert run.best == run.checkpoint_folder(4).resolve()
    assert _checkpoints(run) == ["step_000004"]


@pytest.mark.parametrize(
    ("task", "update"),
    [
        ("manager-grpo", 1),
        ("manager-schedules", 2),
        ("manager-forks", 3),
        ("manager-mixed", 1),
        ("manager-ppo", 2),
        ("manager-ppo-future", 2),
        ("manager-warm-start", 2),
        ("design-grpo", 1),
        ("design-probes", 3),
        ("design-ppo", 2),
        ("retriever-ppo", 1),
    ],
)
def test_an_interrupted_run_goes_on_bit_for_bit(tmp_path: Path, task: str, update: int) -> None:
    expected, _ = _train(tmp_path / "whole", *TASKS[task])
    config = parse_config(MANAGER, TASKS[task])
    run = RunFolder.create(tmp_path / "halves", config)
    with pytest.raises(KeyboardInterrupt):
        train(config, run, progress=InterruptedAfter(update))
    assert len(_updates(run)) == update
    assert run.latest == run.checkpoint_folder(update)
    run, result = _resume(tmp_path / "halves", *TASKS[task])
    _require_equal_runs(run, expected)
    assert result.updates == 4


def test_a_critic_that_sees_the_future_is_no_part_of_the_policy(tmp_path: Path) -> None:
    seeing, _ = _train(tmp_path / "future", *TASKS["manager-ppo-future"])
    blind, _ = _train(tmp_path / "policy", *TASKS["manager-ppo"])
    # They play the same episodes, and learn from them in other ways.
    first, other = _updates(seeing)[0], _updates(blind)[0]
    assert first["rollouts/return"] == other["rollouts/return"]
    assert first["explained_variance"] != other["explained_variance"]
    folder, plain = seeing.latest, blind.latest
    assert folder is not None
    assert plain is not None
    assert load_network_state(folder).keys() == load_network_state(plain).keys()
    extra = load_training_state(folder).tensors.keys() - load_training_state(plain).tensors.keys()
    assert {name for name in extra if name.startswith("critic.")}
    assert isinstance(load_policy(folder), CompactManager)


def test_a_checkpoint_without_the_critic_s_weights_is_not_gone_on_from(tmp_path: Path) -> None:
    run, _ = _train(tmp_path, *TASKS["manager-ppo-future"])
    assert run.latest is not None
    critic = new_future_critic(load_policy(run.latest).features, 8, 0)  # type: ignore[arg-type, union-attr]
    tensors = load_training_state(run.latest).tensors
    rest = restore_critic(critic, tensors)
    assert not any(name.startswith("critic.") for name in rest)
    with pytest.raises(CheckpointError, match="the critic's weights do not fit this run"):
        restore_critic(critic, rest)


def test_imitation_comes_first_and_reinforcement_learning_goes_on_from_it(tmp_path: Path) -> None:
    run, result = _train(tmp_path, *TASKS["manager-warm-start"], "evaluation.every=1")
    supervised = ["arrives_loss" in line for line in _updates(run)]
    reinforced = ["policy_loss" in line for line in _updates(run)]
    assert supervised == [True, True, True, False]
    assert reinforced == [False, False, False, True]
    spec = load_spec(result.best)
    assert (spec.network, spec.embedding_inputs) == ("keep_and_supersede", True)
    assert run.latest is not None  # The best may be what training began with.
    (group,) = load_training_state(run.latest).state["optimizer"]
    assert (group["lr"], group["weight_decay"], group["decoupled_weight_decay"]) == (0.03, 0, False)
    learned = load_policy(result.best)
    assert isinstance(learned, CompactManager)
    assert isinstance(learned.network, KeepAndSupersedeNetwork)


@pytest.mark.parametrize(
    ("teacher", "lacks"),
    [
        ("auto", "neither a plan of operations nor a question with evidence"),
        ("labelled", "no plan of operations"),
        ("oracle", "no question with evidence"),
    ],
)
def test_imitation_needs_streams_that_say_what_should_be_done(
    tmp_path: Path, teacher: str, lacks: str
) -> None:
    stream = make_stream("I live in Oslo.", "I own a bike.", questions=[Question("q", "Where?", ("Oslo",))])
    write_jsonl([stream], tmp_path / "train.jsonl")
    tree = MANAGER | {"streams": {"train": f"jsonl:{tmp_path}/train.jsonl"}, "evaluation": {}}
    overrides = (
        *TASKS["manager-warm-start"],
        f"imitation.teacher={teacher}",
        "features.embedding_inputs=false",
    )
    config = parse_config(tree, overrides)
    with pytest.raises(ConfigError, match=rf"imitation\.teacher is '{teacher}'.* have {lacks}"):
        train(config, RunFolder.create(tmp_path, config), progress=NoProgress())


def test_a_retriever_imitates_the_evidence_first(tmp_path: Path) -> None:
    run, _ = _train(tmp_path, *TASKS["retriever-warm-start"])
    assert ["evidence_loss" in line for line in _updates(run)] == [True, True, False, False]
    assert ["policy_loss" in line for line in _updates(run)] == [False, False, True, True]
    assert run.latest is not None
    assert (load_network_state(run.latest)["center"] != 0).any()


def test_a_retriever_needs_evidence_to_imitate(tmp_path: Path) -> None:
    stream = make_stream("I live in Oslo.", "I own a bike.", questions=[Question("q", "Where?", ("Oslo",))])
    write_jsonl([stream], tmp_path / "train.jsonl")
    tree = MANAGER | {"streams": {"train": f"jsonl:{tmp_path}/train.jsonl"}, "evaluation": {}}
    config = parse_config(tree, TASKS["retriever-warm-start"])
    with pytest.raises(ConfigError, match=r"num_updates is 2, and the streams .* no question with evidence"):
        train(config, RunFolder.create(tmp_path, config), progress=NoProgress())


def test_imitation_is_for_retrievers_and_managers_of_two_heads() -> None:
    with pytest.raises(ConfigError, match=r"imitation\.num_updates is 3, but labels are for the two heads"):
        parse_config(MANAGER, ["imitation.num_updates=3"])
    for key in ("policy.network=keep_and_supersede", "imitation.teacher=oracle", "imitation.dropout=0.1"):
        with pytest.raises(ConfigError, match=rf"{key.partition('=')[0]} is .*only a manager uses it"):
            parse_config(MANAGER, [*TO_RETRIEVER, key])


def test_a_finished_run_may_be_trained_on(tmp_path: Path) -> None:
    expected, _ = _train(tmp_path / "whole", "evaluation.every=1")
    _train(tmp_path / "halves", "algorithm.num_updates=2", "evaluation.every=1")
    run, _ = _resume(tmp_path / "halves", "evaluation.every=1")
    _require_equal_runs(run, expected)


def test_resuming_what_is_finished_changes_nothing(tmp_path: Path) -> None:
    expected, result = _train(tmp_path)
    before = (expected.path / "metrics.jsonl").read_bytes()
    run, again = _resume(tmp_path)
    assert again == result
    assert (run.path / "metrics.jsonl").read_bytes() == before


def test_a_killed_run_goes_on_from_its_last_checkpoint(tmp_path: Path) -> None:
    expected, _ = _train(tmp_path / "whole")
    shutil.copytree(expected.path, tmp_path / "killed" / "run", symlinks=True)
    killed = tmp_path / "killed" / "run"
    # As if it had died in update 4, in the middle of a checkpoint and of a line.
    shutil.move(killed / "checkpoints" / "step_000004", killed / "checkpoints" / ".step_000004.77.tmp")
    (killed / "best").unlink()
    (killed / "best").symlink_to("checkpoints/step_000002")
    metrics = killed / "metrics.jsonl"
    metrics.write_bytes(metrics.read_bytes()[:-20])
    run, _ = _resume(tmp_path / "killed")
    _require_equal_runs(run, expected)
    assert _checkpoints(run) == ["step_000000", "step_000002", "step_000004"]


def test_a_run_killed_before_its_first_checkpoint_begins_anew(tmp_path: Path) -> None:
    expected, _ = _train(tmp_path / "whole")
    with RunFolder.create(tmp_path / "killed", parse_config(MANAGER)) as run:
        run.log(0, {"validation/score": 0.5})
        run.log(1, {"rollouts/return": 0.5})
    run, _ = _resume(tmp_path / "killed")
    _require_equal_runs(run, expected)


def test_a_run_killed_before_its_checkpoint_was_marked_marks_it_when_it_goes_on(tmp_path: Path) -> None:
    _train(tmp_path, "algorithm.num_updates=2")
    run = RunFolder.open(tmp_path / "run")
    (run.path / "best").unlink()
    run, result = _resume(tmp_path, "checkpoints.keep=1")
    assert run.best == result.best.resolve()
    assert result.best.is_dir()


def test_a_full_disk_leaves_the_last_good_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, _ = _train(tmp_path / "whole")
    config = parse_config(MANAGER)
    run = RunFolder.create(tmp_path / "full", config)
    write = checkpoints.write_json

    def write_while_there_is_room(path: Path, record: Mapping[str, Any]) -> None:
        if "step_000004" in str(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(path, record)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "write_json", write_while_there_is_room)
        with pytest.raises(CheckpointError, match="step_000004 was not written: No space left on device"):
            train(config, run, progress=NoProgress())
    assert _checkpoints(run) == ["step_000000", "step_000002"]
    assert run.latest == run.checkpoint_folder(2)
    run, _ = _resume(tmp_path / "full")
    _require_equal_runs(run, expected)


class MuteAtFirst(ExtractiveAnswerer):
    """Has no answer to the first batch of questions."""

    num_batches = 0

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        MuteAtFirst.num_batches += 1
        if MuteAtFirst.num_batches == 1:
            return [Answer(None, "no connection") for _ in requests]
        return super().answer(requests)


def test_a_validation_that_could_not_be_scored_is_never_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memdojo.envs.episodes.rules.ExtractiveAnswerer", MuteAtFirst)
    monkeypatch.setattr(MuteAtFirst, "num_batches", 0)
    run, result = _train(
        tmp_path, "evaluation.metric=token_f1", "streams.options.mid_stream_share=0.0", "evaluation.every=1"
    )
    scores = [line["validation/score"] for line in run.metrics()]
    assert scores[0] is None
    assert result.best_score == max(scores[1:])
    assert result.best == run.checkpoint_folder(scores.index(result.best_score))


@pytest.mark.parametrize("held_out", ["validation", "test"])
def test_held_out_streams_of_training_groups_are_refused_by_name(tmp_path: Path, held_out: str) -> None:
    groups = {"train": "abc", held_out: "cbx"}
    question = Question("q", "Where does Ann live?", ("Oslo",), evidence=frozenset({"t0"}))
    stream = make_stream("I live in Oslo.", "I own a bike.", questions=[question])
    for split, names in groups.items():
        streams = [replace(stream, id=f"stream-{name}", group=name) for name in names]
        write_jsonl(streams, tmp_path / f"{split}.jsonl")
    tree = MANAGER | {"streams": {split: f"jsonl:{tmp_path}/{split}.jsonl" for split in groups}}
    config = parse_config(tree, () if held_out == "validation" else ("evaluation.every=",))
    run = RunFolder.create(tmp_path, config)
    with pytest.raises(LeakError, match="share the groups 'b', 'c'"):
        train(config, run, progress=NoProgress())
    assert run.metrics() == []


@pytest.mark.slow
@pytest.mark.usefixtures("ray_cluster")
@pytest.mark.parametrize("num_workers", [1, 4])
def test_any_number_of_workers_trains_the_policy_that_this_process_does(
    num_workers: int, tmp_path: Path
) -> None:
    overrides = ("algorithm.num_updates=2", "algorithm.groups_per_update=5")
    here, _ = _train(tmp_path / "here", *overrides)
    workers, _ = _train(tmp_path / "workers", *overrides, f"rollouts.num_workers={num_workers}")
    _require_equal_runs(workers, here)


@pytest.mark.slow
@pytest.mark.usefixtures("ray_cluster")
def test_an_interrupted_run_goes_on_with_other_workers(tmp_path: Path) -> None:
    overrides = (*TASKS["retriever-ppo"], "algorithm.num_updates=2", "algorithm.groups_per_update=3")
    config = parse_config(MANAGER, (*overrides, "rollouts.num_workers=1"))
    run = RunFolder.create(tmp_path / "halves", config)
    with pytest.raises(KeyboardInterrupt):
        train(config, run, progress=InterruptedAfter(1))
    run, _ = _resume(tmp_path / "halves", *overrides, "rollouts.num_workers=2")
    expected, _ = _train(tmp_path / "whole", *overrides)
    _require_equal_runs(run, expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("num_workers", "number"),
    [(0, signal.SIGINT), (1, signal.SIGINT), (0, signal.SIGTERM), (1, signal.SIGTERM), (1, signal.SIGHUP)],
)
def test_a_signal_to_all_processes_saves_and_tells_how_to_go_on(
    num_workers: int, number: int, tmp_path: Path
) -> None:
    path = tmp_path / "run.toml"
    path.write_text(
        dump_config(
            parse_config(MANAGER, ("algorithm.num_updates=100000", f"rollouts.num_workers={num_workers}"))
        )
    )
    command = [sys.executable, "-m", "memdojo", "train", str(path), "--run-dir", str(tmp_path / "cli")]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"COLUMNS": "500"},
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("update 0/")
    assert process.stderr.readline().startswith("update ")
    # A terminal, and who ends a job, does so to the whole group: Ray's processes as well.
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 128 + number, errors
    assert "Traceback" not in errors
    assert "***" not in errors
    assert (
        errors.splitlines()[-1]
        == f"interrupted; continue with: memdojo train {path} --run-dir {tmp_path / 'cli'} --resume"
    )
    run = RunFolder.open(tmp_path / "cli" / "run")
    updates = len(_updates(run))
    assert run.latest == run.checkpoint_folder(updates)
    # What it saved is what an uninterrupted run has after so many updates, and it goes on as that one does.
    more = (f"algorithm.num_updates={updates + 1}",)
    expected, _ = _train(tmp_path / "whole", *more)
    resumed, _ = _resume(tmp_path / "cli", *more)
    _require_equal_runs(resumed, expected)
    assert (
        tomllib.loads((resumed.path / "config.toml").read_text())["algorithm"]["num_updates"] == updates + 1
    )
    assert json.loads((resumed.path / "metrics.jsonl").read_text().splitlines()[-1])["update"] == updates + 1


class Kills(NoProgress):
    """Kills a worker of the run when the first updates are reported."""

    def __init__(self, pids: Callable[[], list[int]], times: int = 1) -> None:
        self.pids = pids
        self.left = times

    def report(self, report: Report) -> None:
        if self.left and report.update:
            self.left -= 1
            os.kill(self.pids()[0], signal.SIGKILL)


@pytest.fixture
def rollouts(monkeypatch: pytest.MonkeyPatch) -> list[RayRollouts[Any]]:
    """The rollouts that the test's runs start."""
    started: list[RayRollouts[Any]] = []

    def start(*args: Any) -> RayRollouts[Any]:
        started.append(start_rollouts(*args))  # type: ignore[arg-type]
        return started[-1]

    monkeypatch.setattr("memdojo.train.compact.trainer.start_rollouts", start)
    return started


@pytest.mark.slow
@pytest.mark.usefixtures("ray_cluster")
def test_a_worker_that_dies_is_replaced_and_changes_nothing(
    tmp_path: Path, rollouts: list[RayRollouts[Any]]
) -> None:
    here, _ = _train(tmp_path / "here")
    config = parse_config(MANAGER, ("rollouts.num_workers=2",))
    progress = Kills(lambda: rollouts[-1].pids(), times=2)
    run, _ = run_training(tmp_path / "workers", config, progress=progress)
    metrics = _metrics(run)
    assert [line.pop("restarts/workers", None) for line in metrics] == [None, 0, 1, 2, 2]
    assert metrics == [
        {name: value for name, value in line.items() if name != "restarts/workers"} for line in _metrics(here)
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("ray_cluster")
def test_workers_that_die_too_often_end_the_run_with_what_was_trained(
    tmp_path: Path, rollouts: list[RayRollouts[Any]]
) -> None:
    overrides = ("rollouts.num_workers=1", "rollouts.max_restarts=0", "checkpoints.every=100")
    progress = Kills(lambda: rollouts[-1].pids())
    with pytest.raises(EngineError, match=r"another died, but rollouts\.max_restarts is 0"):
        run_training(tmp_path / "killed", parse_config(MANAGER, overrides), progress=progress)
    run = RunFolder.open(tmp_path / "killed" / "run")
    assert _checkpoints(run) == ["step_000000", "step_000001"]
    resumed, _ = _resume(tmp_path / "killed", "checkpoints.every=100")
    expected, _ = _train(tmp_path / "whole", "checkpoints.every=100")
    _require_equal_runs(resumed, expected)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_run_does_not_go_on_with_other_data(tmp_path: Path, split: str) -> None:
    def write(name: str, city: str) -> None:
        question = Question("q", "Where does Ann live?", (city,), evidence=frozenset({"t0"}))
        stream = make_stream(f"I live in {city}.", "I own a bike.", questions=[question], group=name)
        write_jsonl([stream], tmp_path / f"{name}.jsonl")

    splits = ("train", "validation", "test")
    for each in splits:
        write(each, "Rome")
    tree = MANAGER | {"streams": {each: f"jsonl:{tmp_path}/{each}.jsonl" for each in splits}}
    run_training(tmp_path, parse_config(tree, ("algorithm.num_updates=2",)))
    write(split, "Oslo")
    config = parse_config(tree)
    with pytest.raises(ConfigError, match=rf"streams\.{split}: .*1 streams say something else, such as 's'"):
        run_training(tmp_path, config, resume=True)
    write(split, "Rome")
    run, _ = run_training(tmp_path, config, resume=True)
    assert len(_updates(run)) == 4


def test_a_loss_that_runs_away_ends_the_run_and_saves_nothing_of_it(tmp_path: Path) -> None:
    with pytest.raises(DivergenceError, match=r"lower algorithm\.learning_rate"):
        _train(tmp_path, "algorithm.learning_rate=1e30", "evaluation.every=4")
    assert _checkpoints(RunFolder.open(tmp_path / "run")) == ["step_000000"]


def _score(monkeypatch: pytest.MonkeyPatch, *scores: tuple[float, ...]) -> None:
    """Let the validation of the start and of each update after it score so, stream by stream."""
    from memdojo.train.compact.trainer import CompactTrainee

    validate = CompactTrainee.validate
    left = iter(scores)

    def scored(self: CompactTrainee, num_recorded: int = 0) -> Any:
        groups = validate(self, num_recorded)
        return [
            tuple(replace(each, rewards=each.rewards * 0 + score / each.rewards.size) for each in group)
            for group, score in zip(groups, next(left), strict=True)
        ]

    monkeypatch.setattr(CompactTrainee, "validate", scored)


SIX = ("streams.num_validation=6", "evaluation.every=1")
RISING = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


def test_a_validation_says_how_sure_it_is_of_its_score_and_of_the_difference_from_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    better = tuple(score + 0.1 for score in RISING)
    _score(monkeypatch, RISING, better, RISING, RISING, RISING)
    progress = Messages()
    run, _ = run_training(tmp_path, parse_config(MANAGER, SIX), progress=progress)
    start, first, second, *_ = run.metrics()
    assert "validation/difference" not in start
    assert start["validation/low"] < start["validation/score"] < start["validation/high"]
    assert first["validation/score"] == pytest.approx(start["validation/score"] + 0.1)
    # Each stream scored as much more: paired, there is no doubt left.
    ends = ("validation/difference_low", "validation/difference", "validation/difference_high")
    assert [first[name] for name in ends] == pytest.approx([0.1] * 3)
    # It is the best that the next one is compared with.
    assert [second[name] for name in ends] == pytest.approx([-0.1] * 3)
    assert [report.interval for report in progress.reports[:2]] == [
        (line["validation/low"], line["validation/high"]) for line in (start, first)
    ]
    assert [report.is_best for report in progress.reports] == [True, True, False, False, False]


def test_a_run_that_ends_below_its_start_says_so_and_its_start_is_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse = tuple(score - 0.05 for score in RISING)
    _score(monkeypatch, RISING, *[worse] * 4)
    progress = Messages()
    run, result = run_training(tmp_path, parse_config(MANAGER, SIX), progress=progress)
    assert result == TrainResult(run.checkpoint_folder(0), pytest.approx(0.35), 4)
    assert run.best == run.checkpoint_folder(0)
    assert progress.said == [
        "the best validation score, 0.350, is that of the policy that training began with: no update has a "
        "higher one"
    ]
    assert load_spec(result.best).training.update == 0


def test_the_end_of_the_imitation_is_validated_and_named_where_nothing_after_it_is_better(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    better, worse = (tuple(score + by for score in RISING) for by in (0.1, -0.05))
    _score(monkeypatch, RISING, better, worse)
    progress = Messages()
    imitation = (*TASKS["manager-warm-start"], "evaluation.every=9")
    run, result = run_training(tmp_path, parse_config(MANAGER, (*SIX, *imitation)), progress=progress)
    assert ["validation/score" in line for line in _updates(run)] == [False, False, True, True]
    assert result == TrainResult(run.checkpoint_folder(3), pytest.approx(0.45), 4)
    assert progress.said == [
        "the best validation score, 0.450, is that of update 3, from the imitation: reinforcement learning "
        "brought no higher one"
    ]


@pytest.mark.parametrize(
    ("second", "updates", "why"),
    [
        # Better on some streams and worse on others: nothing is sure, and patience runs out.
        ((0.3, 0.0, 0.4, 0.2, 0.6, 0.5), 3, "2 validations brought nothing above the best"),
        (tuple(score - 0.05 for score in RISING), 2, "its validation score is surely below the best"),
    ],
)
def test_a_run_stops_early_for_want_of_anything_better_and_stays_stopped(
    second: tuple[float, ...], updates: int, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    better = tuple(score + 0.01 for score in RISING)
    _score(monkeypatch, RISING, better, second, second, RISING)
    overrides = (*SIX, "evaluation.patience=2", "checkpoints.every=100")
    progress = Messages()
    run, result = run_training(tmp_path, parse_config(MANAGER, overrides), progress=progress)
    assert (result.updates, result.best) == (updates, run.checkpoint_folder(1))
    assert progress.said == [f"stopped early after update {updates}: {why}, which is 0.360 after update 1"]
    assert run.latest == run.checkpoint_folder(updates)
    assert _resume(tmp_path, *overrides)[1] == result
    # Without patience the rest is trained.
    monkeypatch.undo()
    assert _resume(tmp_path, *SIX, "checkpoints.every=100")[1].updates == 4


def test_a_run_interrupted_after_its_start_goes_on_from_there(tmp_path: Path) -> None:
    expected, _ = _train(tmp_path / "whole")
    run = RunFolder.create(tmp_path / "halves", parse_config(MANAGER))
    with pytest.raises(KeyboardInterrupt):
        train(run.config, run, progress=InterruptedAfter(0))
    assert run.latest == run.checkpoint_folder(0)
    run, _ = _resume(tmp_path / "halves")
    _require_equal_runs(run, expected)


def test_a_collapse_is_told_once_and_counted_also_by_a_run_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever is done pays nothing, so that nothing is learned.
    monkeypatch.setattr("memdojo.train.collapse.WINDOW", 2)
    monkeypatch.setattr("memdojo.train.loop.WINDOW", 2)
    overrides = (
        "episode.max_entries=1",
        "reward.evidence_kept=",
        "evaluation.every=9",
        "streams.num_train=1",
    )
    progress = Messages()
    config = parse_config(MANAGER, (*overrides, "algorithm.num_updates=3"))
    monkeypatch.setattr("memdojo.train.compact.trajectories.Trajectory.episode_return", 0.0)
    run_training(tmp_path, config, progress=progress)
    (warning, *_) = progress.said
    assert warning.startswith(
        "update 2: the policy may have collapsed: in each of the last 2 updates all episodes earned the same"
    )
    resumed = Messages()
    run, _ = run_training(tmp_path, parse_config(MANAGER, overrides), resume=True, progress=resumed)
    assert [line["collapsed"] for line in _updates(run)] == [0.0, 1.0, 1.0, 1.0]
    assert [line["rollouts/equal_groups"] for line in _updates(run)] == [1.0] * 4
    assert not any("collapsed" in text for text in (*progress.said[1:], *resumed.said))


def test_decisions_that_never_come_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no decision that is learned from"):
        _train(tmp_path, *TASKS["design-grpo"], "episode.max_entries=99", "episode.token_share=1.0")


def test_the_learned_decisions_of_a_design_are_a_manager_that_reads_itself(tmp_path: Path) -> None:
    run, _ = _train(tmp_path, *TASKS["design-probes"])
    assert run.latest is not None
    spec = load_spec(run.latest)
    assert spec.design is not None
    assert (spec.kind, spec.design.name, spec.design.learned) == ("design", "sirllm", ("leave",))
    assert spec.design.parameters == {"num_first": 1, "num_recent": 1}
    policy = load_policy(run.latest)
    assert isinstance(policy, CompactDesign)
    assert isinstance(policy, ReadsItself)
    assert policy.design.num_first == 1
    assert spec.design.roles == {"kind": "rules"}
    record = json.loads((run.latest / "policy.json").read_text())
    record["design"]["learned"] = ["stay"]
    (run.latest / "policy.json").write_text(json.dumps(record))
    with pytest.raises(CheckpointError, match="unknown decision of 'sirllm' 'stay'"):
        load_policy(run.latest)


def _says_something_new(request: Request) -> Response:
    reply = {"role": "assistant", "content": f"Ann lives at {len(request.body)} Main Street."}
    choice = {"index": 0, "finish_reason": "stop", "message": reply}
    answer = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return Response(json.dumps(answer).encode(), headers={"Content-Type": "application/json"})


def test_a_checkpoint_remembers_who_played_the_roles(tmp_path: Path) -> None:
    with serve(_says_something_new) as url:
        table = {"kind": "endpoint", "model": "m", "url": f"{url}/v1"}
        run, _ = _train(
            tmp_path,
            *(each for each in TASKS["design-grpo"] if "design.parameters" not in each),
            "design.name=mem_agent",
            *(f"design.roles.{key}={value}" for key, value in table.items()),
        )
    assert run.latest is not None
    spec = load_spec(run.latest)
    assert spec.design is not None
    assert spec.design.roles.items() >= table.items()
    with pytest.raises(ConfigError, match=r"design\.roles\.url = .*--trust-run"):
        memdojo.load_policy(run.path)
    policy = memdojo.load_policy(run.path, trust_run=True)
    assert isinstance(policy, CompactDesign)
    assert f"roles by model-roles-2(endpoint(model=m, url={url}/v1))" in policy.reads_by
