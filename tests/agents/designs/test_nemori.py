"""Nemori: episodes, their boundaries and joins, and facts that are news."""

from __future__ import annotations

from datetime import datetime

import pytest

from memdojo.agents.designs.nemori import Nemori
from memdojo.errors import ConfigError

from .acting import Choosing, Memory

SAID = ("I bought a bicycle in Rome.", "The bicycle is red and fast.", "I like green tea.", "Tea is healthy.")


def test_an_episode_is_what_was_said_until_the_session_ends():
    memory = Memory(Nemori(min_relevance=-1), *SAID, session=["1", "1", "2", "2"])
    assert memory.texts("episode") == ["Ann: I bought a bicycle in Rome.\nAnn: The bicycle is red and fast."]
    assert memory.texts("buffer") == ["Ann: I like green tea.", "Ann: Tea is healthy."]
    (episode,) = [entry for entry in memory.entries if entry.kind == "episode"]
    assert episode.sources == ("t0", "t1")


def test_an_episode_ends_where_the_topic_changes_time_passes_or_the_buffer_is_full():
    assert len(Memory(Nemori(min_relevance=1), *SAID).texts("episode")) == 1
    whole = Nemori(min_relevance=-1)
    assert Memory(whole, *SAID).texts("episode") == []
    assert len(Memory(whole, *SAID, time=datetime(2024, 5, 1), daily=True).texts("episode")) == 3
    assert len(Memory(Nemori(min_relevance=-1, max_turns=2), *SAID).texts("episode")) == 1


def test_where_to_cut_can_be_chosen():
    assert len(Memory(Nemori(), *SAID, choosing=Choosing(cut=1)).texts("episode")) == 3
    assert Memory(Nemori(), *SAID, choosing=Choosing(cut=0), session=list("1234")).texts("episode") == []


def test_an_episode_goes_on_with_an_older_one_that_is_near():
    said = ("I bought a bicycle in Rome.", "I bought a bicycle in Rome!", "I like green tea.", "Hello.")
    cutting = Choosing(cut=1)
    memory = Memory(Nemori(), *said, choosing=cutting)
    assert memory.texts("episode") == [f"Ann: {said[0]}\nAnn: {said[1]}", f"Ann: {said[2]}"]
    assert [each.sources for each in memory.entries if each.kind == "episode"] == [("t0", "t1"), ("t2",)]
    later = Memory(Nemori(), *said, choosing=Choosing(cut=1), time=datetime(2024, 5, 1), daily=True)
    assert len(later.texts("episode")) == 3
    apart = Memory(Nemori(), *said, choosing=Choosing(cut=1, merge=0))
    assert len(apart.texts("episode")) == 3


def test_facts_that_are_known_are_kept_once():
    said = ("I bought a bicycle in Rome.", "I bought a bicycle in Rome!", "Well, well.")
    memory = Memory(Nemori(), *said, choosing=Choosing(cut=1, merge=0))
    assert memory.texts("fact") == ["Ann: I bought a bicycle in Rome."]
    everything = Memory(Nemori(), *said, choosing=Choosing(cut=1, merge=0, calibrate=1))
    assert len(everything.texts("fact")) == 2


def test_a_narrative_that_is_too_long_is_a_summary():
    memory = Memory(
        Nemori(max_narrative_tokens=14, min_relevance=-1),
        "Well, what a day it was, and how it rained.",
        "I bought a bicycle in Rome.",
        "Hello.",
        session=["1", "1", "2"],
    )
    assert memory.texts("episode") == ["Ann: I bought a bicycle in Rome."]


def test_episodes_facts_and_the_buffer_are_read():
    memory = Memory(Nemori(min_relevance=-1), *SAID, session=["1", "1", "2", "2"])
    read = memory.read("Where was the bicycle bought?", k=4)
    assert read[0].startswith("Ann: I bought a bicycle in Rome.")
    assert "Ann: I bought a bicycle in Rome." in read
    assert memory.read("Who likes green tea?", k=1) == ["Ann: I like green tea."]


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="min_turns=3, max_turns=2"):
        Nemori(min_turns=3, max_turns=2)
