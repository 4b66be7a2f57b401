from collections import Counter
from typing import Any

import pytest

from builders import make_config, make_stream
from memdojo.envs.episodes.context import questions_in_order
from memdojo.envs.streams.windows import window
from memdojo.envs.types import Question, Stream
from memdojo.errors import ConfigError
from memdojo.train.config.run import TrainConfig
from memdojo.train.episodes.schedule import Schedule, validation_tasks
from memdojo.train.episodes.stages import Stages

LANGUAGE: dict[str, Any] = {"policy": {"kind": "language", "model": "x/y"}}


def _config(*overrides: str, **tables: Any) -> TrainConfig:
    return make_config("algorithm.groups_per_update=2", "algorithm.group_size=3", *overrides, **tables)


def _retriever(*overrides: str) -> TrainConfig:
    return _config("task=retriever", "episode.max_entries=", *overrides)


def _stream(number: int, num_turns: int = 12) -> Stream:
    """Questions about t2, t1 and t4, one that nobody can answer and one asked after the first turn."""
    questions = (
        Question("a", "Word?", ("2",), evidence=frozenset({"t2"})),
        Question("b", "Words?", ("1, 4",), evidence=frozenset({"t1", "t4"})),
        Question("c", "What else?", (), evidence=frozenset({"t11"}), unanswerable=True),
        Question("d", "First word?", ("0",), evidence=frozenset({"t0"}), ask_after=0),
    )
    words = (f"Word {i}." for i in range(num_turns))
    return make_stream(*words, questions=questions, id=f"s{number}", group=f"g{number}")


STREAMS = [_stream(number) for number in range(5)]


def test_every_stream_comes_once_a_lap() -> None:
    # Two of five streams an update: a lap is two updates and a half.
    schedule = Schedule(_config(), STREAMS)
    order = [task.stream for update in range(10) for task in schedule.training(update)]
    laps = [order[first : first + 5] for first in range(0, 20, 5)]
    assert [sorted(lap) for lap in laps] == [[0, 1, 2, 3, 4]] * 4
    assert len({tuple(lap) for lap in laps}) > 1


def test_refills_are_of_other_streams_and_leave_the_other_tasks_as_they_are() -> None:
    config = _config("algorithm.skip_equal_groups=true", "algorithm.refill_rounds=2", **LANGUAGE)
    plain, schedule = Schedule(_config(**LANGUAGE), STREAMS), Schedule(config, STREAMS)
    drawn = [schedule.training(update, refill) for update in range(2) for refill in range(3)]
    assert [drawn[0], drawn[3]] == [plain.training(0), plain.training(1)]
    # Four refills of two: a lap of five and the first three of another.
    order = [task.stream for number in (1, 2, 4, 5) for task in drawn[number]]
    assert sorted(order[:5]) == [0, 1, 2, 3, 4]
    assert len({task.seeds for tasks in drawn for task in tasks}) == 12
    # Out of order, as a resumed run asks.
    assert Schedule(config, STREAMS).training(1, 2) == drawn[5]


def test_an_update_of_more_groups_than_streams_goes_round_several_times() -> None:
    schedule = Schedule(_config("algorithm.groups_per_update=11"), STREAMS)
    counts = Counter(task.stream for task in schedule.training(0))
    assert sorted(counts.values()) == [2, 2, 2, 2, 3]


def test_tasks_depend_on_the_seed_and_the_update_alone() -> None:
    first, second = Schedule(_config(), STREAMS), Schedule(_config(), STREAMS)
    in_order = [first.training(update) for update in range(4)]
    assert [second.training(update) for update in (3, 1, 0, 2)] == [in_order[i] for i in (3, 1, 0, 2)]
    # Neither the end of the run nor what does the work has a say.
    longer = Schedule(_config("algorithm.num_updates=99", "rollouts.num_workers=7"), STREAMS)
    assert longer.training(2) == in_order[2]
    other = Schedule(_config("seed=1"), STREAMS)
    assert [other.training(update) for update in range(4)] != in_order


