"""Memory designs as managers."""

from __future__ import annotations

import pytest

from builders import FailingRoles, make_stream
from memdojo.agents.designs.mem_agent import MemAgent
from memdojo.agents.designs.registry import make_design
from memdojo.agents.designs.running.policy import DesignManager, with_roles
from memdojo.agents.play import play_manager, play_memory
from memdojo.envs.answering import ExtractiveAnswerer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.types import Capacity, Noop, Question
from memdojo.errors import RoleError
from memdojo.rewards.reward import Reward

WHY = "failing failed at the role 'summary': out of order"


def _says_oslo(call):
    return any("Oslo" in text for text in call.texts)


def _context(*lines, id="s"):
    questions = [
        Question(f"q{place}", "Where does Ann live?", ("Rome",), "x", frozenset({"t0"}), ask_after=place)
        for place in range(len(lines))
    ]
    return StreamContext(make_stream(*lines, questions=questions, id=id, group=id))


def _episodes(manager, *contexts):
    reader = manager.retriever
    limits, answerer = Capacity(max_entries=9, max_tokens=200), ExtractiveAnswerer()
    return [ManagerEpisode(each, limits, retriever=reader, answerer=answerer) for each in contexts]


def _manager(roles, design=None):
    return DesignManager(design or MemAgent(), roles=roles, embedder="hashed_ngrams")


def test_where_a_role_fails_the_episode_goes_on_without_a_score_and_others_as_if_nothing_were():
    roles = FailingRoles(_says_oslo)
    manager = _manager(roles)
    broken, whole = _episodes(
        manager,
        _context("I live in Rome.", "I was in Oslo.", "I like tea.", id="broken"),
        _context("I live in Rome.", "I was in Bonn.", "I like tea.", id="whole"),
    )
    failed, sound = play_manager(manager, [broken, whole], ExtractiveAnswerer())
    assert [step.failure for step in failed.steps] == ["", WHY, WHY]
    assert [question.answer_error for question in failed.questions] == ["", WHY, WHY]
    assert [question.answer for question in failed.questions][1:] == [None, None]
    assert [operation.kind for operation in failed.operations][1:] == ["NOOP", "NOOP"]
    (alone,) = play_manager(manager, _episodes(manager, whole.context), ExtractiveAnswerer())
    assert sound == alone
    assert not any(step.failure for step in sound.steps)
    # Nothing is asked any more of an episode that has failed.
    assert roles.batches[:3] == [2, 2, 1]


@pytest.mark.parametrize("part", ["token_f1", "evidence_recall", "operation_cost"])
def test_a_failed_step_is_worth_nothing_whatever_is_paid(part):
    manager = _manager(FailingRoles(_says_oslo))
    (episode,) = _episodes(manager, _context("I live in Rome.", "I was in Oslo."))
    (outcome,) = play_manager(manager, [episode], ExtractiveAnswerer())
    reward = Reward({part: 1.0})
    assert reward(outcome.steps[0]).scored
    score = reward(outcome.steps[1])
    assert (score.value, score.at_worst, score.why) == (None, 0.0, f"step 1: {WHY}")
    assert not reward.episode(outcome).scored


def test_a_role_that_fails_in_reading_leaves_the_question_without_an_answer():
    roles = FailingRoles(lambda call: call.texts == ("Where does Ann live?",))
    manager = _manager(roles, make_design("plug_mem"))
    episodes = _episodes(manager, _context("I live in Rome.", id="a"), _context("I live in Bonn.", id="b"))
    for outcome in play_manager(manager, episodes, ExtractiveAnswerer()):
        (step,) = outcome.steps
        assert step.failure == "failing failed at the role 'keywords': out of order"
        assert step.questions[0].answer_error == step.failure
        assert step.operations[0].kind == "ADD"
    with pytest.raises(RoleError, match="role 'keywords'"):
        manager.retriever.search(episodes[0].store, "Where does Ann live?", 3)


def test_calls_of_reading_for_several_episodes_go_out_together():
    roles = FailingRoles()
    manager = _manager(roles, make_design("plug_mem"))
    contexts = [_context("I live in Rome.", "I was in Bonn.", id=id) for id in "abc"]
    play_manager(manager, _episodes(manager, *contexts), ExtractiveAnswerer())
    assert set(roles.batches) == {3}


def test_a_memory_that_a_failed_role_has_a_part_in_is_nobodys():
    manager = _manager(FailingRoles(_says_oslo))
    episode = ManagerEpisode(_context("I live in Rome.", "I was in Oslo."), Capacity(max_tokens=200))
    with pytest.raises(RoleError, match="role 'summary'"):
        play_memory(manager, [episode])


def test_other_roles_leave_the_manager_as_it_is():
    manager, roles = _manager(None), FailingRoles()
    changed = with_roles(manager, roles)
    assert changed.roles is roles
    assert manager.roles is not roles
    assert changed.reads_by == "hashed_ngrams:256, roles by failing"
    assert manager.role_counts == {}
    assert with_roles(Noop, roles) is Noop
