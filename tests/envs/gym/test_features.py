from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import memdojo
from builders import make_stream
from memdojo.envs.gym.features import MemoryManagerFeaturesEnv, ProxyRetrieverFeaturesEnv
from memdojo.envs.gym.pool import StreamPool
from memdojo.envs.types import Question, Stream
from memdojo.errors import ConfigError, EpisodeStateError

TEXTS = ("I moved to Boston.", "My dog is called Oscar.", "The weather is fine.", "I bought a red canoe.")
SMALL = {"num_streams": 2, "num_sessions": 3, "num_facts": 8, "num_questions": 6}
NOOP, ADD, K = 0, 1, 3


def stream(texts: tuple[str, ...] = TEXTS, turns_per_chunk: int = 1) -> Stream:
    questions = (
        Question("dog", "What is the dog called?", ("Oscar",), evidence=frozenset({"t1"})),
        Question("canoe", "Where did Ann go with the canoe?", ("Boston",), evidence=frozenset({"t0", "t3"})),
    )
    return make_stream(
        *texts,
        questions=questions,
        turns_per_chunk=turns_per_chunk,
        session="s",
        time=datetime(2023, 5, 1),
        daily=True,
    )


def manager(**arguments: Any) -> MemoryManagerFeaturesEnv:
    return MemoryManagerFeaturesEnv([stream()], **{"num_candidates": K, "max_entries": 2, **arguments})


def retriever(**arguments: Any) -> ProxyRetrieverFeaturesEnv:
    return ProxyRetrieverFeaturesEnv([stream()], **{"max_candidates": 6, "top_k": 3, **arguments})


@pytest.mark.parametrize("name", ["MemoryManagerFeatures", "ProxyRetrieverFeatures"])
def test_the_array_environments_pass_the_memory_check(name: str) -> None:
    report = memdojo.check_memory_env(gym.make(f"memdojo/{name}-v0", stream_options=SMALL), num_steps=40)
    assert list(report.skipped) == ["odd_texts"]


@pytest.mark.parametrize("name", ["MemoryManagerFeatures", "ProxyRetrieverFeatures"])
# Stable-Baselines3 would rather have vectors than the matrix of candidates, which its policies flatten.
@pytest.mark.filterwarnings("ignore:.*unconventional shape.*:UserWarning")
def test_the_array_environments_pass_the_check_of_stable_baselines3(name: str) -> None:
    env_checker = pytest.importorskip("stable_baselines3.common.env_checker")
    env_checker.check_env(gym.make(f"memdojo/{name}-v0", stream_options=SMALL).unwrapped)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # What other libraries warn about in training is theirs.
@pytest.mark.parametrize("name", ["MemoryManagerFeatures", "ProxyRetrieverFeatures"])
def test_a_foreign_learner_with_masks_trains_unchanged(name: str) -> None:
    sb3_contrib = pytest.importorskip("sb3_contrib")
    env = gym.make(f"memdojo/{name}-v0", stream_options=SMALL)
    model = sb3_contrib.MaskablePPO("MultiInputPolicy", env, n_steps=128, batch_size=64, seed=0)
    model.learn(384)
    observation, info = env.reset(seed=1)
    has_ended = False
    while not has_ended:
        action, _ = model.predict(observation, action_masks=env.unwrapped.action_masks(), deterministic=True)
        observation, _, terminated, truncated, info = env.step(action)
        assert info["malformed"] == ()
        has_ended = terminated or truncated


def test_the_mask_follows_the_room_in_the_store() -> None:
    env = manager()
    observation, info = env.reset(seed=0)
    assert np.flatnonzero(env.action_masks()).tolist() == [NOOP, ADD]
    observation, *_ = env.step(ADD)
    assert np.flatnonzero(observation["action_mask"]).tolist() == [NOOP, ADD, 2, 2 + K]
    observation, _, _, _, info = env.step(ADD)
    in_place = [2 + 2 * K, 3 + 2 * K]
    assert np.flatnonzero(info["action_mask"]).tolist() == [NOOP, 2, 3, 2 + K, 3 + K, *in_place]
    env.step(in_place[1])
    assert [entry.text for entry in env.episode.store] == [f"Ann: {TEXTS[0]}", f"Ann: {TEXTS[2]}"]


def test_update_and_delete_act_on_the_candidate_that_is_shown() -> None:
    env = manager()
    env.reset(seed=0)
    env.step(ADD)
    env.step(ADD)
    env.step(2 + 1)  # UPDATE the second candidate.
    assert [(entry.id, entry.text) for entry in env.episode.store] == [
        (1, f"Ann: {TEXTS[0]}"),
        (2, f"Ann: {TEXTS[2]}"),
    ]
    env.step(2 + K)  # DELETE the first.
    assert [entry.id for entry in env.episode.store] == [2]


def test_a_masked_action_changes_nothing_and_is_malformed() -> None:
    env = manager(reward={"invalid_operations": 1.0})
    env.reset(seed=0)
    _, reward, _, _, info = env.step(2)
    assert reward == -0.25
    assert info["malformed"] == ("action 2 is masked in this state.",)
    assert len(env.episode.store) == 0


@pytest.mark.parametrize("env", [manager(), retriever()], ids=["manager", "retriever"])
def test_an_action_outside_the_space_is_refused_and_nothing_is_lost(env: Any) -> None:
    env.reset(seed=0)
    before = env.action_masks()
    for action, error in (
        (99, ValueError),
        (-1, ValueError),
        ("ADD", TypeError),
        (None, TypeError),
        (1.0, TypeError),
    ):
        with pytest.raises(error, match="The episode is as it was"):
            env.step(action)
    np.testing.assert_array_equal(env.action_masks(), before)
    assert env.episode.step_index == 0
    env.step(np.int64(0))


