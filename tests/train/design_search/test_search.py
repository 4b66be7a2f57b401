from pathlib import Path
from typing import Any

from ray.tune.search import Searcher

from memdojo.train.design_search.search import DesignSearch
from memdojo.train.design_search.space import DesignSpace
from memdojo.train.runs.interrupts import GracefulStop
from memdojo.train.tuning.trials import Trial, read_trials


def _search(space: DesignSpace, folder: Path) -> DesignSearch:
    def ignore(trial: Trial, over: int, total: int) -> None: ...

    return DesignSearch(space, 4, folder, ignore, GracefulStop())


def _end(search: DesignSearch, trial_id: str, score: float, tokens: float) -> None:
    last: dict[str, Any] = {"score": score, "outcome": "done", "seconds": 1.0, "figure/tokens_read": tokens}
    search.on_trial_complete(trial_id, last)


def test_designs_as_they_are_come_first_then_proposals_and_what_failed_is_kept(
    space: DesignSpace, tmp_path: Path
) -> None:
    search = _search(space, tmp_path)
    assert [search.suggest(trial_id)["values"] for trial_id in "ab"] == list(space.given)
    _end(search, "a", 0.5, 100.0)
    search.on_trial_complete("b", {"score": 0.0, "outcome": "failed", "error": "bad", "is_final": True})
    third = search.suggest("c")["values"]
    assert third not in space.given
    _end(search, "c", 0.4, 50.0)
    trials = read_trials(tmp_path)
    assert [trial.outcome for trial in trials.values()] == ["done", "failed", "done"]
    assert trials[3].figures == {"tokens_read": 50.0}
    assert trials[2].error == "bad"

    again = _search(space, tmp_path)
    assert again.num_left == 1
    expected = search.suggest("d")["values"]
    assert again.suggest("e")["values"] == expected
    assert again.suggest("f") == Searcher.FINISHED
