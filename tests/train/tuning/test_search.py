from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ray.tune.search import Searcher

from memdojo.train.runs.interrupts import GracefulStop
from memdojo.train.tuning.search import _scheduler, _Search, num_concurrent
from memdojo.train.tuning.space import Space
from memdojo.train.tuning.trials import Trial, read_trials, write_trials

VALUES = {"algorithm.learning_rate": 1e-3, "policy.hidden_dim": 8}

MakeSearch = Callable[[], _Search]


class Told:
    """Keeps what is said of trials that are over."""

    def __init__(self) -> None:
        self.trials: list[tuple[int, int, int]] = []

    def __call__(self, trial: Trial, over: int, total: int) -> None:
        self.trials.append((trial.number, over, total))


def _end(search: _Search, trial_id: str, score: float, **more: Any) -> None:
    last = {"score": score, "update": 3, "outcome": "done", "updates": 3, "seconds": 1.5, **more}
    search.on_trial_complete(trial_id, last)


@pytest.fixture
def stop() -> GracefulStop:
    return GracefulStop()


@pytest.fixture
def make_search(space: Space, tmp_path: Path, stop: GracefulStop) -> MakeSearch:
    return lambda: _Search(space, tmp_path, Told(), stop)


def test_the_first_trial_is_the_configuration_itself_and_the_others_are_in_its_ranges(
    make_search: MakeSearch, tmp_path: Path
) -> None:
    search = make_search()
    assert search.num_left == 3
    for number in (1, 2, 3):
        asked = search.suggest(f"id-{number}")
        assert asked["root"] == str(tmp_path / "trials")
        assert list(asked["runs"]) == [f"000{number}"]
        assert f'name = "small-000{number}"' in asked["runs"][f"000{number}"]
        _end(search, f"id-{number}", number / 10)
    assert search.suggest("id-4") == Searcher.FINISHED
    trials = read_trials(tmp_path)
    # 64 is no value of its range, and is tried all the same.
    assert trials[1] == Trial(
        1, {"algorithm.learning_rate": 1e-3, "policy.hidden_dim": 64}, "done", 0.1, [], 1.5, 3
    )
    assert trials[2].values["policy.hidden_dim"] in (8, 16)
    assert isinstance(search._on_trial, Told)
    assert search._on_trial.trials == [(1, 1, 3), (2, 2, 3), (3, 3, 3)]


def test_what_was_interrupted_comes_first_with_its_values_and_what_is_over_never_again(
    make_search: MakeSearch, tmp_path: Path, stop: GracefulStop
) -> None:
    search = make_search()
    search.suggest("a")
    search.suggest("b")
    _end(search, "a", 0.5)
    stop.requested = True
    # What Ray Tune says of a trial that it ends with the search.
    search.on_trial_complete("b", {"score": 0.25, "update": 1})
    assert search.suggest("c") == Searcher.FINISHED
    before = read_trials(tmp_path)
    assert [each.outcome for each in before.values()] == ["done", "started"]

    stop.requested = False
    again = make_search()
    assert again.num_left == 2
    assert list(again.suggest("d")["runs"]) == ["0002"]
    assert again.trials[2].values == before[2].values
    assert list(again.suggest("e")["runs"]) == ["0003"]


def test_a_trial_that_came_to_its_end_while_the_search_ends_is_kept(
    make_search: MakeSearch, tmp_path: Path, stop: GracefulStop
) -> None:
    search = make_search()
    search.suggest("a")
    stop.requested = True
    _end(search, "a", 0.5)
    assert read_trials(tmp_path)[1].outcome == "done"


def test_a_trial_that_falls_behind_keeps_the_score_that_it_had(
    make_search: MakeSearch, tmp_path: Path
) -> None:
    search = make_search()
    search.suggest("a")
    search.on_trial_complete("a", {"score": 0.25, "update": 1})
    stopped = read_trials(tmp_path)[1]
    assert (stopped.outcome, stopped.score, stopped.updates) == ("stopped", 0.25, 1)


def test_failures_are_recorded_and_the_search_goes_on(make_search: MakeSearch, tmp_path: Path) -> None:
    search = make_search()
    search.suggest("a")
    search.on_trial_complete(
        "a",
        {"score": 0.0, "update": 0, "outcome": "failed", "error": "NaN", "is_final": True, "seconds": 2.0},
    )
    search.suggest("b")
    search.on_trial_complete("b", None, error=True)
    assert list(search.suggest("c")["runs"]) == ["0003"]
    first, second, _ = read_trials(tmp_path).values()
    assert (first.outcome, first.error, first.score, first.is_over) == ("failed", "NaN", None, True)
    assert (second.outcome, second.is_over) == ("failed", False)
    assert second.error.startswith("its process died")


def test_a_failure_that_may_pass_is_tried_again(make_search: MakeSearch, tmp_path: Path) -> None:
    write_trials(
        tmp_path,
        [
            Trial(1, VALUES, "failed", error="the disk is full"),
            Trial(2, VALUES, "failed", error="the loss is NaN", is_final=True),
        ],
    )
    search = make_search()
    assert list(search.suggest("a")["runs"]) == ["0001"]
    assert search.trials[1].error == ""
    assert list(search.suggest("b")["runs"]) == ["0003"]
    assert search.num_left == 0


def test_values_that_contradict_each_other_are_a_failure_of_their_trial(
    tuned_config: Path, tmp_path: Path, stop: GracefulStop
) -> None:
    ranges = ["algorithm.name=ppo,grpo", "algorithm.gae_lambda=0.5,0.9"]
    space = Space.load(tuned_config, ["algorithm.name=ppo"], ranges)
    values = {**VALUES, "algorithm.gae_lambda": 0.5}
    write_trials(
        tmp_path,
        [Trial(number, {**values, "algorithm.name": name}) for number, name in ((1, "grpo"), (2, "ppo"))],
    )
    search = _Search(space, tmp_path, Told(), stop)
    assert list(search.suggest("a")["runs"]) == ["0002"]
    failed = read_trials(tmp_path)[1]
    assert (failed.outcome, failed.is_final) == ("failed", True)
    assert "algorithm.gae_lambda is 0.5, but algorithm.name is 'grpo'" in failed.error


def test_several_seeds_are_runs_of_one_trial(tuned_config: Path, tmp_path: Path, stop: GracefulStop) -> None:
    space = Space.load(tuned_config, ["tune.seeds=2", "seed=5"])
    texts = _Search(space, tmp_path, Told(), stop).suggest("a")["runs"]
    assert list(texts) == ["0001-1", "0001-2"]
    assert ["seed = 5" in texts["0001-1"], "seed = 6" in texts["0001-2"]] == [True, True]


def test_trials_are_stopped_early_only_where_that_is_wanted_and_there_is_a_validation_before_the_last(
    tuned_config: Path, space: Space
) -> None:
    assert _scheduler(space) is None
    wanted = ["tune.early_stopping=true"]
    assert _scheduler(Space.load(tuned_config, wanted)) is not None
    assert _scheduler(Space.load(tuned_config, [*wanted, "evaluation.every=3"])) is None
    longer = ["algorithm.num_updates=3..9"]
    assert _scheduler(Space.load(tuned_config, [*wanted, "evaluation.every=3"], longer)) is not None


def test_no_more_trials_run_at_a_time_than_there_are(tuned_config: Path) -> None:
    assert num_concurrent(Space.load(tuned_config, ["tune.concurrent=8"])) == 3
    assert num_concurrent(Space.load(tuned_config, ["tune.concurrent=2"])) == 2
    assert num_concurrent(Space.load(tuned_config, ["tune.concurrent=", "tune.trials=1"])) == 1
