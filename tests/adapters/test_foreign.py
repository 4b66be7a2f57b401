"""Other people's memories as managers."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from builders import make_stream
from memdojo.adapters.foreign import Remembered, foreign_manager
from memdojo.agents.play import play_manager
from memdojo.envs.answering import ExtractiveAnswerer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.memory.analysis import analyze
from memdojo.envs.types import Capacity, Question
from memdojo.errors import DesignError

QUESTIONS = (
    Question("q0", "What did Ann buy?", ("a bicycle",), evidence=frozenset({"t0"}), ask_after=0),
    Question("q1", "What is the cat called?", ("Tom",), evidence=frozenset({"t2"})),
)
LINES = ("I bought a bicycle.", "The weather is fine.", "My cat is called Tom.")


@dataclass
class Notes:
    """Keeps notes and finds them by shared words; whether it says where they are from is a setting."""

    has_sources: bool = True
    taken: list = field(default_factory=list)
    asked: list = field(default_factory=list)

    def add(self, text, *, speaker, time, turns):
        self.taken.append((f"{speaker} says: {text}", tuple(turns), time))

    def search(self, query, k):
        self.asked.append((query, k))
        words = {*analyze(query)}
        shared = [(len(words & {*analyze(text)}), text, turns) for text, turns, _ in self.taken]
        found = sorted((each for each in shared if each[0]), key=lambda each: -each[0])[:k]
        return [Remembered(text, turns) if self.has_sources else text for _, text, turns in found]


def _play(manager, capacity=None):
    episode = ManagerEpisode(
        StreamContext(make_stream(*LINES, questions=QUESTIONS)),
        capacity or Capacity(),
        retriever=manager.retriever,
        answerer=ExtractiveAnswerer(),
        top_k=2,
    )
    (outcome,) = play_manager(manager, [episode], episode.answerer)
    return episode, [question for step in outcome.steps for question in step.questions]


@pytest.mark.parametrize("has_sources", [True, False])
def test_a_memory_takes_every_turn_and_is_asked_every_question(has_sources):
    made = []
    manager = foreign_manager(lambda: made.append(Notes(has_sources)) or made[-1], name="notes", k=7)
    _, questions = _play(manager)
    (notes,) = made
    assert manager.name == "notes"
    assert [(text, turns) for text, turns, _ in notes.taken] == [
        (f"Ann says: {line}", (f"t{index}",)) for index, line in enumerate(LINES)
    ]
    assert notes.asked == [(question.text, 7) for question in QUESTIONS]
    assert [question.retrieved[0] for question in questions] == [{"t0"}, {"t2"}]


def test_what_it_finds_is_read_in_its_own_words():
    manager = foreign_manager(Notes, name="notes")
    episode, _ = _play(manager)
    (hit, *_) = manager.retriever.search(episode.store, "a cat called?", 2)
    assert (hit.entry.text, hit.entry.sources) == ("Ann says: My cat is called Tom.", ("t2",))


def test_what_left_a_full_store_is_not_handed_over():
    manager = foreign_manager(Notes, name="notes")
    episode, _ = _play(manager, Capacity(max_entries=1))
    before = manager.counts.unmatched
    assert manager.retriever.search(episode.store, "Which bicycle?", 2) == ()
    assert manager.counts.unmatched == before + 1


def test_texts_of_one_turn_are_handed_over_together():
    class Splitter(Notes):
        def search(self, query, k):
            return [
                Remembered("Ann has a cat.", ("t2",)),
                Remembered("It is sunny.", ("t1",)),
                Remembered("Tom is a cat.", ("t0", "t2")),
            ]

    manager = foreign_manager(Splitter, name="splitter")
    episode, _ = _play(manager)
    before = manager.counts.unmatched
    hits = manager.retriever.search(episode.store, "cat", 3)
    assert [(hit.entry.text, hit.entry.sources) for hit in hits] == [
        ("Ann has a cat.\nTom is a cat.", ("t0", "t2")),
        ("It is sunny.", ("t1",)),
    ]
    assert manager.counts.unmatched == before


def test_a_memory_that_fails_is_named():
    class Broken(Notes):
        def add(self, text, *, speaker, time, turns):
            raise ConnectionError("refused")

    with pytest.raises(DesignError, match=r"'broken' failed in take_in_memory: ConnectionError: refused"):
        _play(foreign_manager(Broken, name="broken"))
