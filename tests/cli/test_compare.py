import gzip
import re
from pathlib import Path

import pandas as pd
import pytest

from builders import invoke, save_manager
from memdojo.eval.records.files import EPISODES
from memdojo.train.checkpoints.compact import TrainedOn
from memdojo.train.config.files import load_config
from memdojo.train.runs.folder import RunFolder

STREAMS = ("--streams", "synthetic:test")
SMALL = (
    *("--option", "num_streams=2", "--option", "num_sessions=3"),
    *("--option", "num_facts=8", "--option", "num_questions=8"),
)


def _run(root: Path, name: str, seed: int) -> Path:
    """A run of an untrained network that has one checkpoint."""
    config = load_config(
        "quickstart",
        [f"name={name}", f"seed={seed}", "streams.num_test=2", "streams.options.num_sessions=3",
         "streams.options.num_facts=8", "streams.options.num_questions=8", "evaluation.num_resamples=50",
         "evaluation.baselines=[\"recency\", \"sum_idf\"]"],
    )  # fmt: skip
    run = RunFolder.create(root, config)
    record = TrainedOn(name, "synthetic:train", ("some",), (), seed, "ppo", 1, None, 0.2, 10, "0.1.0")
    save_manager(run.path / "checkpoints" / "step_000001", record, seed=seed)
    return run.path


def test_an_evaluation_that_is_run_again_plays_nothing_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("eval", "recency", *STREAMS, *SMALL, "--capacity-share", "0.2", "--out", tmp_path / "t")
    first = invoke(*arguments)
    assert "Diagnosis: questions with token f1 below 0.5" in first.stdout
    for name in ("diagnosis", "blame", "plan", "forgetting", "growth"):
        assert (tmp_path / "t" / f"{name}.csv").is_file()
    monkeypatch.setattr(
        "memdojo.eval.playing.episodes.play_manager", lambda *args: pytest.fail("played again")
    )
    second = invoke(*arguments)
    assert second.stdout == first.stdout
    refused = invoke(*arguments, "--top-k", "3")
    assert refused.exit_code == 2
    assert "played with top_k = 10, and now it is 3; choose another folder" in refused.stderr


def test_recorded_episodes_are_rescored(tmp_path: Path) -> None:
    tables = tmp_path / "t"
    invoke("eval", "recency", *STREAMS, *SMALL, "--capacity-share", "0.2", "--out", tables)
    result = invoke("rescore", tables, "--metric", "exact_match", "--failed-below", "1")
    assert "policy   exact match" in result.stdout
    assert "exact match below 1" in result.stdout
    out = tmp_path / "again"
    result = invoke("rescore", tables, "--answerer", "kind=extractive", "--out", out)
    assert result.exit_code == 0, result.stderr
    pd.testing.assert_frame_equal(pd.read_csv(out / "eval.csv"), pd.read_csv(tables / "eval.csv"))
    assert (out / EPISODES).is_file()
    wrong = invoke("rescore", tables, "--answerer", "kind=oracle")
    assert wrong.exit_code == 2
    assert "kind" in wrong.stderr
    assert invoke("rescore", tmp_path / "nowhere").exit_code == 2


def test_a_curve_over_capacities_and_one_over_lengths_are_printed(tmp_path: Path) -> None:
    result = invoke("eval", "recency", *STREAMS, *SMALL, "--capacities", "0.1,0.3", "--out", tmp_path / "c")
    assert result.exit_code == 0, result.stderr
    assert re.search(r"token f1 x 100 by capacity share\npolicy +0\.1 +0\.3\n", result.stdout)
    assert "Pareto front" in result.stdout
    assert (tmp_path / "c" / "capacities.csv").is_file()
    result = invoke("eval", "recency", *STREAMS, *SMALL, "--capacity-share", "0.2", "--lengths", "1,2")
    assert result.exit_code == 0, result.stderr
    assert re.search(r"token f1 x 100 by length factor\npolicy +1 +2\n", result.stdout)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("recency", *STREAMS, "--capacities", "0.1,x"), "--capacities is '0.1,x'; give numbers"),
        (("recency", *STREAMS, "--capacities", "0.1", "--lengths", "1"), "measure one difficulty at a time"),
        (("bm25", "--task", "retriever", *STREAMS, "--capacities", "0.1"), "(--capacities) is for managers"),
    ],
)
def test_curves_that_make_no_sense_are_refused(arguments: tuple[str, ...], message: str) -> None:
    result = invoke("eval", *arguments, *SMALL)
    assert result.exit_code == 2
    assert message in result.stderr


