"""The environments of a design's decisions."""

from __future__ import annotations

import itertools

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec

from builders import Notebook
from memdojo.agents.designs.registry import DESIGNS
from memdojo.agents.designs.running.policy import DesignManager
from memdojo.agents.play import play_manager
from memdojo.envs.answering import ExtractiveAnswerer
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.gym.checker import check_memory_env
from memdojo.envs.gym.pool import StreamPool
from memdojo.envs.streams.registry import load_streams
from memdojo.errors import ConfigError, EpisodeStateError, UnknownNameError

ID = "memdojo/DesignDecisions-v0"
TEXT_ID = "memdojo/DesignDecisionsText-v0"
EXPERIENCE_ID = "memdojo/ExperienceMemoryFeatures-v0"
SMALL = {
    "num_streams": 2,
    "num_sessions": 1,
    "turns_per_session": 24,
    "num_facts": 6,
    "num_questions": 4,
    "mid_stream_share": 0.5,
}


@pytest.fixture(autouse=True)
def notebook():
    with DESIGNS.temporarily("notebook", Notebook):
        yield


def _make(id=ID, **options):
    return gymnasium.make(id, **{"stream_options": SMALL, "max_entries": 6, "top_k": 3, **options}).unwrapped


def _play(env, choose, **reset):
    observation, info = env.reset(**reset)
    rewards, infos, terminated = [], [info], False
    while not terminated:
        observation, reward, terminated, truncated, info = env.step(choose(observation))
        assert not truncated
        rewards.append(reward)
        infos.append(info)
    return rewards, infos


def _by_rule(observation):
    return int(observation["by_rule"].argmax())


@pytest.mark.parametrize("design", ["sirllm", "notebook"])
def test_it_keeps_the_contract_of_memory_environments(design):
    env = gymnasium.make(ID, stream_options=SMALL, max_entries=6, design=design)
    report = check_memory_env(env, num_steps=60, reward_bounds=(0.0, 1.0))
    assert set(report.skipped) == {"odd_texts"}


@pytest.mark.parametrize("design", ["sirllm", "notebook"])
def test_in_text_it_keeps_the_contract_too(design):
    env = gymnasium.make(TEXT_ID, stream_options=SMALL, max_entries=6, design=design)
    report = check_memory_env(env, num_steps=60, reward_bounds=(-0.1, 1.0))
    assert set(report.skipped) == {"action_mask"}


def test_by_the_rule_an_episode_is_paid_what_the_design_comes_to():
    streams = load_streams("synthetic:train", **SMALL)
    env = _make(streams=streams, stream_options=None, design_options={"num_first": 1, "num_recent": 2})
    rewards, infos = _play(env, _by_rule, seed=0, options={"stream": streams[0].id})
    manager = DesignManager(env.manager.design, embedder="hashed_ngrams")
    rules = EpisodeRules(
        reward=env.reward,
        capacity=env.rules.capacity,
        top_k=3,
        retriever=manager.retriever,
        answerer=ExtractiveAnswerer(),
    )
    episode = rules.manager(env.episode.context, seed=0)
    (outcome,) = play_manager(manager, [episode], rules.answerer)
    assert sum(rewards) == pytest.approx(sum(env.reward(step).value for step in outcome.steps))
    assert sum(rewards) > 0
    asked = [question for info in infos[1:] for question in info["questions"]]
    assert [each.question_id for each in asked] == [each.question_id for each in outcome.questions]
    assert {infos[0]["decision"], infos[-1]["decision"]} == {"leave", ""}


def test_only_what_is_learned_waits():
    env = _make(design="notebook", learn=["find"], design_options={"keeps": True})
    _, infos = _play(env, lambda observation: 1, seed=0)
    assert [info["decision"] for info in infos] == ["find"] * SMALL["num_questions"] + [""]
    with pytest.raises(UnknownNameError, match="Did you mean 'find'"):
        _make(design="notebook", learn=["fnd"])
    with pytest.raises(UnknownNameError, match="unknown memory design"):
        _make(design="notebok")


def test_a_masked_action_goes_by_the_rule_and_is_malformed():
    env, twin = _make(), _make()
    for each in (env, twin):
        each.reset(seed=3)
    by_rule = _by_rule(twin.features.observe(twin.run.decision))
    masked = int(np.flatnonzero(~env.action_masks())[0])
    observation, *_, info = env.step(masked)
    other, *_ = twin.step(by_rule)
    assert info["malformed"] == (f"action {masked} is masked in this state.",)
    np.testing.assert_equal(observation, other)
    with pytest.raises(ValueError, match="from 0 to 15"):
        env.step(16)


