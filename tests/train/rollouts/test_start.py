from __future__ import annotations

from pathlib import Path

import pytest

from builders import run_without_ray

SMALL = (
    "algorithm.num_updates=1",
    "algorithm.groups_per_update=1",
    "evaluation.every=1",
    "evaluation.num_resamples=50",
    'evaluation.baselines=["recency"]',
    *("streams.num_train=1", "streams.num_validation=1", "streams.num_test=2"),
    *("streams.options.num_sessions=1", "streams.options.turns_per_session=12"),
    *("streams.options.num_facts=4", "streams.options.num_questions=3"),
)


@pytest.mark.slow
def test_the_quickstart_trains_and_evaluates_where_ray_is_not_installed(tmp_path: Path) -> None:
    done = run_without_ray("train", "quickstart", "--run-dir", tmp_path, *SMALL)
    assert done.returncode == 0, done.stderr
    assert "1 updates, best checkpoint" in done.stdout
    assert (tmp_path / "quickstart" / "evaluation").is_dir()


@pytest.mark.slow
def test_workers_without_ray_are_refused_in_one_sentence(tmp_path: Path) -> None:
    done = run_without_ray("train", "quickstart", "--run-dir", tmp_path, *SMALL, "rollouts.num_workers=1")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "error: rollouts.num_workers is 1, and workers need ray, which is not installed: "
        "pip install 'memdojo[train]', or set rollouts.num_workers to 0."
    )
    assert not list(tmp_path.iterdir())
