from pathlib import Path

import pytest

from memdojo.errors import LeakError
from memdojo.train.design_search.outcome import SearchOutcome
from memdojo.train.design_search.space import DesignSpace
from memdojo.train.design_search.testing import require_apart, run_test, shown_test
from memdojo.train.tuning.trials import Trial

from .conftest import make_streams


def test_streams_that_choose_and_streams_that_test_are_of_other_groups() -> None:
    require_apart(make_streams("validation"), make_streams("test"))
    with pytest.raises(LeakError, match="share the groups 'test-0', 'test-1'"):
        require_apart(make_streams("test"), make_streams("test"))


def test_the_front_is_compared_with_the_best_design_as_it_is_and_with_recency(
    space: DesignSpace, tmp_path: Path
) -> None:
    flat, karma = space.given
    small = {**flat, "max_read_entries": 1}
    trials = [
        Trial(1, flat, "done", 0.9, figures={"tokens_read": 60.0}),
        Trial(2, karma, "done", 0.8, figures={"tokens_read": 60.0}),
        Trial(3, small, "done", 0.95, figures={"tokens_read": 20.0}),
    ]
    outcome = SearchOutcome.of(space, trials)
    assert outcome is not None
    table = run_test(outcome, make_streams("test"), tmp_path / "test")
    by_name = table.set_index("policy")
    assert set(by_name.index) == {"flat (3)", "flat", "recency"}
    assert by_name["tokens_read"]["flat (3)"] < by_name["tokens_read"]["flat"]
    gained = by_name["score"]["flat (3)"] - by_name["score"]["flat"]
    assert by_name["minus_flat"]["flat (3)"] == pytest.approx(gained)
    assert by_name["minus_recency"].isna().tolist() == [name == "recency" for name in by_name.index]
    headers, rows = shown_test(table, "token_f1")
    assert headers[-2:] == ["minus flat", "minus recency"]
    assert len(rows) == 3
    assert (tmp_path / "test" / "summary.csv").exists()
