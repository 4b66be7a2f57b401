"""Records of memory designs: every decision with what it was about, and nothing decided otherwise."""

from __future__ import annotations

import json
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import Notebook, make_stream
from memdojo.agents.baselines.registry import NamedRetriever, make_baseline
from memdojo.agents.compact.design import CompactDesign, NetworkDecider, new_design_network
from memdojo.agents.designs.registry import DESIGNS, make_design
from memdojo.agents.designs.running.features import DecisionFeatures, learned_kinds
from memdojo.agents.designs.running.policy import DesignManager
from memdojo.agents.designs.sirllm import SirLLM
from memdojo.agents.play import play_manager
from memdojo.envs.answering import ExtractiveAnswerer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Capacity, Question
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.records.files import read_episodes
from memdojo.eval.records.plain_values import from_plain, to_plain
from memdojo.eval.records.recording import MOST_WORDS, WatchedPolicy
from memdojo.eval.records.types import EpisodeRecord
from memdojo.eval.run import run_evaluation

EMBEDDER = "hashed_ngrams"
LONG = "Rex is a dog that " + "barks and " * 30 + "sleeps"


def _record(manager, stream, folder, **chosen):
    run_evaluation([manager], [stream], EvalSettings(**chosen), folder=folder, num_resamples=10)
    return next(record for record in read_episodes(folder) if record.policy == manager.name)


def _stream():
    questions = (
        Question("home", "Where is home?", ("Oslo",), evidence=frozenset({"t0"}), ask_after=1),
        Question("dog", "Who is Rex?", ("a dog",), evidence=frozenset({"t1"}), ask_after=1),
        Question("again", "Where is home?", ("Oslo",), evidence=frozenset({"t0"})),
    )
    return make_stream("Oslo is home", LONG, "Tea?", questions=questions)


def test_each_step_has_its_decisions_and_each_question_those_of_its_reading(tmp_path):
    manager = DesignManager(Notebook(keeps=True), embedder=EMBEDDER)
    record = _record(manager, _stream(), tmp_path, max_entries=9)
    first, second, third = (step.decisions for step in record.steps)
    assert [each.made.name for each in (*first, *second, *third)] == ["keep"] * 3
    assert (first[0].made.about, first[0].made.taken.name, first[0].supports) == (
        "Oslo is home", "keep", ("t0",),
    )  # fmt: skip
    # The words are cut short only after it is known what they support.
    assert len(second[0].made.about) == MOST_WORDS
    assert second[0].supports == ("t1",)
    assert third[0].supports == ()
    reading = [question.decisions for step in record.steps for question in step.questions]
    assert [[each.name for each in decisions] for decisions in reading] == [["find"]] * 3
    # What was decided on is the question, which stands beside it.
    assert {each.about for decisions in reading for each in decisions} == {""}


def test_what_a_network_decides_has_probabilities_and_the_option_of_the_rule(tmp_path):
    design = SirLLM(num_first=1, num_recent=1)
    features = DecisionFeatures(learned_kinds(design))
    network = new_design_network(features, 8, seed=0)
    for scorer in network.scorers:
        scorer.follow.data.fill_(-9.0)
    manager = CompactDesign(design, NetworkDecider(network, features), embedder=EMBEDDER)
    question = Question("q", "Where is fact 0?", ("here",), evidence=frozenset({"t0"}))
    stream = make_stream(*(f"Fact {number} is here" for number in range(9)), questions=(question,))
    record = _record(manager, stream, tmp_path, max_entries=6)
    made = [each.made for step in record.steps for each in step.decisions]
    assert len(made) == 3
    for each in made:
        told = [each.taken, each.by_rule, *each.others]
        assert each.taken.probability == max(option.probability for option in told)
        assert each.by_rule.entry != each.taken.entry
        assert sum(option.probability for option in told) <= 1 + 1e-3
        assert each.num_options == 6


