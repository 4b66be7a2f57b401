from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from builders import make_stream
from memdojo.envs.answering import Answer, AnswerRequest, ExtractiveAnswerer
from memdojo.envs.gym.features import MemoryManagerFeaturesEnv
from memdojo.envs.gym.text import MemoryManagerEnv
from memdojo.envs.gym.vector import ManagerVectorEnv, MemoryManagerFeaturesVectorEnv, MemoryManagerVectorEnv
from memdojo.envs.types import Question, Stream
from memdojo.errors import ConfigError, EpisodeStateError

MODES = ["NextStep", "SameStep", "Disabled"]
ACTIONS = (
    "NOOP",
    "ADD Ann said something",
    "ADD Ann: My dog is called Oscar.",
    "DELETE 1",
    "nonsense",
    "UPDATE 1 x",
)


def stream(number: int) -> Stream:
    """A stream of 3 to 5 turns, so that episodes end at different steps."""
    said = [f"My dog number {i} is called Oscar." for i in range(3 + number % 3)]
    questions = (
        Question("a", "What is the dog called?", ("Oscar",), evidence=frozenset({"t1"}), ask_after=1),
        Question("b", "Which dog is it?", ("2",), evidence=frozenset({"t2"})),
    )
    return make_stream(*said, questions=questions, id=f"s{number}", time=datetime(2023, 5, 1), daily=True)


STREAMS = [stream(number) for number in range(6)]


class Counting:
    """The extractive reader, with the size of each batch."""

    fingerprint = "counting"

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        self.sizes.append(len(requests))
        return ExtractiveAnswerer().answer(requests)


def text_pair(mode: str) -> tuple[Any, Any]:
    arguments: dict[str, Any] = {"streams": STREAMS, "max_entries": 3}
    ours = MemoryManagerVectorEnv(4, autoreset_mode=mode, **arguments)
    return ours, SyncVectorEnv([lambda: MemoryManagerEnv(**arguments)] * 4, autoreset_mode=mode)


def array_pair(mode: str) -> tuple[Any, Any]:
    arguments: dict[str, Any] = {"streams": STREAMS, "max_entries": 3, "num_candidates": 3}
    ours = MemoryManagerFeaturesVectorEnv(4, autoreset_mode=mode, **arguments)
    return ours, SyncVectorEnv([lambda: MemoryManagerFeaturesEnv(**arguments)] * 4, autoreset_mode=mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("pair", [text_pair, array_pair])
def test_the_vector_environment_equals_gymnasiums_own_step_for_step(pair: Any, mode: str) -> None:
    ours, theirs = pair(mode)
    assert ours.metadata["autoreset_mode"] is AutoresetMode(mode)
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    rng = np.random.default_rng(0)
    assert data_equivalence(ours.reset(seed=5), theirs.reset(seed=5), exact=True)
    for _ in range(25):
        if pair is text_pair:
            actions: Any = tuple(str(rng.choice(ACTIONS)) for _ in range(4))
        else:
            actions = rng.integers(ours.single_action_space.n, size=4)
        one, other = ours.step(actions), theirs.step(actions)
        assert data_equivalence(one, other, exact=True)
        ended = one[2] | one[3]
        if mode == "Disabled" and ended.any():
            resets = [env.reset(options={"reset_mask": ended.copy()}) for env in (ours, theirs)]
            assert data_equivalence(resets[0], resets[1], exact=True)


def test_what_falls_due_together_is_answered_in_one_batch() -> None:
    counting = Counting()
    envs = MemoryManagerVectorEnv(4, streams=[STREAMS[0]], answerer=counting)
    envs.reset(seed=0)
    for _ in range(3):
        envs.step(["ADD Oscar the dog"] * 4)
    assert counting.sizes == [4, 4]


def test_the_environments_share_pool_answerer_and_retriever() -> None:
    first, *others = MemoryManagerVectorEnv(3, streams=STREAMS).envs
    for env in others:
        assert env.pool is first.pool
        assert env.answerer is first.answerer
        assert env.rules.retriever is first.rules.retriever


def test_gymnasium_makes_the_vector_environments_by_id() -> None:
    envs = gym.make_vec("memdojo/MemoryManager-v0", num_envs=3, streams=STREAMS, autoreset_mode="Disabled")
    assert isinstance(envs, MemoryManagerVectorEnv)
    assert (envs.num_envs, len(envs.reset(seed=0)[0])) == (3, 3)
    arrays = gym.make_vec("memdojo/MemoryManagerFeatures-v0", num_envs=2, streams=STREAMS)
    assert isinstance(arrays, MemoryManagerFeaturesVectorEnv)
    observations, infos = arrays.reset(seed=0)
    assert observations["action_mask"].shape == arrays.action_masks().shape == (2, 50)
    np.testing.assert_array_equal(infos["action_mask"], arrays.action_masks())
    arrays.close()


def test_language_models_get_chat_messages() -> None:
    envs = MemoryManagerVectorEnv(2, streams=STREAMS)
    observations, _ = envs.reset(seed=0)
    assert [messages[1].content for messages in envs.prompts] == list(observations)


def test_without_autoreset_an_ended_episode_is_not_stepped() -> None:
    envs = MemoryManagerVectorEnv(2, streams=[STREAMS[0]], autoreset_mode=AutoresetMode.DISABLED)
    envs.reset(seed=0)
    for _ in range(3):
        envs.step(["NOOP", "NOOP"])
    with pytest.raises(EpisodeStateError, match=r"environments \[0, 1\] have ended"):
        envs.step(["NOOP", "NOOP"])
    envs.reset(options={"reset_mask": np.array([True, False])})
    with pytest.raises(EpisodeStateError, match=r"environments \[1\] have ended"):
        envs.step(["NOOP", "NOOP"])


def test_a_wrong_action_of_one_environment_moves_none() -> None:
    envs = MemoryManagerVectorEnv(2, streams=STREAMS)
    envs.reset(seed=0)
    with pytest.raises(TypeError, match="takes a text"):
        envs.step(["ADD something", 3])
    assert [env.episode.step_index for env in envs.envs] == [0, 0]
    with pytest.raises(ConfigError, match="1 actions came for 2 environments"):
        envs.step(["NOOP"])
    envs.step(["NOOP", "NOOP"])
    assert [env.episode.step_index for env in envs.envs] == [1, 1]


def test_impossible_arguments_are_refused() -> None:
    with pytest.raises(ConfigError, match="positive"):
        MemoryManagerVectorEnv(0)
    with pytest.raises(ConfigError, match="at least one"):
        ManagerVectorEnv([])
    with pytest.raises(ConfigError, match="several answerers"):
        ManagerVectorEnv([MemoryManagerEnv(STREAMS), MemoryManagerEnv(STREAMS)])
    with pytest.raises(ConfigError, match="NextStep, SameStep, Disabled"):
        MemoryManagerVectorEnv(1, streams=STREAMS, autoreset_mode="never")
    envs = MemoryManagerVectorEnv(2, streams=STREAMS)
    with pytest.raises(ConfigError, match="3 seeds"):
        envs.reset(seed=[1, 2, 3])
    with pytest.raises(ConfigError, match="bool array"):
        envs.reset(options={"reset_mask": [True, False]})
    with pytest.raises(EpisodeStateError, match="never reset"):
        envs.reset(options={"reset_mask": np.array([True, False])})
