"""Evaluations of memory designs whose roles a model plays, which may be out of order."""

from __future__ import annotations

import numpy as np
import pytest

from builders import FailingRoles, make_stream
from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.designs.mem_agent import MemAgent
from memdojo.agents.designs.running.policy import DesignManager
from memdojo.envs.answering import CachedAnswerer, ExtractiveAnswerer
from memdojo.envs.types import Question
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.records.files import EpisodeFolder, read_episodes
from memdojo.eval.run import run_evaluation

WHY = "failing failed at the role 'summary': out of order"


def _streams(number=4):
    return [
        make_stream(
            "I live in Rome.",
            "I work in Oslo." if place == 0 else "I work in Bonn.",
            questions=(Question("q", "Where does Ann live?", ("Rome",), "x", frozenset({"t0"})),),
            id=f"s{place}",
            group=f"g{place}",
        )
        for place in range(number)
    ]


def _says_oslo(call):
    return any("Oslo" in text for text in call.texts)


def _evaluate(roles, folder=None, **settings):
    targets = [
        DesignManager(MemAgent(), roles=roles, embedder="hashed_ngrams"),
        make_baseline("recency"),
    ]
    return run_evaluation(
        targets,
        _streams(),
        EvalSettings(max_entries=4, answerer=CachedAnswerer(ExtractiveAnswerer()), **settings),
        num_resamples=20,
        folder=None if folder is None else EpisodeFolder(folder, {"mem_agent": roles.fingerprint}),
    )


@pytest.mark.parametrize("score", ["token_f1", "recall@10", "kept_evidence"])
def test_what_a_failed_role_leaves_has_no_score_of_any_kind(score):
    report = _evaluate(FailingRoles(_says_oslo), score=score, max_unscored=0.25)
    rows = report.evaluation.of("mem_agent").set_index("stream")
    assert rows.loc["s0", ["failure", "answer_error"]].tolist() == [WHY, WHY]
    assert rows.loc["s0", [score, "score", "exact_match", "recall@5", "kept_evidence"]].isna().all()
    assert rows["failure"].tolist()[1:] == [""] * 3
    assert rows["score"][1:].notna().all()
    row = report.summary.set_index("policy").loc["mem_agent"]
    assert (row["num_questions"], row["unscored"], row["counted_failed"]) == (3, 1, False)
    # Of more than may be missing, each counts 0.
    strict = _evaluate(FailingRoles(_says_oslo), score=score, max_unscored=0.2)
    row = strict.summary.set_index("policy").loc["mem_agent"]
    assert row["counted_failed"]
    assert row["score"] == pytest.approx(rows["score"].sum() / 4)


def test_the_same_call_plays_again_what_had_failed_and_nothing_else(tmp_path):
    _evaluate(FailingRoles(_says_oslo), tmp_path)
    assert [record.has_failed for record in read_episodes(tmp_path)][:4] == [True, False, False, False]
    mended = FailingRoles()
    report = _evaluate(mended, tmp_path)
    assert sum(mended.batches) == 2  # The turns of one stream.
    assert not report.evaluation.of("mem_agent")["failure"].any()
    at_once = _evaluate(FailingRoles())
    np.testing.assert_array_equal(
        report.evaluation.of("mem_agent")["score"], at_once.evaluation.of("mem_agent")["score"]
    )
    again = FailingRoles()
    _evaluate(again, tmp_path)
    assert again.batches == []


def test_tables_say_what_a_model_did_and_that_of_recorded_episodes_too(tmp_path):
    first = _evaluate(FailingRoles(), tmp_path)
    wanted = {"calls": 8, "asked": 8, "from_cache": 0, "failed": 0, "unreadable": 0}
    assert first.as_json()["role_counts"] == {"mem_agent": wanted}
    assert "roles by failing" in first.as_json()["readers"]["mem_agent"]
    note = "Roles of mem_agent: 8 calls, 8 asked of the model, 0 from its cache, 0.0% unreadable"
    assert note in first.grids[0].note
    assert _evaluate(FailingRoles(), tmp_path).as_json()["role_counts"] == {"mem_agent": wanted}


def test_several_streams_are_asked_about_in_one_batch():
    roles = FailingRoles()
    _evaluate(roles)
    assert roles.batches == [4, 4]


def test_rules_leave_no_trace_of_counting():
    report = _evaluate(DesignManager(MemAgent(), embedder="hashed_ngrams").roles)
    assert report.as_json()["role_counts"] == {}
    assert "Roles of" not in report.grids[0].note
    assert not any(column.startswith("role_") for column in report.evaluation.streams)
