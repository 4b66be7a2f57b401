"""The environment of streams of tasks, in text."""

from __future__ import annotations

import math
from typing import Any

import gymnasium
import pytest
from gymnasium.envs.registration import EnvSpec

from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.gym.checker import check_memory_env
from memdojo.envs.gym.experience import ExperienceMemoryEnv
from memdojo.envs.streams.tasks import stream_of_tasks
from memdojo.envs.types import Feedback, Stream, Task
from memdojo.errors import ConfigError, EpisodeStateError

ID = "memdojo/ExperienceMemory-v0"
OPTIONS = ("left", "middle", "right")


def stream(num_tasks: int = 3) -> Stream:
    made = [
        Task(f"t{number}", f"Sort box {number}.", ("right",), OPTIONS, "boxes", Feedback("right"))
        for number in range(num_tasks)
    ]
    return stream_of_tasks("s", made)


def make(**options: Any) -> ExperienceMemoryEnv:
    env = gymnasium.make(ID, **{"streams": [stream()], **options}).unwrapped
    assert isinstance(env, ExperienceMemoryEnv)
    return env


def test_it_keeps_the_contract_of_memory_environments() -> None:
    env = gymnasium.make(ID, stream_options={"num_streams": 2, "num_tasks": 8}, max_entries=4)
    report = check_memory_env(env, num_steps=60, reward_bounds=(-0.2, 1.0))
    assert set(report.skipped) == {"action_mask"}


def test_writing_and_handing_over_alternate() -> None:
    env = make(reward={"exact_match": 1.0})
    observation, info = env.reset(seed=0)
    assert info == {"stream": "s", "group": "s", "phase": "write"}
    assert observation.splitlines()[1:] == ["NEW", "Report: 3 tasks begin."]

    observation, reward, terminated, _, info = env.step("NOOP")
    assert (reward, terminated, info["phase"], info["questions"]) == (0.0, False, "hand_over", ())
    assert observation.splitlines() == [
        "CANDIDATES",
        "QUESTION Sort box 0.",
        "OPTIONS left; middle; right",
        "CHOOSE at most 10",
    ]
    env.step("NONE")
    observation, *_ = env.step("ADD Sort box 0. ANSWER: right VERDICT: given")
    assert observation.splitlines()[1] == "1. Sort box 0. ANSWER: right VERDICT: given"
    observation, reward, _, _, info = env.step("1")
    assert reward == pytest.approx(1 / 3)
    assert [each.answer for each in info["questions"]] == ["right"]
    assert (info["phase"], info["step"], info["num_entries"]) == ("write", 2, 1)
    assert observation.splitlines()[-1] == "Report: Sort box 1. ANSWER: right VERDICT: given"


def test_the_rewards_of_an_episode_are_the_share_of_the_tasks_that_succeed() -> None:
    env = make(reward={"exact_match": 1.0})
    env.reset(seed=0)
    rewards, answers, terminated = [], [], False
    while not terminated:
        chunk = env.run.chunk
        action = "NONE" if env.run.question is not None and not len(env.run.store) else "1"
        if chunk is not None:
            action = (
                "NOOP" if chunk.turns[0].id == "start" else f"ADD {chunk.turns[0].text}".replace("\n", " ")
            )
        observation, reward, terminated, truncated, info = env.step(action)
        assert not truncated
        rewards.append(reward)
        answers += [each.answer for each in info["questions"]]
    assert sum(rewards) == pytest.approx(answers.count("right") / 3)
    assert answers[1:] == ["right", "right"]
    assert (info["phase"], info["stop_reason"]) == ("ended", "stream_ended")
    assert observation.splitlines()[-1] == "END"
    with pytest.raises(EpisodeStateError, match="has ended"):
        env.step("NOOP")


def test_what_is_malformed_or_refused_is_named_and_costs() -> None:
    env = make()
    env.reset(seed=0)
    *_, info = env.step("ADD one\nDELETE 7\nfoo")
    assert info["statuses"] == ("applied", "unknown_id", "malformed")
    assert len(info["malformed"]) == len(info["refused"]) == 1
    *_, reward_and_more = env.step("7")
    assert reward_and_more["statuses"] == ("malformed",)
    assert reward_and_more["malformed"] == ("'7': none of the 1 candidates has this number.",)
    # One of refused, unreadable and the choice each, of three chunks.
    assert reward_and_more["reward_parts"]["invalid_operations"] == pytest.approx(-0.1 * 3 / 3)
    with pytest.raises(TypeError, match="takes a text"):
        env.step(1)  # type: ignore[arg-type]


def test_candidates_are_those_that_the_retriever_puts_first() -> None:
    env = make(max_candidates=1, max_entries=3, token_share=math.inf)
    env.reset(seed=0)
    observation, *_ = env.step("ADD nothing of the kind\nADD Sort box 0.\nADD nothing at all")
    assert observation.splitlines()[:2] == ["CANDIDATES", "1. Sort box 0."]
    env.step("1")
    assert [hit.entry.id for hit in env.episode.hits[0]] == [2]


class Gone:
    fingerprint = "gone"

    def answer(self, requests: list[AnswerRequest]) -> list[Answer]:
        return [Answer(None, "gone") for _ in requests]


def test_an_answer_that_is_missing_truncates() -> None:
    env = make(answerer=Gone())
    env.reset(seed=0)
    env.step("NOOP")
    _, reward, terminated, truncated, info = env.step("NONE")
    assert (reward, terminated, truncated, info["stop_reason"]) == (0.0, False, True, "unscored")
    with pytest.raises(EpisodeStateError, match="has ended"):
        env.step("NOOP")


def test_questions_of_dialogues_are_tasks_without_options() -> None:
    env = make(streams="synthetic:train", stream_options={"num_streams": 1, "num_questions": 3})
    env.reset(seed=0)
    seen: list[str] = []
    terminated = False
    while not terminated:
        action = "NOOP" if env.run.question is None else "NONE"
        *_, terminated, truncated, info = env.step(action)
        assert not truncated
        seen += [each.question_id for each in info["questions"]]
    assert len(seen) == 3


def test_it_is_made_again_from_json_and_refuses_impossible_numbers() -> None:
    spec = gymnasium.make(ID, stream_options={"num_streams": 1}, top_k=2, max_candidates=3).spec
    assert spec is not None
    copy = gymnasium.make(EnvSpec.from_json(spec.to_json())).unwrapped
    assert isinstance(copy, ExperienceMemoryEnv)
    assert copy.rules.top_k == 2
    with pytest.raises(ConfigError, match="max_candidates"):
        make(max_candidates=0)
