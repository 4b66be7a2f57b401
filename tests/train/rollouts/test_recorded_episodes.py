from __future__ import annotations

import pytest

from builders import make_config
from memdojo.errors import ConfigError
from memdojo.train.rollouts.recorded_episodes import records_are_due, with_records
from memdojo.train.rollouts.tasks import RolloutTask


def _due(*overrides: str) -> list[int]:
    config = make_config("streams.validation=synthetic:validation", "algorithm.num_updates=100", *overrides)
    every = config.evaluation.every
    return [update for update in range(every, 101, every) if records_are_due(config, update)]


def test_the_first_validation_after_so_many_updates_is_recorded_and_the_last() -> None:
    assert _due("evaluation.every=20", "logging.trajectories_every=20") == [20, 40, 60, 80, 100]
    assert _due("evaluation.every=20", "logging.trajectories_every=1") == [20, 40, 60, 80, 100]
    # After 30, 60 and 90 updates: the validations at 40, 60 and 100.
    assert _due("evaluation.every=20", "logging.trajectories_every=30") == [40, 60, 100]
    assert _due("evaluation.every=20", "logging.trajectories_every=1000") == [100]


def test_the_first_tasks_are_recorded() -> None:
    tasks = [RolloutTask(stream, (0,), greedy=True) for stream in range(3)]
    assert [task.recorded for task in with_records(tasks, 2)] == [True, True, False]
    assert with_records(tasks, 0) == tasks


def test_what_nobody_would_record_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"logging\.trajectories_every is 5, but there is no streams\.validation"
    ):
        make_config("streams.validation=", "logging.trajectories_every=5")
    with pytest.raises(ConfigError, match=r"logging\.num_trajectories is 1, but task is 'retriever'"):
        make_config(
            "logging.num_trajectories=1",
            task="retriever",
            streams={"train": "synthetic:train", "validation": "synthetic:validation"},
        )
