import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from memdojo.agents.baselines.registry import (
    list_baselines,
    list_retriever_baselines,
    make_baseline,
    make_retriever_baseline,
)
from memdojo.agents.designs.registry import list_designs
from memdojo.envs.answering import CachedAnswerer, ExtractiveAnswerer
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError, LeakError
from memdojo.eval.compare import EvaluationFolder
from memdojo.eval.findings.experience import success_curve
from memdojo.eval.html.sources import read_evaluation
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.report import EvalReport
from memdojo.eval.run import check_unseen, run_evaluation

FILES = [
    "blame.csv",
    "decisions.csv",
    "diagnosis.csv",
    "eval.csv",
    "eval.json",
    "forgetting.csv",
    "growth.csv",
    "paired.csv",
    "plan.csv",
    "streams.csv",
    "summary.csv",
    "tables.md",
]


@pytest.fixture(scope="module")
def streams() -> list[Stream]:
    return load_streams("synthetic:test", num_streams=2, num_sessions=4, num_facts=10, num_questions=10)


@pytest.fixture(scope="module")
def report(streams: list[Stream]) -> EvalReport:
    settings = EvalSettings(capacity_share=0.2, answerer=CachedAnswerer(ExtractiveAnswerer()), num_seeds=2)
    policies = [make_baseline(name) for name in ("recency", "random", "sum_idf")]
    return run_evaluation(policies, streams, settings, num_resamples=200)


def test_an_evaluation_on_two_streams_from_end_to_end(report: EvalReport) -> None:
    summary = report.summary.set_index("policy")
    assert set(summary.index) == {"recency", "random", "sum_idf", "no_op", "oracle"}
    assert summary.index[0] == "oracle"
    assert summary["score"].is_monotonic_decreasing
    assert summary.loc[["no_op", "oracle"], "normalised"].tolist() == [0, 1]
    assert (summary["low"] <= summary["score"] + 1e-12).all()
    assert (summary["score"] <= summary["high"] + 1e-12).all()
    assert summary["num_questions"].tolist() == [20] * 5
    assert set(report.paired["minus"]) == {
        max(["recency", "random", "sum_idf", "no_op"], key=summary["score"].get)
    }
    assert report.paired.iloc[0]["policy"] == "oracle"


def test_files_hold_what_was_measured(report: EvalReport, tmp_path: Path) -> None:
    folder = tmp_path / "made" / "on the way"
    report.write(folder)
    assert sorted(path.name for path in folder.iterdir()) == FILES
    rows = pd.read_csv(folder / "eval.csv")
    assert len(rows) == 20 * 4 + 20 * 2
    pd.testing.assert_series_equal(
        pd.read_csv(folder / "summary.csv")["score"], report.summary["score"], rtol=1e-12
    )
    saved = json.loads((folder / "eval.json").read_text())
    assert saved["version"] == 1
    assert saved["score"] == "token_f1"
    assert saved["settings"]["answerer"].startswith("extractive")
    assert [row["policy"] for row in saved["summary"]] == report.summary["policy"].tolist()
    assert len(saved["streams"]) == 2
    assert "| oracle |" in (folder / "tables.md").read_text()


def test_what_is_not_available_is_null_in_json(streams: list[Stream]) -> None:
    report = run_evaluation([], streams[:1], EvalSettings())
    saved = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert saved["summary"][0]["low"] is None
    assert saved["summary"][0]["unit"] == "none"
    assert "No intervals" in report.grids[0].plain()


def test_tables_are_plain_lines_outside_of_a_terminal(report: EvalReport) -> None:
    file = io.StringIO()
    report.print(file)
    lines = file.getvalue().splitlines()
    assert lines[0] == "Scores x 100"
    assert not any(character in file.getvalue() for character in "│┃━─\x1b")
    starts = [line.split()[0] for line in lines if line]
    assert starts.count("sum_idf") >= 4


def test_files_that_cannot_be_written_are_one_sentence(report: EvalReport, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be made"):
        report.write(tmp_path / "file" / "folder")


def test_streams_of_training_groups_are_refused(streams: list[Stream]) -> None:
    with pytest.raises(LeakError, match=streams[1].group.replace("+", r"\+")):
        check_unseen(["another", streams[1].group], streams)
    check_unseen(["another"], streams)


def test_managers_and_retrievers_are_not_mixed(streams: list[Stream]) -> None:
    with pytest.raises(ConfigError, match="one kind at a time"):
        run_evaluation([make_baseline("recency"), make_retriever_baseline("bm25")], streams)  # type: ignore[list-item]


def test_retrievers_are_summed_up_alike(streams: list[Stream]) -> None:
    report = run_evaluation([make_retriever_baseline("bm25")], streams, num_resamples=50)
    assert report.summary["policy"].tolist() == ["oracle", "bm25", "no_op"]
    assert report.paired["minus"].unique().tolist() == ["bm25"]


def test_a_named_reference_is_subtracted(streams: list[Stream]) -> None:
    report = run_evaluation(
        [make_baseline("recency")], streams, EvalSettings(), reference="no_op", num_resamples=50
    )
    assert report.paired["minus"].unique().tolist() == ["no_op"]


def test_the_snippets_of_the_documentation_run(capsys: pytest.CaptureFixture[str]) -> None:
    text = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    snippets = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(snippets) == 4
    names: dict[str, object] = {}
    for snippet in snippets:
        exec(snippet, names)
    assert "hand_priority" in capsys.readouterr().out


def test_the_documentation_names_every_baseline_and_column(report: EvalReport) -> None:
    text = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    # Memory designs have a page of their own.
    names = {*list_baselines(), *list_retriever_baselines()} - {*list_designs()}
    names |= {re.sub(r"@\d+$", "@K", column) for column in report.summary.columns if " " not in column}
    assert not {name for name in names - {"policy"} if f"`{name}`" not in text}


def test_streams_of_tasks_have_a_success_curve(tmp_path: Path) -> None:
    streams = load_streams("experience:test", num_streams=2, num_tasks=12, num_families=2)
    settings = EvalSettings(answerer=CachedAnswerer(ExtractiveAnswerer()))
    report = run_evaluation([make_baseline("recency")], streams, settings, num_resamples=20)
    report.write(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {*FILES, "success_curve.csv"}
    curve = pd.read_csv(tmp_path / "success_curve.csv")
    assert curve.groupby("policy").size().tolist() == [12, 12, 12]
    assert set(curve["num_streams"]) == {2}
    summary = json.loads((tmp_path / "eval.json").read_text("utf-8"))["summary"]
    for row in summary:
        own = curve[curve["policy"] == row["policy"]]
        # The streams are of equal length, so that both ways to average come to the same.
        assert row["area"] == pytest.approx(own["running_mean"].mean())
        assert row["score"] == pytest.approx(own["success"].mean())
        assert row["area_low"] <= row["area"] <= row["area_high"]
    grid = next(each for each in report.grids if each.title.startswith("Success"))
    assert grid.headers == ("policy", "area", "95 % interval", "1-2", "3-5", "6-7", "8-10", "11-12")
    folder = EvaluationFolder.read(tmp_path)
    again = success_curve(folder.questions[folder.questions["policy"] == "recency"])
    assert again["success"].tolist() == curve[curve["policy"] == "recency"]["success"].tolist()
    assert [each.title for each in read_evaluation(tmp_path).score_grids()].count(grid.title) == 1
    assert any("no right experience" in each.note for each in read_evaluation(tmp_path).finding_grids())
