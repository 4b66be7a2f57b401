from pathlib import Path

import pytest

from memdojo.errors import RunFolderError
from memdojo.train.tuning.trials import (
    FOLDERS,
    TRIALS,
    Trial,
    best_score_of,
    best_trial,
    read_trials,
    run_folder_name,
    runs_of,
    seconds_of,
    write_trials,
)


def test_trials_are_written_and_read_back(tmp_path: Path) -> None:
    trials = [
        Trial(1, {"a.b": 1, "c": None}, "done", 0.5, [0.25, None, 0.75], 12.5, 3),
        Trial(2, {"a.b": 1.5, "c": [1, "x"]}, "failed", error="the loss is NaN", is_final=True),
    ]
    assert read_trials(tmp_path) == {}
    write_trials(tmp_path, trials)
    assert list(read_trials(tmp_path).values()) == trials


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    write_trials(tmp_path, [Trial(1, {})])
    with open(tmp_path / TRIALS, "a") as file:
        file.write('{"number": 2}\n')
    with pytest.raises(RunFolderError, match=r"line 2 of .*trials\.jsonl is damaged; remove the line"):
        read_trials(tmp_path)


def test_what_is_over_is_not_taken_up_again() -> None:
    outcomes = {
        outcome: Trial(1, {}, outcome).is_over for outcome in ("started", "done", "stopped", "failed")
    }
    assert outcomes == {"started": False, "done": True, "stopped": True, "failed": False}
    assert Trial(1, {}, "failed", is_final=True).is_over


def test_the_best_trial_has_the_highest_score_and_of_equal_ones_is_the_earlier() -> None:
    trials = [
        Trial(1, {}, "done", 0.5),
        Trial(2, {}, "done", 0.75),
        Trial(3, {}, "done", 0.75),
        # It was behind when it was stopped, and has fewer seeds.
        Trial(4, {}, "stopped", 0.9),
        Trial(5, {}, "failed"),
    ]
    assert best_trial(trials) == trials[1]
    assert best_trial(trials[4:]) is None


def test_the_folders_of_several_seeds_are_numbered(tmp_path: Path) -> None:
    assert [run_folder_name(7, place, 2) for place in (0, 1)] == ["0007-1", "0007-2"]
    assert run_folder_name(7, 0, 1) == "0007"
    (tmp_path / FOLDERS / "0007-1").mkdir(parents=True)
    assert runs_of(tmp_path, Trial(7, {}), 2) == [tmp_path / FOLDERS / "0007-1"]


def test_the_seconds_of_a_run_are_those_of_its_updates() -> None:
    metrics = [
        {"update": 0, "seconds/validation": 1.0},
        {"update": 1, "seconds/rollouts": 2.0, "seconds/learner": 0.5, "seconds/weights": 9.0},
        {"update": 2, "seconds/rollouts": None},
    ]
    assert seconds_of(metrics) == 3.5


def test_the_best_score_of_a_run_leaves_out_what_could_not_be_scored() -> None:
    assert best_score_of([{"validation/score": 0.25}, {"validation/score": None}, {"update": 3}]) == 0.25
    assert best_score_of([{"update": 1}]) is None
