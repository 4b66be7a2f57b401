from __future__ import annotations

import json
from datetime import datetime

import pytest

from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.envs.episodes.written_memory import memory_as_json, memory_from_json, stores_of
from memdojo.envs.types import Chunk, MemoryEntry, Question, Stream, Turn

CHUNKS = tuple(
    Chunk(index, (Turn(f"t{index}", "Ann", text),))
    for index, text in enumerate(("I moved to Boston.", "My dog is Oscar.", "I bought a red canoe."))
)
QUESTIONS = (
    Question("late", "What did Ann buy?", ("canoe",), evidence=frozenset({"t0", "t2"})),
    Question("early", "Where is Ann?", ("Boston",), evidence=frozenset({"t0"}), ask_after=0),
    Question("last", "What is the dog called?", ("Oscar",), evidence=frozenset({"t1"})),
)
STREAM = Stream("s", "g", CHUNKS, QUESTIONS)
BOSTON = MemoryEntry(1, "fact", "Ann moved to Boston", datetime(2023, 5, 1), 0, 0, ("t0",), (3,), 0.5)
CANOE = MemoryEntry(3, "fact", "Ann bought a red canoe", None, 2, 2, ("t2",))
MEMORY = {"early": (BOSTON,), "late": (BOSTON, CANOE), "last": (BOSTON, CANOE)}


def test_a_memory_is_the_same_after_json_and_holds_every_entry_once() -> None:
    record = json.loads(json.dumps(memory_as_json(MEMORY)))
    assert len(record["entries"]) == 2
    assert [store["questions"] for store in record["stores"]] == [["early"], ["late", "last"]]
    assert memory_from_json(record) == MEMORY
    with pytest.raises(KeyError):
        memory_from_json({"entries": []})


def test_questions_with_the_same_memory_share_a_store() -> None:
    early, late, last = stores_of(StreamContext(STREAM), memory_from_json(memory_as_json(MEMORY)))
    assert early.entries == (BOSTON,)
    assert late is last
    assert late.entries == (BOSTON, CANOE)


def test_each_question_is_asked_over_what_the_memory_held_when_it_fell_due() -> None:
    context = StreamContext(STREAM)
    episode = RetrievalEpisode(context, memory=stores_of(context, MEMORY))
    fork = episode.fork()
    for each in (episode, fork):
        assert each.question is not None
        assert (each.question.id, each.store.entries) == ("early", (BOSTON,))
        each.step([1])
        assert (each.question.id, each.store.entries) == ("late", (BOSTON, CANOE))
        each.step([3, 1])
        # Its evidence was not kept, which nothing that is ranked can change.
        each.step([1])
        assert each.ended
        early, late, last = each.outcome().questions
        assert (early.stored, early.retrieved) == ({"t0"}, ({"t0"},))
        assert (late.stored, late.retrieved) == ({"t0", "t2"}, ({"t2"}, {"t0"}))
        assert (last.stored, last.retrieved) == (frozenset(), (frozenset(),))


def test_an_entry_that_the_memory_lost_before_the_question_cannot_be_ranked() -> None:
    context = StreamContext(STREAM)
    episode = RetrievalEpisode(context, memory=stores_of(context, MEMORY))
    outcome = episode.step([3])
    assert outcome.operations[0].malformed
    assert episode.outcome().questions[0].retrieved == ()


def test_one_store_for_each_question_is_wanted() -> None:
    context = StreamContext(STREAM)
    with pytest.raises(ValueError, match="2 stores for 3 questions"):
        RetrievalEpisode(context, memory=stores_of(context, MEMORY)[:2])
