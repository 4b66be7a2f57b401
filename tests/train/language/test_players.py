from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from memdojo.agents.engines.engine import Generation, GenerationRequest
from memdojo.agents.engines.scripted_engine import ScriptedEngine
from memdojo.agents.language.policies import PromptEncoder
from memdojo.envs.answering import Answer, Answerer, AnswerRequest, ExtractiveAnswerer
from memdojo.envs.episodes.context import questions_in_order
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.memory.retrieval.retrievers import BM25Retriever
from memdojo.envs.prompts.brief import BriefFormat
from memdojo.envs.prompts.plain import PlainAnswerFormat, PlainRankingFormat
from memdojo.envs.prompts.tasks import AnswerTask, ManagerTask, RankingTask
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Stream
from memdojo.errors import EngineError
from memdojo.rewards.reward import Reward
from memdojo.train.language.players import LanguagePlayer
from memdojo.train.language.ray_rollouts import share_out_tasks
from memdojo.train.language.steps import SamplingSettings
from memdojo.train.language.trajectories import LanguageGroup
from memdojo.train.rollouts.tasks import RolloutTask

from .conftest import OPTIONS

RECALL = {"evidence_recall": 1.0, "invalid_operations": 0.1}


@pytest.fixture(scope="module")
def streams() -> list[Stream]:
    loaded = load_streams("synthetic:train", num_streams=2, **OPTIONS)
    return [rechunk(stream, 3) for stream in loaded]


def _manager(
    streams: Sequence[Stream],
    tokenizer: Any,
    reward: dict[str, float] = RECALL,
    answerer: Answerer | None = None,
    max_prompt_tokens: int = 1000,
) -> LanguagePlayer:
    task = ManagerTask(BriefFormat())
    return LanguagePlayer(
        streams,
        task,
        PromptEncoder(tokenizer, task.format, max_prompt_tokens),
        SamplingSettings(max_response_tokens=16, temperature=0.7),
        EpisodeRules(
            reward=Reward(reward),
            capacity=CapacitySettings(max_entries=3, token_share=math.inf),
            top_k=5,
            answerer=answerer,
        ),
    )


def _saying(tokenizer: Any, text: str, **how: Any) -> ScriptedEngine:
    ids = PromptEncoder(tokenizer, BriefFormat(), 10_000).encode_reply(text)
    return ScriptedEngine(lambda prompt_ids: ids, **how)


def _play(player: LanguagePlayer, task: RolloutTask, engine: Any) -> LanguageGroup:
    return asyncio.run(player.play(task, engine))


def test_an_episode_is_a_row_for_each_chunk(streams: list[Stream], tokenizer: Any) -> None:
    engine = _saying(tokenizer, "KEEP a")
    group = _play(_manager(streams, tokenizer), RolloutTask(0, (1, 2)), engine)
    assert [len(trajectory.rows) for trajectory in group] == [4, 4]
    assert all(trajectory.stream_id == streams[0].id for trajectory in group)
    # The fourth KEEP finds a full store.
    assert [dict(trajectory.counts) for trajectory in group] == [{"ADD": 3, "rejected": 1}] * 2
    for trajectory in group:
        assert trajectory.scored
        assert trajectory.episode_return == pytest.approx(sum(trajectory.parts.values()))


def test_a_row_keeps_what_was_sampled(streams: list[Stream], tokenizer: Any) -> None:
    engine = _saying(tokenizer, "KEEP b", log_prob=-0.25)
    (trajectory,) = _play(_manager(streams, tokenizer), RolloutTask(0, (1,)), engine)
    row, request = trajectory.rows[0], engine.requests[0]
    reply = PromptEncoder(tokenizer, BriefFormat(), 99).encode_reply("KEEP b")
    assert tuple(row.prompt_ids.tolist()) == request.prompt_ids
    assert tuple(row.response_ids.tolist()) == reply
    assert row.log_probs.tolist() == [-0.25] * len(row.response_ids)
    assert not row.is_cut_off


