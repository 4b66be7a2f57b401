"""Mem-alpha's rewards in episodes: numbers by hand, and what they pay to those who game them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from builders import ScriptedChat, make_config
from memdojo.agents.engines.chat import Reply
from memdojo.agents.engines.scripted_engine import ScriptedEngine
from memdojo.agents.graders.judging import Judging
from memdojo.agents.language.policies import PromptEncoder
from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.memory.retrieval.retrievers import make_retriever
from memdojo.envs.prompts.mem_alpha_brief import MemAlphaBriefFormat
from memdojo.envs.prompts.tasks import ManagerTask
from memdojo.envs.types import Add, Capacity, Chunk, Question, Stream, Turn
from memdojo.errors import ConfigError
from memdojo.rewards.reward import Reward
from memdojo.train.algorithms.grpo import Grpo
from memdojo.train.algorithms.settings import GrpoSettings
from memdojo.train.episodes.splits import load_splits
from memdojo.train.language.players import LanguagePlayer
from memdojo.train.language.rollout_metrics import play_metrics
from memdojo.train.language.setup import make_judging
from memdojo.train.language.steps import SamplingSettings
from memdojo.train.language.trajectories import LanguageGroup, LanguageTrajectory
from memdojo.train.rollouts.tasks import RolloutTask

# With their speakers 5 + 8 and 9 + 5 tokens, 27 in all; the last turn is no memory.
CHUNKS = (
    Chunk(0, (Turn("t1", "Ann", "I like tea"), Turn("t2", "Bob", "I moved to Oslo yesterday"))),
    Chunk(1, (Turn("t3", "Ann", "My brother Paul is a good cook"), Turn("t4", "Bob", "Is he?"))),
)
QUESTIONS = (
    Question("q1", "Where did Bob move?", ("Oslo",), "place"),
    Question("q2", "Who is Paul?", ("cook",), "person"),
)
STREAM = Stream("s", "g", CHUNKS, QUESTIONS)
WEIGHTS = {"substring_exact_match": 1.0, "call_success": 1.0, "compression": 0.05, "valid_operations": 0.1}
PUBLISHED = {
    "substring_exact_match": 1.0,
    "call_success_published": 1.0,
    "compression": 0.05,
    "valid_operations_published": 0.1,
}


class EchoAnswerer:
    """Answers with all that it is given."""

    fingerprint = "echo"

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        return [Answer(" ".join(request.context) or "nothing") for request in requests]


def _play(
    tokenizer: Any,
    replies: Callable[[str, int], str],
    reward: dict[str, float],
    *,
    seeds: tuple[int, ...] = (1,),
    judging: Judging | None = None,
    stream: Stream = STREAM,
) -> LanguageGroup:
    """Play with replies that depend on the prompt and on how many were given before."""
    format = MemAlphaBriefFormat()
    encoder = PromptEncoder(tokenizer, format, 1000)
    given: list[str] = []

    def say(prompt_ids: Sequence[int]) -> tuple[int, ...]:
        given.append(replies(tokenizer.decode(list(prompt_ids)), len(given)))
        return encoder.encode_reply(given[-1])

    player = LanguagePlayer(
        [stream],
        ManagerTask(format),
        encoder,
        SamplingSettings(32),
        EpisodeRules(
            reward=Reward(reward),
            capacity=CapacitySettings(max_entries=100),
            top_k=41,
            answerer=EchoAnswerer(),
            retriever=make_retriever("pools:20"),
            judge=judging,
        ),
    )
    return asyncio.run(player.play(RolloutTask(0, seeds), ScriptedEngine(say)))


def _one(tokenizer: Any, replies: Callable[[str, int], str], reward: dict[str, float]) -> LanguageTrajectory:
    (trajectory,) = _play(tokenizer, replies, reward)
    return trajectory


def test_each_row_is_worth_what_the_paper_says(tokenizer: Any) -> None:
    def replies(prompt: str, number: int) -> str:
        # A lasting fact and an event; then a person in the core block, a question as an event, a second time
        # what is known, and a line that is no call.
        return "ADD s a\nADD e b" if number == 0 else "ADD c a\nADD e b\nADD s c\nDELETE e 9"

    trajectory = _one(tokenizer, replies, WEIGHTS)
    # r1: Oslo and cook are both in the store: 1. r2: 2/2, and of four calls two succeed, for there is no line
    # c and no entry 9: 2/4. r4: both valid; of the four the first is, the question is not: 1/4.
    # r3: the store holds all 27 tokens: 0.
    assert trajectory.row_rewards == pytest.approx([1 + 1 + 0.1, 1 + 0.5 + 0.1 / 4])
    assert trajectory.episode_return == pytest.approx(1 + 0.75 + 0.1 * (1 + 1 / 4) / 2)
    assert dict(trajectory.counts) == {"ADD": 3, "REWRITE": 1, "malformed": 2}
    assert trajectory.parts["compression"] == pytest.approx(0)


def test_leaving_everything_out_earns_no_more_than_what_is_not_written_saves(tokenizer: Any) -> None:
    # No answer, an empty store, and nothing for calls but what others get in the mean: 0 + 0.05.
    ours = _one(tokenizer, lambda prompt, number: "NOOP", WEIGHTS)
    assert ours.row_rewards == pytest.approx([0.05, 0.05])
    assert np.isnan(ours.row_call_rewards).all()
    # Published, that is all: whatever is written, however useless, pays more.
    published = _one(tokenizer, lambda prompt, number: "NOOP", PUBLISHED)
    assert published.row_rewards == pytest.approx([0.05, 0.05])


def test_adding_everything_pays_for_what_can_be_answered_and_nothing_else(tokenizer: Any) -> None:
    def add_all(prompt: str, number: int) -> str:
        return "ADD e a\nADD e b"

    # r1 = 1, r2 = 1, r3 = 0. r4: "I like tea" tells no event, the line about Oslo does; of the second chunk
    # neither does: 1/2 and 0.
    trajectory = _one(tokenizer, add_all, WEIGHTS)
    assert trajectory.row_rewards == pytest.approx([1 + 1 + 0.05, 1 + 1 + 0])
    assert _one(tokenizer, add_all, PUBLISHED).row_rewards == pytest.approx(trajectory.row_rewards)


def test_deleting_everything_pays_under_the_published_rule_alone(tokenizer: Any) -> None:
    # There is no core block to delete: an error of ours, a success of theirs.
    ours = _one(tokenizer, lambda prompt, number: "DELETE c", WEIGHTS)
    assert ours.row_rewards == pytest.approx([0.05, 0.05])
    published = _one(tokenizer, lambda prompt, number: "DELETE c", PUBLISHED)
    assert published.row_rewards == pytest.approx([1.05, 1.05])


def test_the_same_memory_twice_is_refused(tokenizer: Any) -> None:
    trajectory = _one(tokenizer, lambda prompt, number: "ADD s a\nADD s a", WEIGHTS)
    assert dict(trajectory.counts) == {"ADD": 2, "rejected": 2}
    # r1: "cook" alone, 1/2; r2 1/2; r3 1 - (5 + 9)/27; r4 1/2 of the calls of each step.
    row = 0.5 + 0.5 + 0.05 * (1 - 14 / 27) + 0.1 * 0.5
    assert trajectory.row_rewards == pytest.approx([row, row])


def test_rows_of_all_rollouts_are_compared_with_each_other(tokenizer: Any) -> None:
    # The first of the two episodes to be asked writes, the other one does nothing.
    seen: list[str] = []

    def replies(prompt: str, number: int) -> str:
        seen.append(prompt)
        return "ADD s a\nADD e b" if number == 0 or "s 1 Ann" in prompt else "NOOP"

    group = _play(tokenizer, replies, WEIGHTS, seeds=(1, 2))
    writer, idle = group
    # The writer's second step repeats nothing but adds a question as an event: r4 1/2. r3 is again 0.
    assert writer.row_rewards == pytest.approx([1 + 1 + 0.1, 1 + 1 + 0.05])
    assert writer.row_call_rewards == pytest.approx([1.1, 1.05])
    assert idle.row_rewards == pytest.approx([0.05, 0.05])
    algorithm = Grpo(GrpoSettings(name="grpo", num_updates=1, advantage="rows"))
    # The idle rows get (1.1 + 1.05) / 2 = 1.075 for calls and are worth 1.125. Mean (2.1 + 2.05 + 1.125 +
    # 1.125) / 4 = 1.6; deviations .5, .45, -.475 and -.475, whose squares .25, .2025, .225625 and .225625
    # have the mean .2259375.
    expected = [value / 0.2259375**0.5 for value in (0.5, 0.45, -0.475, -0.475)]
    assert algorithm.estimate([group], np.zeros(0)).advantages == pytest.approx(expected, rel=1e-4)
    # Published, silence is worth 0.05: mean (2.1 + 2.05 + .05 + .05) / 4 = 1.0625; deviations 1.0375, .9875,
    # -1.0125 and -1.0125.
    published = _play(tokenizer, replies, PUBLISHED, seeds=(1, 2))
    deviations = np.array([1.0375, 0.9875, -1.0125, -1.0125])
    expected = (deviations / np.sqrt((deviations**2).mean())).tolist()
    assert algorithm.estimate([published], np.zeros(0)).advantages == pytest.approx(expected, rel=1e-4)


def test_a_judge_grades_answers_and_operations_once_for_a_group(tokenizer: Any) -> None:
    right = ("Write a new episodic note: Bob: I moved to Oslo", "Reference answers:\n- Oslo")
    chat = ScriptedChat(lambda asked: Reply("yes" if any(text in asked for text in right) else "no"))
    group = _play(
        tokenizer,
        lambda prompt, number: "ADD s a\nADD e b",
        {"judge": 1.0, "valid_operations": 0.1},
        seeds=(1, 2, 3, 4),
        judging=Judging(chat, operations=True),
    )
    # Of the four operations the one about Oslo is valid, and of the two answers the one that has it.
    for trajectory in group:
        assert trajectory.row_rewards == pytest.approx([1 / 2 + 0.1 / 2, 1 / 2])
    # Four operations and two answers, for four episodes.
    assert len(chat.asked) == 6


def test_a_grade_that_cannot_be_had_drops_the_episode_and_is_no_zero(tokenizer: Any) -> None:
    chat = ScriptedChat(lambda asked: Reply(None, "timed out") if "Paul?" in asked else Reply("yes"))
    (trajectory,) = _play(tokenizer, lambda prompt, number: "ADD s a", {"judge": 1.0}, judging=Judging(chat))
    assert not trajectory.scored
    assert "a judge's verdict on question 'q2'" in trajectory.failure


def test_grades_are_told_by_data_set(tokenizer: Any) -> None:
    group = _play(tokenizer, lambda prompt, number: "ADD s a", WEIGHTS)
    metrics = play_metrics([group], 0, 1.0)
    assert metrics["substring_exact_match/place"] == 0
    assert metrics["substring_exact_match/person"] == 1
    trajectory = LanguageTrajectory("s", group[0].rows, grades={"token_f1/x": (1.0, 4)})
    other = LanguageTrajectory("s", group[0].rows, grades={"token_f1/x": (2.0, 2)})
    assert play_metrics([(trajectory, other)], 0, 1.0)["token_f1/x"] == pytest.approx(3 / 6)


LANGUAGE = {"kind": "language", "model": "x/y"}


def test_a_model_judges_what_the_reward_pays_for_and_nothing_else() -> None:
    judge = {"kind": "endpoint", "model": "big", "url": "http://127.0.0.1:1/v1"}
    by_rule = make_config(policy=LANGUAGE, reward={"token_f1": 1.0}, judge=judge)
    by_model = make_config(policy=LANGUAGE, reward={"token_f1": 1.0}, judge={**judge, "operations": "model"})
    episode = ManagerEpisode(StreamContext(STREAM), Capacity())
    episode.begin_step((Add("Ann likes tea", entry_kind="semantic"),))
    for config, weights, grades_operations in (
        (by_rule, {"official": 1.0, "valid_operations": 0.1}, False),
        (by_model, {"official": 1.0, "valid_operations": 0.1}, True),
        (by_model, {"judge": 1.0}, False),
    ):
        judging = make_judging(config, Reward(weights))
        assert judging is not None
        assert bool(judging.changes(episode)) is grades_operations
    assert make_judging(by_model, Reward({"token_f1": 1.0})) is None
    assert make_judging(by_rule, Reward({"valid_operations": 1.0})) is None
    assert make_judging(make_config(policy=LANGUAGE), Reward({"official": 1.0})) is None


def test_questions_that_only_a_judge_can_grade_are_refused_before_the_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judged = replace(STREAM, questions=(replace(QUESTIONS[0], metric="longmemeval_judge"),))
    monkeypatch.setattr("memdojo.train.episodes.splits.load_streams", lambda spec, **options: [judged])
    with pytest.raises(ConfigError, match=r"question 'q1' of stream 's' is graded by longmemeval_judge"):
        load_splits(make_config(policy=LANGUAGE, reward={"official": 1.0}))
    endpoint = {"kind": "endpoint", "model": "big", "url": "http://127.0.0.1:1/v1"}
    for tables in ({"reward": {"official": 1.0}, "judge": endpoint}, {"reward": {"token_f1": 1.0}}):
        assert load_splits(make_config(policy=LANGUAGE, **tables))["train"]
