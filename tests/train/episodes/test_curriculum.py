from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from builders import make_config, make_stream
from memdojo.envs.types import Question, Stream
from memdojo.errors import ConfigError
from memdojo.train.episodes.curriculum import PriorityCurriculum, group_score, priority
from memdojo.train.episodes.schedule import Schedule


@dataclass(frozen=True)
class Episode:
    parts: Mapping[str, float] = field(default_factory=dict)
    scored: bool = True


def group(*returns: float) -> list[Episode]:
    return [Episode({"marginal_utility": value}) for value in returns]


@pytest.mark.parametrize(
    ("score", "expected"),
    [(0.2, 1.0), (0.0, 0.8), (1.0, 0.2), (0.5, 0.7), (-0.5, 0.3), (None, 1.0), (-3.0, 0.05), (7.0, 0.05)],
)
def test_a_unit_comes_the_more_often_the_nearer_its_score_is_to_a_fifth(
    score: float | None, expected: float
) -> None:
    assert priority(score) == pytest.approx(expected)


def test_a_refill_takes_the_next_units_that_were_never_played_and_then_draws_anew() -> None:
    curriculum = PriorityCurriculum(5, seed=3)
    first = curriculum.draw(0, 2)
    curriculum.record(first, [group(0.0)] * 2)
    second = curriculum.draw(0, 2, 1)
    assert not {*first} & {*second}
    for units in (second, curriculum.draw(0, 5, 1)):
        curriculum.record(units, [group(0.2)] * len(units))
    assert sorted(curriculum.draw(0, 5)) == sorted(curriculum.draw(0, 5, 1)) == [0, 1, 2, 3, 4]
    assert len({tuple(curriculum.draw(0, 5, refill)) for refill in range(6)}) > 1


def test_the_score_of_a_group_is_the_mean_of_what_the_lasting_parts_paid() -> None:
    episodes = [
        Episode({"marginal_utility": 0.5, "malformed_ranking": -0.1, "evidence_dcg": 2.0}),
        Episode({"marginal_utility": 0.2, "evidence_dcg": 1.0}),
        Episode({"evidence_dcg": 9.0}, scored=False),
    ]
    assert group_score(episodes, ["evidence_dcg"]) == pytest.approx((0.4 + 0.2) / 2)
    assert group_score(episodes) == pytest.approx((2.4 + 1.2) / 2)
    assert group_score([Episode(scored=False)]) is None


def test_units_that_were_never_played_come_first_in_a_shuffled_order() -> None:
    curriculum = PriorityCurriculum(10, seed=3)
    first = curriculum.draw(0, 4)
    curriculum.record(first, [group(0.2)] * 4)
    second = curriculum.draw(1, 4)
    curriculum.record(second, [group(0.2)] * 4)
    third = curriculum.draw(2, 4)
    assert sorted({*first, *second, *third[:2]}) == list(range(10))
    assert set(third[2:]) <= {*first, *second}
    assert first != sorted(first)


def test_then_units_come_in_proportion_to_their_priority() -> None:
    curriculum = PriorityCurriculum(3, seed=0)
    curriculum.record([0, 1, 2], [group(0.2), group(1.0), group(0.7)])
    counts = Counter(curriculum.draw(update, 1)[0] for update in range(4000))
    # Priorities 1, 0.2 and 0.5, of 1.7 in all.
    assert counts[0] / 4000 == pytest.approx(0.588, abs=0.03)
    assert counts[1] / 4000 == pytest.approx(0.118, abs=0.03)
    assert counts[2] / 4000 == pytest.approx(0.294, abs=0.03)


def test_no_unit_comes_twice_in_an_update_unless_there_are_too_few() -> None:
    curriculum = PriorityCurriculum(3, seed=0)
    assert sorted(curriculum.draw(0, 3)) == [0, 1, 2]
    assert Counter(curriculum.draw(0, 7)) in [Counter({0: 2, 1: 2, 2: 2, n: 3}) for n in range(3)]
    curriculum.record([0, 1, 2], [group(0.0)] * 3)
    assert sorted(curriculum.draw(1, 3)) == [0, 1, 2]


