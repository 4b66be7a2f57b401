from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from memdojo.agents.compact.manager import CompactManager, new_manager_network
from memdojo.agents.compact.retriever import CompactRetriever, new_retriever_network
from memdojo.agents.play import play_manager
from memdojo.envs.answering import Answer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import EpisodeRules, resolve_answerer
from memdojo.envs.features.manager import ADD, NOOP, FeatureSettings, ManagerFeatures
from memdojo.envs.features.retrieval import RetrievalFeatures
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.streams.windows import window
from memdojo.envs.types import Chunk, Question, Stream, Turn
from memdojo.rewards.reward import Reward
from memdojo.train.algorithms.registry import make_algorithm
from memdojo.train.compact.learner import Learner
from memdojo.train.compact.players import ManagerPlayer, RetrieverPlayer
from memdojo.train.compact.trajectories import Trajectory, TrajectoryGroup
from memdojo.train.config.files import parse_config
from memdojo.train.config.tables import ImitationConfig
from memdojo.train.rollouts.local import LocalRollouts
from memdojo.train.rollouts.protocol import PlayerRecipes
from memdojo.train.rollouts.ray_rollouts import RayRollouts
from memdojo.train.rollouts.tasks import RolloutTask

pytestmark = pytest.mark.usefixtures("one_thread")

TOP_K = 3
CAPACITY = CapacitySettings(max_entries=3)
EVIDENCE = {"evidence_recall": 1.0, "evidence_kept": 0.5}
ANSWERS = {"token_f1": 1.0}
TASKS = (
    RolloutTask(0, (5, 6, 7)),
    RolloutTask(1, (5, 8)),
    RolloutTask(0, (9,), window=(4, 10)),
    RolloutTask(1, (0,), greedy=True),
    RolloutTask(0, (5, 6)),
    RolloutTask(1, (5, 6), fork_turn=5),
    RolloutTask(0, (5, 6), window=(4, 10), fork_turn=9),
    RolloutTask(1, (5,), probes=3, alternatives=4),
    RolloutTask(0, (5,), window=(4, 10), probes=99, alternatives=2),
)
PROBES: dict[str, Any] = {
    "name": "probes",
    "task": "manager",
    "streams": {"train": "synthetic:train"},
    "episode": {"max_entries": 3},
    "reward": EVIDENCE,
    "algorithm": {
        "name": "grpo",
        "group_start": "probes",
        "discount": 0.0,
        "num_updates": 12,
        "learning_rate": 0.01,
    },
}
QUESTIONS = (
    RolloutTask(0, (5, 6), question=1),
    RolloutTask(1, (5, 6), question=0),
    RolloutTask(0, (7,), question=0),
    RolloutTask(1, (0,), question=2, greedy=True),
)


def _streams() -> list[Stream]:
    sizes = {"num_sessions": 1, "turns_per_session": 14, "num_facts": 4, "num_questions": 3}
    return load_streams("synthetic:validation", num_streams=2, **sizes, mid_stream_share=0.0)


def _manager() -> CompactManager:
    features = ManagerFeatures(FeatureSettings(num_candidates=4))
    return CompactManager(new_manager_network(features, 8, seed=0), features)


def _retriever(top_k: int = TOP_K) -> CompactRetriever:
    return CompactRetriever(new_retriever_network(top_k, 8, seed=0), RetrievalFeatures())


def _rules(reward: Reward, top_k: int = TOP_K, capacity: CapacitySettings = CAPACITY) -> EpisodeRules:
    return EpisodeRules(
        reward=reward, capacity=capacity, top_k=top_k, answerer=resolve_answerer(None, reward)
    )


def _recipes(weights: dict[str, float] = EVIDENCE) -> PlayerRecipes[TrajectoryGroup]:
    rules = _rules(Reward(weights))
    return {
        "manager": partial(ManagerPlayer, _streams(), _manager(), rules),
        "retriever": partial(RetrieverPlayer, _streams(), _retriever(), rules),
    }


def _manager_player(weights: dict[str, float] = EVIDENCE) -> ManagerPlayer:
    return ManagerPlayer(_streams(), _manager(), _rules(Reward(weights)))


