"""Providers of two functions, written for EvolveLab, as managers."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field

import pytest

from memdojo.agents.designs.running.providers import ProviderManager, ProviderTypes
from memdojo.agents.play import play_manager
from memdojo.envs.answering import ExtractiveAnswerer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.memory.analysis import analyze
from memdojo.envs.types import Capacity, Question
from memdojo.errors import DesignError
from tests.builders import make_stream

QUESTIONS = (
    Question("q0", "What did Ann buy?", ("a bicycle",), evidence=frozenset({"t0"}), ask_after=0),
    Question("q1", "What is the cat called?", ("Tom",), evidence=frozenset({"t2"})),
)
LINES = ("I bought a bicycle.", "The weather is fine.", "My cat is called Tom.")


@dataclass
class Item:
    content: object
    score: float = 0.0


@dataclass
class Response:
    memories: list


@dataclass
class Notes:
    """A provider of the two functions: notes by shared words, as EvolveLab's have it, with no base class."""

    taken: list = field(default_factory=list)
    wording: str = "Note: {}"

    def provide_memory(self, request):
        words = {*analyze(request.query)}
        shared = [(len(words & {*analyze(each.query)}), each.query) for each in self.taken]
        ranked = sorted(shared, key=lambda pair: -pair[0])
        return Response([Item(self.wording.format(text)) for count, text in ranked if count])

    def take_in_memory(self, trajectory_data):
        self.taken.append(trajectory_data)
        return True, "one note"


def _episode(manager, capacity=None, lines=LINES):
    return ManagerEpisode(
        StreamContext(make_stream(*lines, questions=QUESTIONS)),
        capacity or Capacity(),
        retriever=manager.retriever,
        answerer=ExtractiveAnswerer(),
        top_k=2,
    )


def _play(manager, episode, until_step=None):
    (outcome,) = play_manager(manager, [episode], episode.answerer, until_step=until_step)
    return outcome


def _questions(outcome):
    return [question for step in outcome.steps for question in step.questions]


def test_turns_are_mirrored_and_what_is_provided_is_read_in_its_own_words():
    manager = ProviderManager(Notes)
    episode = _episode(manager)
    outcome = _play(manager, episode)
    assert [entry.sources for entry in episode.store] == [("t0",), ("t1",), ("t2",)]
    (hit, *_) = manager.retriever.search(episode.store, "My cat is called?", 2)
    assert (hit.entry.text, hit.entry.id, hit.entry.sources[-1]) == (
        "Note: Ann: My cat is called Tom.",
        3,
        "t2",
    )
    assert [question.retrieved[0] for question in _questions(outcome)] == [{"t0"}, {"t2"}]


def test_chunks_and_what_came_of_questions_are_taken_in():
    made = []
    manager = ProviderManager(lambda: made.append(Notes()) or made[-1])
    _play(manager, _episode(manager))
    (notes,) = made
    assert [each.query for each in notes.taken] == [
        "Ann: I bought a bicycle.",
        "What did Ann buy?",
        "Ann: The weather is fine.",
        "Ann: My cat is called Tom.",
    ]
    assert notes.taken[0].trajectory[0]["content"] == "I bought a bicycle."
    assert [each.metadata["is_correct"] for each in notes.taken][1] in (True, False)


def test_what_left_the_store_is_not_handed_over():
    manager = ProviderManager(Notes)
    episode = _episode(manager, Capacity(max_entries=1))
    _play(manager, episode)
    before = manager.counts.unmatched
    assert manager.retriever.search(episode.store, "Which bicycle?", 2) == ()
    assert manager.counts.unmatched == before + 1


