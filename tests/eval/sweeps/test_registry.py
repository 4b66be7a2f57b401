from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest

from memdojo.agents.baselines.registry import make_baseline, make_retriever_baseline
from memdojo.envs.answering import ExtractiveAnswerer
from memdojo.errors import ConfigError, DataError, UnknownNameError
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.statistics.bootstrap import bootstrap_normalised
from memdojo.eval.sweeps.figures import write_figures
from memdojo.eval.sweeps.points import Job, Measured, SweepSettings, one_after_the_other
from memdojo.eval.sweeps.registry import SWEEPS, Sweep, find_sweeps
from memdojo.eval.sweeps.report import SweepReport, read_sweeps, run_sweeps

SMALL = {"num_sessions": 2, "num_facts": 4, "num_questions": 4, "max_entries": 4}
TOP_K = Sweep("top_k", "top_k", (1, 3), "Is the right one among the first?", SMALL)
CAPACITY = Sweep("capacity", "capacity_share", (0.1, 0.5, 1.0), "How little does it take?", SMALL, False)
SETTINGS = SweepSettings(num_streams=2, num_resamples=20)


class Counting:
    """A mapper that does jobs here, notes them, and stops as if by a kill after so many."""

    def __init__(self, killed_after: int | None = None) -> None:
        self.jobs: list[Job] = []
        self.killed_after = killed_after

    def __call__(
        self, measure: Callable[[Job], Measured], jobs: Sequence[Job]
    ) -> Iterator[tuple[Job, Measured | Exception]]:
        for job in jobs:
            if len(self.jobs) == self.killed_after:
                raise KeyboardInterrupt
            self.jobs.append(job)
            yield from one_after_the_other(measure, [job])


def _sweep(*names: str, folder: Path | None = None, **how: object) -> SweepReport:
    policies = [make_baseline(name) for name in names]
    return run_sweeps(policies, [TOP_K, CAPACITY], SETTINGS, folder=folder, **how)  # type: ignore[arg-type]


def test_a_point_changes_one_option_and_nothing_else() -> None:
    facts = SWEEPS.get("facts")
    assert [point.streams["num_facts"] for point in facts.points] == [10, 20, 30, 40, 50]
    rest = [{**point.streams, **point.limits, "num_facts": 0} for point in facts.points]
    assert rest == [{"num_facts": 0, "num_questions": 10, "max_entries": 22, "top_k": 10}] * 5
    # A share of the turns takes the place of the number of entries.
    assert SWEEPS.get("capacity").at(0.4).limits == {"top_k": 10, "capacity_share": 0.4}
    assert all(sweep.tests.endswith("?") for sweep in find_sweeps())


def test_a_sweep_that_makes_no_streams_is_refused() -> None:
    with pytest.raises(ConfigError, match="num_questions is 20 for num_facts = 3"):
        Sweep("mine", "num_facts", (30, 3), "?")
    with pytest.raises(UnknownNameError, match="num_fact"):
        Sweep("mine", "num_fact", (30,), "?")
    with pytest.raises(ConfigError, match="each once"):
        Sweep("mine", "num_facts", (30, 30), "?")
    with pytest.raises(UnknownNameError, match="num_turn"):
        Sweep("mine", "num_facts", (30,), "?", {"num_turn": 3})


def test_sweeps_are_found_by_name_and_others_join() -> None:
    mine = Sweep("mine", "num_facts", (20, 24), "Mine?")
    with SWEEPS.temporarily("mine", mine):
        assert find_sweeps(("mine", "facts", "mine")) == (mine, SWEEPS.get("facts"))
        assert find_sweeps()[-1] is mine
    with pytest.raises(UnknownNameError, match=r"'fact'.*facts"):
        find_sweeps(("fact",))
    assert "capacity" not in {sweep.name for sweep in find_sweeps(for_retrievers=True)}
    with pytest.raises(ConfigError, match="retrievers have none"):
        find_sweeps(("capacity",), for_retrievers=True)


def test_scores_are_normalised_between_no_memory_and_the_oracle_at_the_same_point(tmp_path: Path) -> None:
    report = _sweep("recency", folder=tmp_path)
    table = report.table.set_index(["sweep", "value", "policy"])
    assert set(report.table["policy"]) == {"recency", "no_op", "random", "oracle"}
    for (sweep, value, _), row in table.iterrows():
        lower, upper = (table.loc[(sweep, value, name), "score"] for name in ("no_op", "oracle"))
        assert row["normalised"] == pytest.approx((row["score"] - lower) / (upper - lower))
        assert (row["no_memory"], row["bound"]) == (lower, upper)
        assert row["guessing"] == table.loc[(sweep, value, "random"), "score"]
        assert row["normalised_low"] <= row["normalised"] <= row["normalised_high"]
    # A store of all turns keeps everything; one of a tenth of 28 turns has 3 entries.
    recency = table.xs("recency", level="policy").loc["capacity", "mean_entries"]
    assert recency[0.1] < 3 < recency[0.5] < recency[1.0]
    assert table.loc[("top_k", 1, "no_op"), "normalised"] == 0
    assert table.loc[("top_k", 1, "oracle"), "normalised"] == 1


