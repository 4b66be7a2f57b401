import math
from pathlib import Path

import pandas as pd
import pytest

from memdojo.agents.baselines.registry import make_baseline
from memdojo.envs.streams.registry import load_streams
from memdojo.errors import ConfigError, DataError, UnknownNameError
from memdojo.eval.compare import (
    EvaluationFolder,
    Method,
    compare,
    compare_grid,
    comparison_text,
    group_by_name,
    group_scores,
)
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.run import run_evaluation


def run(*scores: float) -> pd.DataFrame:
    """Questions 1 and 2 are of group a, 3 and 4 of group b."""
    rows = [
        {"group": group, "stream": f"s-{group}", "question": f"q{number}", "score": score}
        for number, (group, score) in enumerate(zip("aabb", scores, strict=True))
    ]
    return pd.DataFrame(rows)


MINE = Method("mine", (run(1, 0, 1, 1), run(1, 1, 0, 1)))
BASE = Method("base", (run(0, 0, 1, 0),), is_baseline=True)


def test_names_that_differ_in_a_number_at_the_end_are_seeds_of_one_method() -> None:
    names = ["x-0", "x-1", "y_seed3", "y_seed4", "z-1", "gpt2", "x_b"]
    assert group_by_name(names) == {"x": [0, 1], "y": [2, 3], "z-1": [4], "gpt2": [5], "x_b": [6]}
    assert group_by_name(["q0", "q1", "0", "1"]) == {"q": [0, 1], "0": [2], "1": [3]}


def test_a_comparison_worked_by_hand() -> None:
    table = compare([MINE, BASE], num_resamples=200).set_index("method")
    mine = table.loc["mine"]
    # Over runs the questions score 1, 0.5, 0.5 and 1; the baseline 0, 0, 1 and 0.
    assert mine[["runs", "groups", "questions", "score"]].tolist() == [2, 2, 4, 0.75]
    assert mine["difference"] == pytest.approx((1 + 0.5 - 0.5 + 1) / 4)
    # Group means of the runs are (0.5, 1) and (1, 0.5): of 0.5 0.5 1 1 the middle two.
    assert group_scores(MINE.runs).tolist() == [[0.5, 1.0], [1.0, 0.5]]
    assert mine["iqm"] == 0.75
    # Against (0, 0.5) the runs win 1 and 1 in group a, win and tie in group b: (1 + 0.75) / 2.
    assert mine["improvement"] == pytest.approx(0.875)
    assert table.loc["base", "minus"] == "base"
    assert math.isnan(table.loc["base", "difference"])
    assert table.index[0] == "mine"


def test_only_questions_that_all_runs_have_scored_count() -> None:
    partly = Method("partly", (run(1, math.nan, 0, 1),))
    table = compare([partly, BASE], num_resamples=50).set_index("method")
    assert table["questions"].tolist() == [3, 3]
    assert table.loc["base", "score"] == pytest.approx(1 / 3)


def test_the_reference_is_the_best_baseline_beside_the_oracle_or_the_first_method() -> None:
    oracle = Method("oracle", (run(1, 1, 1, 1),), is_baseline=True)
    worse = Method("worse", (run(0, 0, 0, 0),), is_baseline=True)
    assert set(compare([MINE, worse, oracle, BASE], num_resamples=50)["minus"]) == {"base"}
    other = Method("other", (run(0, 1, 0, 0),))
    assert set(compare([MINE, other], num_resamples=50)["minus"]) == {"mine"}
    assert set(compare([MINE, other], "other", num_resamples=50)["minus"]) == {"other"}


def test_comparisons_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least two, each once"):
        compare([MINE])
    with pytest.raises(UnknownNameError, match="Did you mean 'base'"):
        compare([MINE, BASE], "bass")
    elsewhere = BASE.runs[0].assign(stream="elsewhere")
    with pytest.raises(ConfigError, match="no question"):
        compare([MINE, Method("other", (elsewhere,))])


def test_tables_can_be_pasted_into_a_paper() -> None:
    table = compare([MINE, Method("base_1", BASE.runs, is_baseline=True)], num_resamples=200)
    grid = compare_grid(table, "token_f1")
    assert grid.headers == ("method", "runs", "token f1", "IQM", "minus base_1", "P(improvement)")
    assert grid.rows[0][0] == "mine"
    assert grid.rows[0][2].startswith("75.0 [")
    assert grid.rows[1][4:] == ("-", "-")
    markdown = comparison_text(table, "token_f1", "markdown")
    assert "| mine | 2 | 75.0 [" in markdown
    latex = comparison_text(table, "token_f1", "latex")
    assert r"\begin{tabular}{lrrrrr}" in latex
    assert r"base\_1 & 1 & 25.0" in latex
    csv = comparison_text(table, "token_f1", "csv").splitlines()
    assert csv[0].startswith("method,runs,groups,questions,score,low,high,iqm")
    with pytest.raises(UnknownNameError, match="format"):
        comparison_text(table, "token_f1", "word")


def test_evaluations_are_read_from_their_folders(tmp_path: Path) -> None:
    streams = load_streams("synthetic:test", num_streams=2, num_sessions=2, num_facts=5, num_questions=4)
    settings = EvalSettings(capacity_share=0.3, num_seeds=2)
    report = run_evaluation([make_baseline("random")], streams, settings, folder=tmp_path, num_resamples=10)
    report.write(tmp_path)
    folder = EvaluationFolder.read(tmp_path)
    assert folder.baselines == tuple(report.summary["policy"])
    assert folder.learned == ()
    runs = folder.runs("random")
    assert len(runs) == 2
    expected = report.evaluation.of("random")
    assert [run["score"].mean() for run in runs] == pytest.approx(
        expected.groupby("seed")["score"].mean().tolist()
    )
    assert folder.runs("oracle", "kept_evidence")[0]["score"].mean() == pytest.approx(
        report.evaluation.of("oracle")["kept_evidence"].mean()
    )
    with pytest.raises(UnknownNameError, match="Did you mean 'kept_evidence'"):
        folder.runs("oracle", "kept_evidenc")
    with pytest.raises(UnknownNameError, match="policy in"):
        folder.runs("mine")
    with pytest.raises(DataError, match="has no evaluation; make one"):
        EvaluationFolder.read(tmp_path / "nowhere")
