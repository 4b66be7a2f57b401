"""HiMem: notes on episodes, what becomes of them, and what readings teach."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.himem import HiMem
from memdojo.envs.types import Question
from memdojo.errors import ConfigError

from .acting import Choosing, Memory

SAID = ("I live in Rome.", "Well, well.", "I live in Oslo now.", "I like tea.", "Good night.")
SESSIONS = ["1", "1", "2", "3", "4"]


def test_turns_stay_as_they_were_said_and_notes_are_drawn_where_an_episode_ends():
    memory = Memory(HiMem(topic_nearness=-1, surprise=99), *SAID[:3], session=SESSIONS[:3])
    assert memory.texts("turn") == [f"Ann: {text}" for text in SAID[:3]]
    assert memory.texts("note") == ["Ann: I live in Rome."]
    rome, well, note, oslo = memory.entries
    assert note.links == (rome.id,)
    assert [entry.tags for entry in (rome, well, oslo)] == [
        ("session 1",),
        ("session 1",),
        ("open", "session 2"),
    ]


def test_an_episode_ends_where_the_topic_shifts_or_a_turn_surprises():
    assert Memory(HiMem(topic_nearness=-1, surprise=99), *SAID).texts("note") == []
    assert Memory(HiMem(topic_nearness=1, surprise=99), *SAID).texts("note")
    assert Memory(HiMem(topic_nearness=-1, surprise=0), *SAID).texts("note")
    assert Memory(HiMem(topic_nearness=1), *SAID, choosing=Choosing(cut=0)).texts("note") == []


def test_a_note_that_contradicts_replaces_the_old_one_which_is_kept_from_readers():
    memory = Memory(HiMem(), *SAID, session=SESSIONS)
    assert memory.texts("note") == ["Ann: I live in Oslo now.", "Ann: I like tea."]
    rome, oslo = (
        next(each for each in memory.entries if each.kind == "note" and word in each.text)
        for word in ("Rome", "Oslo")
    )
    assert rome.ended is not None
    assert oslo.replaces == (rome.id,)


@pytest.mark.parametrize(
    ("option", "notes"),
    [
        (0, ["Ann: I live in Rome.", "Ann: I live in Oslo now."]),
        (1, ["Ann: I live in Oslo now."]),
        (2, ["Ann: I live in Oslo now."]),
    ],
)
def test_what_becomes_of_a_note_can_be_chosen(option, notes):
    said = (*SAID[:3], "Good night.")
    memory = Memory(HiMem(), *said, session=SESSIONS[:4], choosing=Choosing(relate=option))
    assert [text for text in memory.texts("note") if "live" in text] == notes
    (first,) = [each for each in memory.entries if each.kind == "note" and "live" in each.text][:1]
    assert first.sources == (("t0", "t2") if option == 1 else ("t0",))


def test_a_note_that_extends_another_joins_it():
    said = ("I play the cello.", "I play the cello on Sundays.", "Good night.")
    memory = Memory(HiMem(), *said, session=list("123"))
    assert memory.texts("note") == ["Ann: I play the cello.\nAnn: I play the cello on Sundays."]


def test_notes_are_read_where_they_answer_and_turns_beside_them_where_not():
    memory = Memory(HiMem(), *SAID, session=SESSIONS)
    assert memory.read("Where does Ann live?")[0] == "Ann: I live in Oslo now."
    assert {hit.kind for hit in _read(memory, "Where does Ann live?")} == {"note"}
    assert "turn" in {hit.kind for hit in _read(memory, "What did Ann wish at night?")}
    memory.choosing.options["suffices"] = 0
    assert "turn" in {hit.kind for hit in _read(memory, "Where does Ann live?")}


def _read(memory, question):
    return [hit.entry for hit in memory.manager.retriever.search(memory.episode.store, question, 4)]


@pytest.mark.parametrize(("answer", "notes"), [("Rome", ["Ann: I live in Rome."]), ("Paris", [])])
def test_what_answered_a_question_well_becomes_a_note(answer, notes):
    question = Question("q", "Where does Ann live?", (answer,), evidence=frozenset({"t0"}), ask_after=1)
    never = Choosing(cut=0)
    memory = Memory(HiMem(), *SAID[:2], "Hm.", questions=[question], choosing=never)
    assert memory.texts("note") == notes


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="success=2"):
        HiMem(success=2)
