from typing import Any

import pytest

from builders import make_config, make_stream
from memdojo.envs.types import Question, Stream
from memdojo.errors import ConfigError
from memdojo.train.config.run import TrainConfig
from memdojo.train.episodes.stages import Stages


def _stream(number: int, num_sessions: int, first_asked: int = 0) -> Stream:
    """Sessions of one turn, each with a question about it at the end, but for those before `first_asked`."""
    questions = [
        Question(f"q{turn}", "Word?", (str(turn),), evidence=frozenset({f"t{turn}"}))
        for turn in range(first_asked, num_sessions)
    ]
    said = [f"Word {turn}." for turn in range(num_sessions)]
    sessions = [f"session {turn}" for turn in range(num_sessions)]
    return make_stream(*said, questions=questions, session=sessions, id=f"s{number}", group=f"g{number}")


STREAMS = [_stream(0, 6), _stream(1, 2), _stream(2, 5, first_asked=3)]


def _config(stages: str, *overrides: str, num_updates: int = 7, **tables: Any) -> TrainConfig:
    updates = f"algorithm.num_updates={num_updates}"
    return make_config(updates, f"streams.session_stages={stages}", *overrides, **tables)


def test_without_stages_there_is_one_of_whole_streams() -> None:
    stages = Stages.of(make_config(), STREAMS)
    assert stages.streams is STREAMS
    assert [list(members) for members in stages.members] == [[0, 1, 2]]
    assert (stages.at(0), stages.at(2), stages.first_update(0)) == (0, 0, 0)


def test_the_streams_of_a_stage_are_their_first_sessions() -> None:
    stages = Stages.of(_config("[2, 4, inf]"), STREAMS)
    ids = [[stages.streams[place].id for place in members] for members in stages.members]
    # The second stream has two sessions, and the first two of the third hold no question.
    assert ids == [
        ["s0[:2 sessions]", "s1"],
        ["s0[:4 sessions]", "s1", "s2[:4 sessions]"],
        ["s0", "s1", "s2"],
    ]
    # Whole streams stand in front, where others look for them.
    assert list(stages.streams[:3]) == STREAMS
    assert len(stages.streams) == 6
    assert [question.id for question in stages.streams[3].questions] == ["q0", "q1"]


def test_the_updates_are_divided_equally() -> None:
    stages = Stages.of(_config("[1, 2, 4]"), STREAMS)
    # Seven updates: 7 / 3 and 14 / 3, rounded up.
    assert [stages.at(update) for update in range(7)] == [0, 0, 0, 1, 1, 2, 2]
    assert [stages.first_update(stage) for stage in range(3)] == [0, 3, 5]
    assert stages.at(99) == 2


def test_one_stage_is_the_first_sessions_throughout() -> None:
    stages = Stages.of(_config("[4]"), STREAMS)
    assert [stages.streams[place].id for place in stages.members[0]] == [
        "s0[:4 sessions]",
        "s1",
        "s2[:4 sessions]",
    ]
    assert {stages.at(update) for update in range(7)} == {0}


def test_stages_that_cut_nothing_or_leave_nothing_are_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"session_stages begins with 8, and no .* has more than 6 sessions"
    ):
        Stages.of(_config("[8, 16]"), STREAMS)
    with pytest.raises(ConfigError, match="session_stages has 3, and the first 3 sessions of no training"):
        Stages.of(_config("[3, inf]"), STREAMS[2:])
