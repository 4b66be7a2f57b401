from types import SimpleNamespace

import pytest

from builders import make_stream
from memdojo.eval.statistics.bootstrap import ResamplingUnit
from memdojo.train.rollouts.tasks import RolloutTask
from memdojo.train.rollouts.validation_scores import ValidationIntervals, task_scores

# The ids of two groups are the same, as they may be.
STREAMS = [make_stream("Hello.", id=str(number % 2), group=f"g{number // 2}") for number in range(12)]


def _intervals(tasks: list[RolloutTask]) -> ValidationIntervals:
    return ValidationIntervals(STREAMS, tasks, num_resamples=200)


def _episode(value: float, *, scored: bool = True) -> SimpleNamespace:
    return SimpleNamespace(episode_return=value, scored=scored)


def test_a_task_without_a_scored_episode_has_no_score() -> None:
    groups = [[_episode(0.5), _episode(1.0)], [_episode(0.25), _episode(9.0, scored=False)]]
    assert task_scores([*groups, [_episode(9.0, scored=False)]]) == [0.75, 0.25, None]


def test_groups_are_resampled_and_questions_of_one_stream_stay_together() -> None:
    tasks = [RolloutTask(stream, (0,), question=question) for stream in range(12) for question in (0, 1)]
    scores = [task.stream / 12 for task in tasks]
    interval = _intervals(tasks).score(scores)
    assert (interval.num_units, interval.unit, interval.num_questions) == (6, ResamplingUnit.GROUP, 24)
    assert interval.mean == pytest.approx(11 / 24)
    assert interval.low < interval.mean < interval.high
    # Streams of the same id in other groups, and what has no score, count apart.
    assert _intervals(tasks).score([*scores[:20], *[None] * 4]).num_units == 5


def test_a_difference_is_paired() -> None:
    intervals = _intervals([RolloutTask(stream, (0,)) for stream in range(12)])
    easy = [stream / 12 for stream in range(12)]
    better = [score + 0.1 for score in easy]
    difference = intervals.difference(better, easy)
    # Though each single interval is far wider.
    assert (difference.low, difference.high) == pytest.approx((0.1, 0.1))
    assert intervals.score(better).low < intervals.score(easy).mean
    assert intervals.difference([None, *better[1:]], [*easy[:-1], None]).num_questions == 10


def test_a_single_stream_has_no_interval() -> None:
    interval = ValidationIntervals(STREAMS[:1], [RolloutTask(0, (0,))], 200).score([0.5])
    assert (interval.mean, interval.unit) == (0.5, ResamplingUnit.NONE)