def test_what_is_drawn_depends_on_seed_update_and_scores_alone() -> None:
    curriculum, twin = PriorityCurriculum(20, seed=1), PriorityCurriculum(20, seed=1)
    for each in (curriculum, twin):
        each.record(range(20), [group(unit / 20) for unit in range(20)])
    assert [curriculum.draw(update, 5) for update in range(5)] == [
        twin.draw(update, 5) for update in range(5)
    ]
    assert curriculum.draw(0, 5) != curriculum.draw(1, 5)
    assert curriculum.draw(0, 5) != PriorityCurriculum(20, seed=2).draw(0, 5)


BY_PRIORITY: dict[str, Any] = {
    "task": "retriever",
    "reward": {"evidence_ndcg": 1.0, "evidence_recall": 0.5},
    "algorithm": {
        "name": "grpo",
        "curriculum": "priority",
        "num_updates": 30,
        "groups_per_update": 4,
        "group_size": 2,
    },
}


def _streams(number: int = 3) -> list[Stream]:
    words = [f"Word {i}." for i in range(6)]
    questions = [Question(f"q{i}", f"Word {i}?", (str(i),), evidence=frozenset({f"t{i}"})) for i in range(4)]
    return [make_stream(*words, questions=questions, id=f"s{n}", group=f"g{n}") for n in range(number)]


def _play(schedule: Schedule, updates: Sequence[int]) -> list[Any]:
    """Play updates in which the questions of the first stream are the ones in reach."""
    played = []
    for update in updates:
        tasks = schedule.training(update)
        schedule.record(update, [group(0.2 if task.stream == 0 else 1.0) for task in tasks])
        played.append(tasks)
    return played


def test_a_schedule_by_priority_prefers_the_questions_in_reach() -> None:
    played = _play(Schedule(make_config(**BY_PRIORITY), _streams()), range(300))
    # The first three updates go through all twelve questions.
    assert len({(task.stream, task.question) for tasks in played[:3] for task in tasks}) == 12
    streams = Counter(task.stream for tasks in played[3:] for task in tasks)
    assert streams[0] > 1.5 * streams[1]
    assert [task.update for tasks in played[:2] for task in tasks] == [0] * 4 + [1] * 4


def test_a_resumed_schedule_plays_what_it_would_have_played() -> None:
    config, streams = make_config(**BY_PRIORITY), _streams()
    whole = Schedule(config, streams)
    expected = _play(whole, range(8))
    before, after = Schedule(config, streams), Schedule(config, streams)
    _play(before, range(5))
    after.load_state(json.loads(json.dumps({"standing": {}, **before.state()})))
    assert _play(after, range(5, 8)) == expected[5:]


def test_a_shuffled_schedule_has_nothing_to_remember() -> None:
    config = make_config("algorithm.curriculum=shuffled", **BY_PRIORITY)
    schedule, fresh = Schedule(config, _streams()), Schedule(config, _streams())
    played = _play(schedule, range(4))
    assert schedule.state() == {}
    assert fresh.training(3) == played[3]


def test_the_weights_of_warm_up_do_not_count_in_the_scores() -> None:
    schedule = Schedule(make_config("reward_decay.evidence_recall=5", **BY_PRIORITY), _streams())
    tasks = schedule.training(0)
    schedule.record(0, [[Episode({"evidence_ndcg": 0.1, "evidence_recall": 0.4})] for _ in tasks])
    assert set(schedule.state()["curriculum"].values()) == {0.1}


def test_trls_trainer_has_no_curriculum() -> None:
    with pytest.raises(ConfigError, match=r"curriculum is 'priority', but learner\.kind is 'trl'"):
        make_config(
            "policy.kind=language",
            "policy.model=x",
            "learner.kind=trl",
            "engine.kind=transformers",
            **BY_PRIORITY,
        )
