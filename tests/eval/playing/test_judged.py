from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.engines.chat import Conversation, Reply
from memdojo.agents.graders.judging import Judging
from memdojo.cli.judges import judge_from_options
from memdojo.envs.answering import ExtractiveAnswerer
from memdojo.envs.streams.registry import load_streams
from memdojo.errors import ConfigError
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.run import run_evaluation

OPTIONS = {"num_sessions": 1, "turns_per_session": 16, "num_facts": 5, "num_questions": 4}


class YesMan:
    """Finds every answer right, and counts how often it is asked."""

    fingerprint = "yes-man"

    def __init__(self) -> None:
        self.num_asked = 0

    async def reply_one(self, conversation: Conversation, max_tokens: int, temperature: float = 0.0) -> Reply:
        self.num_asked += 1
        return Reply("yes")

    def reply(
        self, conversations: Sequence[Conversation], max_tokens: int, temperature: float = 0.0
    ) -> list[Reply]:
        return [asyncio.run(self.reply_one(each, max_tokens)) for each in conversations]


def test_a_judge_adds_a_column_and_its_verdicts_are_recorded(tmp_path: Path) -> None:
    streams = load_streams("synthetic:test", num_streams=2, **OPTIONS)
    chat = YesMan()
    settings = EvalSettings(
        answerer=ExtractiveAnswerer(), judge=Judging(chat), score="judge", num_seeds=1, capacity_share=0.5
    )
    report = run_evaluation([make_baseline("recency")], streams, settings, folder=tmp_path, num_resamples=50)
    questions = report.evaluation.questions
    answerable = questions[~questions["unanswerable"]]
    assert (answerable["judge"] == 1).all()
    assert (questions["score"] == questions["judge"]).all()
    assert 0 < chat.num_asked <= len(questions)
    # What is recorded is not judged again.
    again = EvalSettings(
        answerer=ExtractiveAnswerer(), judge=Judging(chat), score="judge", num_seeds=1, capacity_share=0.5
    )
    num_asked = chat.num_asked
    run_evaluation([make_baseline("recency")], streams, again, folder=tmp_path, num_resamples=50)
    assert chat.num_asked == num_asked


def test_without_a_judge_there_is_no_such_column() -> None:
    streams = load_streams("synthetic:test", num_streams=1, **OPTIONS)
    settings = EvalSettings(answerer=ExtractiveAnswerer(), num_seeds=1)
    report = run_evaluation([make_baseline("recency")], streams, settings, num_resamples=50)
    assert "judge" not in report.evaluation.questions


def test_judges_of_the_command_line() -> None:
    assert judge_from_options(None) is None
    with pytest.raises(ConfigError, match="names no model"):
        judge_from_options(["operations=rule"])
    with pytest.raises(ConfigError, match=r"judge\.kind is 'oracle'"):
        judge_from_options(["kind=oracle"])
    judge = judge_from_options(["kind=endpoint", "model=big", "url=http://127.0.0.1:1/v1"])
    assert judge is not None
    assert "model=big" in judge.fingerprint