def test_training_samples_with_seeds_of_episode_and_step_and_validation_is_greedy(
    streams: list[Stream], tokenizer: Any
) -> None:
    player, engine = _manager(streams, tokenizer), _saying(tokenizer, "NOOP")
    _play(player, RolloutTask(0, (1, 2)), engine)
    seeds = [request.seed for request in engine.requests]
    assert len(set(seeds)) == len(seeds) == 8
    assert {request.temperature for request in engine.requests} == {0.7}
    again = _saying(tokenizer, "NOOP")
    _play(player, RolloutTask(0, (1, 2)), again)
    assert again.requests == engine.requests
    greedy = _saying(tokenizer, "NOOP")
    _play(player, RolloutTask(0, (1,), greedy=True), greedy)
    assert {request.temperature for request in greedy.requests} == {0.0}


def test_malformed_completions_are_counted_and_cost(streams: list[Stream], tokenizer: Any) -> None:
    (trajectory,) = _play(_manager(streams, tokenizer), RolloutTask(0, (1,)), _saying(tokenizer, "hello"))
    assert dict(trajectory.counts) == {"malformed": 4}
    assert trajectory.parts["invalid_operations"] == pytest.approx(-0.1)
    assert trajectory.scored


def test_the_episodes_of_a_fork_share_the_steps_before_it(streams: list[Stream], tokenizer: Any) -> None:
    engine = _saying(tokenizer, "KEEP a")
    group = _play(_manager(streams, tokenizer), RolloutTask(0, (1, 2, 3), fork_turn=7), engine)
    assert [len(trajectory.rows) for trajectory in group] == [2, 2, 2]
    # Turn 7 is in the third chunk of three: two steps before the fork, then two of each episode.
    assert len(engine.requests) == 2 + 3 * 2
    assert len({trajectory.rows[0].prompt_ids.tobytes() for trajectory in group}) == 1
    # What was done before the fork is not learnt from.
    assert [dict(trajectory.counts) for trajectory in group] == [{"ADD": 1, "rejected": 1}] * 3
    assert all(trajectory.is_local for trajectory in group)
    # Turn 1 is in the first chunk, before which nothing was decided.
    whole = _play(_manager(streams, tokenizer), RolloutTask(0, (1, 2), fork_turn=1), engine)
    assert not any(trajectory.is_local for trajectory in whole)


def test_a_slow_episode_holds_up_nobody(streams: list[Stream], tokenizer: Any) -> None:
    done: list[int] = []
    ids = PromptEncoder(tokenizer, BriefFormat(), 99).encode_reply("NOOP")

    class Watching(ScriptedEngine):
        async def generate(self, request: GenerationRequest) -> Generation:
            assert request.seed is not None
            number = len(self.requests)
            generation = await super().generate(request)
            done.append(number)
            return generation

    # The first request of the first episode takes a while; the other episode ends meanwhile.
    engine = Watching(lambda prompt_ids: ids, delays_s={0: 0.3})
    _play(_manager(streams, tokenizer), RolloutTask(0, (1, 2)), engine)
    assert done.index(0) == 4


class _Refusing:
    """Has no answer to one question."""

    fingerprint = "refusing"

    def __init__(self, question: str) -> None:
        self.question = question

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        return [
            Answer(None, "time-out") if request.question == self.question else Answer("tea")
            for request in requests
        ]


def test_an_episode_whose_answer_could_not_be_had_is_unscored_with_the_reason(
    streams: list[Stream], tokenizer: Any
) -> None:
    question = questions_in_order(streams[0])[0].text
    player = _manager(streams, tokenizer, {"token_f1": 1.0}, _Refusing(question))
    failed, *_ = _play(player, RolloutTask(0, (1,)), _saying(tokenizer, "NOOP"))
    assert not failed.scored
    assert failed.failure.startswith("answer: ")
    assert "time-out" in failed.failure
    assert math.isnan(failed.rows[-1].reward)
    (other,) = _play(player, RolloutTask(1, (1,)), _saying(tokenizer, "NOOP"))
    assert other.scored


def test_an_episode_whose_prompt_does_not_fit_fails_alone(streams: list[Stream], tokenizer: Any) -> None:
    player = _manager(streams, tokenizer, max_prompt_tokens=20)
    (trajectory,) = _play(player, RolloutTask(0, (1,)), _saying(tokenizer, "NOOP"))
    assert trajectory.rows == ()
    assert trajectory.failure.startswith("prompt: a prompt has ")


