"""The report of sweeps: all points in one table, printed tables, figures and files."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO, TypedDict, Unpack

import pandas as pd

from memdojo.agents.baselines.registry import LOWER_BOUND, UPPER_BOUND
from memdojo.envs.streams.files import atomic_writer
from memdojo.errors import check_names

from ..tables.escaping import write_csv
from ..tables.render import Grid, percent, print_grids
from .curves import curve_grid
from .points import (
    Job,
    Mapper,
    Measured,
    PointFolder,
    PointMeasure,
    SweepSettings,
    Targets,
    one_after_the_other,
    read_points,
)
from .registry import GUESS, SWEEPS, Point, Sweep

FORMAT_VERSION = 1
"""Version of `sweeps.json`."""

ATTACK_SUCCESS = "attack_success"
BOUNDS = (LOWER_BOUND, UPPER_BOUND)

OnPoint = Callable[[Point, int, int], None]
"""Called with a point that was done, the number of points done so far, and of all."""


@dataclass(frozen=True, slots=True, eq=False)
class SweepReport:
    """All points that were measured, those of earlier calls included.

    Attributes:
        table: One row per sweep, value and policy; docs/sweeps.md explains the columns.
        tests: What each sweep tests, by its name.
        settings: What is the same at all points, in plain values.
        points: The points with their options, in plain values.
        failures: The points that failed in this call, with why.
    """

    table: pd.DataFrame
    tests: Mapping[str, str]
    settings: Mapping[str, Any]
    points: Sequence[Mapping[str, Any]]
    failures: tuple[tuple[Point, Exception], ...] = ()

    @property
    def grids(self) -> tuple[Grid, ...]:
        """One table for each sweep, with normalised scores, and one more where streams are poisoned."""
        scores = [self._grid(name) for name in self.tests]
        return (*scores, *(self._attack_grid(name) for name in self.tests if self._is_attacked(name)))

    def print(self, file: TextIO | None = None) -> None:
        """Print the tables, to standard output by default."""
        print_grids(self.grids, file)

    def write(self, folder: str | Path) -> None:
        """Write `sweeps.csv`, `sweeps.json` and `tables.md`, each whole or not at all.

        Raises:
            DataError: If the file system refuses.
        """
        folder = Path(folder).expanduser()
        with atomic_writer(folder / "sweeps.csv") as file:
            write_csv(self.table, file)
        with atomic_writer(folder / "sweeps.json") as file:
            json.dump(self.as_json(), file, ensure_ascii=False, indent=1, allow_nan=False)
            file.write("\n")
        with atomic_writer(folder / "tables.md") as file:
            file.write("\n\n".join(grid.markdown() for grid in self.grids) + "\n")

    def as_json(self) -> dict[str, Any]:
        """Return everything in plain values; what is not available is None."""
        sweeps = []
        for name, tests in self.tests.items():
            points = [point for point in self.points if point["sweep"] == name]
            sweeps.append(
                {
                    "name": name,
                    "option": points[0]["option"],
                    "tests": tests,
                    "points": [
                        {key: point[key] for key in ("value", "streams", "limits", "policies")}
                        for point in points
                    ],
                }
            )
        return {
            "version": FORMAT_VERSION,
            "settings": dict(self.settings),
            "base_rates": {"no_memory": LOWER_BOUND, "guessing": GUESS, "bound": UPPER_BOUND},
            "sweeps": sweeps,
        }

    def _is_attacked(self, name: str) -> bool:
        if ATTACK_SUCCESS not in self.table:
            return False
        return bool(self.table.loc[self.table["sweep"] == name, ATTACK_SUCCESS].notna().any())

    def _attack_grid(self, name: str) -> Grid:
        rows = self.table[self.table["sweep"] == name]
        values = rows["value"].unique()
        cells = rows.set_index(["policy", "value"])[ATTACK_SUCCESS]
        return Grid(
            f"{name}: attack success x 100",
            ("policy", *(f"{value:g}" for value in values)),
            tuple(
                (str(policy), *(percent(float(cells.get((policy, value), math.nan))) for value in values))
                for policy in rows["policy"].unique()
            ),
            "Of the questions at which the adversary aims.",
        )

    def _grid(self, name: str) -> Grid:
        rows = self.table[self.table["sweep"] == name]
        shown = rows[~rows["policy"].isin(BOUNDS)]
        option = str(rows["option"].iloc[0])
        curve = pd.DataFrame(
            {
                option: shown["value"],
                "policy": shown["policy"],
                "score": shown["normalised"],
                "low": shown["normalised_low"],
                "high": shown["normalised_high"],
            }
        )
        score = self.settings["score"].replace("_", " ")
        raw = rows.drop_duplicates("value")
        note = "; ".join(
            f"{label} {', '.join(map(percent, raw[column]))}"
            for label, column in (
                ("no memory", "no_memory"),
                ("guessing", "guessing"),
                ("oracle", "bound"),
            )
        )
        grid = curve_grid(curve, f"{name}: normalised {score}")
        return dataclasses.replace(grid, note=f"{self.tests[name]} {score} x 100 of {note}.")


class PointOptions(TypedDict, total=False):
    """Where the points of sweeps are kept, and which of those kept there count.

    Attributes:
        folder: Keeps the points; what it has is not measured again. None forgets them.
        fingerprints: What tells a policy from others of its name: one with another fingerprint is measured
            again.
    """

    folder: str | Path | None
    fingerprints: Mapping[str, str] | None


def run_sweeps(
    targets: Targets,
    sweeps: Sequence[Sweep],
    settings: SweepSettings | None = None,
    *,
    mapper: Mapper = one_after_the_other,
    measure: Callable[[Job], Measured] | None = None,
    training_groups: Iterable[str] = (),
    progress: OnPoint | None = None,
    **kept: Unpack[PointOptions],
) -> SweepReport:
    """Measure policies at all points of sweeps that are not measured yet.

    Args:
        targets: All managers or all retrievers, of distinct names; no memory, guessing and the oracle join.
        sweeps: See `find_sweeps`.
        settings: What is the same at all points.
        mapper: Does the jobs, such as `memdojo.train.rollouts.ray_map.RayMap`; by default here, one after the
            other.
        measure: What does a job. By default it plays `targets`, which stay in this process; a mapper to
            others needs a function that can be sent there and makes a `PointMeasure` of the same policies.
        training_groups: Groups that any of the targets was trained on.
        progress: Called after each point.
        **kept: `folder` and `fingerprints`; see `PointOptions`.

    Returns:
        All points of the folder. A point that failed is among `failures`; the next call tries it again.

    Raises:
        ConfigError: If the folder has points that were measured under other settings.
        DataError: If a file is damaged or cannot be written.
        UnknownNameError: If an option is unknown.
    """
    check_names("argument of run_sweeps", kept, PointOptions.__annotations__)
    settings, folder, failures = settings or SweepSettings(), kept.get("folder"), []
    with TemporaryDirectory() if folder is None else nullcontext(folder) as place:
        files = PointFolder(place, settings, kept.get("fingerprints"))
        here = PointMeasure(targets, settings, training_groups)
        points = [point for sweep in sweeps for point in sweep.points]
        jobs = [Job(point, policies) for point in points if (policies := files.missing(point, here.policies))]
        done = len(points) - len(jobs)
        for job, result in mapper(measure or here, jobs) if jobs else ():
            if isinstance(result, Exception):
                failures.append((job.point, result))
            else:
                files.add(job.point, result)
            done += 1
            if progress is not None:
                progress(job.point, done, len(points))
        return dataclasses.replace(read_sweeps(place), failures=tuple(failures))


def read_sweeps(folder: str | Path) -> SweepReport:
    """Return all that a folder of `run_sweeps` has.

    Raises:
        DataError: If a file is damaged.
    """
    points = list(read_points(folder).values())
    known = list(SWEEPS)
    # Those of the registry in its order, then others.
    points.sort(key=lambda point: known.index(point["sweep"]) if point["sweep"] in known else len(known))
    rows = [row for point in points for row in _rows(point["policies"], point)]
    tests = {point["sweep"]: point["tests"] for point in points}
    settings = points[0]["settings"] if points else {}
    return SweepReport(pd.DataFrame(rows), tests, settings, points)


def _rows(policies: Measured, point: Mapping[str, Any]) -> list[dict[str, Any]]:
    rates = {
        column: _float(policies[name]["score"])
        for column, name in (("no_memory", LOWER_BOUND), ("guessing", GUESS), ("bound", UPPER_BOUND))
    }
    key = {name: point[name] for name in ("sweep", "option", "value")}
    return [
        {**key, "policy": name, "baseline": figures["baseline"]}
        | {column: _float(figures[column]) for column in figures if column not in ("fingerprint", "baseline")}
        | rates
        for name, figures in policies.items()
    ]


def _float(value: float | None) -> float:
    return math.nan if value is None else float(value)