def test_a_stream_without_a_decision_is_paid_by_its_only_step():
    env = _make(max_entries=200)
    observation, info = env.reset(seed=0)
    assert (info["decision"], observation["action_mask"].sum()) == ("", 1)
    _, reward, terminated, _, info = env.step(0)
    assert terminated
    assert reward > 0
    assert len(info["questions"]) == SMALL["num_questions"]
    with pytest.raises(EpisodeStateError, match="has ended"):
        env.step(0)


def test_it_is_made_again_from_json():
    spec = gymnasium.make(ID, stream_options=SMALL, design="sirllm", design_options={"decay": 0.5}).spec
    copy = gymnasium.make(EnvSpec.from_json(spec.to_json())).unwrapped
    assert copy.manager.design.decay == 0.5


def test_a_pool_of_larger_chunks_than_the_design_writes_is_refused():
    pool = StreamPool("synthetic:train", SMALL, turns_per_chunk=4)
    with pytest.raises(ConfigError, match="turns_per_chunk=1"):
        _make(streams=pool, stream_options=None)


def test_in_text_the_same_choices_come_to_the_same():
    arrays, text = _make(), _make(TEXT_ID, reward={"token_f1": 1.0})
    rewards, infos = _play(arrays, lambda observation: int(observation["action_mask"].sum()) - 1, seed=5)
    written, seen = _play(text, lambda observation: str(len(text.view.options)), seed=5)
    assert written == rewards
    assert [info["statuses"] for info in seen[1:]] == [info["statuses"] for info in infos[1:]]
    assert [info["decision"] for info in seen] == [info["decision"] for info in infos]


def test_in_text_what_is_no_number_of_an_option_goes_by_the_rule_and_costs():
    env, twin = (_make(TEXT_ID, design="notebook", learn=["keep"]) for _ in range(2))
    for each in (env, twin):
        each.reset(seed=3)
    observation, reward, *_, info = env.step("the first one")
    other, cheaper, *_ = twin.step(env.prompt_format.write(twin.view.by_rule, twin.view))
    assert info["malformed"] == (
        "'the first one': not the number of an option; write the number and nothing else.",
    )
    assert "malformed" in info["statuses"]
    assert observation == other
    assert reward == pytest.approx(cheaper - 0.1 / SMALL["turns_per_session"])
    with pytest.raises(TypeError, match="takes a text"):
        env.step(1)


def test_in_text_nothing_follows_the_last_decision():
    env = _make(TEXT_ID, max_entries=200)
    observation, info = env.reset(seed=0)
    assert (observation, info["decision"]) == ("END", "")
    observation, reward, terminated, _, info = env.step("anything")
    assert (observation, terminated, info["malformed"]) == ("END", True, ())
    assert reward > 0


def test_each_step_tells_what_the_chunks_did_that_have_passed():
    env = _make(TEXT_ID, design="re_me", learn=["store"])
    _, infos = _play(env, lambda observation: "no number", seed=0)
    # Some turns tell nothing, so that there is nothing to choose at them.
    steps = [info["step"] for info in infos[1:]]
    assert any(later - earlier > 1 for earlier, later in itertools.pairwise(steps))
    statuses = [status for info in infos[1:] for status in info["statuses"]]
    assert statuses.count("malformed") == len(infos) - 1


def test_streams_of_tasks_are_decided_on_in_arrays():
    env = gymnasium.make(EXPERIENCE_ID, stream_options={"num_streams": 2, "num_tasks": 8}, max_entries=3)
    report = check_memory_env(env, num_steps=40, reward_bounds=(0.0, 1.0))
    assert set(report.skipped) == {"odd_texts"}
    copy = gymnasium.make(EnvSpec.from_json(env.spec.to_json())).unwrapped
    assert copy.reward.weights == {"exact_match": 1.0}
    rewards, infos = _play(copy, _by_rule, seed=1)
    questions = [question for info in infos[1:] for question in info["questions"]]
    assert len(questions) == 8
    right = sum(question.answer in question.references for question in questions)
    assert sum(rewards) == pytest.approx(right / 8)
