import math
import tomllib
from pathlib import Path

import pytest

from builders import save_manager
from memdojo.errors import RunFolderError
from memdojo.train.checkpoints.compact import TrainedOn
from memdojo.train.config.files import parse_config
from memdojo.train.runs.folder import RunFolder
from memdojo.train.tuning.folder import create_search
from memdojo.train.tuning.outcome import BEST_CONFIG, Outcome, show
from memdojo.train.tuning.space import Space
from memdojo.train.tuning.trials import FOLDERS, Trial

GIVEN = {"algorithm.learning_rate": 1e-3, "policy.hidden_dim": 64}
OTHER = {"algorithm.learning_rate": 0.00123456, "policy.hidden_dim": 8}
TRIALS = [
    Trial(1, GIVEN, "done", 0.5, [0.0, 0.0, 0.5, 0.5, 1.0, 1.0], 10.4, 3),
    Trial(2, OTHER, "failed", seconds=2.0, error="the loss is NaN", is_final=True),
    Trial(3, OTHER, "done", 0.75, [0.25, 0.25, 0.75, 0.75, 1.25, 1.25], 9.6, 3),
    Trial(4, OTHER, "stopped", 0.25, [], 3.0, 1),
]


def _outcome(space: Space, trials: list[Trial]) -> Outcome:
    outcome = Outcome.of(space, trials)
    assert outcome is not None
    return outcome


def test_the_table_has_the_best_trial_first_and_failures_last(space: Space) -> None:
    headers, rows = _outcome(space, TRIALS).table()
    assert headers == [
        "trial",
        "algorithm.learning_rate",
        "policy.hidden_dim",
        "validation",
        "95 % interval",
        "updates",
        "seconds",
        "",
    ]
    plain = [row[:4] + row[5:] for row in rows]
    assert plain == [
        ["3", "0.001235", "8", "0.750", "3", "10", ""],
        ["1", "0.001", "64", "0.500", "3", "10", "as given"],
        ["4", "0.001235", "8", "0.250", "1", "3", "stopped early"],
        ["2", "0.001235", "8", "", "", "2", "failed: the loss is NaN"],
    ]
    low, high = map(float, rows[1][4].strip("[]").split(","))
    assert 0 < low < 0.5 < high < 1
    # Scores by task are not known of every kind of run.
    assert (rows[2][4], rows[3][4]) == ("", "")


def test_the_best_is_compared_with_the_configuration_task_by_task(space: Space) -> None:
    best, warning = _outcome(space, TRIALS).sentences()
    # Every task gains a quarter, so the interval of the difference has no width.
    assert best == (
        "best: trial 3, 0.750 on validation, +0.250 against the configuration as it was given "
        "[+0.250, +0.250]."
    )
    assert warning.startswith("The best of 3 scores is too high by chance")


def test_a_configuration_that_is_the_best_itself_says_so(space: Space) -> None:
    best, _ = _outcome(space, TRIALS[:2]).sentences()
    assert best == (
        "best: trial 1, 0.500 on validation, the configuration as it was given: no other trial has a "
        "higher score."
    )


def test_trials_without_a_score_have_no_outcome(space: Space) -> None:
    assert Outcome.of(space, TRIALS[1:2]) is None


def test_the_best_configuration_figure_and_policy_are_written(space: Space, tmp_path: Path) -> None:
    outcome = _outcome(space, TRIALS)
    with create_search(tmp_path, space.config) as run:
        with pytest.raises(RunFolderError, match="trial 3 is the best one, and its run is not in"):
            outcome.write(run)
        with RunFolder.create(run.path / FOLDERS, space.run_of(OTHER, 3, 0), folder="0003") as trained:
            record = TrainedOn("small", "some", ("g",), (), 0, "grpo", 1, None, None, 10, "0.1.0")
            save_manager(trained.checkpoint_folder(2), record)
            trained.mark_best(2)
        outcome.write(run)
        assert run.best == (run.path / FOLDERS / "0003" / "checkpoints" / "step_000002").resolve()
        best = parse_config(tomllib.loads((run.path / BEST_CONFIG).read_text("utf-8")))
        assert (best.name, best.algorithm.learning_rate, best.tune.ranges) == ("small-best", 0.00123456, {})
        # The workers of the configuration, which trials leave out.
        assert best.rollouts.num_workers == 2
        assert (run.path / "parameters.svg").read_text("utf-8").startswith("<?xml")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (True, "true"), (16, "16"), (3e-05, "3e-05"), ("ppo", "ppo"), (math.pi, "3.142")],
)
def test_values_are_shown_with_four_digits(value: object, shown: str) -> None:
    assert show(value) == shown
