"""What every memory design keeps to, whatever it is given and whoever decides."""

from __future__ import annotations

import copy
from datetime import datetime
from itertools import count, product

import numpy as np
import pytest

from memdojo.agents.designs.registry import MEMORY_DESIGNS
from memdojo.agents.designs.running.episode import DesignEpisode
from memdojo.agents.designs.running.policy import DesignManager
from memdojo.agents.play import play_manager
from memdojo.envs.answering import ExtractiveAnswerer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Capacity, Question
from tests.builders import make_stream

DESIGNS = {design.name: design for design in MEMORY_DESIGNS}
TOP_K = 3

CAPACITIES = {
    "roomy": Capacity(),
    "tight": Capacity(max_entries=6),
    "one entry": Capacity(max_entries=1),
    "few tokens": Capacity(max_tokens=90),
    "short entries": Capacity(max_entries=8, max_entry_tokens=24),
}

ODD_TURNS = (
    ("Ann", "I live in Rome."),
    ("Ann", ""),
    ("", ""),
    ("Ben", "   \n\t "),
    ("Ben", "word " * 700),
    ("Ana María", "¡Mañana viajo a Córdoba! 你好,我住在北京。 🐈‍⬛ \u200b\u202e"),
    ("Ann", "x" * 5_000),
    ("Ann: the elder", "I live in Oslo now: no longer in Rome."),
    ("Ann", "I live in Rome."),
    ("Ben", "?!... --- ???"),
    ("Ben", "What is your number? Mine is +44 20 7946 0018."),
    ("Ann", "The the of and. My name is Ann. My name is Anna now."),
    ("Ann", "\x00\x07"),
    (
        "Ben",
        "I live in Rome.\n\nI moved to Paris in 2021. My sister Eva works at Siemens, and she likes tea.",
    ),
)
ODD_QUESTIONS = ("Where does Ann live?", "", "?", "你住在哪里?", "who " * 300, "What is Ben's number?")


def _generated(source):
    options = {"num_streams": 1, "num_facts": 6, "num_questions": 6, "num_sessions": 3}
    turns = 12 if source.startswith("synthetic") else 8
    (stream,) = load_streams(source, **options, turns_per_session=turns)
    return stream


