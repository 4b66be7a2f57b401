from __future__ import annotations

import pickle
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import gymnasium as gym
import pytest

import memdojo
from builders import make_stream
from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.gym.pool import StreamPool
from memdojo.envs.gym.spaces import FreeText
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.prompts.registry import make_format
from memdojo.envs.types import Capacity, Question, Stream, WhenFull
from memdojo.errors import ConfigError, EpisodeStateError, UnknownNameError

SMALL = {"num_streams": 2, "num_sessions": 3, "num_facts": 8, "num_questions": 6}

TEXTS = ("I moved to Boston.", "My dog is called Oscar.", "The weather is fine.", "I bought a red canoe.")


def stream(id: str = "s") -> Stream:
    questions = (
        Question("dog", "What is the dog called?", ("Oscar",), evidence=frozenset({"t1"}), ask_after=1),
        Question("canoe", "Which colour has the canoe?", ("red",), evidence=frozenset({"t3"})),
    )
    return make_stream(*TEXTS, questions=questions, id=id, session="s", time=datetime(2023, 5, 1), daily=True)


def make(name: str, **arguments: Any) -> gym.Env[str, str]:
    return gym.make(f"memdojo/{name}-v0", **{"streams": [stream()], **arguments})


class Broken:
    """An answerer that never has an answer."""

    fingerprint = "broken"

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        return [Answer(None, "timed out")] * len(requests)


@pytest.mark.parametrize("name", ["MemoryManager", "ProxyRetriever", "AnswerAgent"])
def test_the_text_environments_pass_the_memory_check(name: str) -> None:
    env = gym.make(f"memdojo/{name}-v0", stream_options=SMALL)
    report = memdojo.check_memory_env(env, num_steps=40)
    assert list(report.skipped) == ["action_mask"]


def test_a_manager_may_be_shown_what_is_related_to_the_new_lines_alone() -> None:
    env = make(
        "MemoryManager", related_entries=1, max_entries=9, prompt_format=make_format("manager", "memory_r1")
    )
    env.reset(seed=0)
    env.step(
        '{"memory": [{"event": "ADD", "text": "I bought a canoe"}, {"event": "ADD", "text": "Ann sings"}]}'
    )
    env.step('{"memory": []}')
    observation, *_ = env.step('{"memory": []}')
    # What is new is about the canoe, which is entry 1.
    assert '"id": 1' in observation
    assert '"id": 2' not in observation
    # Entry 2 is there, but what is not shown cannot be named.
    *_, info = env.step('{"memory": [{"id": 2, "event": "DELETE"}, {"id": 1, "event": "DELETE"}]}')
    assert len(info["malformed"]) == 1
    assert info["num_entries"] == 1
    with pytest.raises(ConfigError, match="related_entries is 0"):
        make("MemoryManager", related_entries=0)


def test_where_few_entries_are_related_the_latest_fill_up_and_the_header_counts_all() -> None:
    env = make("MemoryManager", related_entries=2, max_entries=9)
    env.reset(seed=0)
    observation, *_ = env.step("ADD Tom has a dog\nADD Sue bakes\nADD Bob rows")
    assert observation.startswith(
        "MEMORY 3/9 entries, 8/68 tokens\n[1] [2023-05-01] Tom has a dog\n[3] [2023-05-01] Bob rows\nNEW"
    )


def test_any_text_is_in_the_space_and_nothing_else() -> None:
    space = FreeText(("NOOP",), seed=0)
    assert all(text in space for text in ("", "é\n", "\ud800", "x" * 100_000))
    assert not any(thing in space for thing in (b"bytes", None, 3, ["a"]))
    samples = [space.sample() for _ in range(50)]
    assert "NOOP" in samples
    assert len(set(samples)) > 10
    copy = pickle.loads(pickle.dumps(space))
    assert copy == space != FreeText()
    assert copy.sample() == space.sample()
    with pytest.raises(ValueError, match="neither mask nor probability"):
        space.sample(mask="x")


