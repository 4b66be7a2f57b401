"""AMA: turns, facts and episodes, and which of them a question wants."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.ama import AMA
from memdojo.errors import ConfigError

from .acting import Choosing, Memory

SAID = (
    "Good morning! I live in Rome.",
    "I like green tea.",
    "I live in Oslo now.",
    "What a day.",
    "Good night.",
)
SESSIONS = ["1", "1", "2", "2", "3"]


def test_turns_facts_and_what_episodes_were_about_are_kept():
    memory = Memory(AMA(topic_nearness=-1), *SAID[:2], "What a day.", session=["1", "1", "2"])
    assert memory.texts("turn") == [f"Ann: {SAID[0]}", "Ann: What a day."]
    # The second turn is nothing but a fact.
    assert memory.texts("fact") == ["Ann: I live in Rome.", "Ann: I like green tea."]
    (episode,) = (entry for entry in memory.entries if entry.kind == "episode")
    assert "I live in Rome." in episode.text
    assert episode.sources == ("t0", "t1")


def test_a_fact_that_contradicts_takes_the_place_of_the_old_one():
    memory = Memory(AMA(), *SAID, session=SESSIONS)
    assert memory.texts("fact") == ["Ann: I live in Oslo now.", "Ann: I like green tea."]
    (moved,) = (entry for entry in memory.entries if entry.kind == "fact" and "Oslo" in entry.text)
    assert moved.sources == ("t0", "t2")
    both = Memory(AMA(), *SAID, session=SESSIONS, choosing=Choosing(update=0))
    assert len([text for text in both.texts("fact") if "live" in text]) == 2


@pytest.mark.parametrize(
    ("question", "route"),
    [
        ("Where does Ann live?", "atomic"),
        ("What did Ann say about tea?", "fine"),
        ("Why does Ann like tea?", "abstract"),
        ("What happened in Rome?", "event"),
    ],
)
def test_the_question_tells_which_memory_it_wants(question, route):
    memory = Memory(AMA(), *SAID, session=SESSIONS)
    memory.read(question)
    (decision,) = memory.choosing.of("route")
    assert decision.options[decision.by_rule] == route


@pytest.mark.parametrize(
    ("route", "kinds"), [(0, {"turn", "fact"}), (1, {"episode"}), (2, {"episode"}), (3, {"fact"})]
)
def test_the_memory_that_is_read_can_be_chosen(route, kinds):
    memory = Memory(AMA(), *SAID, session=SESSIONS, choosing=Choosing(route=route, retry=0))
    hits = memory.manager.retriever.search(memory.episode.store, "Where does Ann live?", 3)
    assert {hit.entry.kind for hit in hits} <= kinds
    assert hits


def test_where_facts_do_not_answer_all_memories_are_searched_with_what_was_found():
    memory = Memory(AMA(max_retries=1), *SAID, session=SESSIONS)
    assert memory.read("Where does Ann live?", k=1) == ["Ann: I live in Oslo now."]
    (decision,) = memory.choosing.of("retry")
    assert decision.by_rule == 0
    assert "Ann: Good night." in memory.read("Who wished a good night?", k=4)
    assert memory.choosing.of("retry")[-1].by_rule == 1
    assert "Ann: Good night." not in Memory(AMA(max_retries=0), *SAID, session=SESSIONS).read(
        "Who wished a good night?", k=2
    )


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="max_retries=-1"):
        AMA(max_retries=-1)
