"""The form of memory designs: decisions that wait, who makes them, and episodes that stop at each."""

from __future__ import annotations

import numpy as np
import pytest

from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.designs.decisions import DecisionKind, decide
from memdojo.agents.designs.driver import RuleDecider, run_together
from memdojo.agents.designs.episode import DesignEpisode
from memdojo.agents.designs.policy import DesignManager
from memdojo.agents.designs.roles.calls import keywords_of
from memdojo.agents.designs.roles.rules import RuleRoles
from memdojo.agents.designs.sirllm import SirLLM
from memdojo.agents.play import play_manager
from memdojo.envs.answering import ExtractiveAnswerer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Capacity
from memdojo.errors import DesignError, EpisodeStateError

COIN = DecisionKind("coin", "Heads or tails.", options=("heads", "tails"))


def _throw(by_rule):
    option = yield from decide(COIN, by_rule)
    words = yield from keywords_of(["Ann: I bought a bicycle."], 1)
    return option, words


def test_the_rule_decides_unless_somebody_else_does():
    assert [option for option, _ in run_together([_throw(0), _throw(1)], RuleDecider(), RuleRoles())] == [
        0,
        1,
    ]


def test_what_several_designs_wait_for_is_decided_in_one_batch():
    class Counting(RuleDecider):
        batches = ()

        def choose(self, decisions):
            self.batches += (len(decisions),)
            return super().choose(decisions)

    decider = Counting()
    run_together([_throw(0), _throw(1), _throw(1)], decider, RuleRoles())
    assert decider.batches == (3,)


@pytest.mark.parametrize("option", [2, -1, True, 0.5, None, "heads"])
def test_an_option_that_there_is_none_of_is_refused_with_a_sentence(option):
    class Wrong:
        def choose(self, decisions):
            return [option]

    with pytest.raises(DesignError, match=r"'coin' has 2 options .* choose an index from 0 to 1"):
        run_together([_throw(0)], Wrong(), RuleRoles())


def test_too_few_choices_are_refused_with_a_sentence():
    class Silent:
        def choose(self, decisions):
            return []

    with pytest.raises(DesignError, match="0 replies to 1 requests"):
        run_together([_throw(0)], Silent(), RuleRoles())


@pytest.mark.parametrize("reply", [None, "bicycle", (1,)])
def test_a_role_that_replies_with_something_else_is_told_so(reply):
    class Mumbling:
        fingerprint = "mumbling"

        def reply(self, calls):
            return [reply for _ in calls]

    with pytest.raises(DesignError, match="the role 'keywords' replied"):
        run_together([_throw(0)], RuleDecider(), Mumbling())


@pytest.fixture(scope="module")
def context():
    (stream,) = load_streams(
        "synthetic:validation",
        num_streams=1,
        num_sessions=1,
        turns_per_session=24,
        num_facts=6,
        num_questions=4,
    )
    return StreamContext(rechunk(stream, 1))


def _episode(context, manager):
    return ManagerEpisode(
        context,
        Capacity(max_entries=6),
        retriever=manager.retriever,
        answerer=ExtractiveAnswerer(),
        top_k=3,
    )


def _play(episode, choose):
    while not episode.ended:
        while episode.decision is not None:
            episode.choose(choose(episode.decision))
        episode.finish_step(episode.episode.answerer.answer(episode.requests))
    return episode.outcome()


def test_one_decision_at_a_time_comes_to_what_the_manager_does(context):
    manager = DesignManager(SirLLM(num_first=1, num_recent=2))
    (played,) = play_manager(manager, [_episode(context, manager)], ExtractiveAnswerer())
    stepwise = _play(DesignEpisode(_episode(context, manager), manager), lambda decision: decision.by_rule)
    assert stepwise == played
    assert any(operation.applied for operation in played.operations)


def test_a_decision_that_is_not_learned_does_not_wait(context):
    manager = DesignManager(SirLLM(num_first=1, num_recent=2))
    episode = DesignEpisode(_episode(context, manager), manager, learned=frozenset())
    assert _play(episode, lambda decision: pytest.fail(f"{decision} waited"))


def test_a_fork_goes_on_from_the_same_decision_and_leaves_the_other_alone(context):
    manager = DesignManager(SirLLM(num_first=1, num_recent=2))
    episode = DesignEpisode(_episode(context, manager), manager)
    while episode.decision is None:
        episode.finish_step(episode.episode.answerer.answer(episode.requests))
    fork = episode.fork()
    assert fork.decision.entries == episode.decision.entries
    np.testing.assert_array_equal(fork.decision.option_features, episode.decision.option_features)
    last = fork.decision.num_options - 1
    gone = fork.decision.entries[last]
    fork.choose(last)
    assert gone not in {entry.id for entry in fork.episode.store}
    assert gone in {entry.id for entry in episode.episode.store}
    assert _play(episode, lambda decision: decision.by_rule) != _play(fork, lambda decision: 0)


def test_nothing_can_be_chosen_where_questions_wait(context):
    manager = DesignManager(SirLLM())
    episode = DesignEpisode(_episode(context, manager), manager)
    with pytest.raises(EpisodeStateError, match="nothing to choose"):
        episode.choose(0)
    with pytest.raises(EpisodeStateError, match="cannot fork"):
        episode.fork()


def test_a_design_that_writes_while_it_reads_is_stopped(context):
    class Scribbler(SirLLM):
        def read(self, memory, question, k):
            memory.add("a note", sources=(context.turns[0].id,), time=None)
            yield from ()

    manager = DesignManager(Scribbler())
    episode = _episode(context, manager)
    with pytest.raises(DesignError, match="while the memory is read"):
        manager.retriever.search(episode.store, "Who?", 3)


def test_designs_are_baselines_of_their_name():
    assert make_baseline("sirllm").name == "sirllm"