def test_a_manager_episode_is_paid_for_the_answers_that_its_memory_gives() -> None:
    env = make("MemoryManager", max_entries=2)
    observation, info = env.reset(seed=0)
    assert observation == "MEMORY 0/2 entries, 0/15 tokens\nNEW 2023-05-01\nAnn: I moved to Boston."
    assert info == {"stream": "s", "group": "g"}
    _, reward, *_ = env.step("NOOP")
    assert reward == 0.0
    observation, reward, terminated, truncated, info = env.step("ADD Ann: My dog is called Oscar.")
    assert observation == (
        "MEMORY 1/2 entries, 8/15 tokens\n[1] [2023-05-02] Ann: My dog is called Oscar.\n"
        "NEW 2023-05-03\nAnn: The weather is fine."
    )
    assert reward == 0.5
    assert info["reward_parts"] == {"token_f1": 0.5, "invalid_operations": 0.0}
    assert [(question.question_id, question.answer) for question in info["questions"]] == [("dog", "Oscar")]
    assert info["statuses"] == ("applied",)
    env.step("NOOP")
    observation, reward, terminated, truncated, info = env.step("NOOP")
    assert observation.endswith("\nEND")
    assert (reward, terminated, truncated, info["stop_reason"]) == (0.0, True, False, "stream_ended")


def test_questions_answers_and_evidence_are_never_observed() -> None:
    env = make("MemoryManager")
    observation, _ = env.reset(seed=0)
    seen = [observation]
    for _ in range(4):
        observation, *_ = env.step("NOOP")
        seen.append(observation)
    assert not any("What is" in text or "Which colour" in text for text in seen)


def test_malformed_and_refused_operations_change_nothing_and_cost() -> None:
    env = make("MemoryManager", max_entries=1, reward={"invalid_operations": 1.0})
    env.reset(seed=0)
    env.step("ADD one thing")
    _, reward, _, _, info = env.step("ADD another thing\nwhat?\nDELETE 7")
    assert reward == -0.75  # Three of them over four steps.
    assert info["statuses"] == ("store_full", "unknown_id", "malformed")
    assert info["malformed"] == ("'what?': a line starts with ADD, REPLACE, UPDATE, DELETE or NOOP.",)
    assert len(info["refused"]) == 2
    assert [entry.text for entry in env.unwrapped.episode.store] == ["one thing"]


def test_the_policy_names_who_leaves_a_full_store() -> None:
    env = make("MemoryManager", max_entries=1)
    env.reset(seed=0)
    env.step("ADD one thing")
    _, _, _, _, info = env.step("REPLACE 1 another thing")
    assert info["statuses"] == ("applied",)
    assert [(entry.id, entry.text) for entry in env.unwrapped.episode.store] == [(2, "another thing")]


@pytest.mark.parametrize("name", ["MemoryManager", "ProxyRetriever", "AnswerAgent"])
@pytest.mark.parametrize("action", [None, 3, b"NOOP", ["NOOP"]])
def test_an_action_that_is_no_text_is_refused_and_nothing_is_lost(name: str, action: object) -> None:
    env = make(name)
    before, _ = env.reset(seed=0)
    with pytest.raises(TypeError, match="takes a text as its action"):
        env.step(action)  # type: ignore[arg-type]
    assert env.unwrapped._observe() == before
    assert env.step("1")[4]["step"] == 0


def test_a_huge_text_is_refused_by_the_store_and_the_episode_goes_on() -> None:
    env = make("MemoryManager")
    env.reset(seed=0)
    _, _, _, _, info = env.step("ADD " + "word " * 200_000)
    assert info["statuses"] == ("too_long",)
    assert info["num_entries"] == 0
    assert all(len(text) < 500 for text in info["refused"])
    assert env.step("ADD short")[4]["statuses"] == ("applied",)


def test_a_step_that_cannot_be_scored_gives_nothing_and_truncates() -> None:
    env = make("MemoryManager", answerer=Broken())
    env.reset(seed=0)
    assert env.step("NOOP")[4]["unscored"] == ""
    _, reward, terminated, truncated, info = env.step("NOOP")
    assert (reward, terminated, truncated) == (0.0, False, True)
    assert info["stop_reason"] == "unscored"
    assert "timed out" in info["unscored"]
    with pytest.raises(EpisodeStateError, match="has ended"):
        env.step("NOOP")
    env.reset()
    env.step("NOOP")


def test_nobody_is_asked_where_the_reward_grades_no_answers() -> None:
    env = make("MemoryManager", answerer=Broken(), reward={"evidence_recall": 1.0}, max_entries=4)
    env.reset(seed=0)
    rewards = [env.step(f"ADD {turn}")[1] for turn in TEXTS]
    assert rewards == [0.0, 0.5, 0.0, 0.5]


