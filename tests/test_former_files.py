"""Files that memdojo wrote before its folders were laid out anew go on to work.

`former/run` is a run of `quickstart` with two updates, evaluated on one dialogue; `former/memory.db` is a
memory that its manager kept. Both were written by commit e6ddb30.
"""

import json
import shutil
from pathlib import Path

import pytest

import memdojo
from builders import invoke
from memdojo.eval.records.files import read_episodes
from memdojo.train.runs.folder import RunFolder

FORMER = Path(__file__).parent / "former"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A copy, so that nothing is ever written into the checkout."""
    shutil.copytree(FORMER / "run", tmp_path / "run", symlinks=True)
    return tmp_path / "run"


def test_the_configuration_of_a_run_is_read(run: Path) -> None:
    config = RunFolder.open(run).config
    assert (config.algorithm.name, config.algorithm.num_updates) == ("grpo", 2)
    assert (config.policy.kind, config.rollouts.num_workers) == ("compact", 1)
    assert config.episode.written_by is None


def test_a_run_goes_on(run: Path) -> None:
    result = invoke(
        *("train", run / "config.toml", "algorithm.num_updates=3", "rollouts.num_workers=0", "streams.test="),
        *("streams.num_test=", "--run-dir", run.parent, "--resume"),
    )
    assert result.exit_code == 0, result.stderr
    updates = [json.loads(line)["update"] for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]
    assert updates == [1, 2, 3]


def test_its_policy_is_evaluated(run: Path) -> None:
    manager = memdojo.load_policy(run)
    report = memdojo.evaluate([manager, run, "recency"])
    assert {"compact", "run", "recency"} <= set(report.evaluation.questions["policy"])


def test_recorded_episodes_are_read_and_scored_anew(run: Path) -> None:
    records = list(read_episodes(run / "evaluation"))
    assert {
        operation.kind for record in records for step in record.steps for operation in step.operations
    } >= {
        "ADD",
        "NOOP",
    }
    assert not any(step.decisions for record in records for step in record.steps)
    result = invoke("rescore", run / "evaluation", "--metric", "exact_match")
    assert result.exit_code == 0, result.stderr
    assert "oracle" in result.stdout


def test_a_report_shows_it(run: Path) -> None:
    result = invoke("report", run, "--out", run / "report.html")
    assert result.exit_code == 0, result.stderr
    assert "labelled" in (run / "report.html").read_text("utf-8")


def test_a_memory_file_goes_on_with_its_manager(run: Path, tmp_path: Path) -> None:
    shutil.copy(FORMER / "memory.db", tmp_path / "memory.db")
    with memdojo.open_memory(tmp_path / "memory.db", manager=run) as memory:
        assert [entry.text for entry in memory.entries] == [
            "Ann: I moved to Lima.",
            "Ben: My dog is called Rex.",
            "Ann: Nice weather today.",
            "Ann: I work as a baker.",
        ]
        assert memory.num_turns == 6
        memory.observe("Ann", "My dog is called Tom.")
        assert memory.num_turns == 7
        assert len(memory.entries) == 4