def _weights(name: str) -> dict[str, Tensor]:
    network = _manager().network if name == "manager" else _retriever().network
    generator = torch.Generator().manual_seed(7)
    return {
        key: 0.3 * torch.randn(tensor.shape, generator=generator)
        for key, tensor in network.state_dict().items()
    }


def _fingerprint(trajectory: Trajectory) -> str:
    """Tells any two trajectories apart that differ in one bit."""
    digest = hashlib.sha256(repr((trajectory.stream_id, trajectory.parts, trajectory.counts)).encode())
    fields = ("actions", "log_probs", "values", "rewards")
    for array in (*trajectory.observations.values(), *(getattr(trajectory, name) for name in fields)):
        digest.update(f"{array.dtype}{array.shape}".encode() + array.tobytes())
    return digest.hexdigest()


def _fingerprints(groups: list[TrajectoryGroup]) -> list[list[str]]:
    return [[_fingerprint(trajectory) for trajectory in group] for group in groups]


def _serial(name: str, tasks: tuple[RolloutTask, ...]) -> list[list[str]]:
    return _fingerprints(LocalRollouts(_recipes()).play(name, tasks, _weights(name)))


@pytest.mark.parametrize(("name", "tasks"), [("manager", TASKS), ("retriever", QUESTIONS)])
def test_a_task_says_all_that_its_trajectories_depend_on(name: str, tasks: tuple[RolloutTask, ...]) -> None:
    worker = LocalRollouts(_recipes())
    together = _fingerprints(worker.play(name, tasks, _weights(name)))
    # Again, in another order, and each in a worker that has played nothing yet.
    backwards = _fingerprints(worker.play(name, tasks[::-1], _weights(name)))
    assert backwards[::-1] == together
    alone = [_serial(name, (task,))[0] for task in tasks]
    assert alone == together
    assert len({mark for group in together for mark in group}) > len(tasks)


def test_weights_are_set_anew_for_each_call() -> None:
    worker = LocalRollouts(_recipes())
    first = _fingerprints(worker.play("manager", TASKS[:1], _weights("manager")))
    other = {name: tensor + 0.1 for name, tensor in _weights("manager").items()}
    assert _fingerprints(worker.play("manager", TASKS[:1], other)) != first
    assert _fingerprints(worker.play("manager", TASKS[:1], _weights("manager"))) == first


def test_trajectories_come_in_the_order_of_their_seeds() -> None:
    worker = LocalRollouts(_recipes())
    (group,) = _fingerprints(
        worker.play("retriever", [RolloutTask(0, (5, 6, 7), question=0)], _weights("retriever"))
    )
    swapped = [RolloutTask(0, (7, 5, 6), question=0)]
    (again,) = _fingerprints(worker.play("retriever", swapped, _weights("retriever")))
    assert again == [group[2], group[0], group[1]]
    (five, six, _), (five_again, six_again) = (
        [trajectory.actions.tolist() for trajectory in group]
        for group in worker.play("manager", [TASKS[0], TASKS[4]], _weights("manager"))
    )
    assert (five, six) == (five_again, six_again)
    assert five != six


def test_a_trajectory_holds_what_was_played() -> None:
    (group,) = LocalRollouts(_recipes()).play("manager", TASKS[:1], _weights("manager"))
    manager = _manager()
    manager.network.load_state_dict(_weights("manager"))
    context = StreamContext(_streams()[0])
    capacity = CapacitySettings(3).for_stream(context.stream)
    for seed, trajectory in zip(TASKS[0].seeds, group, strict=True):
        episode = ManagerEpisode(context, capacity, top_k=TOP_K, seed=seed)
        for step in range(14):
            observation = manager.features.observe(episode)
            for name, array in observation.arrays.items():
                np.testing.assert_array_equal(trajectory.observations[name][step], array)
            action = int(trajectory.actions[step, 0])
            episode.step([manager.features.operation(episode, observation, action)])
        assert episode.ended
        questions = episode.outcome().questions
        recall = np.mean(
            [len(frozenset().union(*q.retrieved)) / len(q.evidence) for q in questions if q.evidence]
        )
        kept = np.mean([len(q.stored) / len(q.evidence) for q in questions if q.evidence])
        assert trajectory.parts == pytest.approx({"evidence_recall": recall, "evidence_kept": 0.5 * kept})
        assert trajectory.episode_return == pytest.approx(recall + 0.5 * kept)
        kinds = [operation.kind for operation in episode.outcome().operations]
        assert trajectory.counts == {kind: kinds.count(kind) for kind in set(kinds)}
        assert trajectory.stream_id == context.stream.id


