import dataclasses
from types import SimpleNamespace

import pytest

from builders import make_stream
from memdojo.eval.statistics.bootstrap import ResamplingUnit
from memdojo.train.rollouts.tasks import RolloutTask
from memdojo.train.rollouts.validation_scores import ValidationScores, task_scores

# The ids of two groups are the same, as they may be.
STREAMS = [make_stream("Hello.", id=str(number % 2), group=f"g{number // 2}") for number in range(12)]


def _scores(tasks: list[RolloutTask]) -> ValidationScores:
    return ValidationScores(STREAMS, tasks, num_resamples=200)


def _episode(value: float, *, scored: bool = True) -> SimpleNamespace:
    return SimpleNamespace(episode_return=value, scored=scored)


def test_a_task_without_a_scored_episode_has_no_score() -> None:
    groups = [[_episode(0.5), _episode(1.0)], [_episode(0.25), _episode(9.0, scored=False)]]
    assert task_scores([*groups, [_episode(9.0, scored=False)]]) == [0.75, 0.25, None]


def test_groups_are_resampled_and_questions_of_one_stream_stay_together() -> None:
    tasks = [RolloutTask(stream, (0,), question=question) for stream in range(12) for question in (0, 1)]
    scores = [task.stream / 12 for task in tasks]
    interval = _scores(tasks).score(scores)
    assert (interval.num_units, interval.unit, interval.num_questions) == (6, ResamplingUnit.GROUP, 24)
    assert interval.mean == pytest.approx(11 / 24)
    assert interval.low < interval.mean < interval.high
    # Streams of the same id in other groups, and what has no score, count apart.
    assert _scores(tasks).score([*scores[:20], *[None] * 4]).num_units == 5


def test_a_difference_is_paired() -> None:
    scorer = _scores([RolloutTask(stream, (0,)) for stream in range(12)])
    easy = [stream / 12 for stream in range(12)]
    better = [score + 0.1 for score in easy]
    difference = scorer.difference(better, easy)
    # Though each single interval is far wider.
    assert (difference.low, difference.high) == pytest.approx((0.1, 0.1))
    assert scorer.score(better).low < scorer.score(easy).mean
    assert scorer.difference([None, *better[1:]], [*easy[:-1], None]).num_questions == 10


def test_a_single_stream_has_no_interval() -> None:
    interval = ValidationScores(STREAMS[:1], [RolloutTask(0, (0,))], 200).score([0.5])
    assert (interval.mean, interval.unit) == (0.5, ResamplingUnit.NONE)


def test_parts_of_a_mixture_count_by_their_weights_however_many_streams_they_have() -> None:
    sources = ["a:validation"] * 3 + ["b:validation"]
    streams = [dataclasses.replace(STREAMS[2 * place], source=source) for place, source in enumerate(sources)]
    tasks = [RolloutTask(stream, (0,)) for stream in range(4)]
    weights = {"a:validation": 1.0, "b:validation": 3.0}
    scorer = ValidationScores(streams, tasks, 200, weights)
    scores = [0.0, 0.3, 0.6, 0.8]
    assert scorer.of_parts(scores) == pytest.approx({"a:validation": 0.3, "b:validation": 0.8})
    assert scorer.score(scores).mean == pytest.approx((0.3 + 3 * 0.8) / 4)
    assert scorer.difference(scores, [score - 0.1 for score in scores]).mean == pytest.approx(0.1)
    assert ValidationScores(streams, tasks, 200, {"a:validation": 5.0}).of_parts(scores) == {}