def test_the_interval_of_a_normalised_score_resamples_bounds_and_policy_together() -> None:
    def table(scores: list[float]) -> pd.DataFrame:
        groups = ["a", "b", "c"]
        return pd.DataFrame({"group": groups, "stream": groups, "question": "q", "score": scores})

    # In every group the policy is half-way between bounds that differ from group to group.
    lower, upper = table([0.0, 0.2, 0.4]), table([0.2, 0.6, 1.0])
    assert bootstrap_normalised(table([0.1, 0.4, 0.7]), lower, upper) == (
        pytest.approx(0.5),
        pytest.approx(0.5),
    )
    low, high = bootstrap_normalised(table([0.2, 0.2, 0.7]), lower, upper)
    assert 0 <= low < 0.5 < high <= 1
    assert all(map(math.isnan, bootstrap_normalised(lower, upper, upper)))
    assert all(map(math.isnan, bootstrap_normalised(lower[:1], lower[:1], upper[:1])))


def test_a_sweep_that_was_killed_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    killed = Counting(killed_after=2)
    with pytest.raises(KeyboardInterrupt):
        _sweep("recency", folder=tmp_path, mapper=killed)
    names = sorted(path.name for path in (tmp_path / "points").iterdir())
    assert names == ["top_k-1.json", "top_k-3.json"]
    rest = Counting()
    report = _sweep("recency", folder=tmp_path, mapper=rest)
    assert [str(job.point) for job in rest.jobs] == ["capacity at 0.1", "capacity at 0.5", "capacity at 1"]
    # Nothing else than if it had not been killed.
    pd.testing.assert_frame_equal(
        report.table.drop(columns="seconds"), _sweep("recency").table.drop(columns="seconds")
    )


def test_only_policies_that_are_missing_or_have_other_weights_are_measured(tmp_path: Path) -> None:
    _sweep("recency", folder=tmp_path, fingerprints={"recency": "old"})
    more = Counting()
    report = _sweep("recency", "similarity", folder=tmp_path, mapper=more, fingerprints={"recency": "old"})
    assert {job.policies for job in more.jobs} == {("similarity",)}
    assert set(report.table["policy"]) == {"recency", "similarity", "no_op", "random", "oracle"}
    other = Counting()
    _sweep("recency", folder=tmp_path, mapper=other, fingerprints={"recency": "new"})
    assert [job.policies for job in other.jobs] == [("recency",)] * 5


def test_points_of_other_settings_are_told_and_not_mixed(tmp_path: Path) -> None:
    run_sweeps([make_baseline("recency")], [TOP_K], SETTINGS, folder=tmp_path)
    with pytest.raises(ConfigError, match=r"top_k-1.json was measured with num_streams = 2, and now it is 3"):
        run_sweeps([], [TOP_K], SweepSettings(num_streams=3, num_resamples=20), folder=tmp_path)
    harder = Sweep("top_k", "top_k", (1, 3), "?", SMALL | {"max_entries": 2})
    with pytest.raises(ConfigError, match="measured with max_entries = 4, and now it is 2"):
        run_sweeps([make_baseline("recency")], [harder], SETTINGS, folder=tmp_path)
    (tmp_path / "points" / "top_k-3.json").write_text("{")
    with pytest.raises(DataError, match=r"top_k-3.json is not a point of a sweep .*remove it"):
        run_sweeps([make_baseline("recency")], [TOP_K], SETTINGS, folder=tmp_path)


def test_a_point_that_fails_stops_no_other_and_is_tried_again(tmp_path: Path) -> None:
    def failing(
        measure: Callable[[Job], Measured], jobs: Sequence[Job]
    ) -> Iterator[tuple[Job, Measured | Exception]]:
        def breaks(job: Job) -> Measured:
            if job.point.value == 1:
                raise RuntimeError("out of luck")
            return measure(job)

        return one_after_the_other(breaks, jobs)

    report = _sweep("recency", folder=tmp_path, mapper=failing)
    assert [(str(point), str(error)) for point, error in report.failures] == [
        ("top_k at 1", "out of luck"),
        ("capacity at 1", "out of luck"),
    ]
    again = Counting()
    assert _sweep("recency", folder=tmp_path, mapper=again).failures == ()
    assert [str(job.point) for job in again.jobs] == ["top_k at 1", "capacity at 1"]