def test_log_probabilities_are_those_of_the_policy_that_played() -> None:
    (group,) = LocalRollouts(_recipes()).play("manager", TASKS[:1], _weights("manager"))
    network = _manager().network
    network.load_state_dict(_weights("manager"))
    for trajectory in group:
        observations = {name: torch.from_numpy(array) for name, array in trajectory.observations.items()}
        with torch.no_grad():
            evaluation = network.evaluate(observations, torch.from_numpy(trajectory.actions))
        np.testing.assert_allclose(evaluation.log_probs.numpy(), trajectory.log_probs, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(evaluation.values.numpy(), trajectory.values, rtol=1e-4, atol=1e-6)


def test_a_window_is_played_as_a_stream_of_its_own() -> None:
    (trajectory,) = _manager_player().play(TASKS[2])
    cut = window(_streams()[0], 4, 10)
    assert cut is not None
    assert trajectory.stream_id == cut.id
    assert len(trajectory.actions) == 10


def test_a_group_forks_from_one_state_and_learns_from_what_comes_after() -> None:
    player = _manager_player()
    player.network.load_state_dict(_weights("manager"))
    group = player.play(RolloutTask(0, (5, 6, 7), fork_turn=6))
    for trajectory in group:
        assert trajectory.actions.shape == trajectory.rewards.shape == (8, 1)
        assert trajectory.counts.keys() <= {"NOOP", "ADD", "UPDATE", "DELETE", "rejected"}
        assert sum(trajectory.counts.values()) == 8
        assert trajectory.episode_return == pytest.approx(sum(trajectory.parts.values()))
        assert trajectory.is_local
        for name, array in trajectory.observations.items():
            np.testing.assert_array_equal(array[0], group[0].observations[name][0])
    assert len({tuple(trajectory.actions[:, 0]) for trajectory in group}) > 1
    assert not any(trajectory.is_local for trajectory in player.play(RolloutTask(0, (5, 6))))


def test_a_fork_does_not_draw_again_what_its_past_drew() -> None:
    player = _manager_player()
    with torch.no_grad():
        for parameter in player.network.parameters():
            parameter.zero_()
    first_choices = set()
    for seed in range(20):
        (trajectory,) = player.play(RolloutTask(0, (seed,), fork_turn=1))
        if trajectory.observations["action_mask"][0].sum() == 2:  # Nothing was added so far.
            first_choices.add(int(trajectory.actions[0, 0]))
    assert first_choices == {NOOP, ADD}


def test_probes_are_paid_what_came_of_the_operation_in_the_place_of_the_greedy_one() -> None:
    player = _manager_player()
    player.network.load_state_dict(_weights("manager"))
    group = player.play(RolloutTask(0, (5,), probes=4, alternatives=6))
    assert len(group) == 6
    assert all(each.actions.shape == each.rewards.shape == (4, 1) for each in group)
    manager = _manager()
    manager.network.load_state_dict(_weights("manager"))
    start = _rules(Reward(EVIDENCE)).manager(StreamContext(_streams()[0]), seed=0)
    probed = group[0].observations
    replayed = 0
    while not start.ended:
        seen = manager.features.observe(start)
        places = [
            place
            for place in range(4)
            if all(np.array_equal(probed[name][place], array) for name, array in seen.arrays.items())
        ]
        for place in places:
            for trajectory in group:
                action = int(trajectory.actions[place, 0])
                episode = start.fork(0)
                episode.step([manager.features.operation(episode, seen, action)])
                (outcome,) = play_manager(manager, [episode])
                expected = Reward(EVIDENCE).episode(outcome).value
                assert expected is not None
                assert trajectory.rewards[place, 0] == pytest.approx(expected / 4)
            replayed += 1
        start.step(manager.act([start])[0])
    assert replayed == 4
    assert len({int(each.actions[place, 0]) for each in group for place in range(4)}) > 1
    # What is told beside is of the greedy episode, whose other decisions stay as they are.
    kinds = [operation.kind if operation.applied else "rejected" for operation in start.outcome().operations]
    assert all(each.counts == {kind: kinds.count(kind) for kind in set(kinds)} for each in group)


def test_probes_learn_which_operation_is_better() -> None:
    player = _manager_player()
    algorithm = make_algorithm(
        parse_config(PROBES).algorithm  # The rest of the configuration is not looked at.
    )
    learner = Learner(player.network, algorithm, seed=0)
    task = RolloutTask(0, (5,), probes=99, alternatives=8)
    before = np.mean([each.episode_return for each in player.play(task)])
    for update in range(12):
        learner.update([player.play(task)], update)
    assert np.mean([each.episode_return for each in player.play(task)]) > before + 0.1


def test_the_store_is_a_share_of_what_is_played() -> None:
    # Entries alone: turns differ in length, and a share of the tokens may be full earlier.
    capacity = CapacitySettings(capacity_share=0.2, token_share=float("inf"))
    player = ManagerPlayer(_streams(), _manager(), _rules(Reward(EVIDENCE), capacity=capacity))
    for task, full_after in ((RolloutTask(0, (1,)), 3), (TASKS[2], 2)):
        # With a bias against everything but ADD.
        with torch.no_grad():
            for parameter in player.network.parameters():
                parameter.zero_()
            player.network.add[-1].bias.fill_(100)  # type: ignore[union-attr,operator,index]
            player.network.edit[-1].bias.fill_(-100)  # type: ignore[union-attr,operator,index]
        (trajectory,) = player.play(task)
        has_room = trajectory.observations["action_mask"][:, 1]
        assert has_room.tolist() == [1] * full_after + [0] * (len(has_room) - full_after)


def test_a_greedy_episode_carries_nothing_to_learn_from() -> None:
    first, second = (_manager_player().play(RolloutTask(1, seeds, greedy=True)) for seeds in ((0,), (1,)))
    assert first[0].observations == {}
    assert _fingerprint(first[0]) == _fingerprint(second[0])
    outcomes = play_manager(
        _manager(),
        [
            ManagerEpisode(
                StreamContext(_streams()[1]), CapacitySettings(3).for_stream(_streams()[1]), top_k=TOP_K
            )
        ],
    )
    assert first[0].episode_return == pytest.approx(Reward(EVIDENCE).episode(outcomes[0]).value)


def test_answers_are_asked_for_where_they_are_paid() -> None:
    (trajectory,) = _manager_player(ANSWERS).play(RolloutTask(0, (1,)))
    assert set(trajectory.parts) == {"token_f1"}
    assert not trajectory.rewards[:-1].any()  # All questions come at the end.
    assert 0 <= trajectory.episode_return <= 1


def test_an_operation_is_paid_at_once_for_what_it_does_to_the_answers_to_come() -> None:
    player = _manager_player({"token_f1": 1.0, "answerability": 1.0})
    for task in (RolloutTask(0, (1, 2, 3)), RolloutTask(0, (1, 2, 3), fork_turn=5)):
        group = player.play(task)
        # What all had in common when they began, be it nothing, could answer as much.
        at_first = [each.parts["token_f1"] - each.parts["answerability"] for each in group]
        assert at_first == pytest.approx([at_first[0]] * 3)
        for trajectory in group:
            assert trajectory.rewards[:-1].any()
            assert trajectory.episode_return == pytest.approx(sum(trajectory.parts.values()))
            assert trajectory.memory["questions_to_come_asked"] > 3


def test_a_decision_is_paid_for_the_answers_that_go_back_to_what_it_wrote() -> None:
    (as_asked,) = _manager_player(ANSWERS).play(RolloutTask(0, (2,)))
    (as_written,) = _manager_player({"attribution": 1.0}).play(RolloutTask(0, (2,)))
    assert as_asked.episode_return > 0
    assert as_written.episode_return == pytest.approx(as_asked.episode_return)
    assert not as_asked.rewards[:-1].any()
    assert as_written.rewards[:-1].any()


class Mute:
    """Never has an answer."""

    fingerprint = "mute"

    def answer(self, requests: list[object]) -> list[Answer]:
        return [Answer(None, "no connection") for _ in requests]


def test_what_could_not_be_answered_is_unscored_and_not_zero() -> None:
    rules = EpisodeRules(reward=Reward(ANSWERS), capacity=CAPACITY, top_k=TOP_K, answerer=Mute())
    (trajectory,) = ManagerPlayer(_streams(), _manager(), rules).play(RolloutTask(0, (1,)))
    assert not trajectory.scored
    assert np.isnan(trajectory.episode_return)
    player = RetrieverPlayer(_streams(), _retriever(), rules)
    (trajectory,) = player.play(RolloutTask(0, (1,), question=0))
    assert not trajectory.scored


def _archive(num_turns: int = 6) -> Stream:
    """Questions after the second turn, with evidence at t1, and at the end, with evidence at t0 and t3."""
    texts = ("I moved to Boston.", "My dog is Oscar.", "Fine.", "I bought a canoe.", "Good.", "Yes.")
    turns = [Turn(f"t{i}", "Ann", text, datetime(2023, 5, 1)) for i, text in enumerate(texts[:num_turns])]
    questions = (
        Question("dog", "Who is Oscar?", ("dog",), evidence=frozenset({"t1"}), ask_after=1),
        Question("both", "What happened?", ("canoe",), evidence=frozenset({"t0", "t3"})),
    )
    return Stream("s", "g", tuple(Chunk(i, (turn,)) for i, turn in enumerate(turns)), questions)


def test_each_place_of_a_ranking_is_paid_what_it_adds() -> None:
    reward = Reward({"evidence_recall": 1.0})
    player = RetrieverPlayer([_archive()], _retriever(6), _rules(reward, 6))
    for trajectory in player.play(RolloutTask(0, tuple(range(4)), question=1)):
        # Evidence is at positions 0 and 3 of the archive; each is half of it.
        expected = [0.5 if position in (0, 3) else 0.0 for position in trajectory.actions[0]]
        assert trajectory.rewards.tolist() == [pytest.approx(expected)]
        assert trajectory.actions.shape == (1, 6)


@pytest.mark.parametrize(
    "weights",
    [
        {"evidence_ndcg": 1.0, "evidence_recall": 0.5},
        {"evidence_recall": 1.0, "memory_tokens": 0.5},
        {"evidence_ndcg": 1.0, "compression": 2.0},
        {"token_f1": 1.0, "evidence_recall": 1.0},
    ],
)
@pytest.mark.parametrize("question", [0, 1])
def test_the_places_of_a_ranking_sum_to_the_reward_of_its_question(
    weights: dict[str, float], question: int
) -> None:
    player = RetrieverPlayer([_archive()], _retriever(4), _rules(Reward(weights), 4))
    for trajectory in player.play(RolloutTask(0, (1, 2, 3), question=question)):
        assert trajectory.episode_return == pytest.approx(sum(trajectory.parts.values()))
        assert set(trajectory.parts) == set(weights)


@pytest.mark.parametrize("weights", [{"evidence_recall": 1.0}, ANSWERS])
def test_places_without_a_candidate_are_not_paid(weights: dict[str, float]) -> None:
    player = RetrieverPlayer([_archive()], _retriever(4), _rules(Reward(weights), 4))
    for trajectory in player.play(RolloutTask(0, (1, 2, 3), question=0)):
        assert sorted(trajectory.actions[0].tolist()) == [-1, -1, 0, 1]
        assert trajectory.rewards[0, 2:].tolist() == [0, 0]
        assert trajectory.episode_return > 0


def test_an_imitated_question_is_played_once_and_labelled() -> None:
    rules = _rules(Reward({"evidence_recall": 1.0}), 6)
    player = RetrieverPlayer([_archive()], _retriever(6), rules, ImitationConfig(num_updates=2))
    (trajectory,) = player.play(RolloutTask(0, (1, 2, 3), question=1, update=1))
    assert trajectory.observations["label_relevant"].tolist() == [[1, 0, 0, 1, 0, 0]]
    for task in (
        RolloutTask(0, (1, 2, 3), question=1, update=2),
        RolloutTask(0, (1,), question=1, update=1, greedy=True),
    ):
        group = player.play(task)
        assert len(group) == len(task.seeds)
        assert "label_relevant" not in group[0].observations


def test_an_imitated_question_to_an_empty_memory_has_nothing_relevant() -> None:
    rules = _rules(Reward({"evidence_recall": 1.0}), 6)
    memory = {question.id: () for question in _archive().questions}
    player = RetrieverPlayer(
        [_archive()], _retriever(6), rules, ImitationConfig(num_updates=1), memories=[memory]
    )
    (trajectory,) = player.play(RolloutTask(0, (1,), question=1))
    assert trajectory.observations["label_relevant"].tolist() == [[0]]


def test_a_question_is_judged_as_an_episode_of_its_own() -> None:
    player = RetrieverPlayer([_archive()], _retriever(6), _rules(Reward({"evidence_recall": 1.0}), 6))
    for question in (0, 1):
        (trajectory,) = player.play(RolloutTask(0, (1,), question=question))
        assert trajectory.episode_return == pytest.approx(1.0)  # All is ranked, so all is found.
        assert trajectory.observations["features"].shape[1] == (2, 6)[question]


class Noting(list[Stream]):
    """Streams that note which of them were asked for."""

    def __init__(self, streams: Iterable[Stream]) -> None:
        super().__init__(streams)
        self.asked_for: list[str] = []

    def __getitem__(self, index: Any) -> Any:
        stream = super().__getitem__(index)
        self.asked_for.append(stream.id)
        return stream


def test_only_so_many_streams_are_kept_in_mind() -> None:
    ids = [f"s{number}" for number in range(200)]
    streams = Noting(replace(_archive(), id=id) for id in ids)
    player = ManagerPlayer(streams, _manager(), _rules(Reward(EVIDENCE)))
    for stream in (0, 0, *range(1, 200), 0):
        player.play(RolloutTask(stream, (1,)))
    assert streams.asked_for == [*ids, ids[0]]


@pytest.mark.slow
def test_rollouts_do_not_depend_on_how_python_hashes_strings() -> None:
    # Actors are processes, and in each process sets of words have another order.
    path = os.path.abspath(__file__)
    code = (
        "import importlib.util\n"
        f"spec = importlib.util.spec_from_file_location('rollouts_again', {path!r})\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "print(module._serial('manager', module.TASKS), module._serial('retriever', module.QUESTIONS))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def _by_ray(num_workers: int) -> list[list[list[str]]]:
    rollouts: RayRollouts[TrajectoryGroup] = RayRollouts(_recipes(), num_workers=num_workers, max_restarts=0)
    try:
        return [
            _fingerprints(rollouts.play(name, tasks, _weights(name)))
            for name, tasks in (("manager", TASKS), ("retriever", QUESTIONS))
        ]
    finally:
        rollouts.close()


@pytest.mark.slow
def test_one_ray_worker_plays_as_this_process_does_and_ray_ends_with_it() -> None:
    import ray

    assert not ray.is_initialized()
    assert _by_ray(1) == [_serial("manager", TASKS), _serial("retriever", QUESTIONS)]
    assert not ray.is_initialized()


@pytest.mark.slow
@pytest.mark.parametrize("num_workers", [2, 4])
@pytest.mark.usefixtures("ray_cluster")
def test_any_number_of_ray_workers_gives_the_same_trajectories(num_workers: int) -> None:
    import ray

    assert _by_ray(num_workers) == [_serial("manager", TASKS), _serial("retriever", QUESTIONS)]
    # Ray ran before, so it is not for the rollouts to end it.
    assert ray.is_initialized()