def test_runs_that_differ_in_their_seed_are_one_method_beside_baselines(tmp_path: Path) -> None:
    runs = [_run(tmp_path, f"x-{seed}", seed) for seed in range(2)]
    result = invoke("compare", *runs, "sum_idf", "similarity", "--quiet")
    assert result.exit_code == 0, result.stderr
    # The runs had no evaluation, and theirs has no such baseline.
    assert "x-0 has no evaluation yet; making it" in result.stderr
    assert "has no similarity yet; evaluating it there" in result.stderr
    assert re.search(r"^x +2 +\d", result.stdout, flags=re.MULTILINE)
    assert re.search(r"^sum_idf +1 ", result.stdout, flags=re.MULTILINE)
    again = invoke("compare", *runs, "sum_idf", "--format", "csv")
    assert again.stderr == ""
    lines = again.stdout.splitlines()
    assert lines[0].startswith("method,runs,groups,questions,score")
    assert {line.split(",")[0]: line.split(",")[1] for line in lines[1:]} == {"x": "2", "sum_idf": "1"}


def test_a_run_whose_weights_changed_is_played_again(tmp_path: Path) -> None:
    run = _run(tmp_path, "x", 0)
    invoke("compare", run, "sum_idf", "--quiet")
    before = len(gzip.decompress((run / "evaluation" / EPISODES).read_bytes()).splitlines())
    record = TrainedOn("x", "synthetic:train", ("some",), (), 0, "ppo", 2, None, 0.2, 10, "0.1.0")
    save_manager(run / "checkpoints" / "step_000002", record, seed=1)
    (run / "evaluation" / "eval.csv").unlink()
    invoke("compare", run, "sum_idf", "--quiet")
    after = len(gzip.decompress((run / "evaluation" / EPISODES).read_bytes()).splitlines())
    # The two episodes of the new checkpoint, and none of the baselines'.
    assert after == before + 2


def test_evaluations_and_baselines_are_compared(tmp_path: Path) -> None:
    for name, share in (("a", "0.2"), ("b", "0.4")):
        invoke(
            "eval",
            "recency",
            "sum_idf",
            *STREAMS,
            *SMALL,
            "--capacity-share",
            share,
            "--out",
            tmp_path / name,
        )
    result = invoke("compare", tmp_path / "a", "--reference", "no_op", "--format", "latex")
    assert result.exit_code == 0, result.stderr
    assert r"minus no\_op" in result.stdout
    result = invoke("compare", tmp_path / "a", tmp_path / "b", "--metric", "kept_evidence")
    assert "was evaluated with capacity_share = 0.2 and" in result.stderr
    assert "kept evidence" in result.stdout
    result = invoke("compare", "recency", "sum_idf", *STREAMS, *SMALL, "--capacity-share", "0.2")
    assert result.exit_code == 0, result.stderr
    assert re.search(r"^recency +1 ", result.stdout, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("recency", "sum_idf"), "the streams are missing; name them, such as --streams"),
        (("some/folder", "recency"), "'some/folder', and there is no folder of that name"),
        (("recncy", "sum_idf", *STREAMS, *SMALL), "Did you mean 'recency'"),
    ],
)
def test_comparisons_that_make_no_sense_are_refused(arguments: tuple[str, ...], message: str) -> None:
    result = invoke("compare", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""