def test_a_group_has_a_seed_for_each_trajectory_and_no_two_the_same() -> None:
    schedule = Schedule(_config(), STREAMS)
    tasks = [task for update in range(10) for task in schedule.training(update)]
    assert all(len(task.seeds) == 3 and not task.greedy and task.window is None for task in tasks)
    seeds = [seed for task in tasks for seed in task.seeds]
    assert len(set(seeds)) == len(seeds)


def test_windows_lie_in_the_stream_and_keep_a_question() -> None:
    schedule = Schedule(_config("streams.window_turns=4"), STREAMS)
    tasks = [task for update in range(30) for task in schedule.training(update)]
    starts = set()
    for task in tasks:
        assert task.window is not None
        start, length = task.window
        assert length == 4
        assert 0 <= start <= 8
        cut = window(STREAMS[task.stream], start, length)
        assert cut is not None
        assert len(cut.turns) == 4
        assert cut.questions
        starts.add(start)
    # t0, t1 and t4, or t2 lie in windows that start at these; t11 also lies in the last one.
    assert starts == {0, 1, 2, 8}


def test_a_window_longer_than_the_stream_is_the_stream() -> None:
    (task, *_) = Schedule(_config("streams.window_turns=100"), STREAMS).training(0)
    assert task.window == (0, 100)
    cut = window(STREAMS[0], *task.window)
    assert cut is not None
    assert (cut.chunks, cut.questions) == (STREAMS[0].chunks, STREAMS[0].questions)


def test_groups_probe_decisions_if_told_to() -> None:
    config = _config("algorithm.group_start=probes", "algorithm.discount=0", "algorithm.num_probes=5")
    assert {(task.probes, task.alternatives) for task in Schedule(config, STREAMS).training(0)} == {(5, 8)}
    assert all(task.probes == 0 for task in validation_tasks(config, STREAMS))
    assert all(task.probes == 0 for task in Schedule(_config(), STREAMS).training(0))


def test_groups_fork_anywhere_in_what_they_play_if_told_to() -> None:
    for overrides, turns in (((), 12), (("streams.window_turns=4",), 4), (("streams.window_turns=99",), 12)):
        config = _config("algorithm.group_start=fork", *overrides)
        schedule = Schedule(config, STREAMS)
        forks = [task.fork_turn for update in range(60) for task in schedule.training(update)]
        assert set(forks) == set(range(turns))
        assert [task.fork_turn for task in validation_tasks(config, STREAMS)] == [0] * 5
    assert all(task.fork_turn == 0 for task in Schedule(_config(), STREAMS).training(0))


def test_of_mixed_groups_some_fork_in_mid_stream_and_the_others_play_from_the_start() -> None:
    schedule = Schedule(_config("algorithm.group_start=mixed"), STREAMS)
    updates = [[task.fork_turn for task in schedule.training(update)] for update in range(60)]
    assert {local for local, _ in updates} == set(range(1, 12))
    assert {whole for _, whole in updates} == {0}
    # A stream of one turn has no middle.
    short = Schedule(_config("algorithm.group_start=mixed"), [_stream(0, num_turns=1)])
    assert [task.fork_turn for task in short.training(0)] == [0, 0]


def test_streams_of_which_no_window_has_a_question_are_refused() -> None:
    question = Question("b", "Words?", ("1, 9",), evidence=frozenset({"t1", "t9"}))
    spread = Stream("far", "g", STREAMS[0].chunks, (question,))
    with pytest.raises(ConfigError, match=r"streams\.window_turns is 4, and no window .* of stream 'far'"):
        Schedule(_config("streams.window_turns=4"), [STREAMS[0], spread])
    Schedule(_config("streams.window_turns=9"), [STREAMS[0], spread])


def test_a_retriever_goes_through_all_questions_with_evidence_once_a_lap() -> None:
    schedule = Schedule(_retriever("algorithm.groups_per_update=3"), STREAMS[:2])
    tasks = [task for update in range(4) for task in schedule.training(update)]
    for lap in (tasks[:6], tasks[6:]):
        asked = {(task.stream, task.question) for task in lap}
        # Asked first is "d"; of the others "c" cannot be answered.
        assert asked == {(stream, question) for stream in (0, 1) for question in (0, 1, 2)}
    names = [questions_in_order(STREAMS[0])[question].id for question in (0, 1, 2)]
    assert names == ["d", "a", "b"]
    assert all(task.window is None for task in tasks)