def test_behind_the_end_only_noop_is_left_and_no_step_is_taken() -> None:
    env = manager()
    env.reset(seed=0)
    for _ in range(4):
        observation, _, terminated, _, info = env.step(NOOP)
    assert terminated
    assert info["stop_reason"] == "stream_ended"
    assert np.flatnonzero(observation["action_mask"]).tolist() == [NOOP]
    assert not observation["candidates"].any()
    with pytest.raises(EpisodeStateError, match="has ended"):
        env.step(NOOP)


def test_what_a_caller_does_to_an_observation_does_not_reach_the_environment() -> None:
    env = manager()
    observation, info = env.reset(seed=0)
    observation["action_mask"][:] = 0
    info["action_mask"][:] = False
    assert np.flatnonzero(env.action_masks()).tolist() == [NOOP, ADD]
    assert env.step(ADD)[4]["statuses"] == ("applied",)


def test_extreme_turns_stay_within_the_observation_space() -> None:
    texts = (" ".join(f"word{i}" for i in range(3000)), "!?" * 500, "x", "Zoë " * 400)
    for env in (
        MemoryManagerFeaturesEnv([stream(texts)], max_entries=2, max_entry_tokens=None),
        ProxyRetrieverFeaturesEnv([stream(texts)]),
    ):
        observation, _ = env.reset(seed=0)
        has_ended = False
        while not has_ended:
            assert observation in env.observation_space
            action = int(np.flatnonzero(env.action_masks())[-1])
            observation, _, has_ended, _, _ = env.step(action)


def test_chunks_of_several_turns_are_cut_into_turns() -> None:
    env = MemoryManagerFeaturesEnv([stream(turns_per_chunk=2)])
    env.reset(seed=0)
    assert len(env.episode.context.stream.chunks) == 4
    with pytest.raises(ConfigError, match="turns_per_chunk=1"):
        MemoryManagerFeaturesEnv(StreamPool([stream(turns_per_chunk=2)]))


def test_each_pick_is_paid_its_discounted_gain() -> None:
    env = retriever()
    env.reset(seed=0)
    # The dog's turn is the only evidence: at rank 2 it gains 1 / log2(3) of an ideal of 1, over 2 questions.
    rewards = [env.step(action)[1] for action in (0, 1, 2)]
    np.testing.assert_allclose(rewards, [0, 1 / math.log2(3) / 2, 0])
    # Both turns of the canoe at ranks 1 and 3, over an ideal of ranks 1 and 2.
    ideal = 1 + 1 / math.log2(3)
    steps = [env.step(action) for action in (3, 1, 0)]
    np.testing.assert_allclose([step[1] for step in steps], [1 / ideal / 2, 0, 0.5 / ideal / 2])
    assert [step[2] for step in steps] == [False, False, True]
    assert [len(step[4]["questions"]) for step in steps] == [0, 0, 1]


@pytest.mark.parametrize(
    "reward", [{"evidence_ndcg": 1.0}, {"token_f1": 1.0}, {"evidence_recall": 2.0, "token_f1": 1.0}]
)
def test_the_picks_of_a_question_sum_to_what_the_whole_ranking_is_paid(reward: dict[str, float]) -> None:
    picks = ((1, 0, 3), (3, 2, 0))
    env = retriever(reward=reward)
    whole = gym.make("memdojo/ProxyRetriever-v0", streams=[stream()], top_k=3, reward=reward)
    env.reset(seed=0)
    whole.reset(seed=0)
    for picked in picks:
        steps = [env.step(action) for action in picked]
        _, expected, _, _, info = whole.step(", ".join(str(action + 1) for action in picked))
        assert sum(step[1] for step in steps) == pytest.approx(expected)
        for name, value in info["reward_parts"].items():
            assert sum(step[4]["reward_parts"].get(name, 0.0) for step in steps) == pytest.approx(value)


def test_a_picked_candidate_is_marked_and_masked() -> None:
    env = retriever()
    observation, info = env.reset(seed=0)
    assert info["entry_ids"] == (1, 2, 3, 4)
    assert observation["action_mask"].tolist() == [1, 1, 1, 1, 0, 0]
    assert not observation["candidates"][4:].any()
    env.step(2)
    observation, *_ = env.step(0)
    assert observation["action_mask"].tolist() == [0, 1, 0, 1, 0, 0]
    assert observation["picked"].tolist() == [0.5, 0, 1, 0, 0, 0]


def test_a_masked_pick_uses_up_a_rank_and_the_others_stand() -> None:
    env = retriever()
    env.reset(seed=0)
    env.step(1)
    assert env.step(1)[4]["malformed"] == ("action 1 is masked in this state.",)
    _, reward, _, _, info = env.step(5)
    assert (reward, info["malformed"]) == (0.0, ("action 5 is masked in this state.",))
    assert info["questions"][0].retrieved == (frozenset({"t1"}),)
    assert env.episode.step_index == 1


def test_a_reset_in_the_middle_of_a_ranking_forgets_it() -> None:
    env = retriever()
    first, _ = env.reset(seed=0)
    env.step(1)
    again, _ = env.reset(seed=0)
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])


def test_more_ranks_than_candidates_shown_are_refused() -> None:
    with pytest.raises(ConfigError, match="show at least top_k"):
        retriever(max_candidates=2)
