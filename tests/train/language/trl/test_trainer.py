from __future__ import annotations

import asyncio
import dataclasses
import json
import math
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from builders import make_stream, run_training
from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.engines.engine import Generation, StopReason
from memdojo.agents.engines.models import load_tokenizer
from memdojo.agents.engines.scripted_engine import ScriptedEngine
from memdojo.agents.language.policies import PromptEncoder
from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.prompts.brief import BriefFormat
from memdojo.envs.prompts.tasks import ManagerTask
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Question
from memdojo.errors import CheckpointError, ConfigError, DivergenceError, EngineError
from memdojo.rewards.reward import Reward
from memdojo.train.checkpoints.language import load_language_spec
from memdojo.train.config.files import parse_config
from memdojo.train.config.run import TrainConfig
from memdojo.train.language.setup import make_task, player_recipe
from memdojo.train.language.trajectories import LanguageGroup
from memdojo.train.language.trl.prompts import ManagerSteps, StepSchedule
from memdojo.train.language.trl.settings import grpo_settings
from memdojo.train.language.warm_start.demonstrations import DemonstratedEpisode
from memdojo.train.loop import TrainResult
from memdojo.train.rollouts.tasks import RolloutTask
from memdojo.train.runs.folder import RunFolder
from memdojo.train.runs.progress import Progress, Report

from ..conftest import OPTIONS