def test_an_engine_that_fails_ends_the_task(streams: list[Stream], tokenizer: Any) -> None:
    engine = _saying(tokenizer, "NOOP", failing={2: EngineError("it died.")})
    with pytest.raises(EngineError, match=r"it died\."):
        _play(_manager(streams, tokenizer), RolloutTask(0, (1, 2)), engine)


def test_rows_say_how_many_entries_were_left_out(streams: list[Stream], tokenizer: Any) -> None:
    (whole,) = _play(_manager(streams, tokenizer), RolloutTask(0, (1,)), _saying(tokenizer, "KEEP a"))
    assert [row.num_left_out for row in whole.rows] == [0, 0, 0, 0]
    limit = max(len(row.prompt_ids) for row in whole.rows) - 1
    player = _manager(streams, tokenizer, max_prompt_tokens=limit)
    (cut,) = _play(player, RolloutTask(0, (1,)), _saying(tokenizer, "KEEP a"))
    assert max(row.num_left_out for row in cut.rows) >= 1


def test_a_group_s_equal_questions_are_asked_once(streams: list[Stream], tokenizer: Any) -> None:
    player = _manager(streams, tokenizer, {"token_f1": 1.0}, ExtractiveAnswerer())
    _play(player, RolloutTask(0, (1, 2, 3, 4)), _saying(tokenizer, "KEEP a"))
    num_questions = len(streams[0].questions)
    assert player.answer_counts == (3 * num_questions, num_questions)


class _Knows:
    """Answers rightly as soon as anything is found in the memory."""

    fingerprint = "knows"

    def __init__(self, stream: Stream) -> None:
        self.references = {question.text: question.answers[0] for question in stream.questions}

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        return [Answer(self.references[each.question] if each.context else "?") for each in requests]


def test_what_a_row_does_to_the_answers_to_come_is_for_that_row_alone(
    streams: list[Stream], tokenizer: Any
) -> None:
    player = _manager(streams, tokenizer, {"answerability": 1.0}, _Knows(streams[0]))
    (trajectory,) = _play(player, RolloutTask(0, (1,)), _saying(tokenizer, "KEEP a"))
    assert trajectory.scored
    assert [row.step_reward for row in trajectory.rows] == [row.reward for row in trajectory.rows]
    assert any(row.reward for row in trajectory.rows[:-1])
    scored = _manager(streams, tokenizer, {"token_f1": 1.0}, _Knows(streams[0]))
    (whole,) = _play(scored, RolloutTask(0, (1,)), _saying(tokenizer, "KEEP a"))
    # Without a memory every answer is worth nothing.
    assert trajectory.episode_return == pytest.approx(whole.episode_return)
    assert whole.episode_return > 0


def test_rows_are_paid_for_the_answers_that_go_back_to_them(streams: list[Stream], tokenizer: Any) -> None:
    engine = _saying(tokenizer, "KEEP a")
    plain = _manager(streams, tokenizer, {"token_f1": 1.0}, _Knows(streams[0]))
    booked = _manager(streams, tokenizer, {"attribution": 1.0}, _Knows(streams[0]))
    for task in (RolloutTask(0, (1,)), RolloutTask(0, (1,), fork_turn=3)):
        (as_asked,), (as_written,) = _play(plain, task, engine), _play(booked, task, engine)
        rewards = [row.reward for row in as_written.rows]
        assert rewards == [row.step_reward for row in as_written.rows]
        assert sum(rewards) == pytest.approx(as_written.parts["attribution"])
        # The fourth KEEP finds a full store, so nothing goes back to it, and it is asked most.
        assert rewards[-1] < as_asked.rows[-1].reward
        assert rewards[0] > as_asked.rows[0].reward
        # What was written before the fork is not learned from.
        lost = as_asked.episode_return - as_written.episode_return
        assert lost > 0.1 if task.fork_turn else lost == pytest.approx(0)


