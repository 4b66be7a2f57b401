import json
from pathlib import Path

import pandas as pd
import pytest

from memdojo.train.design_search.figure import write_front
from memdojo.train.design_search.outcome import SearchOutcome, shown
from memdojo.train.design_search.space import DesignSpace
from memdojo.train.design_search.writing import write_outcome
from memdojo.train.tuning.trials import Trial


def _trial(number: int, values: dict[str, object], score: float, tokens: float) -> Trial:
    figures = {"tokens_read": tokens, "tokens_written": 9.0}
    return Trial(number, values, "done", score, figures=figures)


@pytest.fixture
def outcome(space: DesignSpace) -> SearchOutcome:
    flat, karma = space.given
    mixed = {"write": "karma", "read": "flat", "max_read_entries": 1, "max_read_tokens": None}
    trials = [
        _trial(1, flat, 0.5, 100.0),
        _trial(2, karma, 0.6, 120.0),
        _trial(3, {**karma, "karma.near": 0.25}, 0.6, 110.0),
        _trial(4, mixed, 0.2, 20.0),
        Trial(5, karma, "failed", error="no room", is_final=True),
    ]
    found = SearchOutcome.of(space, trials[::-1])
    assert found is not None
    return found


def test_the_front_is_what_nothing_beats_in_score_and_tokens(outcome: SearchOutcome) -> None:
    assert [trial.number for trial in outcome.front] == [4, 1, 3]
    assert outcome.best.number == 3
    assert outcome.best_as_it_is is not None
    assert outcome.best_as_it_is.number == 2
    assert list(map(outcome.name_of, outcome.trials)) == [
        "flat", "karma", "karma (3)", "karma+flat (4)", "karma (5)",
    ]  # fmt: skip


def test_a_search_without_a_score_has_no_outcome(space: DesignSpace) -> None:
    assert SearchOutcome.of(space, [Trial(1, space.given[0], "failed", error="no room")]) is None


def test_tables_tell_what_was_tried_and_what_failed(outcome: SearchOutcome) -> None:
    table = outcome.table()
    assert table["on_front"].tolist() == [True, False, True, True, False]
    _, rows = shown(table, "token_f1")
    assert [row[-1] for row in rows] == [
        "as it is",
        "as it is",
        "max_slots=100, near=0.25, same=0.85, max_read_entries=3",
        "max_read_entries=1",
        "failed: no room",
    ]


def test_the_folder_has_tables_a_figure_and_all_of_it_as_json(outcome: SearchOutcome, tmp_path: Path) -> None:
    tested = pd.DataFrame(
        {
            "policy": ["karma+flat (4)", "flat", "karma (3)", "karma", "recency"],
            "score": [0.1, 0.2, 0.3, 0.4, 0.5],
        }
    )
    write_outcome(outcome, tmp_path, tested)
    front = pd.read_csv(tmp_path / "front.csv")
    assert front["design"].tolist() == ["karma+flat", "flat", "karma"]
    assert front["score_on_test"].tolist() == [0.1, 0.2, 0.3]
    assert len(pd.read_csv(tmp_path / "trials.csv")) == 5
    result = json.loads((tmp_path / "result.json").read_text("utf-8"))
    assert result["best"]["parameters"]["near"] == 0.25
    assert [each["name"] for each in result["front"]] == ["karma+flat", "flat", "karma"]
    assert len(result["test"]) == 5
    drawn = write_front(outcome, tmp_path).read_text("utf-8")
    assert "karma+flat (4)" in drawn
    assert write_front(outcome, tmp_path).read_text("utf-8") == drawn