def test_designs_that_are_evaluated_as_retrievers_tell_their_reading(tmp_path):
    reader = DesignManager(Notebook(), embedder=EMBEDDER).retriever
    record = _record(NamedRetriever.of("notes", reader), _stream(), tmp_path, top_k=2)
    assert [step.decisions for step in record.steps] == [()] * 3
    made = [each for step in record.steps for question in step.questions for each in question.decisions]
    assert [(each.name, each.taken.name) for each in made] == [("find", "newest")] * 3


class Whimsical:
    """Chooses by what it is asked, so that two plays of one episode can be compared.

    Args:
        seed: Of its whims.
    """

    def __init__(self, seed):
        self.seed, self.chosen = seed, []

    def choose(self, decisions):
        options = [
            zlib.crc32(f"{self.seed} {each.kind.name} {each.about} {each.options}".encode())
            % each.num_options
            for each in decisions
        ]
        self.chosen += [
            (each.kind.name, each.about, option) for each, option in zip(decisions, options, strict=True)
        ]
        return options

    def probabilities(self, decision):
        return np.full(decision.num_options, 1 / decision.num_options)


@pytest.fixture(scope="module")
def stream():
    sizes = {"num_sessions": 2, "turns_per_session": 12, "num_facts": 6, "num_questions": 6}
    (loaded,) = load_streams("synthetic:validation", num_streams=1, **sizes, mid_stream_share=0.5)
    return loaded


@settings(max_examples=25, deadline=None)
@given(name=st.sampled_from(sorted(DESIGNS)), seed=st.integers(0, 99))
def test_recording_changes_no_decision_and_no_score(stream, name, seed):
    def play(watched):
        whims = Whimsical(seed)
        manager = DesignManager(make_design(name, guarded=bool(seed % 2)), decider=whims, embedder=EMBEDDER)
        context = StreamContext(rechunk(stream, manager.turns_per_chunk))
        episode = ManagerEpisode(
            context,
            Capacity(max_entries=5),
            retriever=manager.retriever,
            answerer=ExtractiveAnswerer(),
            top_k=3,
        )
        watch = WatchedPolicy(manager) if watched else None
        (outcome,) = play_manager(watch or manager, [episode], episode.answerer)
        return outcome, whims.chosen, None if watch is None else watch.steps(episode)

    outcome, chosen, _ = play(watched=False)
    again, chosen_again, steps = play(watched=True)
    assert (again, chosen_again) == (outcome, chosen)
    told = [
        made.name
        for step in steps
        for made in (
            *(each.made for each in step.decisions),
            *(made for question in step.questions for made in question.decisions),
        )
    ]
    # Questions are read for together, so that their decisions take turns.
    assert sorted(told) == sorted(name for name, _, _ in chosen)
    # The way to the disk and back loses nothing.
    record = EpisodeRecord(name, 0, stream.id, stream.group, steps)
    assert from_plain(EpisodeRecord, json.loads(json.dumps(to_plain(record)))).steps == steps


def test_a_decision_stands_before_the_operations_that_came_of_it(stream):
    manager = DesignManager(make_design("re_me"), embedder=EMBEDDER)
    episode = ManagerEpisode(
        StreamContext(rechunk(stream, 1)), Capacity(max_entries=4), retriever=manager.retriever
    )
    watched = WatchedPolicy(manager)
    play_manager(watched, [episode])
    leaving = 0
    for step in watched.steps(episode):
        for each in step.decisions:
            if each.made.name == "leave":
                operation = step.operations[each.made.num_operations]
                assert each.made.taken.entry in [entry.entry.id for entry in operation.evicted]
                leaving += 1
    assert leaving > 5


def test_plain_managers_have_no_decisions_and_take_no_more_room(tmp_path):
    record = _record(make_baseline("recency"), _stream(), tmp_path, max_entries=2)
    assert "decisions" not in json.dumps(to_plain(record))