def _record(model: str, task: str = "retriever", **tables: dict[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "name": "run",
        "task": task,
        "streams": {"train": "synthetic:train", "num_train": 2, "options": OPTIONS},
        "episode": {"top_k": 5},
        "policy": {
            "kind": "language",
            "model": str(model),
            "max_prompt_tokens": 1000,
            "max_response_tokens": 6,
        },
        "reward": {"evidence_recall": 1.0, "invalid_operations": 0.1},
        "algorithm": {
            "name": "grpo",
            "num_updates": 2,
            "groups_per_update": 2,
            "group_size": 4,
            "epochs": 1,
            "learning_rate": 0.01,
        },
        "engine": {"kind": "transformers"},
        "learner": {"kind": "trl", "micro_batch_tokens": 2 * 1006},
    }
    if task == "manager":
        record["streams"]["turns_per_chunk"] = 3
        record["episode"]["max_entries"] = 3
    if task == "answer_agent":
        record["reward"] = {"token_f1": 1.0}
    for table, values in tables.items():
        record.setdefault(table, {}).update(values)
    return record


def _config(model: str, task: str = "retriever", **tables: dict[str, Any]) -> TrainConfig:
    return parse_config(_record(model, task, **tables))


def _train(
    config: TrainConfig, root: Path, *, resume: bool = False, progress: Progress | None = None
) -> tuple[TrainResult, RunFolder]:
    run, result = run_training(root, config, resume=resume, progress=progress)
    return result, run


def _weights(folder: str | Path) -> dict[str, torch.Tensor]:
    return load_file(Path(folder, "model.safetensors"))


def _are_equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def _reply(encoder: PromptEncoder, text: str) -> Generation:
    return Generation(encoder.encode_reply(text), (), StopReason.END, 0)


# What a completion is worth


def test_a_completion_is_worth_what_the_player_gives_for_it(model: str) -> None:
    config = _config(model, policy={"max_response_tokens": 32})
    streams = load_streams("synthetic:train", num_streams=2, **OPTIONS)
    schedule = StepSchedule(config, streams, str(model))
    encoder = PromptEncoder(*_tokenizer_and_format(config), 1000)
    texts = ["1, 2, 3, 4, 5", "3", "nonsense", "12, 11, 10, 9, 8"]
    replies = [_reply(encoder, text) for text in texts]
    groups = asyncio.run(schedule.play([0, 1], [replies, replies]))
    player = player_recipe(config, streams, config.reward, str(model))()
    for position, group in enumerate(groups):
        task = schedule._task(position)
        for reply, trajectory in zip(replies, group, strict=True):
            engine = ScriptedEngine(lambda prompt_ids, ids=reply.token_ids: ids)
            alone = dataclasses.replace(task, seeds=(9,))
            (played,) = asyncio.run(player.play(alone, engine))
            assert trajectory.episode_return == played.episode_return
            assert trajectory.parts == played.parts
            assert trajectory.rows[0].prompt_ids.tolist() == played.rows[0].prompt_ids.tolist()
    assert len({trajectory.episode_return for group in groups for trajectory in group}) > 1


@pytest.mark.parametrize("task", ["retriever", "answer_agent", "manager"])
def test_trl_s_own_rendering_has_the_token_ids_of_the_encoder(task: str, model: str) -> None:
    config = _config(model, task, policy={"max_prompt_tokens": 300})
    streams = [
        rechunk(stream, config.streams.turns_per_chunk)
        for stream in load_streams("synthetic:train", num_streams=2, **OPTIONS)
    ]
    tokenizer, format = _tokenizer_and_format(config)
    prompt = StepSchedule(config, streams, str(model)).prompt(1)
    conversation = [
        {"role": message.role, "content": message.content} for message in format.messages(prompt.view)
    ]
    rendered = tokenizer.apply_chat_template(
        conversation=[conversation],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        **grpo_settings(config)["chat_template_kwargs"],
    )
    assert tuple(rendered["input_ids"][0]) == prompt.ids
    assert len(prompt.ids) <= 300


def _tokenizer_and_format(config: TrainConfig) -> tuple[Any, Any]:
    return load_tokenizer(str(config.policy.model)), make_task(config).format


STREAM = make_stream(
    "tea is green",
    "it rains",
    "the cat sleeps",
    "so it does",
    "well then",
    "good bye",
    turns_per_chunk=2,
    questions=(
        Question("a", "what is tea?", ("green",), "1", frozenset({"t0"}), 0),
        Question("b", "what is green?", ("tea",), "1", frozenset({"t0"}), 1),
        Question("c", "who sleeps?", ("the cat",), "1", frozenset({"t2"}), None),
    ),
)
"""Three chunks of two turns; a, b and c ask for turns 0, 0 and 2 after chunks 0, 1 and 2."""


def _manager_steps(tokenizer: Any, reward: dict[str, float], answerer: Any = None) -> ManagerSteps:
    task = ManagerTask(BriefFormat())
    return ManagerSteps(
        [STREAM],
        task,
        PromptEncoder(tokenizer, task.format, 1000),
        make_baseline("oracle"),
        EpisodeRules(
            reward=Reward(reward), capacity=CapacitySettings(max_entries=3), top_k=5, answerer=answerer
        ),
    )


@pytest.mark.parametrize(
    ("reply", "paid"),
    [
        # The teacher has kept turn 0 alone. Each question is a third; a was asked before.
        ("NOOP", 1 / 3),
        ("KEEP a", 2 / 3),
        ("DROP 1\nKEEP a", 1 / 3),
        ("DROP 1", 0.0),
        ("hello", 1 / 3),
    ],
)
def test_a_manager_s_step_is_paid_from_its_chunk_to_the_end(reply: str, paid: float, tokenizer: Any) -> None:
    steps = _manager_steps(tokenizer, {"evidence_stored": 1.0})
    encoder = PromptEncoder(tokenizer, BriefFormat(), 1000)
    for turn in (2, 3):  # Both turns of the second chunk.
        task = RolloutTask(0, (1,), fork_turn=turn)
        prompt = encoder.decode_prompt(steps.prompt(task).ids)
        assert "1 Ann: tea is green" in prompt
        assert "a Ann: the cat sleeps" in prompt
        trajectory = asyncio.run(steps.play(task, _reply(encoder, reply)))
        assert trajectory.episode_return == pytest.approx(paid)
        assert len(trajectory.rows) == 1
    # What the teacher did is not counted as the policy's.
    assert sum(trajectory.counts.values()) == len(reply.split("\n"))


def test_a_turn_behind_the_end_of_a_window_means_its_last_chunk(tokenizer: Any) -> None:
    steps = _manager_steps(tokenizer, {"evidence_stored": 1.0})
    encoder = PromptEncoder(tokenizer, BriefFormat(), 1000)
    task = RolloutTask(0, (1,), window=(0, 4), fork_turn=9)
    assert "a Ann: the cat sleeps" in encoder.decode_prompt(steps.prompt(task).ids)
    # Question a was asked before; b and c are a third each, as evidence of all three lies in the window.
    trajectory = asyncio.run(steps.play(task, _reply(encoder, "KEEP a")))
    assert trajectory.episode_return == pytest.approx(2 / 3)


class _Knowing:
    """Knows one answer, and has none to another question."""

    fingerprint = "knowing"

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        return [
            Answer(None, "time-out") if request.question == "who sleeps?" else Answer("tea")
            for request in requests
        ]


def test_a_manager_s_step_with_an_answer_that_could_not_be_had_is_unscored(tokenizer: Any) -> None:
    encoder = PromptEncoder(tokenizer, BriefFormat(), 1000)
    steps = _manager_steps(tokenizer, {"exact_match": 1.0}, _Knowing())
    trajectory = asyncio.run(steps.play(RolloutTask(0, (1,), fork_turn=2), _reply(encoder, "NOOP")))
    assert not trajectory.scored
    assert trajectory.failure.startswith("answer: ")
    assert "time-out" in trajectory.failure
    assert math.isnan(trajectory.rows[0].reward)


@pytest.mark.parametrize("teacher", ["oracle", "recency", "similarity", "random"])
@pytest.mark.parametrize("turns_per_chunk", [1, 2, 5])
def test_a_teacher_goes_on_from_what_the_pupil_did(teacher: str, turns_per_chunk: int) -> None:
    task = ManagerTask(BriefFormat())
    for stream in load_streams("synthetic:train", num_streams=2, **OPTIONS):
        cut = rechunk(stream, turns_per_chunk)
        student = ManagerEpisode(
            StreamContext(cut), CapacitySettings(max_entries=3, token_share=math.inf).for_stream(cut), seed=4
        )
        taught = DemonstratedEpisode(student, make_baseline(teacher), 4)
        while not student.ended:
            if student.step_index % 2:
                before = student.store.fork()
                task.begin(student, task.view(student), "DROP 1\nKEEP a\nUPDATE 1 a")
                taught.follow(before)
            else:
                taught.begin_step(taught.demonstrate())
                assert all(result.applied for result in student.results)
            student.finish_step(())
            texts = [
                sorted(entry.text for entry in store) for store in (student.store, taught._episode.store)
            ]
            assert texts[0] == texts[1]


def test_forks_of_a_taught_episode_go_their_own_ways() -> None:
    student = ManagerEpisode(StreamContext(STREAM), CapacitySettings(max_entries=3).for_stream(STREAM))
    taught = DemonstratedEpisode(student, make_baseline("recency"), 0)
    fork = taught.fork()
    fork.begin_step(fork.demonstrate())
    fork.student.finish_step(())
    assert [entry.text for entry in fork.student.store] == ["Ann: tea is green", "Ann: it rains"]
    assert len(taught.student.store) == 0
    assert taught.student.step_index == 0


# Configurations


@pytest.mark.parametrize(
    ("tables", "why"),
    [
        ({"algorithm": {"name": "ppo"}}, "has grpo only"),
        ({"algorithm": {"advantage": "step"}}, r"algorithm\.advantage is 'step', but .* as wholes"),
        ({"algorithm": {"advantage": "rows"}}, r"algorithm\.advantage is 'rows', but .* as wholes"),
        ({"algorithm": {"discount": 0.9}}, r"algorithm\.discount is 0\.9, but .* does not use it"),
        ({"algorithm": {"skip_equal_groups": True}}, "skips no groups"),
        ({"algorithm": {"dual_clip": 3.0}}, "whose trainer has none"),
        ({"algorithm": {"normalise": False}}, "divides by the deviation"),
        ({"reward": {"overlong_responses": 1.0}}, "do not say how long a response is"),
        ({"algorithm": {"minibatch_rows": 2}}, r"give algorithm\.minibatch_groups"),
        ({"algorithm": {"importance_cap": 2.0}}, "samples with the learner's own weights"),
        (
            {"algorithm": {"groups_per_update": 4, "minibatch_groups": 3}},
            r"minibatch_groups is 3, but .* must divide .* which is 4",
        ),
        ({"learner": {"num_processes": 2}}, "trains in one process"),
        ({"engine": {"kind": "vllm"}}, r"on a CPU engine\.kind = 'transformers'"),
        ({"engine": {"kind": "vllm", "num_gpus": 2}}, "the learner's one GPU"),
        (
            {"algorithm": {"entropy_coefficient": 0.1, "entropy_schedule": "linear"}},
            r"algorithm\.entropy_schedule is 'linear', but .* whose weight of the entropy stays",
        ),
        ({"engine": {"num_engines": 2}}, r"engine\.num_engines is 2, but .* does not use it"),
        ({"engine": {"dtype": "bfloat16"}}, "make them equal"),
        ({"answerer": {"kind": "model", "model": "m"}}, r"use answerer\.kind = 'endpoint'"),
        ({"rollouts": {"num_workers": 3}}, r"rollouts\.num_workers is 3, but .* plays without workers"),
    ],
)
def test_what_trl_cannot_do_is_refused(tables: dict[str, dict[str, Any]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        _config("m", **tables)


def test_a_manager_s_groups_start_where_the_teacher_got_to() -> None:
    with pytest.raises(ValueError, match=r"algorithm\.group_start is 'fork', but .* does not use it"):
        _config("m", "manager", algorithm={"group_start": "fork"})
    assert _config("m", "manager").learner.kind == "trl"


def test_trl_plays_in_the_process_of_the_run_as_no_workers_say() -> None:
    assert _config("m", "manager", rollouts={"num_workers": 0}).rollouts.num_workers == 0


def test_the_advantage_of_whole_episodes_may_be_named() -> None:
    assert _config("m", algorithm={"advantage": "trajectory"}).algorithm.advantage == "trajectory"


def test_vllm_without_a_gpu_is_refused(model: str, tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ConfigError, match=r"the learner runs on the CPU; use engine\.kind"):
        _train(_config(model, engine={"kind": "vllm", "num_gpus": 1}), tmp_path)


def test_an_update_is_one_generation_batch() -> None:
    algorithm = {"num_updates": 5, "groups_per_update": 6, "group_size": 4, "epochs": 2, "warmup_updates": 3}
    # Two contexts fit into a pass, but passes must divide the 12 completions of a step: 2 does.
    settings = grpo_settings(_config("m", algorithm=algorithm | {"minibatch_groups": 3}))
    assert settings["generation_batch_size"] == 24
    assert settings["per_device_train_batch_size"] == 2
    assert settings["gradient_accumulation_steps"] == 6
    # Two steps of half the groups, twice.
    assert settings["steps_per_update"] == 4
    assert settings["max_steps"] == 20
    assert settings["warmup_steps"] == 12
    assert settings["lr_scheduler_type"] == "constant_with_warmup"
    falling = grpo_settings(_config("m", algorithm=algorithm | {"learning_rate_schedule": "cosine"}))
    assert falling["lr_scheduler_type"] == "cosine"
    # Five contexts fit, of which 4 divide the 24 completions.
    whole = grpo_settings(_config("m", algorithm=algorithm, learner={"micro_batch_tokens": 5 * 1006}))
    assert (whole["per_device_train_batch_size"], whole["gradient_accumulation_steps"]) == (4, 6)
    tiny = grpo_settings(_config("m", learner={"micro_batch_tokens": 1}))
    assert tiny["per_device_train_batch_size"] == 1


# Training


VALIDATION: dict[str, dict[str, Any]] = {
    "streams": {"validation": "synthetic:validation", "num_validation": 1},
    "evaluation": {"every": 1},
}


@pytest.mark.slow
def test_a_retriever_trains(model: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result, run = _train(_config(model, **VALIDATION), tmp_path)
    # Nothing but the progress speaks.
    assert capfd.readouterr() == ("", "")
    start, first, second = run.metrics()
    assert (start["update"], first["update"], second["update"], result.updates) == (0, 1, 2, 2)
    assert math.isfinite(start["validation/score"])
    assert first["rollouts/return"] == pytest.approx(
        first["reward/evidence_recall"] + first["reward/invalid_operations"]
    )
    # TRL's prompts and completions are those that were scored.
    assert first["trl/num_tokens"] == 8 * (first["prompts/tokens"] + first["responses/tokens"])
    assert first["trl/reward"] == pytest.approx(first["rollouts/return"], abs=1e-6)
    for name in ("loss", "gradient_norm", "entropy", "clip_fraction", "learning_rate", "validation/score"):
        assert math.isfinite(first[name])
    assert first["rollouts/unscored"] == 0
    scores = [line["validation/score"] for line in (start, first, second)]
    assert result.best_score == max(scores)
    assert run.best == result.best.resolve()
    spec = load_language_spec(result.best)
    assert (spec.task, spec.engine, spec.training.update) == (
        "retriever",
        "transformers",
        scores.index(max(scores)),
    )
    assert not list(run.path.rglob("training_args.bin"))
    assert not list(run.path.glob("checkpoints/.*"))
    lines = (run.path / "trajectories" / "update_000000.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 8
    assert len(json.loads(lines[0])["rows"]) == 1


@pytest.mark.slow
def test_an_answer_agent_trains_adapters_in_several_steps_an_update(model: str, tmp_path: Path) -> None:
    config = _config(
        model,
        "answer_agent",
        policy={"lora_rank": 2},
        algorithm={"epochs": 2, "minibatch_groups": 1, "kl_coefficient": 0.1, "loss_average": "sequence"},
        reward={"invalid_operations": 1.0},
    )
    result, run = _train(config, tmp_path)
    assert [line["update"] for line in run.metrics()] == [1, 2]
    assert all(math.isfinite(line["kl"]) for line in run.metrics())
    assert result.best.name == "step_000002"
    state = json.loads((result.best / "trl" / "trainer_state.json").read_text("utf-8"))
    assert state["global_step"] == 8
    assert (result.best / "adapter" / "adapter_model.safetensors").is_file()
    assert _weights(result.best / "model").keys() == _weights(model).keys()


@pytest.mark.slow
def test_a_manager_trains_on_single_chunks(model: str, tmp_path: Path) -> None:
    result, run = _train(_config(model, "manager", **VALIDATION), tmp_path)
    assert [line["update"] for line in run.metrics()] == [0, 1, 2]
    # Whole greedy episodes: the untrained policy keeps nothing.
    assert result.best_score == 0


def _pay(monkeypatch: pytest.MonkeyPatch, rewards: Any) -> None:
    """Let the replies of each group be worth what `rewards` says of their token ids; None is unscored."""
    play = StepSchedule.play

    async def paid(self: StepSchedule, positions: Any, replies: Any) -> list[LanguageGroup]:
        return [
            tuple(map(_worth, group, rewards([reply.token_ids for reply in told])))
            for group, told in zip(await play(self, positions, replies), replies, strict=True)
        ]

    def _worth(trajectory: Any, reward: float | None) -> Any:
        (row,) = trajectory.rows
        value = math.nan if reward is None else reward
        failure = "answer: none" if reward is None else ""
        return dataclasses.replace(
            trajectory, rows=(dataclasses.replace(row, reward=value),), failure=failure
        )

    monkeypatch.setattr(StepSchedule, "play", paid)


@pytest.mark.slow
@pytest.mark.parametrize(("first", "learns"), [(None, False), (0.0, True)])
def test_an_unscored_completion_does_not_train(
    first: float | None, learns: bool, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All that could be scored are worth the same; were an unscored one a 0, the others would stand out.
    _pay(monkeypatch, lambda replies: [first, 1.0, 1.0, 1.0])
    result, run = _train(_config(model, algorithm={"num_updates": 1}), tmp_path)
    assert _are_equal(_weights(result.best / "model"), _weights(model)) is not learns
    (line,) = run.metrics()
    assert line["rollouts/unscored"] == (0 if learns else 2)
    assert line.get("dropped/answer", 0) == line["rollouts/unscored"]
    assert line["rollouts/return"] == (0.75 if learns else 1.0)


@pytest.mark.slow
def test_an_update_without_any_score_is_an_error(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pay(monkeypatch, lambda replies: [None] * 4)
    with pytest.raises(EngineError, match=r"none of the 8 episodes of update 0 .* answer: none"):
        _train(_config(model), tmp_path)


class _Interrupting(Progress):
    """Sends Ctrl-C when the first update is reported."""

    def start(self, num_updates: int, *, done: int = 0) -> None:
        pass

    def report(self, report: Report) -> None:
        signal.raise_signal(signal.SIGINT)

    def message(self, text: str) -> None:
        pass


@pytest.mark.slow
def test_a_run_that_was_interrupted_goes_on_as_if_it_had_not_been(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pay(monkeypatch, lambda replies: [sum(ids) % 7 / 7 for ids in replies])
    config = _config(model, algorithm={"num_updates": 3, "epochs": 2}, policy={"max_candidates": 3})
    whole, _ = _train(config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        _train(config, tmp_path / "parts", progress=_Interrupting())
    interrupted = RunFolder.open(tmp_path / "parts" / "run")
    assert interrupted.latest is not None
    assert interrupted.latest.name == "step_000001"
    result, run = _train(config, tmp_path / "parts", resume=True)
    assert [line["update"] for line in run.metrics()] == [1, 2, 3]
    assert result.updates == 3
    assert _are_equal(_weights(result.best / "model"), _weights(whole.best / "model"))
    assert not _are_equal(_weights(result.best / "model"), _weights(model))
    # There is nothing left to do.
    again, _ = _train(config, tmp_path / "parts", resume=True)
    assert again == result


@pytest.mark.slow
def test_a_checkpoint_without_trl_s_state_cannot_be_gone_on_from(model: str, tmp_path: Path) -> None:
    result, _ = _train(_config(model, algorithm={"num_updates": 1}), tmp_path)
    (result.best / "trl" / "trainer_state.json").unlink()
    with pytest.raises(CheckpointError, match="has no state of TRL's trainer to go on with"):
        _train(_config(model), tmp_path, resume=True)


@pytest.mark.slow
def test_a_run_that_diverges_stops_and_leaves_no_bad_checkpoint(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pay(monkeypatch, lambda replies: [0.0, 1.0, 1.0, 1.0])
    config = _config(model, algorithm={"learning_rate": 1e30, "weight_decay": 1e20}, checkpoints={"every": 1})
    with pytest.raises(DivergenceError, match=r"update 0 met weights that are not finite, first in model\."):
        _train(config, tmp_path)
    assert RunFolder.open(tmp_path / "run").latest is None


@pytest.mark.slow
def test_a_policy_learns_what_pays(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _pay(monkeypatch, lambda replies: [sum(id < 512 for id in ids) / len(ids) for ids in replies])
    config = _config(
        model,
        policy={"max_candidates": 3},  # For short prompts.
        algorithm={"num_updates": 15, "group_size": 8, "learning_rate": 0.05},
        learner={"micro_batch_tokens": 16 * 1006},
    )
    _, run = _train(config, tmp_path)
    returns = [line["rollouts/return"] for line in run.metrics()]
    # Random weights say each half of the vocabulary about as often.
    assert sum(returns[:3]) / 3 == pytest.approx(0.5, abs=0.15)
    assert sum(returns[-3:]) / 3 > 0.8