def test_files_and_tables_have_every_point(tmp_path: Path) -> None:
    report = _sweep("recency", folder=tmp_path)
    report.write(tmp_path)
    table = pd.read_csv(tmp_path / "sweeps.csv")
    pd.testing.assert_frame_equal(table, report.table, check_dtype=False, rtol=1e-12)
    tree = json.loads((tmp_path / "sweeps.json").read_text("utf-8"))
    assert tree["version"] == 1
    assert tree["settings"]["score"] == "token_f1"
    assert tree["base_rates"] == {"no_memory": "no_op", "guessing": "random", "bound": "oracle"}
    # In the order of the registry, and the values in theirs.
    assert [(sweep["name"], [point["value"] for point in sweep["points"]]) for sweep in tree["sweeps"]] == [
        ("capacity", [0.1, 0.5, 1.0]),
        ("top_k", [1, 3]),
    ]
    capacity, top_k = report.grids
    assert capacity.headers == ("policy", "0.1", "0.5", "1")
    assert [row[0] for row in capacity.rows] == ["recency", "random"]
    assert top_k.note.startswith("Is the right one among the first? token f1 x 100 of no memory")
    assert read_sweeps(tmp_path).as_json() == report.as_json()


def test_retrievers_have_a_fingerprint_as_well() -> None:
    policies = [make_retriever_baseline("bm25")]
    settings = SweepSettings(
        num_streams=2,
        num_resamples=20,
        evaluation=EvalSettings(answerer=ExtractiveAnswerer(), score="token_f1"),
    )
    report = run_sweeps(policies, [TOP_K], settings)
    assert set(report.table["policy"]) == {"bm25", "no_op", "random", "oracle"}
    assert report.failures == ()


def test_a_sweep_has_one_score() -> None:
    with pytest.raises(ConfigError, match="needs one score for all points"):
        SweepSettings(evaluation=EvalSettings())


def test_each_sweep_is_a_figure_and_all_of_them_are_a_fingerprint(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    report = _sweep("recency", "similarity")
    paths = write_figures(report, tmp_path)
    assert [path.name for path in paths] == ["capacity.svg", "top_k.svg", "fingerprint.svg"]
    before = [path.read_bytes() for path in paths]
    assert all(b"<svg" in each for each in before)
    write_figures(report, tmp_path)
    assert [path.read_bytes() for path in paths] == before


def test_matplotlib_is_loaded_when_figures_are_drawn() -> None:
    code = "import sys, memdojo.eval.sweeps.figures; print('matplotlib' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"


def test_a_misspelt_argument_is_named_with_those_that_are_near() -> None:
    with pytest.raises(UnknownNameError, match=r"argument of run_sweeps 'foldr'\. Did you mean 'folder'"):
        run_sweeps([], [], foldr="points")  # type: ignore[call-arg]


def test_a_sweep_may_vary_an_attack() -> None:
    poison = SWEEPS.get("poison")
    assert [dict(point.streams) for point in poison.points] == [
        {"attack": "contradiction", "attack_records": records} for records in (0, 2, 5, 10)
    ]
    for values, base in (
        ((-1,), {"attack": "flood"}),
        ((1,), {}),
        ((1,), {"attack": "flood", "attack_by": "x"}),
    ):
        with pytest.raises((ConfigError, UnknownNameError), match="attack"):
            Sweep("mine", "attack_records", values, "Mine?", base)


def test_a_sweep_of_an_attack_tells_its_success() -> None:
    base = SMALL | {"attack": "dormant", "max_entries": 99}
    sweep = Sweep("poison", "attack_records", (0, 3), "Whom does it believe?", base)
    report = run_sweeps([make_baseline("recency")], [sweep, TOP_K], SETTINGS)
    found = report.table.set_index(["sweep", "value", "policy"])["attack_success"].sort_index()
    assert found["poison", 3, "recency"] > found["poison", 3, "oracle"] == 0.0
    assert found["poison", 0].isna().all()
    assert found["top_k"].isna().all()
    (grid,) = (grid for grid in report.grids if "success" in grid.title)
    assert (grid.title, grid.headers) == ("poison: attack success x 100", ("policy", "0", "3"))
    assert grid.rows[0][:2] == ("recency", "-")
