from collections import Counter

import pytest

from builders import make_stream
from memdojo.envs.types import Question, Stream
from memdojo.train.episodes.draws import Draws, length_share


def _stream(number: int, source: str = "a", length: int = 1) -> Stream:
    return make_stream("x" * length, questions=[Question("q", "?", ("x",))], id=f"s{number}", source=source)


def _draws(
    streams: list[Stream],
    units: list[int] | None = None,
    weights: dict[str, float] | None = None,
    curriculum: int = 0,
    per_update: int = 2,
    seed: int = 0,
) -> Draws:
    return Draws(
        streams,
        list(range(len(streams))) if units is None else units,
        weights=weights,
        curriculum_updates=curriculum,
        units_per_update=per_update,
        seed=seed,
    )


def test_every_unit_comes_once_a_lap_in_another_order() -> None:
    draws = _draws([_stream(number) for number in range(5)])
    laps = [[draws.unit(position) for position in range(first, first + 5)] for first in range(0, 40, 5)]
    assert [sorted(lap) for lap in laps] == [[0, 1, 2, 3, 4]] * 8
    assert len(set(map(tuple, laps))) > 1


def test_a_unit_depends_on_seed_and_position_alone() -> None:
    streams = [_stream(number, "ab"[number % 2], number) for number in range(6)]
    weights = {"a": 1.0, "b": 3.0}
    forward = _draws(streams, weights=weights, curriculum=4)
    expected = [forward.unit(position) for position in range(30)]
    backward = _draws(streams, weights=weights, curriculum=4)
    assert [backward.unit(position) for position in reversed(range(30))] == expected[::-1]
    other = _draws(streams, weights=weights, curriculum=4, seed=1)
    assert [other.unit(position) for position in range(30)] != expected


def test_the_parts_of_a_mixture_have_their_shares_at_any_time() -> None:
    # Two streams of a, one of b, three of c; c is drawn six times as often as a.
    streams = [_stream(0, "a"), _stream(1, "a"), _stream(2, "b"), *(_stream(n, "c") for n in (3, 4, 5))]
    draws = _draws(streams, weights={"a": 1.0, "b": 3.0, "c": 6.0})
    sources = [streams[draws.unit(position)].source for position in range(100)]
    assert Counter(sources) == {"a": 10, "b": 30, "c": 60}
    for upto in range(1, 100):
        counts = Counter(sources[:upto])
        for source, share in (("a", 0.1), ("b", 0.3), ("c", 0.6)):
            assert abs(counts[source] - share * upto) <= 1
    # By hand: c is behind by 0.6, then b by 0.6, then c by 0.8.
    assert "".join(sources[:3]) == "cbc"


def test_each_part_has_laps_of_its_own() -> None:
    streams = [_stream(number, "a" if number < 3 else "b") for number in range(8)]
    draws = _draws(streams, weights={"a": 1.0, "b": 1.0})
    drawn = [draws.unit(position) for position in range(60)]
    for units in ([0, 1, 2], [3, 4, 5, 6, 7]):
        own = [unit for unit in drawn if unit in units]
        assert len(own) == 30
        size = len(units)
        assert all(sorted(own[first : first + size]) == units for first in range(0, 30, size))


def test_a_part_without_a_unit_is_passed_over() -> None:
    streams = [_stream(0, "a"), _stream(1, "b"), _stream(2, "c")]
    draws = _draws(streams, units=[0, 2, 2], weights={"a": 1.0, "b": 8.0, "c": 1.0})
    assert Counter(draws.unit(position) for position in range(20)) == {0: 10, 1: 5, 2: 5}


def test_a_length_curriculum_opens_ever_longer_streams() -> None:
    assert [length_share(update, 4) for update in range(6)] == [0.25, 0.4375, 0.625, 0.8125, 1.0, 1.0]
    assert length_share(0, 0) == 1.0
    # Eight streams, the last one the shortest: open are 2, 4, 5, 7 and then all of them.
    streams = [_stream(number, length=100 - number) for number in range(8)]
    draws = _draws(streams, curriculum=4, per_update=20)
    for update, num_open in enumerate((2, 4, 5, 7, 8)):
        drawn = {draws.unit(position) for position in range(update * 20, update * 20 + 20)}
        assert drawn == set(range(8 - num_open, 8))


def test_in_a_curriculum_each_open_unit_comes_once_before_any_comes_again() -> None:
    streams = [_stream(number, length=number + 1) for number in range(8)]
    draws = _draws(streams, curriculum=4, per_update=4)
    # Update 0 has two streams open for four draws.
    assert Counter(draws.unit(position) for position in range(4)) == {0: 2, 1: 2}
    # Then four are open, of which two have come in this lap.
    assert sorted(draws.unit(position) for position in (4, 5)) == [2, 3]


def test_in_a_curriculum_each_part_opens_by_its_own_lengths() -> None:
    short = [_stream(number, "a", 1 + number) for number in range(4)]
    long = [_stream(number, "b", 1000 + number) for number in range(4)]
    draws = _draws([*short, *long], weights={"a": 1.0, "b": 1.0}, curriculum=100, per_update=10)
    assert Counter(draws.unit(position) for position in range(10)) == {0: 5, 4: 5}


def test_questions_open_with_their_streams() -> None:
    # Units 0 and 1 are questions of the long stream, 2 to 4 of the short one.
    streams = [_stream(0, length=9), _stream(1, length=3)]
    draws = _draws(streams, units=[0, 0, 1, 1, 1], curriculum=10, per_update=3)
    assert sorted(draws.unit(position) for position in range(3)) == [2, 3, 4]
    assert {draws.unit(position) for position in range(30, 60)} == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("weight", [0.1, 7.0])
def test_weights_count_relative_to_one_another(weight: float) -> None:
    streams = [_stream(0, "a"), _stream(1, "b")]
    draws = _draws(streams, weights={"a": weight, "b": 3 * weight})
    assert Counter(draws.unit(position) for position in range(40)) == {0: 10, 1: 30}
