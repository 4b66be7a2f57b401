from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest

import memdojo
from memdojo.envs.answering import ExtractiveAnswerer
from memdojo.envs.episodes.archive import Granularity
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.gym.registration import ENV_IDS
from memdojo.envs.gym.text import MANAGER_REWARD
from memdojo.envs.memory.retrieval.retrievers import RecencyRetriever
from memdojo.errors import ConfigError, UnknownNameError
from memdojo.rewards import Reward

SMALL = {"num_streams": 1, "num_sessions": 2, "num_facts": 4, "num_questions": 4}


def make(name: str, **arguments: Any) -> Any:
    return gym.make(f"memdojo/{name}-v0", stream_options=SMALL, **arguments).unwrapped


def test_options_by_name_are_what_the_same_rules_are() -> None:
    rules = EpisodeRules(
        reward=Reward({"token_f1": 1.0}),
        capacity=CapacitySettings(max_entries=2, when_full="evict_oldest"),
        retriever=RecencyRetriever(),
        top_k=3,
        answerer=ExtractiveAnswerer(),
    )
    by_rules = make("MemoryManager", rules=rules)
    by_name = make(
        "MemoryManager",
        reward={"token_f1": 1.0},
        max_entries=2,
        when_full="evict_oldest",
        retriever="recency",
        top_k=3,
        answerer=rules.answerer,
    )
    assert by_rules.rules == rules
    assert [by_name.rules.capacity, by_name.rules.top_k] == [rules.capacity, 3]
    for env in (by_rules, by_name):
        env.reset(seed=4)
    while not by_rules.has_ended:
        assert by_rules.step("ADD something") == by_name.step("ADD something")


@pytest.mark.parametrize("id", ENV_IDS)
def test_every_environment_takes_rules(id: str) -> None:
    env = gym.make(id, streams="synthetic:train", stream_options=SMALL, rules=EpisodeRules(top_k=2)).unwrapped
    assert isinstance(env, memdojo.envs.gym.base.StreamEnv)
    assert env.rules.top_k == 2
    env.reset(seed=0)


def test_rules_without_a_reward_are_paid_as_the_environment_pays_by_default() -> None:
    env = make("MemoryManager", rules=EpisodeRules(capacity=CapacitySettings(3)))
    assert env.reward.weights == MANAGER_REWARD
    assert env.answerer.fingerprint == ExtractiveAnswerer().fingerprint


def test_rules_ask_nobody_where_no_answer_is_paid() -> None:
    rules = EpisodeRules(reward=Reward({"evidence_kept": 1.0}), answerer=ExtractiveAnswerer())
    assert make("MemoryManager", rules=rules).answerer is None


@pytest.mark.parametrize("id", ENV_IDS)
def test_a_misspelt_argument_is_named_with_those_that_are_near(id: str) -> None:
    with pytest.raises(UnknownNameError, match=r"Env 'tpo_k'\. Did you mean 'top_k'"):
        gym.make(id, tpo_k=3)
    with pytest.raises(UnknownNameError, match="Did you mean 'stream_options'"):
        gym.make(id, stream_option={})


@pytest.mark.parametrize(
    ("name", "argument"),
    [("ProxyRetriever", "max_entries"), ("ProxyRetrieverFeatures", "tiers"), ("AnswerAgent", "answerer")],
)
def test_an_argument_of_another_environment_is_refused(name: str, argument: str) -> None:
    with pytest.raises(UnknownNameError, match=argument):
        make(name, **{argument: 3})


def test_rules_and_options_together_are_refused() -> None:
    with pytest.raises(ConfigError, match="rules came with max_entries, top_k"):
        make("MemoryManager", rules=EpisodeRules(), max_entries=3, top_k=2)


class Judge:
    async def finish_step(self, episode: Any, answers: Any) -> Any:
        raise AssertionError("it is never asked")


def test_rules_that_an_environment_cannot_keep_are_refused() -> None:
    with pytest.raises(ConfigError, match="judge"):
        make("MemoryManager", rules=EpisodeRules(judge=Judge()))
    with pytest.raises(ConfigError, match="turns"):
        make("ProxyRetrieverFeatures", rules=EpisodeRules(granularity=Granularity.SESSION))


def test_what_an_environment_was_made_with_can_be_written_as_json() -> None:
    spec = gym.make("memdojo/MemoryManager-v0", stream_options=SMALL, max_entries=3, top_k=2).spec
    assert spec is not None
    copy = gym.make(gym.envs.registration.EnvSpec.from_json(spec.to_json())).unwrapped
    assert (copy.rules.capacity.max_entries, copy.rules.top_k) == (3, 2)


def test_vector_environments_share_rules() -> None:
    envs = gym.make_vec(
        "memdojo/MemoryManager-v0", 2, vectorization_mode="vector_entry_point", rules=EpisodeRules(top_k=4)
    )
    first, second = envs.unwrapped.envs
    assert first.rules is not None
    assert first.rules.answerer is second.rules.answerer
    assert second.rules.top_k == 4
