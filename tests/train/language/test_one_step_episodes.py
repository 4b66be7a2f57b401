"""Episodes of one step: what the builder leaves, what the policy is asked, and what its row is paid."""

from __future__ import annotations

import asyncio
import dataclasses
import pickle
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders import make_stream
from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.engines.engine import Generation, StopReason
from memdojo.agents.engines.models import load_tokenizer
from memdojo.agents.engines.scripted_engine import ScriptedEngine
from memdojo.agents.language.policies import PromptEncoder
from memdojo.envs.prompts.brief import BriefFormat
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.types import Question, Stream
from memdojo.errors import CheckpointError, ConfigError, UnknownNameError
from memdojo.train.algorithms.advantages import group_relative_advantages
from memdojo.train.checkpoints.loading import load_manager
from memdojo.train.config.files import dump_config, parse_config
from memdojo.train.config.run import TrainConfig
from memdojo.train.episodes.schedule import Schedule, validation_tasks
from memdojo.train.language.one_step_episodes import build_one_steps
from memdojo.train.language.setup import player_recipe
from memdojo.train.language.trajectories import LanguageGroup
from memdojo.train.language.trl.prompts import StepSchedule

STREAM = make_stream(
    "The weather is fine.",
    "My sister Anna lives in Oslo.",
    "The dog likes the park.",
    "Trains are late again.",
    "My dog is called Oscar.",
    "See you soon.",
    questions=(
        Question("dog", "What is the dog of Ann called?", ("Oscar",), evidence=frozenset({"t4"})),
        Question("town", "Where does the sister of Ann live?", ("Oslo",), evidence=frozenset({"t1"})),
    ),
)


def _config(model: str, *overrides: str, **tables: dict[str, Any]) -> TrainConfig:
    tree: dict[str, Any] = {
        "name": "run",
        "task": "manager",
        "streams": {"train": "synthetic:train"},
        "policy": {"kind": "language", "model": model, "format": "brief", "related_entries": 2},
        "reward": {"exact_match": 1.0, "well_formed": 0.2},
        "algorithm": {"name": "grpo", "num_updates": 2, "groups_per_update": 2, "group_size": 3},
        "one_step": {"window_turns": 3},
        "engine": {"kind": "transformers"},
    }
    return parse_config(tree | tables, overrides)


def _play(config: TrainConfig, streams: Sequence[Stream], texts: dict[str, str]) -> list[LanguageGroup]:
    """Play an update; the reply is that of the first key that the prompt has in it."""
    model = str(config.policy.model)
    encoder = PromptEncoder(load_tokenizer(model), BriefFormat(), 10_000)

    def reply(prompt_ids: Sequence[int]) -> tuple[int, ...]:
        prompt = encoder.decode_prompt(prompt_ids)
        return encoder.encode_reply(next(text for key, text in texts.items() if key in prompt))

    one_steps = pickle.loads(pickle.dumps(build_one_steps(config, streams)))
    player = player_recipe(config, streams, config.reward, model, one_steps=one_steps)()
    tasks = Schedule(config, streams).training(0)
    return [asyncio.run(player.play(task, ScriptedEngine(reply))) for task in tasks]


def test_a_group_is_about_each_chunk_that_questions_are_about(model: str) -> None:
    config = _config(model)
    schedule = Schedule(config, [STREAM, dataclasses.replace(STREAM, id="r", group="h")])
    tasks = [task for update in range(4) for task in schedule.training(update)]
    for lap in (tasks[:4], tasks[4:]):
        assert sorted((task.stream, task.step) for task in lap) == [(0, 1), (0, 4), (1, 1), (1, 4)]
    assert all(len(task.seeds) == 3 and task.window is None for task in tasks)
    # Validation plays whole streams.
    assert [task.step for task in validation_tasks(config, [STREAM])] == [None]


def test_streams_whose_questions_have_no_evidence_are_refused(model: str) -> None:
    bare = dataclasses.replace(STREAM, questions=(Question("q", "What?", ("x",)),))
    with pytest.raises(ConfigError, match=r"a manager with \[one_step\]"):
        Schedule(_config(model), [bare])


def test_an_episode_is_one_row_paid_for_the_questions_about_its_turn(model: str) -> None:
    config = _config(model)
    kept = _play(config, [STREAM], {"": "KEEP a"})
    lost = _play(config, [STREAM], {"": "NOOP"})
    mute = _play(config, [STREAM], {"": "hello"})
    for groups, value, kind in ((kept, 1.2, "ADD"), (lost, 0.2, "NOOP"), (mute, 0.0, "malformed")):
        assert sorted(group[0].stream_id for group in groups) == ["s@1", "s@4"]
        for group in groups:
            assert [len(trajectory.rows) for trajectory in group] == [1, 1, 1]
            # The one question about the turn is the whole of the episode, and so is its one step.
            assert [trajectory.episode_return for trajectory in group] == pytest.approx([value] * 3)
            assert [dict(trajectory.counts) for trajectory in group] == [{kind: 1}] * 3