def test_an_ended_episode_takes_no_step_and_a_reset_starts_another() -> None:
    env = make("MemoryManager")
    with pytest.raises(EpisodeStateError, match="call reset first"):
        env.unwrapped.episode  # noqa: B018
    env.reset(seed=0)
    for _ in range(4):
        env.step("NOOP")
    with pytest.raises(EpisodeStateError, match="has ended"):
        env.step("NOOP")
    observation, _ = env.reset()
    assert observation.startswith("MEMORY 0/1 entries")


def test_the_seed_shuffles_the_streams_and_each_comes_once_a_round() -> None:
    env = make("MemoryManager", streams=[stream(f"s{i}") for i in range(5)])

    def order(seed: int) -> list[str]:
        first = env.reset(seed=seed)[1]["stream"]
        return [first, *(env.reset()[1]["stream"] for _ in range(9))]

    once = order(1)
    assert order(1) == once
    assert sorted(once[:5]) == sorted(once[5:]) == [f"s{i}" for i in range(5)]
    assert order(2) != once


def test_an_option_picks_the_stream_and_unknown_ones_are_named() -> None:
    env = make("MemoryManager", streams=[stream(f"s{i}") for i in range(5)])
    assert env.reset(options={"stream": "s3"})[1]["stream"] == "s3"
    with pytest.raises(UnknownNameError, match=r"unknown stream 's33'\. Did you mean 's3'"):
        env.reset(options={"stream": "s33"})
    with pytest.raises(UnknownNameError, match="Did you mean 'stream'"):
        env.reset(options={"steam": "s3"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"streams": "synthetic:trian"}, "'train'"),
        ({"streams": []}, "no stream"),
        ({"streams": [stream(), stream()]}, "same id"),
        ({"stream_options": {"num_streams": 3}}, "loaded already"),
        ({"max_entries": 3, "capacity_share": 0.5}, "contradict"),
        ({"max_entries": 0}, "positive"),
        ({"capacity_share": -0.5}, "positive share"),
        ({"when_full": "evict_oldst"}, "evict_oldest"),
        ({"top_k": 0}, "positive"),
        ({"turns_per_chunk": 0}, "positive"),
        ({"reward": {"token_f": 1.0}}, "token_f1"),
        ({"retriever": "bm52"}, "bm25"),
    ],
)
def test_an_impossible_argument_is_refused_with_what_is_possible(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(memdojo.MemdojoError, match=message):
        make("MemoryManager", **arguments)


def test_the_limits_of_the_store_are_options() -> None:
    def capacity(**limits: Any) -> Capacity:
        env = make("MemoryManager", **limits)
        env.reset(seed=0)
        store: MemoryStore = env.unwrapped.episode.store
        return store.capacity

    # Four turns of 30 tokens.
    assert capacity() == Capacity(1, 8)
    assert capacity(max_entries=2, when_full="reject") == Capacity(2, 15, when_full=WhenFull.REJECT)
    assert capacity(token_share=0.5, max_entry_tokens=9) == Capacity(None, 15, 9)
    assert capacity(capacity_share=0.5, token_share=float("inf"), max_core_tokens=3) == Capacity(
        2, max_core_tokens=3
    )
    with pytest.raises(ConfigError, match="True"):
        CapacitySettings(max_entries=True)


def test_chunks_can_be_cut_anew() -> None:
    of_one_day = make_stream("I moved to Boston.", "My dog is called Oscar.", questions=())
    env = make("MemoryManager", streams=[of_one_day], turns_per_chunk=2)
    observation, _ = env.reset(seed=0)
    assert observation.endswith("Ann: I moved to Boston.\nAnn: My dog is called Oscar.")


def test_environments_may_share_a_pool_that_pickles() -> None:
    pool = StreamPool([stream()])
    assert make("MemoryManager", streams=pool).unwrapped.pool is pool
    assert pickle.loads(pickle.dumps(pool)).streams == pool.streams
    with pytest.raises(ConfigError, match="StreamPool"):
        make("MemoryManager", streams=pool, turns_per_chunk=2)


@pytest.mark.parametrize("name", ["MemoryManager", "ProxyRetriever", "AnswerAgent"])
def test_an_environment_travels_to_another_process_with_its_episode(name: str) -> None:
    env = make(name).unwrapped
    env.reset(seed=0)
    env.step("1")
    copy = pickle.loads(pickle.dumps(env))
    assert [copy.step("ADD something"), copy.reset()] == [env.step("ADD something"), env.reset()]


def test_a_proxy_retriever_is_paid_for_the_rank_of_the_evidence() -> None:
    env = make("ProxyRetriever")
    observation, _ = env.reset(seed=0)
    assert observation == (
        "CANDIDATES\n1. [2023-05-01] Ann: I moved to Boston.\n2. [2023-05-02] Ann: My dog is called Oscar.\n"
        "QUESTION What is the dog called?\nCHOOSE at most 10"
    )
    _, reward, terminated, _, _ = env.step("2, 1")
    assert (reward, terminated) == (0.5, False)
    observation, reward, terminated, _, info = env.step("1, 2, 4")
    assert observation == "END"
    assert reward == pytest.approx(0.5 * 0.5)  # Rank 3: 1 / log2(4).
    assert (terminated, info["stop_reason"]) == (True, "stream_ended")


def test_candidates_are_filtered_by_bm25_and_filled_up_with_the_latest() -> None:
    env = make("ProxyRetriever", max_candidates=2)
    env.reset(seed=0)
    observation, *_ = env.step("1")
    assert observation.splitlines()[1:3] == [
        "1. [2023-05-03] Ann: The weather is fine.",
        "2. [2023-05-04] Ann: I bought a red canoe.",
    ]
    _, reward, *_ = env.step("2")
    assert reward == 0.5


def test_a_malformed_ranking_costs_and_counts_for_nothing() -> None:
    env = make("ProxyRetriever")
    env.reset(seed=0)
    _, reward, _, _, info = env.step("2, 2")
    assert reward == pytest.approx(-0.1 / 2)
    assert info["malformed"] == ("'2': the number was given before.",)
    assert info["questions"][0].retrieved == ()


def test_sessions_can_be_candidates_and_an_answerer_can_read_them() -> None:
    env = make("ProxyRetriever", granularity="session", reward={"token_f1": 1.0})
    observation, _ = env.reset(seed=0)
    assert observation.splitlines()[1] == (
        "1. [2023-05-01] Ann: I moved to Boston. Ann: My dog is called Oscar."
    )
    assert env.step("1")[4]["questions"][0].answer == "Oscar"
    with pytest.raises(UnknownNameError, match="'session'"):
        make("ProxyRetriever", granularity="sesion")


def test_an_answer_agent_is_graded_on_its_own_answer() -> None:
    env = make("AnswerAgent", reward={"token_f1": 1.0, "evidence_recall": 1.0})
    observation, _ = env.reset(seed=0)
    assert (
        observation
        == "MEMORY\n[2] [2023-05-02] Ann: My dog is called Oscar.\nQUESTION What is the dog called?"
    )
    _, reward, _, _, info = env.step("USE 2\nANSWER Oscar")
    assert info["reward_parts"] == {"token_f1": 0.5, "evidence_recall": 0.5}
    assert reward == 1.0
    assert info["questions"][0].references == ("Oscar",)
    _, reward, terminated, _, info = env.step("I do not know")
    assert (reward, terminated) == (0.0, True)
    assert len(info["malformed"]) == 3


def test_a_ranking_may_be_paid_by_what_its_tiers_do_for_the_answer() -> None:
    env = make(
        "ProxyRetriever",
        top_k=3,
        tiers=(1, 3),
        reward={"marginal_utility": 1.0},
        prompt_format=make_format("retriever", "memsifter"),
    )
    env.reset(seed=0)
    _, reward, _, _, info = env.step("<ranking>2,1</ranking>")
    (question,) = info["questions"]
    assert [k for k, _ in question.tier_answers] == [0, 1, 3]
    # The reader answers from the dog's turn at once: half of the episode's two questions.
    assert reward == pytest.approx(0.5)
    _, reward, _, _, info = env.step("no ranking")
    assert (reward, len(info["malformed"])) == (0, 1)


@pytest.mark.parametrize("part", ["answerability", "attribution"])
def test_a_ranking_is_not_paid_for_what_a_step_writes(part: str) -> None:
    with pytest.raises(ConfigError, match="and only a manager writes"):
        make("ProxyRetriever", reward={part: 1.0})


@pytest.mark.parametrize("arguments", [{"tiers": (1, 10)}, {"reward": {"marginal_utility": 1.0}}])
def test_tiers_go_with_a_reward_that_compares_them(arguments: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="tiers go with a part"):
        make("ProxyRetriever", **arguments)
