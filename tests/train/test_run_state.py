import dataclasses
import json
from pathlib import Path

import pytest

from memdojo.train.run_state import RunState


def _after(*scores: float) -> RunState:
    """A run that validated its start and then after each update."""
    run_state = RunState()
    for update, score in enumerate(scores):
        run_state.updates = update
        run_state.score(score, [score], num_ranked=2)
    return run_state


@pytest.mark.parametrize(
    ("scores", "best", "since"), [((0.5,), 0, 0), ((0.5, 0.5, 0.4), 0, 2), ((0.5, 0.6, 0.6, 0.55), 1, 2)]
)
def test_a_higher_mean_alone_takes_the_place_of_the_best(
    scores: tuple[float, ...], best: int, since: int
) -> None:
    run_state = _after(*scores)
    assert (run_state.best_update, run_state.chosen_update) == (best, best)
    assert (run_state.best_score, run_state.best_scores) == (scores[best], [scores[best]])
    assert run_state.validations_since_best == since
    assert run_state.is_start_best is (best == 0)


def test_of_the_ranked_the_start_is_one_and_equal_ones_come_in_order() -> None:
    assert _after(0.5, 0.3, 0.5, 0.2).ranked_updates == [0, 2]
    assert _after(0.1, 0.3, 0.5, 0.2).ranked_updates == [2, 1]


def test_without_validation_the_last_update_is_chosen() -> None:
    assert RunState(updates=7).chosen_update == 7
    assert not RunState(updates=7).is_start_best


def test_a_run_stops_after_so_many_validations_or_once_it_is_surely_worse() -> None:
    run_state = _after(0.5, 0.4, 0.3)
    assert [run_state.has_stopped(patience) for patience in (0, 1, 2, 3)] == [False, True, True, False]
    run_state.is_surely_below = True
    assert [run_state.has_stopped(patience) for patience in (0, 3)] == [False, True]


def test_a_state_is_read_as_it_was_saved_and_those_of_before_as_well(tmp_path: Path) -> None:
    run_state = _after(0.5, 0.4)
    (tmp_path / "state.json").write_text(json.dumps({"standing": dataclasses.asdict(run_state)}))
    assert RunState.saved_in(tmp_path) == run_state
    former = {"updates": 4, "last_score": 0.4, "best_score": 0.5, "best_update": 2, "ranking": [[2, 0.5]]}
    (tmp_path / "state.json").write_text(json.dumps({"standing": former}))
    assert RunState.saved_in(tmp_path).chosen_update == 2
    assert RunState.saved_in(tmp_path).best_scores == []
