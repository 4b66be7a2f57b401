from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from builders import make_stream
from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.baselines.rules import ScriptedRule
from memdojo.agents.play import play_manager
from memdojo.deploy.memory_agent import MemoryAgent
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.visible import VisibleEpisode
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.streams.turn_features import COLUMN
from memdojo.envs.types import Capacity, Chunk, Operation, Stream, Turn

MONDAY = datetime(2023, 5, 8, 9)
HOUR = timedelta(hours=1)


def test_in_a_session_without_an_end_every_turn_keeps_its_time(tmp_path: Path) -> None:
    friday = MONDAY + timedelta(days=4)
    with MemoryAgent(tmp_path / "m") as agent:
        times = [MONDAY + timedelta(minutes=20 * number) for number in range(4 * 24 * 3)]
        agent.observe_many([("Bob", "Still here.", time) for time in times])
        agent.observe("Ann", "I ran a charity race yesterday.", friday)
        assert agent.num_sessions == 1
        assert [entry.time for entry in agent.entries] == [*times, friday]
        assert agent.sources(agent.entries[-1])[0].time == friday
        assert agent.ask("When did Ann run a charity race?", friday + HOUR).text == "11 May 2023"


def test_yesterday_is_the_day_before_the_turn_in_a_session_over_midnight(tmp_path: Path) -> None:
    with MemoryAgent(tmp_path / "m") as agent:
        agent.observe("Bob", "Hi!", datetime(2023, 5, 9, 23, 50))
        agent.observe("Ann", "I ran a charity race yesterday.", datetime(2023, 5, 10, 0, 10))
        assert agent.num_sessions == 1
        answer = agent.ask("When did Ann run a charity race?", datetime(2023, 5, 10, 1))
        assert answer.text == "9 May 2023"


@pytest.mark.parametrize("minutes", [0, 20, 29, 31, 60 * 24])
def test_an_episode_of_the_same_turns_sees_the_same_times_and_sessions(tmp_path: Path, minutes: int) -> None:
    said = [f"I did thing {number} yesterday?" for number in range(6)]
    times = [MONDAY + timedelta(minutes=minutes * number) for number in range(6)]
    stream = make_stream(*said, time=MONDAY)
    chunks = tuple(
        type(chunk)(chunk.index, (type(turn)(turn.id, turn.speaker, turn.text, time),), "", time)
        for chunk, turn, time in zip(stream.chunks, stream.turns, times, strict=True)
    )
    context = StreamContext(type(stream)(stream.id, stream.group, chunks, ()))
    episode = ManagerEpisode(context, Capacity())
    play_manager(make_baseline("recency"), [episode])
    with MemoryAgent(tmp_path / "m") as agent:
        agent.observe_many([("Ann", text, time) for text, time in zip(said, times, strict=True)])
        assert [entry.time for entry in agent.entries] == [entry.time for entry in episode.store] == times
        live = agent._dialogue._context.turn_features
        np.testing.assert_array_equal(live, context.turn_features)
        starts = live[:, COLUMN["session_start"]].tolist()
        assert starts == [1, 1, 1, 1, 1, 1] if minutes > 30 else [1, 0, 0, 0, 0, 0]


def test_a_session_that_was_ended_shows_in_the_features_of_the_next_turn(tmp_path: Path) -> None:
    with MemoryAgent(tmp_path / "m") as agent:
        agent.observe("Ann", "one", MONDAY)
        agent.end_session()
        agent.observe("Ann", "two", MONDAY)
        agent.observe("Ann", "three", MONDAY)
        starts = agent._dialogue._context.turn_features[:, COLUMN["session_start"]]
        assert starts.tolist() == [1, 1, 0]


def test_a_chunk_ends_with_the_day(tmp_path: Path) -> None:
    late, early = datetime(2023, 5, 9, 23, 50), datetime(2023, 5, 10, 0, 10)
    with MemoryAgent(tmp_path / "m", manager=ScriptedRule([], turns_per_chunk=3)) as agent:
        agent.observe_many([("Ann", "one", late), ("Ann", "two", early)])
        assert [turn.text for turn in agent.waiting] == ["two"]
        assert agent.num_sessions == 1


def test_a_live_dialogue_is_cut_into_the_chunks_of_an_episode_of_the_same_turns(tmp_path: Path) -> None:
    times = [
        MONDAY + timedelta(minutes=minute) for minute in (0, 10, 20, 29, 70, 75, 80, 60 * 24, 60 * 24 + 5)
    ]
    turns = tuple(Turn(f"t{number + 1}", "Ann", f"Said {number}.", time) for number, time in enumerate(times))
    stream = rechunk(Stream("s", "g", (Chunk(0, turns, "all", times[0]),), ()), 3)
    shown: list[Chunk] = []

    class Watching(ScriptedRule):
        def act(self, episodes: Sequence[VisibleEpisode]) -> list[tuple[Operation, ...]]:
            shown.extend(episode.chunk for episode in episodes if episode.chunk is not None)
            return [() for _ in episodes]

    with MemoryAgent(tmp_path / "m", manager=Watching([], turns_per_chunk=3)) as agent:
        agent.observe_many([(turn.speaker, turn.text, turn.time) for turn in turns])
        agent.end_session()
        agent.observe("Ann", "Afterwards.", times[-1])
    assert [(chunk.turns, chunk.time) for chunk in shown[: len(stream.chunks)]] == [
        (chunk.turns, chunk.time) for chunk in stream.chunks
    ]
