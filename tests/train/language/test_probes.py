"""Probes on a stream of two turns, over which the greedy policy writes nothing.

There is a question about each turn, asked at the end. A turn that is kept is found for its question, so
every KEEP is worth half of the return, by evidence as by answers.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from builders import make_stream
from memdojo.agents.engines.engine import Generation, GenerationRequest
from memdojo.agents.engines.scripted_engine import ScriptedEngine
from memdojo.agents.language.policies import PromptEncoder
from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.prompts.brief import BriefFormat
from memdojo.envs.prompts.tasks import ManagerTask
from memdojo.envs.types import Question
from memdojo.rewards.reward import Reward
from memdojo.train.algorithms.registry import make_algorithm
from memdojo.train.algorithms.settings import GrpoSettings
from memdojo.train.language.players import LanguagePlayer
from memdojo.train.language.steps import SamplingSettings
from memdojo.train.language.trajectories import LanguageGroup, by_decision
from memdojo.train.rollouts.tasks import RolloutTask
from memdojo.train.rollouts.unscored import bound_unscored

STREAM = make_stream(
    "My favourite drink is tea.",
    "My brother lives in Rome.",
    questions=[
        Question("q0", "What is the favourite drink?", ("tea",), evidence=frozenset({"t0"})),
        Question("q1", "Where lives the brother?", ("Rome",), evidence=frozenset({"t1"})),
    ],
)
RECALL = {"evidence_recall": 1.0}
TASK = RolloutTask(0, (5,), probes=9, alternatives=4)


class _Policy(ScriptedEngine):
    """Says NOOP where it is greedy, and what is drawn at each step of the greedy episode in turn."""

    def __init__(self, encoder: PromptEncoder, *drawn: Sequence[str]) -> None:
        super().__init__(lambda prompt_ids: encoder.encode_reply("NOOP"))
        self._drawn = [[encoder.encode_reply(text) for text in texts] for texts in drawn]
        self._greedy: list[tuple[int, ...]] = []

    async def generate(self, request: GenerationRequest) -> Generation:
        generation = await super().generate(request)
        if not request.temperature:
            self._greedy.append(request.prompt_ids)
            return generation
        token_ids = self._drawn[self._greedy.index(request.prompt_ids)].pop(0)
        return Generation(token_ids, (-1.0,) * len(token_ids), generation.stop_reason, 0)


class _Reader:
    """Answers rightly as soon as the answer stands in the memory; refuses to read some texts."""

    fingerprint = "reader"

    def __init__(self, refused: str = "nothing") -> None:
        self._refused = refused

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        return [self._answer(" ".join(request.context), request.question) for request in requests]

    def _answer(self, memory: str, question: str) -> Answer:
        if self._refused in memory:
            return Answer(None, "time-out")
        word = "tea" if "drink" in question else "Rome"
        return Answer(word if word in memory else "?")


@pytest.fixture(scope="module")
def encoder(tokenizer: Any) -> PromptEncoder:
    return PromptEncoder(tokenizer, BriefFormat(), 400)


def _play(
    encoder: PromptEncoder,
    engine: ScriptedEngine,
    reward: Mapping[str, float] = RECALL,
    answerer: Any = None,
    task: RolloutTask = TASK,
) -> list[LanguageGroup]:
    player = LanguagePlayer(
        [STREAM],
        ManagerTask(BriefFormat()),
        encoder,
        SamplingSettings(max_response_tokens=40, temperature=0.7),
        EpisodeRules(
            reward=Reward(reward),
            answerer=answerer,
            capacity=CapacitySettings(max_entries=2, token_share=math.inf),
        ),
    )
    return by_decision([asyncio.run(player.play(task, engine))])


def _returns(groups: Sequence[LanguageGroup]) -> list[list[float]]:
    return [[trajectory.episode_return for trajectory in group] for group in groups]


def _advantages(groups: Sequence[LanguageGroup], **settings: Any) -> tuple[list[float], Mapping[str, float]]:
    table = {"name": "grpo", "num_updates": 1, "group_start": "probes", "discount": 0.0, **settings}
    algorithm = make_algorithm(GrpoSettings.model_validate(table))
    selection = algorithm.select(groups)
    rows = sum(len(each.rows) for group in selection.groups for each in group)
    return algorithm.estimate(selection.groups, np.zeros(rows)).advantages.tolist(), selection.counts


def test_each_completion_is_paid_what_came_of_its_operations(encoder: PromptEncoder) -> None:
    engine = _Policy(encoder, ["KEEP a", "NOOP", "KEEP a", "hello"], ["NOOP", "NOOP", "KEEP a", "NOOP"])
    groups = _play(encoder, engine, RECALL | {"invalid_operations": 0.1})
    # A malformed completion costs a tenth at one of two steps.
    assert _returns(groups) == [[0.5, 0.0, 0.5, pytest.approx(-0.05)], [0.0, 0.0, 0.5, 0.0]]
    for group in groups:
        assert [len(trajectory.rows) for trajectory in group] == [1] * 4
        assert len({trajectory.rows[0].prompt_ids.tobytes() for trajectory in group}) == 1
    replies = [tuple(each.rows[0].response_ids.tolist()) for each in groups[0]]
    assert replies == [encoder.encode_reply(text) for text in ("KEEP a", "NOOP", "KEEP a", "hello")]
    assert [dict(each.counts) for each in groups[0]] == [
        {"ADD": 1},
        {"NOOP": 1},
        {"ADD": 1},
        {"malformed": 1},
    ]
    assert [each.memory["entries"] for each in groups[0]] == [1, 0, 1, 0]
    # The mean of the first decision is 0.2375, that of the second an eighth.
    advantages, _ = _advantages(groups, normalise=False)
    assert advantages == pytest.approx([0.2625, -0.2375, 0.2625, -0.2875, -0.125, -0.125, 0.375, -0.125])
    # Its deviation is the root of 0.046875, 0.2165.
    advantages, _ = _advantages(groups)
    assert advantages[4:] == pytest.approx([-0.5774, -0.5774, 1.7321, -0.5774], abs=1e-3)


def test_equal_operations_are_played_once_and_those_of_the_greedy_episode_not_again(
    encoder: PromptEncoder,
) -> None:
    engine = _Policy(encoder, ["KEEP a", "NOOP", "KEEP a", "NOOP"], ["NOOP"] * 4)
    _play(encoder, engine)
    asked = [request.temperature for request in engine.requests]
    # Two steps of the greedy episode and, after the one KEEP, the step that is left.
    assert (asked.count(0.7), asked.count(0.0)) == (8, 3)


def test_draws_have_seeds_of_their_own_that_depend_on_the_task_alone(encoder: PromptEncoder) -> None:
    first, second = (_Policy(encoder, ["NOOP"] * 4, ["NOOP"] * 4) for _ in range(2))
    for engine in (first, second):
        _play(encoder, engine)
    assert first.requests == second.requests
    assert len({request.seed for request in first.requests}) == len(first.requests) == 10


def test_as_many_decisions_are_probed_as_the_task_wants(encoder: PromptEncoder) -> None:
    engine = _Policy(encoder, ["NOOP"] * 4, ["NOOP"] * 4)
    groups = _play(encoder, engine, task=RolloutTask(0, (5,), probes=1, alternatives=4))
    assert [len(group) for group in groups] == [4]


def test_decisions_whose_alternatives_earned_the_same_are_left_out_on_request(encoder: PromptEncoder) -> None:
    engine = _Policy(encoder, ["NOOP"] * 4, ["NOOP", "NOOP", "KEEP a", "NOOP"])
    groups = _play(encoder, engine)
    advantages, counts = _advantages(groups, normalise=False, skip_equal_groups=True)
    assert advantages == pytest.approx([-0.125, -0.125, 0.375, -0.125])
    assert (counts["skipped_groups"], counts["dropped_equal"]) == (1, 4)


def test_what_could_not_be_scored_leaves_its_decision_alone(encoder: PromptEncoder) -> None:
    engine = _Policy(encoder, ["KEEP a", "NOOP", "KEEP a", "NOOP"], ["NOOP", "NOOP", "KEEP a", "NOOP"])
    groups = _play(encoder, engine, {"token_f1": 1.0}, _Reader(refused="tea"))
    failed, scored, _, _ = groups[0]
    assert failed.failure.startswith("answer: ")
    assert "time-out" in failed.failure
    assert scored.episode_return == 0
    advantages, counts = _advantages(groups, normalise=False)
    assert advantages == pytest.approx([0.0, 0.0, -0.125, -0.125, 0.375, -0.125])
    assert counts["dropped_unscored"] == 2
    # Two of eight are too many to be left out, and then count as wrong.
    bounded = bound_unscored(groups, 0.2)
    assert _returns(bounded)[0] == [0.0] * 4


class _NeedsADrink(_Reader):
    """Has no answer about drinks from a memory that knows of none."""

    def _answer(self, memory: str, question: str) -> Answer:
        answer = super()._answer(memory, question)
        return Answer(None, "time-out") if "drink" in question and answer.text == "?" else answer


def test_a_greedy_episode_that_cannot_be_scored_may_have_alternatives_that_can(
    encoder: PromptEncoder,
) -> None:
    engine = _Policy(encoder, ["KEEP a", "NOOP", "KEEP a", "NOOP"], ["KEEP a", "NOOP", "NOOP", "NOOP"])
    groups = _play(encoder, engine, {"token_f1": 1.0}, _NeedsADrink())
    # The second decision is about the other question.
    assert [[each.scored for each in group] for group in groups] == [
        [True, False, True, False],
        [False] * 4,
    ]


def test_a_greedy_episode_whose_first_prompt_does_not_fit_fails(tokenizer: Any) -> None:
    encoder = PromptEncoder(tokenizer, BriefFormat(), 5)
    (group,) = _play(encoder, _Policy(encoder))
    assert [each.rows for each in group] == [()] * 4
    assert group[0].failure.startswith("prompt: ")


def test_completions_of_equal_operations_are_paid_for_their_own_length(encoder: PromptEncoder) -> None:
    long = f"<think>{'tea ' * 9}</think>\nKEEP a"
    engine = _Policy(encoder, ["KEEP a", long, "NOOP", "NOOP"], ["NOOP"] * 4)
    groups = _play(encoder, engine, RECALL | {"overlong_responses": 1.0})
    length = len(encoder.encode_reply(long))
    assert 30 < length <= 40
    # Nothing is lost up to 30 of 40 tokens, and all at 40; that of one of two steps counts a half.
    assert _returns(groups)[0] == [0.5, pytest.approx(0.5 - (length - 30) / 10 / 2), 0.0, 0.0]


def test_rewards_that_are_booked_to_earlier_steps_belong_to_the_return(encoder: PromptEncoder) -> None:
    replies = ["KEEP a", "NOOP", "NOOP", "NOOP"], ["NOOP", "NOOP", "KEEP a", "NOOP"]
    for reward in ({"token_f1": 1.0}, {"attribution": 1.0}):
        groups = _play(encoder, _Policy(encoder, *map(list, replies)), reward, _Reader())
        assert _returns(groups) == [[0.5, 0.0, 0.0, 0.0], [0.0, 0.0, 0.5, 0.0]]