def test_a_retriever_without_any_evidence_is_refused() -> None:
    question = Question("q", "Word?", ("2",))
    bare = Stream("s", "g", STREAMS[0].chunks, (question,))
    with pytest.raises(ConfigError, match=r"no question of streams\.train has evidence"):
        Schedule(_retriever(), [bare])


def test_validation_plays_each_stream_or_question_once_and_greedily() -> None:
    tasks = validation_tasks(_config(), STREAMS[:3])
    assert [(task.stream, task.seeds, task.greedy) for task in tasks] == [(i, (0,), True) for i in range(3)]
    tasks = validation_tasks(_retriever(), STREAMS[:1])
    assert [(task.question, task.seeds, task.greedy) for task in tasks] == [(i, (0,), True) for i in range(3)]
    assert validation_tasks(_config(), []) == []


def _long_stream(number: int) -> Stream:
    """Three sessions of four turns, with a question about the last turn of each."""
    questions = tuple(
        Question(f"q{turn}", "Word?", (str(turn),), evidence=frozenset({f"t{turn}"})) for turn in (3, 7, 11)
    )
    sessions = [f"session {turn // 4}" for turn in range(12)]
    said = (f"Word {turn}." for turn in range(12))
    return make_stream(*said, questions=questions, session=sessions, id=f"s{number}", group=f"g{number}")


LONG = [_long_stream(number) for number in range(4)]
STAGES = ("streams.session_stages=[1, 2, inf]", "algorithm.num_updates=6")


@pytest.mark.parametrize("policy", [{}, LANGUAGE])
def test_a_stage_draws_the_first_sessions_of_every_stream_once_a_lap(policy: dict[str, Any]) -> None:
    config = _config(*STAGES, **policy)
    schedule, played = Schedule(config, LONG), Stages.of(config, LONG).streams
    # Two updates a stage and two groups an update are a lap of four streams.
    laps = [
        sorted(played[task.stream].id for update in updates for task in schedule.training(update))
        for updates in ((0, 1), (2, 3), (4, 5))
    ]
    assert laps == [
        [f"s{number}{part}" for number in range(4)] for part in ("[:1 sessions]", "[:2 sessions]", "")
    ]
    # As a resumed run asks.
    assert Schedule(config, LONG).training(4) == schedule.training(4)


def test_forks_of_a_stage_lie_in_its_first_sessions() -> None:
    schedule = Schedule(_config(*STAGES[:1], "algorithm.num_updates=90", "algorithm.group_start=fork"), LONG)
    for stage, turns in enumerate((4, 8, 12)):
        updates = range(30 * stage, 30 * (stage + 1))
        assert {task.fork_turn for update in updates for task in schedule.training(update)} == set(
            range(turns)
        )


def test_refills_of_a_stage_are_of_its_streams() -> None:
    skipping = ("algorithm.skip_equal_groups=true", "algorithm.refill_rounds=2")
    config = _config(*STAGES, *skipping, **LANGUAGE)
    schedule, played = Schedule(config, LONG), Stages.of(config, LONG).streams
    assert {len(played[task.stream].turns) for refill in (1, 2) for task in schedule.training(2, refill)} == {
        8
    }


def test_a_retriever_is_asked_in_a_stage_what_its_first_sessions_answer() -> None:
    config = _retriever(*STAGES, "algorithm.groups_per_update=8")
    schedule, played = Schedule(config, LONG), Stages.of(config, LONG).streams
    for update, asked in ((0, {"q3"}), (2, {"q3", "q7"}), (4, {"q3", "q7", "q11"})):
        tasks = schedule.training(update)
        assert {
            questions_in_order(played[task.stream])[task.question].id
            for task in tasks
            if task.question is not None
        } == asked
    unknown = Question("a", "Word?", (), unanswerable=True)
    known = Question("b", "Word?", ("1",), evidence=frozenset({"t1"}))
    late = make_stream("Word 0.", "Word 1.", questions=[unknown, known], session=("one", "two"))
    with pytest.raises(ConfigError, match=r"a stage of streams.session_stages has no question with evidence"):
        Schedule(_retriever("streams.session_stages=[1, 2]"), [late])