def _odd():
    questions = [
        Question(f"q{index}", text, ("Oslo",), evidence=frozenset({"t7"}), ask_after=None if index % 2 else 9)
        for index, text in enumerate(ODD_QUESTIONS)
    ]
    sessions = [str(index // 5) for index in range(len(ODD_TURNS))]
    return make_stream(
        *ODD_TURNS, questions=questions, session=sessions, time=datetime(2024, 5, 1), daily=True
    )


def _tasks():
    options = {"num_streams": 1, "num_tasks": 12, "num_families": 2, "misleading": 0.2}
    (stream,) = load_streams("experience:validation", feedback="success", **options)
    return stream


STREAMS = {
    "tasks": _tasks,
    "synthetic": lambda: _generated("synthetic:validation"),
    "assistant": lambda: _generated("assistant:validation"),
    "odd": _odd,
    "undated": lambda: make_stream("I live in Rome.", "I live in Oslo now.", questions=()),
}


CASES = [
    *product(["odd"], CAPACITIES, [1, 3], ["rule", "last", "mixed"]),
    *product(["synthetic", "assistant"], ["tight", "few tokens"], [1], ["mixed"]),
    *product(["synthetic", "assistant"], ["roomy", "tight"], [3], ["rule"]),
    *product(["undated"], ["roomy"], [1], ["rule", "last"]),
    *product(["tasks"], ["roomy", "tight", "few tokens"], [1, 3], ["rule", "mixed"]),
]
"""Stream, capacity, turns in a chunk, and how it is decided."""


@pytest.fixture(scope="module")
def contexts():
    known = {}

    def context_of(name, turns_per_chunk):
        key = name, turns_per_chunk
        if key not in known:
            stream = STREAMS[name]()
            # The odd questions are due at a chunk of one turn, and rechunk keeps them where they belong.
            known[key] = StreamContext(rechunk(stream, turns_per_chunk))
        return known[key]

    return context_of


class Watching:
    """Decides in one of several ways, and looks at what it is told.

    Args:
        way: `rule`, `last`, or `mixed` for options that differ from decision to decision.
    """

    def __init__(self, design, way="rule"):
        self._kinds, self._way = {kind.name: kind for kind in design.decisions}, way
        self._turn = count()
        self.chosen = []

    def choose(self, decisions):
        return [self._choose(decision) for decision in decisions]

    def _choose(self, decision):
        kind = decision.kind
        assert self._kinds.get(kind.name) == kind, f"{kind.name} is not among the design's decisions"
        assert decision.option_features.shape == (decision.num_options, len(kind.option_features))
        assert decision.state_features.shape == (len(kind.state_features),)
        assert np.isfinite(decision.option_features).all()
        assert np.isfinite(decision.state_features).all()
        assert np.abs(decision.option_features).max(initial=0) <= 100, "bounded or logarithmic"
        assert np.abs(decision.state_features).max(initial=0) <= 100, "bounded or logarithmic"
        assert 2 <= decision.num_options <= kind.max_options
        assert len(decision.options) == decision.num_options
        assert len(decision.entries) in (0, decision.num_options)
        ways = {"rule": decision.by_rule, "last": decision.num_options - 1, "mixed": next(self._turn) * 7}
        option = ways[self._way] % decision.num_options
        self.chosen.append((kind.name, option))
        return option


def _episode(context, manager, capacity):
    return ManagerEpisode(
        context,
        capacity,
        retriever=manager.retriever,
        answerer=ExtractiveAnswerer(),
        top_k=TOP_K,
    )


def _play(episode, choose=lambda decision: decision.by_rule):
    while not episode.ended:
        while episode.decision is not None:
            episode.choose(choose(episode.decision))
        episode.finish_step(episode.episode.answerer.answer(episode.requests))
    return episode.outcome()


def _check_store(store, turn_ids):
    for entry in store:
        assert entry.sources, f"{entry} has no source"
        assert turn_ids.issuperset(entry.sources)
        assert np.isfinite(entry.utility)
        assert entry.reads >= 0
        assert entry.helps >= 0


def _check_hits(store, hits, k):
    ids = [hit.entry.id for hit in hits]
    assert len(ids) <= k
    assert len(set(ids)) == len(ids), "an entry was read twice"
    assert all(store.get(hit.entry.id) == hit.entry and hit.entry.ended is None for hit in hits)
    assert all(np.isfinite(hit.score) for hit in hits)


@pytest.mark.parametrize("name", DESIGNS)
def test_the_parts_of_a_design_are_told(name):
    design = DESIGNS[name]()
    assert design.name == name
    assert type(design).__doc__
    names = [kind.name for kind in design.decisions]
    assert names
    assert len(set(names)) == len(names)
    assert all(kind.description.endswith(".") for kind in design.decisions)


@pytest.mark.parametrize(("stream", "capacity", "turns_per_chunk", "way"), CASES)
@pytest.mark.parametrize("name", DESIGNS)
def test_it_takes_every_stream_and_every_choice(contexts, name, stream, capacity, turns_per_chunk, way):
    design = DESIGNS[name]()
    made_of = copy.deepcopy(vars(design))
    manager = DesignManager(design, decider=Watching(design, way))
    context = contexts(stream, turns_per_chunk)
    episode = _episode(context, manager, CAPACITIES[capacity])
    turn_ids = {turn.id for turn in context.turns}
    while not episode.ended:
        (operations,) = manager.act([episode])
        requests = episode.begin_step(operations)
        assert [result.why for result in episode.results if not result.applied] == []
        episode.finish_step(episode.answerer.answer(requests))
        _check_store(episode.store, turn_ids)
    assert len(episode.store), "nothing is remembered"
    assert vars(design) == made_of, "a design keeps nothing of its own"
    for k in (0, 1, TOP_K, 50):
        for question in ODD_QUESTIONS:
            before = episode.store.entries
            _check_hits(episode.store, manager.retriever.search(episode.store, question, k), k)
            assert episode.store.entries == before


@pytest.mark.parametrize("name", DESIGNS)
def test_nothing_is_read_from_an_empty_store(name):
    design = DESIGNS[name]()
    manager = DesignManager(design, decider=Watching(design))
    assert manager.retriever.search(MemoryStore(), "Where does Ann live?", TOP_K) == ()


@pytest.mark.parametrize("capacity", ["roomy", "tight", "few tokens"])
@pytest.mark.parametrize("stream", ["synthetic", "assistant", "tasks"])
@pytest.mark.parametrize("name", DESIGNS)
def test_one_decision_at_a_time_comes_to_what_the_manager_does(contexts, name, stream, capacity):
    manager = DesignManager(DESIGNS[name]())
    context = contexts(stream, 1)
    whole = _episode(context, manager, CAPACITIES[capacity])
    (played,) = play_manager(manager, [whole], whole.answerer)
    stepwise = DesignEpisode(_episode(context, manager, CAPACITIES[capacity]), manager)
    assert _play(stepwise) == played
    assert stepwise.episode.store.entries == whole.store.entries


@pytest.mark.parametrize("name", DESIGNS)
def test_two_episodes_side_by_side_are_as_one_after_the_other(contexts, name):
    manager = DesignManager(DESIGNS[name]())
    streams = [contexts("synthetic", 1), contexts("assistant", 1)]
    answerer = ExtractiveAnswerer()
    together = play_manager(
        manager, [_episode(each, manager, CAPACITIES["tight"]) for each in streams], answerer
    )
    alone = [
        play_manager(manager, [_episode(each, manager, CAPACITIES["tight"])], answerer)[0] for each in streams
    ]
    assert together == alone


@pytest.mark.parametrize("stream", ["synthetic", "odd", "tasks"])
@pytest.mark.parametrize("name", DESIGNS)
def test_a_fork_goes_on_alike(contexts, name, stream):
    manager = DesignManager(DESIGNS[name]())
    episode = DesignEpisode(_episode(contexts(stream, 1), manager, CAPACITIES["tight"]), manager)
    num_forks, num_decisions = 0, count()
    while not episode.ended:
        while episode.decision is not None:
            if next(num_decisions) % 11 == 5 and num_forks < 4:
                num_forks += 1
                twins = [episode.fork(), episode.fork()]
                assert twins[0].decision.about == episode.decision.about
                np.testing.assert_array_equal(
                    twins[0].decision.option_features, episode.decision.option_features
                )
                assert _play(twins[0]) == _play(twins[1])
                assert twins[0].episode.store.entries == twins[1].episode.store.entries
            episode.choose(episode.decision.by_rule)
        episode.finish_step(episode.episode.answerer.answer(episode.requests))


@pytest.mark.parametrize("name", DESIGNS)
def test_a_fresh_design_of_the_same_parameters_takes_over(contexts, name):
    """All that a design knows stands in the store."""
    context, answerer = contexts("synthetic", 1), ExtractiveAnswerer()
    manager = DesignManager(DESIGNS[name]())
    through = _episode(context, manager, CAPACITIES["tight"])
    (played,) = play_manager(manager, [through], answerer)
    handed_over = _episode(context, manager, CAPACITIES["tight"])
    play_manager(manager, [handed_over], answerer, until_step=len(context.stream.chunks) // 2)
    (continued,) = play_manager(DesignManager(DESIGNS[name]()), [handed_over], answerer)
    assert continued == played


@pytest.mark.parametrize("name", DESIGNS)
def test_what_is_said_is_found_where_there_is_room(contexts, name):
    """Of facts that the generator plants, a design with all the room keeps what answers most questions."""
    manager = DesignManager(DESIGNS[name]())
    episode = _episode(contexts("synthetic", 1), manager, CAPACITIES["roomy"])
    (played,) = play_manager(manager, [episode], episode.answerer)
    asked = [outcome for step in played.steps for outcome in step.questions if outcome.evidence]
    kept = np.mean([outcome.stored >= outcome.evidence for outcome in asked])
    assert kept > 0.5
