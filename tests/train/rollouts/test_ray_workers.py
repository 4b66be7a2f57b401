from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import ray
from ray.exceptions import RayTaskError

from memdojo.errors import EngineError
from memdojo.train.rollouts.ray_session import start_ray, stop_ray
from memdojo.train.rollouts.ray_workers import RayWorkers

pytestmark = pytest.mark.slow


class Worker:
    def say(self, place: int) -> int:
        return 10 * place

    def die_once(self, mark: Path) -> str:
        if not mark.exists():
            mark.touch()
            os._exit(1)
        return "alive"

    def fail_once(self, mark: Path) -> str:
        if not mark.exists():
            mark.touch()
            raise ValueError("not yet")
        return "done"


@pytest.fixture(scope="module", autouse=True)
def _ray() -> Iterator[None]:
    start_ray(None, num_cpus=2)
    yield
    stop_ray()


@pytest.fixture
def workers() -> Iterator[RayWorkers]:
    made = RayWorkers(lambda: ray.remote(Worker).remote(), 2, max_restarts=1, key="rollouts.max_restarts")
    yield made
    made.close()


def _refuse(place: int, error: RayTaskError) -> NoReturn:
    raise error.cause


def test_what_is_returned_stands_in_the_order_of_the_calls(workers: RayWorkers) -> None:
    numbers = [0, 1, 1, 0]
    assert workers.call_all(numbers, lambda place, actor: actor.say.remote(place), _refuse) == [0, 10, 20, 30]
    assert workers.call_all([], lambda place, actor: actor.say.remote(place), _refuse) == []


def test_all_calls_to_an_actor_that_dies_are_made_to_the_next(workers: RayWorkers, tmp_path: Path) -> None:
    begun: list[int] = []

    def begin(place: int, actor: Any) -> Any:
        begun.append(place)
        return actor.die_once.remote(tmp_path / "died") if place < 2 else actor.say.remote(place)

    assert workers.call_all([0, 0, 1], begin, _refuse) == ["alive", "alive", 20]
    assert (sorted(begun), workers.num_restarts) == ([0, 0, 1, 1, 2], 1)
    with pytest.raises(EngineError, match=r"another died, but rollouts\.max_restarts is 1"):
        workers.call_all([0], lambda place, actor: actor.die_once.remote(tmp_path / "again"), _refuse)


def test_a_call_that_raised_is_made_again_once_it_was_mended(workers: RayWorkers, tmp_path: Path) -> None:
    mended: list[tuple[int, str]] = []

    def begin(place: int, actor: Any) -> Any:
        return actor.fail_once.remote(tmp_path / "failed") if place == 1 else actor.say.remote(place)

    def mend(place: int, error: RayTaskError) -> None:
        mended.append((place, str(error.cause)))

    assert workers.call_all([0, 1], begin, mend) == [0, "done"]
    assert mended == [(1, "not yet")]
    with pytest.raises(ValueError, match="not yet"):
        workers.call_all([0, 1], lambda place, actor: actor.fail_once.remote(tmp_path / "other"), _refuse)
