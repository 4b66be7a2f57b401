import os

import pytest

from memdojo.train.rollouts.ray_map import RayMap


def _square(number: int) -> tuple[int, int]:
    if number == 3:
        raise ValueError("3 is out of luck")
    return number * number, os.getpid()


@pytest.mark.slow
def test_jobs_are_done_in_other_processes_and_one_that_fails_stops_no_other() -> None:
    results = dict(RayMap(2)(_square, range(5)))
    error = results.pop(3)
    assert isinstance(error, ValueError)
    assert str(error) == "3 is out of luck"
    values, processes = zip(*(results[number] for number in (0, 1, 2, 4)), strict=True)
    assert values == (0, 1, 4, 16)
    assert os.getpid() not in processes
