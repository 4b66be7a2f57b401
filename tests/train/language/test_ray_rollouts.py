"""Rollouts in real Ray actors, with real engines, and what becomes of them when processes are killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import ray

from memdojo.agents.engines.actors import EnginePool
from memdojo.agents.engines.settings import TransformersSettings
from memdojo.errors import EngineError
from memdojo.train.config.files import parse_config
from memdojo.train.episodes.splits import load_splits
from memdojo.train.language.ray_rollouts import LanguageRollouts
from memdojo.train.language.setup import player_recipe
from memdojo.train.language.trajectories import LanguageGroup
from memdojo.train.rollouts.ray_session import start_ray
from memdojo.train.rollouts.tasks import RolloutTask

from .conftest import OPTIONS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def _ray() -> Iterator[None]:
    start_ray(None, num_cpus=2)
    yield
    ray.shutdown()


class Playground:
    """Two workers over engines of transformers, which start quickly."""

    def __init__(self, model: str, *, max_restarts: int = 3, num_engines: int = 2) -> None:
        settings = TransformersSettings(max_sequences=8, num_threads=1)
        self.pool = EnginePool(model, settings, num_engines=num_engines, max_restarts=max_restarts)
        tree: dict[str, Any] = {
            "name": "run",
            "task": "manager",
            "streams": {
                "train": "synthetic:train",
                "num_train": 4,
                "options": OPTIONS,
                "turns_per_chunk": 2,
            },
            "episode": {"max_entries": 3},
            "policy": {"kind": "language", "model": model, "format": "brief", "max_response_tokens": 6},
            "reward": {"evidence_recall": 1.0, "token_f1": 0.5},
            "algorithm": {"name": "grpo", "num_updates": 1},
        }
        config = parse_config(tree)
        recipe = player_recipe(config, load_splits(config)["train"], config.reward, model)
        self.rollouts = LanguageRollouts(
            {"training": recipe}, self.pool, num_workers=2, max_restarts=max_restarts
        )

    def play(self, num_tasks: int) -> list[LanguageGroup]:
        return self.rollouts.play("training", _tasks(num_tasks), 0)

    def play_while_dies(self, victim: int, num_tasks: int) -> list[LanguageGroup]:
        """Play tasks, and kill a process while none of them can have ended.

        The engines stand still until it is dead: however busy the machine is, nobody gets a reply before.
        """
        engines = self.pool.pids()
        for engine in engines:
            os.kill(engine, signal.SIGSTOP)
        killing = threading.Thread(
            target=_kill_soon, args=(victim, [pid for pid in engines if pid != victim])
        )
        killing.start()
        try:
            return self.play(num_tasks)
        finally:
            killing.join()

    def close(self) -> None:
        self.rollouts.close()
        self.pool.close()


def _tasks(number: int) -> list[RolloutTask]:
    return [RolloutTask(place % 4, (10 * place, 10 * place + 1)) for place in range(number)]


def _kill_soon(victim: int, standing: list[int]) -> None:
    time.sleep(0.5)  # Time for requests to get under way; without it the test holds as well.
    os.kill(victim, signal.SIGKILL)
    for pid in standing:
        os.kill(pid, signal.SIGCONT)


@pytest.fixture
def playground(model: str) -> Iterator[Playground]:
    made = Playground(model)
    yield made
    made.close()


def _require_whole(groups: list[LanguageGroup], num_tasks: int) -> None:
    assert len(groups) == num_tasks
    assert all(len(group) == 2 for group in groups)
    assert all(len(trajectory.rows) == 6 for group in groups for trajectory in group)
    assert all(trajectory.scored for group in groups for trajectory in group)


def test_two_workers_and_two_engines_play_all_tasks_in_their_order(playground: Playground) -> None:
    groups = playground.play(8)
    _require_whole(groups, 8)
    streams = [group[0].stream_id.rpartition(":")[2] for group in groups]
    assert streams == ["0", "1", "2", "3", "0", "1", "2", "3"]
    assert playground.rollouts.num_restarts == playground.pool.num_restarts == 0
    assert playground.rollouts.num_replayed == 0


def test_the_episodes_of_a_killed_worker_are_played_again(playground: Playground) -> None:
    victim = playground.rollouts.pids()[0]
    _require_whole(playground.play_while_dies(victim, 16), 16)
    assert playground.rollouts.num_restarts == 1
    assert playground.rollouts.num_replayed >= 1
    assert victim not in playground.rollouts.pids()


def test_the_episodes_on_a_killed_engine_are_played_again(playground: Playground) -> None:
    victim = playground.pool.pids()[0]
    _require_whole(playground.play_while_dies(victim, 16), 16)
    assert playground.pool.num_restarts == 1
    assert playground.rollouts.num_replayed >= 1
    assert victim not in playground.pool.pids()


def test_a_worker_that_dies_when_all_is_played_takes_its_counts_along_and_is_replaced(
    playground: Playground,
) -> None:
    _require_whole(playground.play(8), 8)
    hits, misses = playground.rollouts.take_answer_counts()
    assert hits > 0
    assert misses > 0
    assert playground.rollouts.take_answer_counts() == (0, 0)
    first, second = playground.rollouts.pids()
    os.kill(second, signal.SIGKILL)
    assert playground.rollouts.take_answer_counts() == (0, 0)
    _require_whole(playground.play(8), 8)
    assert playground.rollouts.num_restarts == 1
    assert playground.rollouts.pids()[0] == first
    hits, misses = playground.rollouts.take_answer_counts()
    assert hits + misses > 0


def test_more_deaths_than_allowed_end_the_run_with_one_sentence(model: str) -> None:
    playground = Playground(model, max_restarts=0, num_engines=1)
    try:
        with pytest.raises(
            EngineError, match=r"workers were replaced and another died, but engine\.max_restarts"
        ):
            playground.play_while_dies(playground.rollouts.pids()[1], 8)
    finally:
        playground.close()
