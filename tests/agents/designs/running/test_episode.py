"""Episodes of memory designs, which stop at each decision."""

from __future__ import annotations

import numpy as np
import pytest

from builders import FailingRoles, Notebook
from memdojo.agents.designs.mem_agent import MemAgent
from memdojo.agents.designs.running.episode import DesignEpisode, work_together
from memdojo.agents.designs.running.policy import DesignManager
from memdojo.agents.designs.sirllm import SirLLM
from memdojo.agents.play import play_manager
from memdojo.envs.answering import ExtractiveAnswerer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Capacity
from memdojo.errors import DesignError, EpisodeStateError


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


def test_who_chooses_nothing_that_there_is_goes_by_the_rule_and_is_counted(context):
    manager = DesignManager(SirLLM(num_first=1, num_recent=2))
    episode = DesignEpisode(_episode(context, manager), manager)
    while episode.decision is None:
        episode.finish_step(episode.episode.answerer.answer(episode.requests))
    gone = episode.decision.entries[episode.decision.by_rule]
    episode.choose_by_rule("no such option")
    episode = episode if episode.requests is not None else episode.fork()
    while episode.decision is not None:
        episode.choose(episode.decision.by_rule)
    outcome = episode.finish_step(episode.episode.answerer.answer(episode.requests))
    assert [operation.malformed for operation in outcome.operations].count(True) == 1
    assert gone not in {entry.id for entry in episode.episode.store}


def _mem_agents(context, roles, number=3):
    manager = DesignManager(MemAgent(), roles=roles, embedder="hashed_ngrams")
    return [DesignEpisode(_episode(context, manager), manager) for _ in range(number)]


def test_work_of_roles_waits_until_it_is_done_for_several_episodes_at_once(context):
    roles = FailingRoles()
    episodes = _mem_agents(context, roles)
    assert roles.batches == []
    work_together(episodes)
    assert roles.batches == [3]
    assert [episode.requests for episode in episodes] == [()] * 3
    assert roles.batches == [3]
    # One that nobody has put together with others does its own.
    (alone,) = _mem_agents(context, roles, number=1)
    assert alone.decision is None
    assert roles.batches == [3, 1]


def test_where_a_role_fails_there_is_nothing_to_choose_any_more(context):
    texts = []
    roles = FailingRoles(lambda call: bool(texts.append(call.texts)) or len(texts) > 2)
    (episode,) = _mem_agents(context, roles, number=1)
    outcome = _play(episode, lambda decision: decision.by_rule)
    failures = [step.failure for step in outcome.steps]
    assert failures == ["", ""] + ["failing failed at the role 'summary': out of order"] * 22
    assert len(texts) == 3
    assert all(question.answer is None and question.answer_error for question in outcome.questions)


def test_it_tells_what_was_chosen_and_what_was_malformed_until_the_chunk_is_done(context):
    manager = DesignManager(Notebook())
    episode = DesignEpisode(_episode(context, manager), manager, frozenset({"keep"}))
    assert (episode.chosen, episode.malformed, episode.is_half_done) == ((), (), False)
    episode.choose_by_rule("no number.")
    assert (episode.chosen, episode.malformed, episode.is_half_done) == ((0,), ("no number.",), True)
    episode.finish_step(())
    assert (episode.step_index, episode.chosen, episode.malformed) == (1, (), ())


def test_what_a_step_came_to_can_be_seen_before_the_next_chunk_begins(context):
    manager = DesignManager(SirLLM(num_first=1, num_recent=2))
    episode = DesignEpisode(_episode(context, manager), manager)
    # Until the store is full there is nothing to choose.
    for step in range(3):
        episode.episode.finish_step(())
        assert (episode.step_index, len(episode.episode.store)) == (step + 1, step + 1)
        episode.begin_chunk()
        assert len(episode.episode.store) == step + 2