def test_the_prompt_shows_what_is_related_in_what_the_builder_kept(model: str) -> None:
    config = _config(model, "policy.related_entries=1")
    encoder = PromptEncoder(load_tokenizer(model), BriefFormat(), 10_000)
    groups = _play(config, [STREAM], {"": "NOOP"})
    prompts = {group[0].stream_id: encoder.decode_prompt(group[0].rows[0].prompt_ids) for group in groups}
    # Three turns were kept, and one of them is about a dog as well.
    assert "MEMORY 3\n1 Ann: The dog likes the park.\nNEW\na Ann: My dog is called Oscar." in prompts["s@4"]
    assert "MEMORY 1\n1 Ann: The weather is fine.\nNEW\na Ann: My sister" in prompts["s@1"]
    empty = _play(_config(model, "one_step.builder=no_op"), [STREAM], {"": "NOOP"})
    assert all(
        "MEMORY 0\nNEW" in encoder.decode_prompt(trajectory.rows[0].prompt_ids)
        for group in empty
        for trajectory in group
    )


def test_a_step_can_spoil_what_the_builder_kept(model: str) -> None:
    question = Question(
        "both", "Where does the sister of Ann live?", ("Oslo",), evidence=frozenset({"t1", "t4"})
    )
    stream = dataclasses.replace(STREAM, questions=(question,))
    config = _config(model, "policy.related_entries=9")
    # Before turn 4 the window of three has turns 1 to 3; the answer is in entry 1. Before turn 1 nothing is.
    replies = {"1 Ann: My sister": "DROP 1", "": "NOOP"}
    returns = {group[0].stream_id: group[0].episode_return for group in _play(config, [stream], replies)}
    assert returns == {"s@4": pytest.approx(0.2), "s@1": pytest.approx(0.2)}
    kept = {group[0].stream_id: group[0].episode_return for group in _play(config, [stream], {"": "NOOP"})}
    assert kept == {"s@4": pytest.approx(1.2), "s@1": pytest.approx(0.2)}


def test_chunks_of_several_turns_are_built_by_whoever_decides_turn_by_turn(model: str) -> None:
    stream = rechunk(STREAM, 4)
    # Chunks t0 to t3 and t4 to t5: before the second one the builder plays two of the four turns.
    (group,) = _play(
        _config(model, "one_step.window_turns=2", "algorithm.groups_per_update=1"),
        [dataclasses.replace(stream, questions=stream.questions[:1])],
        {"MEMORY 2\n1 Ann: The dog likes the park.\n2 Ann: Trains are late": "KEEP a"},
    )
    assert group[0].episode_return == pytest.approx(1.2)


def test_trl_is_given_the_same_tuples(model: str) -> None:
    config = _config(model, learner={"kind": "trl"})
    schedule = StepSchedule(config, [STREAM], model)
    encoder = PromptEncoder(load_tokenizer(model), BriefFormat(), 10_000)
    replies = [
        Generation(encoder.encode_reply(text), (), StopReason.END, 0) for text in ("KEEP a", "NOOP", "what?")
    ]
    groups = asyncio.run(schedule.play([0, 1], [replies, replies]))
    assert [[trajectory.episode_return for trajectory in group] for group in groups] == [
        pytest.approx([1.2, 0.2, 0.0])
    ] * 2
    expected = {
        group[0].stream_id: group[0].rows[0].prompt_ids.tolist()
        for group in _play(_config(model), [STREAM], {"": "NOOP"})
    }
    for position, group in enumerate(groups):
        assert list(schedule.prompt(position).ids) == expected[group[0].stream_id]


def test_advantages_of_one_row_are_those_of_its_reward() -> None:
    # Returns 1.2, 0.2 and 0: mean 7/15, deviation sqrt(((11/15)² + (4/15)² + (7/15)²) / 3) = 0.52493.
    advantages = group_relative_advantages(np.array([[1.2, 0.2, 0.0]]))
    assert advantages[0].tolist() == pytest.approx([1.3970, -0.5080, -0.8890], abs=1e-3)


def test_the_builder_is_a_baseline_or_what_a_folder_holds(tmp_path: Path) -> None:
    assert load_manager("similarity").name == make_baseline("similarity").name
    with pytest.raises(UnknownNameError, match="Did you mean 'recency'"):
        load_manager("recncy")
    with pytest.raises(CheckpointError):
        load_manager(str(tmp_path))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["one_step.builder=recncy"], r"one_step\.builder: unknown baseline .*'recency'"),
        (["one_step.window_turns=", "one_step.builder=no_op"], "there is no one_step.window_turns"),
        (["streams.window_turns=9"], "its episodes are single steps"),
        (["streams.session_stages=[1, 2]"], "its episodes are single steps"),
        (["algorithm.group_start=fork"], "its episodes are single steps"),
        (["one_step.window_turns=0"], "greater than or equal to 1"),
    ],
)
def test_contradictions_are_refused(model: str, overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        _config(model, *overrides)


def test_the_table_survives_being_written_down(model: str) -> None:
    for overrides in ((), ("one_step.window_turns=",)):
        config = _config(model, *overrides)
        assert parse_config(tomllib.loads(dump_config(config))) == config
