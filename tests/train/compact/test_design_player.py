"""Episodes of designs with learned decisions, as trajectories."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

from builders import FailingRoles, Notebook
from memdojo.agents.compact.design import CompactDesign, NetworkDecider, new_design_network
from memdojo.agents.designs.mem_agent import MemAgent
from memdojo.agents.designs.running.features import DecisionFeatures, learned_kinds
from memdojo.agents.designs.sirllm import SirLLM
from memdojo.agents.play import play_manager
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.rules import EpisodeRules, resolve_answerer
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.streams.registry import load_streams
from memdojo.rewards.reward import Reward
from memdojo.train.compact.design_player import DesignPlayer
from memdojo.train.rollouts.local import LocalRollouts
from memdojo.train.rollouts.ray_rollouts import RayRollouts
from memdojo.train.rollouts.tasks import RolloutTask

pytestmark = pytest.mark.usefixtures("one_thread")

REWARD = Reward({"token_f1": 1.0, "evidence_recall": 0.5})
TASKS = (
    RolloutTask(0, (5, 6, 7)),
    RolloutTask(1, (0,), greedy=True),
    RolloutTask(0, (9,), window=(4, 16)),
    RolloutTask(1, (5, 6), fork_turn=12),
    RolloutTask(1, (5,), probes=3, alternatives=4),
    RolloutTask(0, (5,), window=(4, 16), probes=99, alternatives=2),
)


def _streams():
    sizes = {"num_sessions": 1, "turns_per_session": 24, "num_facts": 6, "num_questions": 4}
    loaded = load_streams("synthetic:validation", num_streams=2, **sizes, mid_stream_share=0.5)
    return [rechunk(stream, 1) for stream in loaded]


def _policy(design, seed=1):
    features = DecisionFeatures(learned_kinds(design))
    learned = NetworkDecider(new_design_network(features, 8, seed=seed), features)
    return CompactDesign(design, learned, embedder="hashed_ngrams")


def _recipe(design=None, capacity=6):
    """Return what makes a player; workers get it without this module."""
    rules = EpisodeRules(
        reward=REWARD,
        capacity=CapacitySettings(max_entries=capacity),
        top_k=3,
        answerer=resolve_answerer(None, REWARD),
    )
    return partial(DesignPlayer, _streams(), _policy(design or SirLLM(num_first=1, num_recent=2)), rules)


def _player(design=None, capacity=6):
    return _recipe(design, capacity)()


def _weights(scale=0.3):
    generator = torch.Generator().manual_seed(7)
    states = _policy(SirLLM()).network.state_dict()
    return {name: scale * torch.randn(each.shape, generator=generator) for name, each in states.items()}


def _arrays(groups):
    fields = ("actions", "log_probs", "values", "rewards")
    return [
        [[*each.observations.values(), *(getattr(each, name) for name in fields)] for each in group]
        for group in groups
    ]


def test_a_task_says_all_that_its_trajectories_depend_on():
    worker = LocalRollouts({"training": _player})
    together = worker.play("training", TASKS, _weights())
    backwards = worker.play("training", TASKS[::-1], _weights())[::-1]
    np.testing.assert_equal(_arrays(backwards), _arrays(together))


@pytest.mark.usefixtures("ray_cluster")
def test_workers_play_the_same():
    here = LocalRollouts({"training": _player}).play("training", TASKS, _weights())
    workers = RayRollouts({"training": _recipe()}, num_workers=2, max_restarts=0, address=None)
    try:
        there = workers.play("training", TASKS, _weights())
    finally:
        workers.close()
    np.testing.assert_equal(_arrays(there), _arrays(here))


def test_a_greedy_episode_is_paid_what_the_manager_comes_to():
    player = _player()
    player.network.load_state_dict(_weights())
    (trajectory,) = player.play(RolloutTask(1, (0,), greedy=True, recorded=True))
    manager = player._policy
    rules = EpisodeRules(
        reward=REWARD,
        capacity=CapacitySettings(max_entries=6),
        top_k=3,
        answerer=resolve_answerer(None, REWARD),
        retriever=manager.retriever,
    )
    episode = rules.manager(StreamContext(_streams()[1]), seed=0)
    (outcome,) = play_manager(manager, [episode], rules.answerer)
    assert trajectory.episode_return == pytest.approx(sum(REWARD(step).value for step in outcome.steps))
    assert not trajectory.loss_mask.any()
    assert len(trajectory.record.steps) == 24
    made = [each.made for step in trajectory.record.steps for each in step.decisions]
    assert made
    assert all(each.taken.probability is not None for each in made)


def test_a_decision_is_paid_for_the_chunks_until_the_next():
    player = _player(Notebook(keeps=True), capacity=40)
    with torch.no_grad():
        for scorer in player.network.scorers:
            scorer.follow.fill_(20.0)
    (trajectory,) = player.play(RolloutTask(0, (5,)))
    kinds = trajectory.observations["kind"].argmax(axis=1)
    assert kinds.tolist().count(0) == 24
    assert kinds.tolist().count(1) == 4
    # What is not about reading is paid nothing: it never ends a chunk with questions.
    assert not trajectory.rewards[kinds == 0].any()
    assert trajectory.rewards[kinds == 1].sum() == pytest.approx(trajectory.episode_return)
    assert trajectory.parts == pytest.approx({"token_f1": 0.25, "evidence_recall": 0.125}, abs=1)


def test_probes_compare_what_came_of_single_decisions():
    player = _player()
    player.network.load_state_dict(_weights(0.05))
    group = player.play(RolloutTask(0, (5,), probes=4, alternatives=16))
    assert len(group) == 16
    assert {each.actions.shape for each in group} == {(4, 1)}
    actions = np.stack([each.actions[:, 0] for each in group])
    rewards = np.stack([each.rewards[:, 0] for each in group])
    for of_actions, of_rewards in zip(actions.T, rewards.T, strict=True):
        for option in set(of_actions.tolist()):
            assert len(set(of_rewards[of_actions == option].tolist())) == 1
    assert len({tuple(row) for row in actions.tolist()}) > 1
    assert len(set(rewards.ravel().tolist())) > 1
    (greedy,) = player.play(RolloutTask(0, (5,), greedy=True))
    assert greedy.episode_return / 4 in rewards


def test_an_episode_without_a_decision_teaches_nothing_and_breaks_nothing():
    for task in (RolloutTask(0, (5, 6)), RolloutTask(0, (5,), probes=3, alternatives=4)):
        group = _player(capacity=200).play(task)
        assert not any(each.loss_mask.any() for each in group)
        assert all(each.episode_return > 0 for each in group)


def test_the_episodes_of_a_fork_share_what_came_before():
    player = _player()
    player.network.load_state_dict(_weights(0.05))
    whole = player.play(RolloutTask(0, (5, 6)))
    group = player.play(RolloutTask(0, (5, 6), fork_turn=12))
    assert all(each.is_local for each in group)
    assert max(map(len, (each.actions for each in group))) < min(len(each.actions) for each in whole)
    first = [each.observations["options"][0] for each in group]
    np.testing.assert_array_equal(*first)


def _player_with(roles):
    player = _player(MemAgent())
    player._policy.roles = roles
    return player


def test_calls_of_roles_of_a_group_go_out_together():
    roles = FailingRoles()
    _player_with(roles).play(RolloutTask(0, (5, 6, 7)))
    # One that has nothing to choose at a chunk goes on by itself to the next at which it has.
    assert max(roles.batches) == 3
    assert sum(roles.batches) > 2 * len(roles.batches)


def test_an_episode_in_which_a_role_failed_is_not_learned_from():
    first = _streams()[0].chunks[3].turns[0].text
    roles = FailingRoles(lambda call: any(first in text for text in call.texts))
    failed = _player_with(roles).play(RolloutTask(0, (5, 6)))
    assert not any(trajectory.scored for trajectory in failed)
    assert all(trajectory.is_missing_answers for trajectory in failed)
    assert all(trajectory.scored for trajectory in _player_with(FailingRoles()).play(RolloutTask(0, (5, 6))))