def test_a_retriever_s_episode_is_one_question(streams: list[Stream], tokenizer: Any) -> None:
    task = RankingTask(PlainRankingFormat(), 12)
    player = LanguagePlayer(
        streams,
        task,
        PromptEncoder(tokenizer, task.format, 2000),
        SamplingSettings(64),
        EpisodeRules(reward=Reward({"evidence_recall": 1.0}), top_k=12),
    )
    everything = ", ".join(str(number) for number in range(1, 13))
    asked = questions_in_order(streams[0])
    last = max(range(len(asked)), key=lambda index: -1 if asked[index].ask_after is not None else index)
    engine = _saying(tokenizer, everything)
    group = _play(player, RolloutTask(0, (1, 2), question=last), engine)
    assert [len(trajectory.rows) for trajectory in group] == [1, 1]
    # All that was said is ranked, so all evidence is found, and the question counts as a whole episode.
    assert [trajectory.episode_return for trajectory in group] == [1.0, 1.0]


def test_an_answer_agent_is_graded_on_its_own_answer(streams: list[Stream], tokenizer: Any) -> None:
    task = AnswerTask(PlainAnswerFormat(), BM25Retriever(), 5)
    player = LanguagePlayer(
        streams,
        task,
        PromptEncoder(tokenizer, task.format, 2000),
        SamplingSettings(64),
        EpisodeRules(reward=Reward({"exact_match": 1.0}), top_k=5),
    )
    question = questions_in_order(streams[0])[0]
    right = _saying(tokenizer, f"USE\nANSWER {question.answers[0]}")
    wrong = _saying(tokenizer, "USE\nANSWER nonsense")
    assert _play(player, RolloutTask(0, (1,), question=0), right)[0].episode_return == 1.0
    assert _play(player, RolloutTask(0, (1,), question=0), wrong)[0].episode_return == 0.0


def test_a_worker_gets_what_it_played_before_and_no_more_than_its_share() -> None:
    tasks = [RolloutTask(stream, (1,), question=question) for stream in range(4) for question in range(5)]
    workers = share_out_tasks(tasks, 3)
    assert sorted(Counter(workers).values()) == [6, 7, 7]
    # Alone, each goes home, whatever else there is in other updates.
    homes = [share_out_tasks([task], 3)[0] for task in tasks]
    assert share_out_tasks(tasks[::-1], 3)[0] == homes[-1]
    assert sum(worker == home for worker, home in zip(workers, homes, strict=True)) >= 15
    assert share_out_tasks(tasks, 1) == [0] * 20


def test_a_recorded_episode_has_what_each_step_did_to_the_store(
    streams: list[Stream], tokenizer: Any
) -> None:
    player, engine = _manager(streams, tokenizer), _saying(tokenizer, "KEEP a")
    (trajectory,) = _play(player, RolloutTask(0, (1,), greedy=True, recorded=True), engine)
    record = trajectory.record
    assert record is not None
    assert (record.stream, record.figures) == (
        streams[0].id,
        {"capacity_entries": 3, "capacity_tokens": None},
    )
    # The fourth KEEP finds a full store.
    assert [step.num_entries for step in record.steps] == [1, 2, 3, 3]
    assert [step.completion for step in record.steps] == ["KEEP a"] * 4
    statuses = [operation.status.value for step in record.steps for operation in step.operations]
    assert statuses[:3] == ["applied"] * 3
    assert statuses[3] != "applied"
    assert [step.turns for step in record.steps] == [
        tuple(turn.id for turn in chunk.turns) for chunk in streams[0].chunks
    ]
    (plain,) = _play(player, RolloutTask(0, (1,), greedy=True), engine)
    assert plain.record is None


def test_an_episode_tells_what_its_memory_came_to(streams: list[Stream], tokenizer: Any) -> None:
    (trajectory,) = _play(_manager(streams, tokenizer), RolloutTask(0, (1,)), _saying(tokenizer, "KEEP a"))
    assert trajectory.memory["entries"] == 3
    assert 0 < trajectory.memory["compression"] < 1
    assert 0 <= trajectory.memory["evidence_stored"] <= 1
    failing = _manager(streams, tokenizer, max_prompt_tokens=5)
    (failed,) = _play(failing, RolloutTask(0, (1,)), _saying(tokenizer, "KEEP a"))
    assert failed.failure
    assert failed.memory == {}