def test_a_fork_has_a_provider_of_its_own_that_knows_what_the_store_holds():
    manager = ProviderManager(Notes)
    episode = _episode(manager)
    _play(manager, episode, until_step=1)
    fork = episode.fork()
    _play(manager, episode)
    assert manager.retriever.search(fork.store, "My cat is called?", 2) == ()
    assert manager.retriever.search(fork.store, "I bought a bicycle.", 2)[0].entry.sources == ("t0",)
    _play(manager, fork)
    assert fork.store.entries == episode.store.entries


@pytest.mark.parametrize("function", ["provide_memory", "take_in_memory"])
def test_a_provider_that_raises_is_one_sentence_and_nothing_is_lost(function):
    broken = [True]

    class Failing(Notes):
        def provide_memory(self, request):
            if function == "provide_memory" and broken[0]:
                raise KeyError("index")
            return super().provide_memory(request)

        def take_in_memory(self, trajectory_data):
            if function == "take_in_memory" and "cat" in trajectory_data.query and broken[0]:
                raise ValueError("no room")
            return super().take_in_memory(trajectory_data)

    manager = ProviderManager(Failing, name="notes")
    episode = _episode(manager)
    with pytest.raises(DesignError, match=rf"provider 'notes' failed in {function}: .*mend the provider"):
        _play(manager, episode)
    assert len(episode.store) == (2 if function == "take_in_memory" else 1)
    broken[0] = False
    if function == "provide_memory":
        # The chunk was written, and its question is still to be read for.
        episode = _episode(manager)
    _play(manager, episode)
    whole = _episode(ProviderManager(Notes))
    _play(ProviderManager(Notes), whole)
    assert episode.store.entries == whole.store.entries


def test_a_provider_gets_the_classes_that_it_was_written_for():
    @dataclass
    class Request:
        query: str
        context: str
        status: str

    class Strict(Notes):
        def provide_memory(self, request):
            assert isinstance(request, Request)
            assert request.status == "start"
            return super().provide_memory(request)

    manager = ProviderManager(Strict, types=ProviderTypes(request=Request, begin="start"))
    episode = _episode(manager)
    _play(manager, episode)
    assert manager.retriever.search(episode.store, "cat", 1)


def test_content_that_is_no_text_becomes_one():
    class Records(Notes):
        def provide_memory(self, request):
            return [{"content": each.query} for each in self.taken]

    manager = ProviderManager(Records)
    episode = _episode(manager)
    _play(manager, episode)
    hits = manager.retriever.search(episode.store, "cat", 9)
    assert '{"content": "Ann: My cat is called Tom."}' in [hit.entry.text for hit in hits]


def test_it_travels_to_workers_without_its_providers():
    manager = ProviderManager(Notes, name="notes")
    _play(manager, _episode(manager))
    copy = pickle.loads(pickle.dumps(manager))
    assert (copy.name, copy.build) == ("notes", Notes)
    assert _play(copy, _episode(copy)) == _play(manager, _episode(manager))


def test_what_says_its_turns_has_them_for_sources_whatever_its_words_are():
    @dataclass
    class Told:
        content: str
        turns: tuple

    class Knows(Notes):
        def provide_memory(self, request):
            return [Told("Tom goes by that name, the feline.", ("t2",)), Told("Nothing of ours.", ("t9",))]

    manager = ProviderManager(Knows)
    episode = _episode(manager)
    _play(manager, episode)
    (hit,) = manager.retriever.search(episode.store, "x", 2)
    assert (hit.entry.id, hit.entry.sources) == (3, ("t2",))
    assert hit.entry.text == "Tom goes by that name, the feline."


def test_steps_say_which_turns_they_are():
    made = []
    manager = ProviderManager(lambda: made.append(Notes()) or made[-1])
    episode = _episode(manager)
    _play(manager, episode, until_step=2)
    manager.provided(episode.fork().store, "Which cat?")
    first, rebuilt = (
        [step.get("turns") for each in notes.taken for step in each.trajectory] for notes in made
    )
    assert first[0] == rebuilt[0] == ["t0"]
    assert first[-1] == rebuilt[-1] == ["t1"]
