"""Decisions of memory designs, made by a language policy, as trajectories."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from builders import Notebook
from memdojo.agents.designs.parts.protocol import MemoryDesign
from memdojo.agents.designs.running.policy import DesignManager
from memdojo.agents.designs.running.text import DecisionTask
from memdojo.agents.designs.sirllm import SirLLM
from memdojo.agents.engines.scripted_engine import ScriptedEngine
from memdojo.agents.language.policies import PromptEncoder
from memdojo.agents.play import play_manager
from memdojo.envs.answering import Answer, AnswerRequest, ExtractiveAnswerer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.prompts.decisions import BriefDecisionFormat
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Stream
from memdojo.rewards.grading import grade
from memdojo.rewards.reward import Reward
from memdojo.train.language.players import LanguagePlayer
from memdojo.train.language.steps import SamplingSettings
from memdojo.train.language.trajectories import LanguageGroup, by_decision
from memdojo.train.rollouts.tasks import RolloutTask
from memdojo.train.rollouts.unscored import bound_unscored

REWARD = {"token_f1": 1.0, "evidence_recall": 0.5}
NUM_TURNS, NUM_QUESTIONS = 24, 4


@pytest.fixture(scope="module")
def streams() -> list[Stream]:
    sizes = {"num_sessions": 1, "turns_per_session": NUM_TURNS, "num_facts": 6}
    loaded = load_streams(
        "synthetic:validation", num_streams=2, num_questions=NUM_QUESTIONS, mid_stream_share=0.5, **sizes
    )
    return [rechunk(stream, 1) for stream in loaded]


class _Policy(ScriptedEngine):
    """Says what a function makes of the prompt."""

    def __init__(self, tokenizer: Any, say: Callable[[str], str]) -> None:
        encoder = PromptEncoder(tokenizer, BriefDecisionFormat(), 9999)
        super().__init__(lambda ids: encoder.encode_reply(say(encoder.decode_prompt(ids))))


def _by_rule(prompt: str) -> str:
    return prompt.rpartition("RULE ")[2].partition("<")[0]


def _rules(design: DesignManager, reward: Mapping[str, float], capacity: int, answerer: Any) -> EpisodeRules:
    return EpisodeRules(
        reward=Reward(reward),
        capacity=CapacitySettings(max_entries=capacity, token_share=math.inf),
        top_k=3,
        answerer=answerer,
        retriever=design.retriever,
    )


def _player(
    streams: Sequence[Stream],
    tokenizer: Any,
    design: MemoryDesign | None = None,
    *,
    reward: Mapping[str, float] = REWARD,
    capacity: int = 6,
    learned: frozenset[str] | None = None,
    max_prompt_tokens: int = 999,
    answerer: Any = None,
) -> LanguagePlayer:
    manager = DesignManager(design or SirLLM(num_first=1, num_recent=2), embedder="hashed_ngrams")
    task = DecisionTask(BriefDecisionFormat(), manager, learned)
    return LanguagePlayer(
        streams,
        task,
        PromptEncoder(tokenizer, task.format, max_prompt_tokens),
        SamplingSettings(8, temperature=0.7),
        _rules(manager, reward, capacity, answerer or ExtractiveAnswerer()),
    )


def _play(player: LanguagePlayer, task: RolloutTask, engine: Any) -> LanguageGroup:
    return asyncio.run(player.play(task, engine))


def test_an_episode_by_the_rule_is_paid_what_the_design_comes_to(
    streams: list[Stream], tokenizer: Any
) -> None:
    engine = _Policy(tokenizer, _by_rule)
    task = RolloutTask(1, (0,), greedy=True, recorded=True)
    (trajectory,) = _play(_player(streams, tokenizer), task, engine)
    manager = DesignManager(SirLLM(num_first=1, num_recent=2), embedder="hashed_ngrams")
    rules = _rules(manager, REWARD, 6, ExtractiveAnswerer())
    episode = rules.manager(StreamContext(streams[1]), seed=0)
    (outcome,) = play_manager(manager, [episode], rules.answerer)
    reward = Reward(REWARD)
    assert trajectory.episode_return == pytest.approx(sum(reward(step).value or 0 for step in outcome.steps))
    assert trajectory.episode_return == pytest.approx(sum(trajectory.parts.values()))
    assert len(trajectory.rows) == len(engine.requests) == NUM_TURNS - 6
    assert trajectory.memory["entries"] == 6
    record = trajectory.record
    assert record is not None
    assert [step.num_entries for step in record.steps] == [*range(1, 7), *[6] * (NUM_TURNS - 6)]
    assert [bool(step.completion) for step in record.steps] == [False] * 6 + [True] * (NUM_TURNS - 6)
    assert {request.temperature for request in engine.requests} == {0.0}


def test_a_decision_is_paid_for_the_chunks_until_the_next(streams: list[Stream], tokenizer: Any) -> None:
    player = _player(streams, tokenizer, Notebook(keeps=True), capacity=40)
    (trajectory,) = _play(player, RolloutTask(0, (5,)), _Policy(tokenizer, _by_rule))
    finds = ["DECISION find" in _prompt(row, tokenizer) for row in trajectory.rows]
    assert (len(finds), sum(finds)) == (NUM_TURNS + NUM_QUESTIONS, NUM_QUESTIONS)
    # What is not about reading is paid nothing: it never ends a chunk with questions.
    assert not any(row.reward for row, find in zip(trajectory.rows, finds, strict=True) if not find)
    assert trajectory.episode_return > 0


def test_of_several_questions_of_a_chunk_each_decision_is_paid_its_own(
    streams: list[Stream], tokenizer: Any
) -> None:
    player = _player(streams, tokenizer, Notebook(keeps=True), reward={"token_f1": 1.0}, capacity=40)
    (trajectory,) = _play(player, RolloutTask(0, (5,)), _Policy(tokenizer, _by_rule))
    manager = DesignManager(Notebook(keeps=True), embedder="hashed_ngrams")
    rules = _rules(manager, {"token_f1": 1.0}, 40, ExtractiveAnswerer())
    (outcome,) = play_manager(manager, [rules.manager(StreamContext(streams[0]), seed=0)], rules.answerer)
    assert max(len(step.questions) for step in outcome.steps) > 1
    worth = [grade("token_f1", question) for step in outcome.steps for question in step.questions]
    paid = [row.reward for row in trajectory.rows if "DECISION find" in _prompt(row, tokenizer)]
    assert paid == pytest.approx([(value or 0) / NUM_QUESTIONS for value in worth])
    assert len(set(worth)) > 1


def _prompt(row: Any, tokenizer: Any) -> str:
    text: str = tokenizer.decode(row.prompt_ids.tolist(), skip_special_tokens=False)
    return text


def test_what_comes_before_the_first_decision_is_paid_with_it(streams: list[Stream], tokenizer: Any) -> None:
    reward = {"evidence_kept": 1.0}
    player = _player(streams, tokenizer, reward=reward, capacity=NUM_TURNS - 1)
    (trajectory,) = _play(player, RolloutTask(0, (5,)), _Policy(tokenizer, _by_rule))
    # The store has room for all turns but the last one.
    assert len(trajectory.rows) == 1
    whole = _player(streams, tokenizer, reward=reward, capacity=NUM_TURNS)
    (other,) = _play(whole, RolloutTask(0, (5,)), _Policy(tokenizer, _by_rule))
    assert trajectory.rows[0].reward == trajectory.episode_return
    assert 0.5 < trajectory.episode_return <= other.episode_return


def test_only_what_is_learned_is_asked(streams: list[Stream], tokenizer: Any) -> None:
    player = _player(streams, tokenizer, Notebook(keeps=True), capacity=40, learned=frozenset({"find"}))
    (trajectory,) = _play(player, RolloutTask(0, (5,)), _Policy(tokenizer, lambda prompt: "2"))
    assert len(trajectory.rows) == NUM_QUESTIONS
    assert trajectory.counts["ADD"] == NUM_TURNS


def test_malformed_replies_go_by_the_rule_and_cost(streams: list[Stream], tokenizer: Any) -> None:
    reward = {"token_f1": 1.0, "invalid_operations": 0.1}
    player = _player(streams, tokenizer, reward=reward)
    (right,) = _play(player, RolloutTask(0, (5,)), _Policy(tokenizer, _by_rule))
    (wrong,) = _play(player, RolloutTask(0, (5,)), _Policy(tokenizer, lambda prompt: "no"))
    num_decisions = NUM_TURNS - 6
    assert wrong.counts["malformed"] == num_decisions
    assert "malformed" not in right.counts
    assert wrong.parts["token_f1"] == right.parts["token_f1"]
    assert wrong.parts["invalid_operations"] == pytest.approx(-0.1 * num_decisions / NUM_TURNS)
    assert all(row.reward < other.reward for row, other in zip(wrong.rows, right.rows, strict=True))


def test_seeds_depend_on_chunk_and_decision(streams: list[Stream], tokenizer: Any) -> None:
    player = _player(streams, tokenizer, Notebook(keeps=True), capacity=40)
    engine, again = (_Policy(tokenizer, _by_rule) for _ in range(2))
    for each in (engine, again):
        _play(player, RolloutTask(0, (5, 6)), each)
    seeds = [request.seed for request in engine.requests]
    assert len(set(seeds)) == len(seeds) == 2 * (NUM_TURNS + NUM_QUESTIONS)
    assert again.requests == engine.requests


def test_the_episodes_of_a_fork_share_what_came_before(streams: list[Stream], tokenizer: Any) -> None:
    engine = _Policy(tokenizer, _by_rule)
    group = _play(_player(streams, tokenizer), RolloutTask(0, (5, 6), fork_turn=12), engine)
    assert [len(each.rows) for each in group] == [NUM_TURNS - 12] * 2
    assert len(engine.requests) == 6 + 2 * (NUM_TURNS - 12)
    assert all(each.is_local for each in group)
    assert len({each.rows[0].prompt_ids.tobytes() for each in group}) == 1


@pytest.mark.parametrize(
    "task",
    [RolloutTask(0, (5, 6)), RolloutTask(0, (5, 6), fork_turn=23), RolloutTask(0, (0, 1), greedy=True)],
)
def test_an_episode_without_a_decision_counts_and_teaches_nothing(
    task: RolloutTask, streams: list[Stream], tokenizer: Any
) -> None:
    engine = _Policy(tokenizer, _by_rule)
    group = _play(_player(streams, tokenizer, capacity=200), task, engine)
    assert engine.requests == []
    for trajectory in group:
        assert trajectory.scored
        assert not trajectory.loss_mask.any()
        # What comes before a fork is not learned from.
        assert (trajectory.episode_return > 0) is not trajectory.is_local


def test_a_question_without_an_answer_fails_the_episode_before_any_decision_too(
    streams: list[Stream], tokenizer: Any
) -> None:
    class Silent:
        fingerprint = "silent"

        def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
            return [Answer(None, "time-out") for _ in requests]

    for capacity in (6, 200):
        player = _player(streams, tokenizer, capacity=capacity, answerer=Silent())
        (failed,) = _play(player, RolloutTask(0, (5,)), _Policy(tokenizer, _by_rule))
        assert failed.failure.startswith("answer: ")
        assert not failed.scored
        scored = _play(_player(streams, tokenizer), RolloutTask(0, (5,)), _Policy(tokenizer, _by_rule))
        (worst,), _ = bound_unscored([(failed,), scored], 0.1)
        assert worst.scored


def test_a_prompt_without_room_for_what_is_decided_on_fails_the_episode(
    streams: list[Stream], tokenizer: Any
) -> None:
    player = _player(streams, tokenizer, max_prompt_tokens=12)
    (trajectory,) = _play(player, RolloutTask(0, (5,)), _Policy(tokenizer, _by_rule))
    assert trajectory.failure.startswith("prompt: ")
    # A little more has room for the option of the rule.
    shorter = _player(streams, tokenizer, max_prompt_tokens=200)
    (cut,) = _play(shorter, RolloutTask(0, (5,)), _Policy(tokenizer, _by_rule))
    assert cut.scored
    assert max(row.num_left_out for row in cut.rows) > 0


def test_probes_compare_what_came_of_single_decisions(streams: list[Stream], tokenizer: Any) -> None:
    class Drawing(_Policy):
        """Takes the rule's option where it is greedy, and else the first, second, third ... in turn."""

        async def generate(self, request: Any) -> Any:
            self.is_greedy = not request.temperature
            return await super().generate(request)

    num_drawn = 0

    def say(prompt: str) -> str:
        nonlocal num_drawn
        if engine.is_greedy:
            return _by_rule(prompt)
        num_drawn += 1
        return ("1", "2", "3", "no")[num_drawn % 4]

    engine = Drawing(tokenizer, say)
    reward = {"evidence_recall": 1.0, "invalid_operations": 0.1}
    player = _player(streams, tokenizer, reward=reward)
    groups = by_decision([_play(player, RolloutTask(0, (5,), probes=3, alternatives=8), engine)])
    assert [len(group) for group in groups] == [8, 8, 8]
    (greedy,) = _play(player, RolloutTask(0, (5,), greedy=True), _Policy(tokenizer, _by_rule))
    returns = set()
    for group in groups:
        by_reply: dict[bytes, set[float]] = {}
        for each in group:
            assert len(each.rows) == 1
            by_reply.setdefault(each.rows[0].response_ids.tobytes(), set()).add(each.episode_return)
        # Equal choices are paid the same; no option at all is the rule's, less what it costs.
        assert len(by_reply) == 4
        assert all(len(paid) == 1 for paid in by_reply.values())
        returns |= set().union(*by_reply.values())
        assert min(each.episode_return for each in group) <= greedy.episode_return - 0.1 / NUM_TURNS + 1e-9
    assert greedy.episode_return in returns
    assert len(returns) > 2


def test_probes_of_an_episode_without_a_decision_count_and_teach_nothing(
    streams: list[Stream], tokenizer: Any
) -> None:
    player = _player(streams, tokenizer, capacity=200)
    group = _play(player, RolloutTask(0, (5,), probes=3, alternatives=4), _Policy(tokenizer, _by_rule))
    assert len(group) == 4
    assert all(each.scored and not each.loss_mask.any() for each in group)
