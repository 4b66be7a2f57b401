"""MemSifter's episodes as they are played: tiers, warm-up, failures, hacks, and what is trained on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from builders import make_stream
from memdojo.agents.engines.scripted_engine import ScriptedEngine
from memdojo.agents.language.policies import PromptEncoder
from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.episodes.archive import Granularity, Tiers
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.prompts.memsifter import MemSifterFormat
from memdojo.envs.prompts.tasks import RankingTask
from memdojo.envs.types import Question
from memdojo.rewards.reward import Reward
from memdojo.train.algorithms.grpo import Grpo
from memdojo.train.algorithms.settings import GrpoSettings
from memdojo.train.language.players import LanguagePlayer
from memdojo.train.language.steps import SamplingSettings
from memdojo.train.language.trajectories import LanguageGroup
from memdojo.train.rollouts.tasks import RolloutTask

REWARD = {"marginal_utility": 1.0, "evidence_dcg": 0.5}
NUM_SESSIONS = 4


STREAM = make_stream(
    "I like tea.",
    "My dog is called Oscar.",
    "I moved to Lake Como.",
    "The weather is fine.",
    questions=[Question("q", "Where does Ann live?", ("Lake Como",), evidence=frozenset({"t2"}))],
    session=[f"session {number}" for number in range(NUM_SESSIONS)],
    time=datetime(2023, 5, 1),
    daily=True,
)
"""Four sessions; the third one says where Ann lives."""


class Reader:
    """Knows where Ann lives as soon as it reads it, and says Rome otherwise; counts what it is asked."""

    fingerprint = "reader"

    def __init__(self, failing: int = -1) -> None:
        self.asked: list[AnswerRequest] = []
        self._failing = failing

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        self.asked += requests
        return [
            Answer(None, "timed out")
            if len(request.context) == self._failing
            else Answer("Lake Como" if "Como" in " ".join(request.context) else "Rome")
            for request in requests
        ]


def _play(
    tokenizer: Any,
    completions: Sequence[str],
    *,
    reader: Reader | None = None,
    reward: Reward | None = None,
    update: int = 0,
) -> LanguageGroup:
    """Play a group, each episode with its completion, at the tiers 1, 2 and 3."""
    task = RankingTask(MemSifterFormat(), None)
    encoder = PromptEncoder(tokenizer, task.format, 4000)
    player = LanguagePlayer(
        [STREAM],
        task,
        encoder,
        SamplingSettings(max_response_tokens=200),
        EpisodeRules(
            reward=reward or Reward(REWARD, {"evidence_dcg": 4}),
            top_k=3,
            answerer=reader or Reader(),
            granularity=Granularity.SESSION,
            tiers=Tiers((1, 2, 3)),
        ),
    )
    engine = ScriptedEngine([encoder.encode_reply(completion) for completion in completions])
    seeds = tuple(range(len(completions)))
    return asyncio.run(player.play(RolloutTask(0, seeds, question=0, update=update), engine))


def test_a_ranking_is_paid_by_what_its_tiers_do_for_the_answer(tokenizer: Any) -> None:
    first, second, never = _play(
        tokenizer,
        [
            "<think>Como</think><ranking>3,1,2</ranking>",
            "<ranking>1,3,2</ranking>",
            "<ranking>1,2,4</ranking>",
        ],
        reward=Reward({"marginal_utility": 1.0}),
    )
    assert first.episode_return == pytest.approx(1)
    assert dict(first.counts) == {"RANK": 1}
    # From rank 2 on: 1/log2(3).
    assert second.episode_return == pytest.approx(0.6309, abs=1e-4)
    assert never.episode_return == 0


def test_the_warm_up_pays_for_the_ranks_less_with_each_update(tokenizer: Any) -> None:
    completion = ["<ranking>1,3,2</ranking>"] * 2
    # .6309 for the answers, and as much DCG with weights .5, .25 and 0.
    returns = [_play(tokenizer, completion, update=update)[0].episode_return for update in (0, 2, 4, 9)]
    assert returns == pytest.approx([0.9464, 0.7886, 0.6309, 0.6309], abs=1e-4)
    assert set(_play(tokenizer, completion, update=4)[0].parts) == {"marginal_utility"}


def test_a_response_that_nears_its_limit_is_paid_less(tokenizer: Any) -> None:
    encoder = PromptEncoder(tokenizer, MemSifterFormat(), 99)
    reply = "<think>{}</think><ranking>3,1,2</ranking>"
    long = reply.format("Como " * 50)
    length = len(encoder.encode_reply(long))
    assert 150 < length < 200
    group = _play(tokenizer, [reply.format(""), long], reward=Reward({"overlong_responses": 1.0}))
    # Of 200 tokens the last 50 cost.
    assert [each.episode_return for each in group] == pytest.approx([0, -(length - 150) / 50])


def test_all_tokens_that_were_sampled_are_trained_thoughts_among_them(tokenizer: Any) -> None:
    completion = "<think>Como is a lake.</think><ranking>3,1,2</ranking>"
    (trajectory,) = _play(tokenizer, [completion])
    reply = PromptEncoder(tokenizer, MemSifterFormat(), 99).encode_reply(completion)
    assert tuple(trajectory.rows[0].response_ids.tolist()) == reply


@pytest.mark.parametrize(
    "completion",
    [
        "<ranking>3,3,3</ranking>",
        "<ranking>3,1,9</ranking>",
        "<ranking>-1,-2,-3</ranking>",
        "<ranking>1,2,3,4</ranking>",
        "<think>for ever",
        "",
    ],
)
def test_rankings_that_cheat_are_worth_what_a_failure_is(tokenizer: Any, completion: str) -> None:
    reward = Reward({"marginal_utility": 1.0, "malformed_ranking": 0.25, "evidence_dcg": 0.5})
    (trajectory,) = _play(tokenizer, [completion], reward=reward)
    assert trajectory.episode_return == -0.25
    assert dict(trajectory.counts) == {"malformed": 1}


def test_the_question_without_memory_is_asked_once_a_group_and_beginnings_are_shared(tokenizer: Any) -> None:
    reader = Reader()
    completions = [f"<ranking>{ranking}</ranking>" for ranking in ("3,1,2", "3,1,4", "3,1,2", "1,3,2")]
    _play(tokenizer, [*completions, "no ranking"], reader=reader)
    contexts = [len(request.context) for request in reader.asked]
    # Of 5 * 4 answers: one without memory; first ranks 3 and 1; (3, 1) and (1, 3); three whole rankings.
    assert sorted(contexts) == [0, 1, 1, 2, 2, 3, 3, 3]


def test_an_answer_that_could_not_be_had_takes_its_rollouts_out_of_the_batch(tokenizer: Any) -> None:
    group = _play(
        tokenizer,
        ["<ranking>3,1,2</ranking>", "no ranking", "no ranking"],
        reader=Reader(failing=2),
        reward=Reward({"marginal_utility": 1.0}),
    )
    assert [trajectory.scored for trajectory in group] == [False, True, True]
    assert group[0].failure.startswith("answer: ")
    assert "timed out" in group[0].failure
    selection = Grpo(GrpoSettings(name="grpo", num_updates=1)).select([group])
    assert selection.counts["dropped_unscored"] == 1
    assert [len(kept) for kept in selection.groups] == [2]


def test_constant_scores_teach_nothing_and_their_group_is_skipped(tokenizer: Any) -> None:
    # Whatever is ranked, the reader knows nothing more than without memory.
    group = _play(
        tokenizer,
        ["<ranking>1,2,4</ranking>", "<ranking>4,2,1</ranking>", "no ranking"],
        reward=Reward({"marginal_utility": 1.0}),
    )
    assert [trajectory.episode_return for trajectory in group] == [0, 0, 0]
    skipping = Grpo(GrpoSettings(name="grpo", num_updates=1, skip_equal_groups=True, advantage="trajectory"))
    assert skipping.select([group]).counts["skipped_groups"] == 1


def test_the_advantages_of_a_group_by_hand(tokenizer: Any) -> None:
    group = _play(
        tokenizer,
        ["<ranking>3,1,2</ranking>", "<ranking>1,3,2</ranking>", "no ranking"],
        reward=Reward({"marginal_utility": 1.0}),
    )
    # Returns 1, .6309 and 0: mean .5436, deviation sqrt((.2083 + .0076 + .2955) / 3) = .4129.
    algorithm = Grpo(GrpoSettings(name="grpo", num_updates=1, advantage="trajectory"))
    assert algorithm.estimate([group], np.zeros(0)).advantages == pytest.approx(
        [1.1053, 0.2114, -1.3167], abs=1e-3
    )
