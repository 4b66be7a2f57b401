import dataclasses
import pickle
from collections import Counter

import pytest

from memdojo.envs.streams.splits import check_no_leak, dealt_split, shared_groups, split_by_group
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError, LeakError


def _streams(num_groups: int, per_group: int = 2) -> list[Stream]:
    return [Stream(f"s{g}.{n}", f"g{g}", (), ()) for n in range(per_group) for g in range(num_groups)]


def _groups(streams: list[Stream]) -> set[str]:
    return {stream.group for stream in streams}


def test_a_split_keeps_every_stream_and_never_splits_a_group() -> None:
    streams = _streams(10)
    parts = split_by_group(streams, {"train": 0.7, "validation": 0.1, "test": 0.2}, seed=3)
    assert {name: len(_groups(part)) for name, part in parts.items()} == {
        "train": 7,
        "validation": 1,
        "test": 2,
    }
    assert sorted(s.id for part in parts.values() for s in part) == sorted(s.id for s in streams)
    check_no_leak(parts["train"], parts["validation"] + parts["test"])


def test_a_split_depends_on_the_seed_and_not_on_the_order_of_the_streams() -> None:
    shares = {"train": 0.5, "test": 0.5}
    split = split_by_group(_streams(12), shares, seed=0)
    again = split_by_group(_streams(12)[::-1], shares, seed=0)
    assert {name: _groups(part) for name, part in split.items()} == {
        name: _groups(part) for name, part in again.items()
    }
    others = [split_by_group(_streams(12), shares, seed=seed) for seed in range(1, 5)]
    assert any(_groups(other["train"]) != _groups(split["train"]) for other in others)


def test_no_part_of_a_split_stays_empty() -> None:
    parts = split_by_group(_streams(3), {"train": 0.98, "validation": 0.01, "test": 0.01}, seed=0)
    assert [len(_groups(part)) for part in parts.values()] == [1, 1, 1]


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({}, "share above 0"),
        ({"train": 1.5, "test": -0.5}, "share above 0"),
        ({"train": 0.5, "test": 0.6}, "sum to 1.1"),
        ({"a": 0.25, "b": 0.25, "c": 0.25, "d": 0.25}, "3 groups cannot fill 4 parts"),
    ],
)
def test_impossible_shares_are_refused(shares: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        split_by_group(_streams(3), shares, seed=0)


def test_a_leak_is_refused_with_the_names_of_the_shared_groups() -> None:
    with pytest.raises(LeakError, match="'g1', 'g2'") as caught:
        check_no_leak(_streams(3), _streams(5)[1:3])
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_group_that_lies_in_another_shares_it() -> None:
    assert shared_groups(["book/1", "book/2", "film"], ["book/1"]) == ["book/1"]
    assert shared_groups(["book/1", "film", "bookshelf"], ["book"]) == ["book/1"]
    assert shared_groups(["book", "film"], ["book/1/a"]) == ["book"]
    assert shared_groups(["book/1"], ["book/2", "book/11"]) == []


def test_groups_in_one_another_land_in_the_same_part() -> None:
    streams = [dataclasses.replace(stream, group=f"b{n % 4}/{n}") for n, stream in enumerate(_streams(12))]
    whole = [dataclasses.replace(streams[n], id=f"whole{n}", group=f"b{n}") for n in range(4)]
    parts = split_by_group([*streams, *whole], {"train": 0.5, "test": 0.5}, seed=0)
    assert [len(part) for part in parts.values()] == [14, 14]
    check_no_leak(parts["train"], parts["test"])


def test_a_name_is_dealt_to_a_part_by_itself() -> None:
    shares = {"train": 0.5, "validation": 0.25, "test": 0.25}
    dealt = Counter(dealt_split(f"name {number}", shares) for number in range(4000))
    # Three standard deviations: 95 of 2000 and 82 of 1000.
    assert abs(dealt["train"] - 2000) < 95
    assert abs(dealt["test"] - 1000) < 82
    # The SHA-256 of "Ann" begins with 1723 in hexadecimal digits, which is 0.0904 of the range.
    assert dealt_split("Ann", {"a": 0.09, "b": 0.01, "c": 0.9}) == "b"
