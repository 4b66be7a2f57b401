from typing import Any

import pytest

from memdojo.agents.baselines.registry import make_baseline
from memdojo.train.design_search.settings import SearchSettings
from memdojo.train.design_search.space import DesignSpace
from memdojo.train.design_search.trial_run import measure, run_design_trial

from .conftest import make_streams


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    monkeypatch.setattr("ray.tune.report", found.append)
    return found


def test_a_trial_reports_score_and_tokens(reports: list[dict[str, Any]], space: DesignSpace) -> None:
    values = {**space.given[0], "max_read_entries": 1}
    run_design_trial({"search": space.settings.model_dump_json(), "values": values})
    (report,) = reports
    assert report.pop("seconds") > 0
    score, figures = measure(space.manager_of(values), make_streams("validation"), space.settings)
    assert report == {
        "score": score,
        "outcome": "done",
        **{f"figure/{name}": value for name, value in figures.items()},
    }
    # One entry answers each question, such as "Ann: Ann lives in Oslo."
    assert score == 1
    wide = measure(space.manager_of(space.given[0]), make_streams("validation"), space.settings)[1]
    assert 0 < figures["tokens_read"] < wide["tokens_read"]
    assert figures["tokens_written"] == wide["tokens_written"] > 0


def test_a_trial_that_fails_reports_why(reports: list[dict[str, Any]], space: DesignSpace) -> None:
    values = {**space.given[1], "karma.near": 2.0}
    run_design_trial({"search": space.settings.model_dump_json(), "values": values})
    assert (reports[0]["outcome"], reports[0]["is_final"]) == ("failed", True)
    assert "karma has max_slots=100, near=2.0" in reports[0]["error"]


def test_doing_nothing_hands_over_no_token(settings: SearchSettings) -> None:
    score, figures = measure(make_baseline("no_op"), make_streams("validation"), settings)
    assert (score, figures["tokens_read"], figures["tokens_written"]) == (0, 0, 0)
