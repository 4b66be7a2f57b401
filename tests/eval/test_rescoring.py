import json
import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from memdojo.agents.baselines.registry import make_baseline, make_retriever_baseline
from memdojo.envs.answering import Answer, AnswerRequest, ExtractiveAnswerer
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError, DataError
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.records.files import read_conditions, read_episodes
from memdojo.eval.report import EvalReport
from memdojo.eval.rescoring import recorded_settings, rescore
from memdojo.eval.run import run_evaluation
from memdojo.eval.tables.conditions import conditions_text
from memdojo.rewards.outcomes import QuestionOutcome


class FirstLine:
    """Says the first line that it is given, and counts what it is asked."""

    fingerprint = "first line"

    def __init__(self) -> None:
        self.num_asked = 0

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        self.num_asked += len(requests)
        return [Answer(request.context[0] if request.context else "nothing") for request in requests]


class Strict:
    fingerprint = "strict"

    def grade(self, questions: Sequence[QuestionOutcome]) -> list[float | None]:
        return [float(question.answer in question.references) for question in questions]


@pytest.fixture(scope="module")
def streams() -> list[Stream]:
    return load_streams("synthetic:test", num_streams=2, num_sessions=3, num_facts=8, num_questions=8)


def played(streams: list[Stream], answerer: object, folder: Path | None = None, **how: object) -> EvalReport:
    settings = EvalSettings(capacity_share=0.3, answerer=answerer, **how)  # type: ignore[arg-type]
    return run_evaluation([make_baseline("recency")], streams, settings, folder=folder, num_resamples=50)


def test_another_metric_gives_what_it_would_have_given(streams: list[Stream], tmp_path: Path) -> None:
    played(streams, ExtractiveAnswerer(), tmp_path)
    again = rescore(tmp_path, score="exact_match", ranks=(1,), failed_below=0.9, num_resamples=50)
    expected = played(streams, ExtractiveAnswerer(), score="exact_match", ranks=(1,), failed_below=0.9)
    pd.testing.assert_frame_equal(again.evaluation.questions, expected.evaluation.questions)
    pd.testing.assert_frame_equal(again.evaluation.findings.failures, expected.evaluation.findings.failures)
    pd.testing.assert_frame_equal(again.evaluation.findings.plans, expected.evaluation.findings.plans)
    pd.testing.assert_frame_equal(
        again.summary.drop(columns="seconds"), expected.summary.drop(columns="seconds")
    )
    assert again.details["settings"] == expected.details["settings"]
    assert again.details["settings"]["answerer"].startswith("extractive")


def test_entries_are_limited_alone_in_files_as_well(streams: list[Stream], tmp_path: Path) -> None:
    alone = played(streams, None, tmp_path, token_share=math.inf)
    alone.write(tmp_path)
    saved = json.loads((tmp_path / "eval.json").read_text())
    assert saved["settings"] == alone.details["settings"]
    assert "A store of 30% of the turns, " in conditions_text(saved)
    assert recorded_settings(tmp_path).token_share == math.inf
    with pytest.raises(ConfigError, match="played with token_share = 'inf', and now it is None"):
        played(streams, None, tmp_path)


def test_another_answerer_is_asked_about_what_was_retrieved(streams: list[Stream], tmp_path: Path) -> None:
    played(streams, ExtractiveAnswerer(), tmp_path / "a")
    answerer = FirstLine()
    out = tmp_path / "b"
    again = rescore(tmp_path / "a", answerer=answerer, out=out, num_resamples=50)
    assert answerer.num_asked == 3 * 16
    expected = played(streams, FirstLine())
    pd.testing.assert_frame_equal(again.evaluation.questions, expected.evaluation.questions)
    # The episodes with their new answers can be rescored like any others.
    assert read_conditions(out)["answerer"] == "first line"
    third = rescore(out, num_resamples=50)
    pd.testing.assert_frame_equal(third.evaluation.questions, expected.evaluation.questions)
    with pytest.raises(ConfigError, match="choose another folder for them"):
        rescore(tmp_path / "a", answerer=answerer, out=tmp_path / "a")


def test_a_judge_gives_verdicts_without_a_new_answer(streams: list[Stream], tmp_path: Path) -> None:
    played(streams, ExtractiveAnswerer(), tmp_path / "a")
    again = rescore(tmp_path / "a", score="judge", judge=Strict(), out=tmp_path / "b", num_resamples=50)
    rows = again.evaluation.questions
    expected = [
        float(answer in references.split(" | "))
        for answer, references in zip(rows["answer"], rows["references"], strict=True)
    ]
    assert rows["score"].tolist() == expected
    verdicts = [q.verdict for record in read_episodes(tmp_path / "b") for q in record.outcome.questions]
    assert verdicts == expected
    assert read_conditions(tmp_path / "b")["judge"] == "strict"


def test_retrievers_are_rescored_alike(streams: list[Stream], tmp_path: Path) -> None:
    settings = EvalSettings(answerer=ExtractiveAnswerer())
    retrievers = [make_retriever_baseline("bm25")]
    run_evaluation(retrievers, streams, settings, folder=tmp_path, num_resamples=50)
    again = rescore(tmp_path, score="recall@5", num_resamples=50)
    assert again.summary["policy"].tolist()[0] == "oracle"
    assert again.evaluation.score == "recall@5"
    assert again.evaluation.baselines == {"bm25", "no_op", "oracle"}


def test_a_folder_without_episodes_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give a folder that memdojo eval --out wrote"):
        rescore(tmp_path)
