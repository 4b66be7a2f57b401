import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from builders import make_stream
from memdojo.agents.baselines.similarity import MAX_MERGED, SimilarityRule
from memdojo.agents.play import play_manager
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.types import Capacity, Chunk
from memdojo.errors import ConfigError

MAY_1 = datetime(2024, 5, 1, 9)


def remembered(said: Sequence[str | tuple[str, str]], *, daily: bool = True) -> list[str]:
    """Return what the rule keeps of turns, of Ann where no speaker is named, in a store of 50 entries."""
    episode = ManagerEpisode(StreamContext(make_stream(*said, time=MAY_1, daily=daily)), Capacity(50))
    play_manager(SimilarityRule(), [episode])
    return [entry.text.removeprefix("Ann: ") for entry in episode.store]


@pytest.mark.parametrize(
    "said",
    [
        ("My dog is called Rex.", "My cat is called Tom."),
        ("My dog is called Rex.", "My dog is called Max."),
        ("I like tea.", "I like jazz."),
        ("I like tea.", "I don't like tea."),
        ("I like tea.", "I like tea no longer."),
        ("Tom is allergic to nuts.", "Tim is allergic to milk."),
        ("I'm allergic to nuts.", "I'm allergic to milk."),
        ("Order 1001 shipped on Monday.", "Order 1002 shipped on Tuesday.", "Order 1003 shipped on Friday."),
        ("Order 1001 is 5 kg.", "Order 1002 is 5 kg."),
        ("Blood pressure today 120/80.", "Blood pressure today 135/90."),
        ("My home phone number is 555-0101.", "My work phone number is 555-0102."),
        ("My sister's phone number is 555-0101.", "My brother's phone number is 555-0102."),
        ("Tom lives in Paris.", "Tim lives in Rome."),
        ("My brother lives in Paris.", "My brother lives in Rome."),
        ("A friend lives in Paris.", "A friend lives in Rome."),
        ("She lives in Paris.", "She lives in Rome."),
        ("I live in Paris.", "I also live in Rome."),
        ("I live in Paris.", "I live in Paris and Rome."),
        ("I live in Paris with my cat Tom.", "I live in Rome."),
        ("I live in Paris.", "I live in fear."),
        ("I live in Paris.", "I don't live in Paris any more."),
        ("I live in Paris.", "I lived in Rome."),
        ("I work at Aldi.", "I work at night."),
        ("My phone number is 555-0101.", "My phone number is unlisted."),
        ("My favourite colour is blue.", "My favourite food is pasta."),
        ("My passport number is X1.", "My customer number is X2."),
        ("I have two kids.", "I have two dogs."),
        ("I took 5 mg of aspirin.", "I took 10 mg of aspirin."),
        ("I went for a run.", "I went for a run."),
        (("Ann", "I live in Paris."), ("Bob", "I live in Rome.")),
        (("Ann", "Tom lives in Paris."), ("Bob", "Tom lives in Rome.")),
        ("Ich wohne in Berlin.", "Ich wohne in Bonn."),
        ("我住在北京。", "我住在上海。"),
    ],
)
def test_what_may_be_another_fact_is_added(said: Sequence[str | tuple[str, str]]) -> None:
    texts = [text if isinstance(text, str) else text[1] for text in said]
    assert [text.removeprefix("Bob: ") for text in remembered(said)] == texts


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("I live in Paris.", "Actually, I live in New York now."),
        ("Tom lives in Paris.", "Tom lives in Rome."),
        ("I work at Aldi.", "I now work at Lidl."),
        ("My phone number is 555-0101.", "My new phone number is 555-0102."),
        ("My e-mail is ann@old.example.", "My e-mail is ann@new.example!"),
        ("My favourite colour is blue.", "My favourite colour is green."),
        ("Tom's birthday is May 5.", "Tom's birthday is May 6."),
        ("I'm 30 years old.", "I am 31 years old."),
    ],
)
def test_another_value_of_one_attribute_takes_the_place_of_the_old_one(before: str, after: str) -> None:
    assert remembered([before, "What a day!", after]) == [after, "What a day!"]


def test_a_new_value_has_the_time_of_its_turn_and_the_sources_of_both() -> None:
    stream = make_stream("I live in Paris.", "I live in Rome.", time=MAY_1, daily=True)
    episode = ManagerEpisode(StreamContext(stream), Capacity())
    play_manager(SimilarityRule(), [episode])
    (entry,) = episode.store
    assert (entry.time, entry.sources) == (MAY_1 + timedelta(days=1), ("t0", "t1"))


def test_a_repetition_of_the_same_day_is_merged() -> None:
    assert remembered(["I went for a run.", "Nice!", "I went for a run."], daily=False) == [
        "I went for a run.", "Nice!"
    ]  # fmt: skip


def test_the_turns_that_go_into_one_entry_are_bounded() -> None:
    said = ["Still here."] * (3 * MAX_MERGED + 5)
    episode = ManagerEpisode(StreamContext(make_stream(*said, time=MAY_1)), Capacity())
    play_manager(SimilarityRule(), [episode])
    (entry,) = episode.store
    assert entry.text == "Ann: Still here."
    assert entry.sources == tuple(f"t{number}" for number in range(3 * MAX_MERGED, len(said)))


def test_what_is_repeated_for_days_is_one_entry_a_day() -> None:
    said = ["Still here."] * 60
    times = [MAY_1 + timedelta(hours=6 * number) for number in range(60)]
    stream = make_stream(*said, time=MAY_1)
    chunks = tuple(
        Chunk(number, (dataclasses.replace(chunk.turns[0], time=time),), "", time)
        for number, (chunk, time) in enumerate(zip(stream.chunks, times, strict=True))
    )
    episode = ManagerEpisode(StreamContext(dataclasses.replace(stream, chunks=chunks)), Capacity())
    play_manager(SimilarityRule(), [episode])
    assert len(episode.store) == len({time.date() for time in times})


def test_the_oldest_leave_a_full_store() -> None:
    said = ["apples", "bicycles", "clouds"]
    episode = ManagerEpisode(StreamContext(make_stream(*said, time=MAY_1)), Capacity(2))
    play_manager(SimilarityRule(), [episode])
    assert [entry.text for entry in episode.store] == ["Ann: bicycles", "Ann: clouds"]


def test_a_value_that_has_no_room_in_place_of_the_old_one_is_added() -> None:
    said = ["I live in Rome.", "I live in Rio de Janeiro Brazil."]
    episode = ManagerEpisode(StreamContext(make_stream(*said, time=MAY_1)), Capacity(max_tokens=8))
    play_manager(SimilarityRule(), [episode])
    assert all(operation.applied for operation in episode.outcome().operations)


def test_what_is_most_like_the_turn_leaves_a_full_store() -> None:
    said = ["We saw the castle in Prague.", "Fine.", "We saw the castle in Prague, with my brother."]
    episode = ManagerEpisode(StreamContext(make_stream(*said, time=MAY_1)), Capacity(2))
    play_manager(SimilarityRule(threshold=0.5), [episode])
    assert [entry.text for entry in episode.store] == [f"Ann: {text}" for text in said[1:]]
    # The turn is added in its place; nothing is said to be one memory with another.
    assert [operation.kind for operation in episode.outcome().operations] == ["ADD", "ADD", "ADD"]


def test_a_threshold_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"lies in \(0, 1\]"):
        SimilarityRule(threshold=0)
