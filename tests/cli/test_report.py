import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from builders import invoke, save_manager
from memdojo.envs.streams.registry import load_streams
from memdojo.train.checkpoints.compact import TrainedOn
from memdojo.train.config.files import load_config
from memdojo.train.runs.folder import RunFolder
from memdojo.train.runs.streams_record import STREAMS_JSON, record_streams, source_label

SMALL = (
    *("--streams", "synthetic:test", "--option", "num_streams=2", "--option", "num_sessions=3"),
    *("--option", "num_facts=8", "--option", "num_questions=8", "--capacity-share", "0.2"),
)


def _run(root: Path, name: str) -> Path:
    """A run of an untrained network that has one checkpoint and one line of metrics."""
    config = load_config(
        "quickstart",
        [f"name={name}", "streams.num_test=2", "streams.options.num_sessions=3",
         "streams.options.num_facts=8", "streams.options.num_questions=8", "evaluation.num_resamples=50",
         "evaluation.baselines=[\"recency\"]"],
    )  # fmt: skip
    run = RunFolder.create(root, config)
    record = TrainedOn(name, "synthetic:train", ("some",), (), 0, "grpo", 1, None, 0.2, 10, "0.1.0")
    save_manager(run.path / "checkpoints" / "step_000001", record)
    (run.path / "metrics.jsonl").write_text('{"update": 1, "rollouts/return": 0.5}\n')
    return run.path


def _index(page: Path) -> Any:
    (text,) = re.findall(r'id="index">(.*?)</script>', page.read_text("utf-8"))
    return json.loads(text)["streams"]


def test_a_run_is_evaluated_if_that_is_asked_for(tmp_path: Path) -> None:
    run, page = _run(tmp_path, "mine"), tmp_path / "report.html"
    result = invoke("report", run, "--out", page)
    assert result.exit_code == 0, result.stderr
    assert f"{run} has no evaluation yet; memdojo report {run} --evaluate makes it." in result.stderr
    assert "0 episodes on 0 streams" in result.stdout
    result = invoke("report", run, "--out", page, "--evaluate", "--streams", "1", "--quiet")
    assert result.exit_code == 0, result.stderr
    assert "1 more streams were evaluated" in result.stderr
    assert re.search(r"written to .*report\.html: \d\.\d MB, 4 episodes on 1 streams", result.stdout)
    (stream,) = _index(page)
    assert [each["name"] for each in stream["episodes"]] == ["mine", "recency", "oracle", "no_op"]
    assert 'id="learning"' in page.read_text("utf-8")
    # What is there is not made again.
    assert "evaluating it" not in invoke("report", run, "--out", page, "--evaluate").stderr


def test_an_evaluation_on_changed_data_is_told_of(tmp_path: Path) -> None:
    run, page = _run(tmp_path, "mine"), tmp_path / "report.html"
    streams = RunFolder.open(run).config.streams
    options = streams.load_options("test")
    label = source_label("test", "synthetic:test", options)
    # What the training saw: the same streams as the evaluation, and then others.
    record_streams(run, {label: load_streams("synthetic:test", **options)})
    told = "is not what it was when the run"
    assert told not in invoke("report", run, "--out", page, "--evaluate").stderr
    assert told not in invoke("report", run, "--out", page).stderr
    record = json.loads((run / STREAMS_JSON).read_text())
    record[label][0][1] = "0123456789abcdef"
    (run / STREAMS_JSON).write_text(json.dumps(record))
    result = invoke("report", run, "--out", page)
    assert result.exit_code == 0, result.stderr
    assert f"{label} {told}" in result.stderr
    assert "1 streams say something else" in result.stderr


def test_runs_evaluations_and_curves_stand_on_one_page(tmp_path: Path) -> None:
    run, tables, page = _run(tmp_path, "mine"), tmp_path / "tables", tmp_path / "report.html"
    invoke("eval", "recency", "sum_idf", *SMALL, "--out", tables)
    invoke("eval", "recency", *SMALL, "--capacities", "0.1,0.3", "--out", run / "budget")
    result = invoke("report", run, tables, "--out", page)
    assert result.exit_code == 0, result.stderr
    text = page.read_text("utf-8")
    assert "mine · budget" in text
    assert "Score by capacity share" in text
    assert "sum_idf" in [each["name"] for each in _index(page)[0]["episodes"]]


def test_the_rounds_of_a_run_have_a_line_each(tmp_path: Path) -> None:
    run, page = _run(tmp_path, "mine"), tmp_path / "report.html"
    for number in (1, 2):
        _run(run, f"round-{number}")
    result = invoke("report", run, "--out", page)
    assert result.exit_code == 0, result.stderr
    assert re.findall(r"<b>(mine/round-\d)</b>", page.read_text("utf-8")) == ["mine/round-1", "mine/round-2"]


def test_a_folder_of_nothing_is_refused(tmp_path: Path) -> None:
    result = invoke("report", tmp_path)
    assert result.exit_code == 2
    assert "is neither a run nor the folder of an evaluation or sweep" in result.stderr
    run = _run(tmp_path, "mine")
    (run / "metrics.jsonl").unlink()
    result = invoke("report", run, "--out", tmp_path / "report.html")
    assert result.exit_code == 2
    assert "there are neither evaluations nor metrics" in result.stderr


@pytest.mark.parametrize("library", ["jinja2", "matplotlib"])
def test_a_missing_library_is_told_with_its_remedy(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(sys.modules):
        if name.startswith("memdojo.eval.html"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    result = invoke("report", tmp_path)
    assert result.exit_code == 2
    assert f"a report needs {library}, which is not installed: pip install 'memdojo[report]'" in result.stderr
