from collections import Counter

import pytest

from builders import make_config
from memdojo.errors import ConfigError, LeakError
from memdojo.train.episodes.schedule import Schedule
from memdojo.train.episodes.splits import load_splits, trained_on

MIXTURE = {"synthetic:train": 3.0, "synthetic": 1.0}
ALGORITHM = {"name": "grpo", "num_updates": 3, "groups_per_update": 4, "group_size": 2}


def test_a_mixture_is_loaded_with_the_options_of_each_part_and_drawn_by_weight() -> None:
    config = make_config(
        streams={
            "train": MIXTURE,
            "num_train": 3,
            "validation": "synthetic:validation",
            "num_validation": 2,
            "options": {"synthetic": {"turns_per_session": 20}},
        },
        algorithm=ALGORITHM,
    )
    splits = load_splits(config)
    assert [stream.source for stream in splits["train"]] == ["synthetic:train"] * 3 + ["synthetic"] * 3
    assert len(splits["validation"]) == 2
    assert all(len(stream.turns) == 8 * 20 for stream in splits["train"])
    schedule = Schedule(config, splits["train"])
    for update in range(3):
        drawn = Counter(splits["train"][task.stream].source for task in schedule.training(update))
        assert drawn == {"synthetic:train": 3, "synthetic": 1}
    record = trained_on(config, splits)
    assert record.streams == "3 synthetic:train + 1 synthetic"
    assert len(record.groups) == 3


def test_questions_of_a_mixture_are_drawn_by_weight_too() -> None:
    config = make_config(
        task="retriever",
        streams={"train": MIXTURE, "num_train": 1},
        algorithm=ALGORITHM,
    )
    streams = load_splits(config)["train"]
    tasks = [task for update in range(5) for task in Schedule(config, streams).training(update)]
    assert Counter(task.stream for task in tasks) == {0: 15, 1: 5}
    assert all(task.question is not None for task in tasks)


def test_a_table_of_one_spec_is_a_mixture_too() -> None:
    config = make_config(streams={"train": {"synthetic": 2.0}, "num_train": 2}, algorithm=ALGORITHM)
    streams = load_splits(config)["train"]
    assert len(Schedule(config, streams).training(0)) == 4


def test_a_curriculum_begins_with_the_shortest_streams() -> None:
    config = make_config(
        streams={"train": "synthetic", "num_train": 8, "length_curriculum": 2}, algorithm=ALGORITHM
    )
    streams = load_splits(config)["train"]
    by_length = sorted(range(8), key=lambda index: sum(len(turn.text) for turn in streams[index].turns))
    schedule = Schedule(config, streams)
    assert {task.stream for task in schedule.training(0)} == set(by_length[:2])
    # Update 1 has five eighths of them, and those that did not come yet come first.
    assert {task.stream for task in schedule.training(1)} >= set(by_length[2:5])


def test_a_leak_between_a_part_of_a_mixture_and_held_out_streams_is_refused() -> None:
    leaking = {"train": {"synthetic": 1.0, "synthetic:test": 1.0}, "test": "jsonl:x.jsonl"}
    with pytest.raises(ConfigError, match=r"streams.train and streams.test are both 'synthetic:test'"):
        make_config(streams=leaking | {"test": "synthetic:test"})
    config = make_config(
        streams={"train": {"synthetic": 1.0, "synthetic:train": 1.0}, "validation": "synthetic:test"}
    )
    same = config.model_copy(
        update={"streams": config.streams.model_copy(update={"train": {"synthetic:test": 1.0}})}
    )
    with pytest.raises(LeakError):
        load_splits(same)
