"""The points of sweeps, measured one by one and kept in files, so that a sweep can be resumed."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memdojo.agents.baselines.registry import (
    LOWER_BOUND,
    UPPER_BOUND,
    NamedRetriever,
    make_baseline,
    make_retriever_baseline,
)
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.answering import CachedAnswerer, ExtractiveAnswerer
from memdojo.envs.episodes.limits import check_positive
from memdojo.envs.streams.files import atomic_writer
from memdojo.envs.streams.registry import load_streams
from memdojo.errors import ConfigError, DataError

from ..playing.settings import EvalSettings
from ..run import check_unseen, run_evaluation
from ..statistics.bootstrap import NUM_RESAMPLES, bootstrap_normalised
from .curves import COSTS, SHOWN
from .registry import GUESS, LIMITS, Point

ATTACK_FIGURES = {"attack_success": "success", "clean_score": "clean_score", "detection": "detection"}
"""Columns of points whose streams are poisoned, by what `attack_table` calls them."""

POINTS = "points"
"""Folder of the points in that of a sweep."""

POINT_VERSION = 1

Targets = Sequence[ManagerPolicy] | Sequence[NamedRetriever]


def _sweep_settings() -> EvalSettings:
    return EvalSettings(answerer=CachedAnswerer(ExtractiveAnswerer()), score="token_f1")


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """What is the same at all points.

    Attributes:
        split: Of the synthetic streams.
        num_streams: Streams of a point.
        seed: Of the streams, the episodes and the intervals.
        num_resamples: How many resamples an interval takes.
        evaluation: All else, with its `score` named; its limits are those of the point.

    Raises:
        ConfigError: If there is no score, or no stream.
    """

    split: str = "test"
    num_streams: int = 16
    seed: int = 0
    num_resamples: int = NUM_RESAMPLES
    evaluation: EvalSettings = field(default_factory=_sweep_settings)

    def __post_init__(self) -> None:
        if not self.evaluation.score:
            raise ConfigError("a sweep needs one score for all points; name it, such as score = 'token_f1'.")
        check_positive("num_streams", self.num_streams)

    @property
    def shared(self) -> dict[str, Any]:
        """What all points of a folder have in common, in plain values."""
        conditions = {name: value for name, value in self.evaluation.conditions.items() if name not in LIMITS}
        return {
            "split": self.split,
            "num_streams": self.num_streams,
            "seed": self.seed,
            "num_resamples": self.num_resamples,
            "num_seeds": self.evaluation.num_seeds,
            "score": self.evaluation.score,
            **conditions,
        }


@dataclass(frozen=True, slots=True)
class Job:
    """The policies, by name, to measure at a point."""

    point: Point
    policies: tuple[str, ...]


Measured = dict[str, dict[str, Any]]
"""What was measured of each policy, in plain values: see `docs/sweeps.md`."""

Mapper = Callable[[Callable[[Job], Measured], Sequence[Job]], Iterable[tuple[Job, Measured | Exception]]]
"""Does all jobs and yields each with what came of it, in any order."""


def one_after_the_other(
    measure: Callable[[Job], Measured], jobs: Sequence[Job]
) -> Iterator[tuple[Job, Measured | Exception]]:
    """Do the jobs here, in their order; one that fails does not stop the others."""
    for job in jobs:
        try:
            yield job, measure(job)
        except Exception as error:
            yield job, error


class PointMeasure:
    """Plays policies at a point.

    Args:
        targets: All managers or all retrievers; no memory, guessing and the oracle join them.
        settings: What is the same at all points.
        training_groups: Groups that any of them was trained on.
    """

    def __init__(
        self, targets: Targets, settings: SweepSettings, training_groups: Iterable[str] = ()
    ) -> None:
        self._settings = settings
        self._groups = tuple(training_groups)
        given: dict[str, Any] = {target.name: target for target in targets}
        make: Callable[[str], Any] = make_baseline
        if any(isinstance(target, NamedRetriever) for target in targets):
            make = make_retriever_baseline
        joining = (name for name in (LOWER_BOUND, GUESS, UPPER_BOUND) if name not in given)
        self._targets = given | {name: make(name) for name in joining}

    @property
    def policies(self) -> tuple[str, ...]:
        """Names of all that is measured."""
        return tuple(self._targets)

    def __call__(self, job: Job) -> Measured:
        """Return what was measured of each policy of the job.

        Raises:
            LeakError: If a stream is of a training group.
            ConfigError: For the reasons of `run_evaluation`.
        """
        settings, point = self._settings, job.point
        streams = load_streams(
            f"synthetic:{settings.split}",
            num_streams=settings.num_streams,
            seed=settings.seed,
            **point.streams,
        )
        check_unseen(self._groups, streams)
        limits: dict[str, Any] = {"max_entries": None, "capacity_share": None, **point.limits}
        report = run_evaluation(
            [self._targets[name] for name in job.policies],
            streams,
            dataclasses.replace(settings.evaluation, **limits),
            seed=settings.seed,
            num_resamples=settings.num_resamples,
            reference=LOWER_BOUND,
        )
        evaluation, measured = report.evaluation, {}
        attacks = {row["policy"]: row for row in report.attacks.to_dict("records")}
        lower, upper = (evaluation.of(name) for name in (LOWER_BOUND, UPPER_BOUND))
        for row in report.summary.to_dict("records"):
            name = row["policy"]
            low, high = bootstrap_normalised(
                evaluation.of(name),
                lower,
                upper,
                seed=settings.seed,
                num_resamples=settings.num_resamples,
            )
            figures = {column: row[column] for column in (*SHOWN, *COSTS) if column in row}
            figures |= {"normalised_low": low, "normalised_high": high}
            if name in attacks:
                figures |= {column: attacks[name][source] for column, source in ATTACK_FIGURES.items()}
            measured[name] = {"baseline": bool(row["baseline"])} | {
                column: None if math.isnan(value) else value for column, value in figures.items()
            }
        return {name: measured[name] for name in job.policies}


class PointFolder:
    """The points of a sweep on the disk: `points/SWEEP-VALUE.json`, each written whole or not at all.

    Args:
        folder: Made where it is missing.
        settings: Under which the points are measured.
        fingerprints: What tells a policy from others of its name, such as the digest of its weights.

    Raises:
        ConfigError: If the folder has points that were measured under other settings.
        DataError: If a file is damaged.
    """

    def __init__(
        self, folder: str | Path, settings: SweepSettings, fingerprints: Mapping[str, str] | None = None
    ) -> None:
        self.folder = Path(folder).expanduser()
        self._shared = json.loads(json.dumps(settings.shared))
        self._fingerprints = dict(fingerprints or {})
        try:
            (self.folder / POINTS).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"the folder {self.folder} cannot be made: {error.strerror or error}."
            ) from error
        for path, record in read_points(self.folder).items():
            _require_equal(path, record["settings"], self._shared)

    def missing(self, point: Point, policies: Sequence[str]) -> tuple[str, ...]:
        """Return the policies that are not measured yet, or whose fingerprint was another one.

        Raises:
            ConfigError: If the point was measured with other options.
        """
        record = self._read(point)
        known = {} if record is None else record["policies"]
        return tuple(
            name
            for name in policies
            if name not in known or known[name]["fingerprint"] != self._fingerprints.get(name, "")
        )

    def add(self, point: Point, measured: Measured) -> None:
        """Write what was measured, beside what is there.

        Raises:
            DataError: If the file system refuses.
        """
        record = self._read(point) or {
            "version": POINT_VERSION,
            "settings": self._shared,
            **_as_json(point),
            "policies": {},
        }
        for name, figures in measured.items():
            record["policies"][name] = {"fingerprint": self._fingerprints.get(name, ""), **figures}
        with atomic_writer(self._path(point)) as file:
            json.dump(record, file, ensure_ascii=False, indent=1, allow_nan=False)
            file.write("\n")

    def _read(self, point: Point) -> dict[str, Any] | None:
        path = self._path(point)
        if not path.exists():
            return None
        record = _read_point(path)
        wanted = _as_json(point)
        for kind in ("streams", "limits"):
            _require_equal(path, record[kind], wanted[kind])
        return record

    def _path(self, point: Point) -> Path:
        return self.folder / POINTS / f"{point.sweep}-{point.value:g}.json"


def read_points(folder: str | Path) -> dict[Path, dict[str, Any]]:
    """Return the points of a folder by the path of their files, in the order of sweeps and values.

    Raises:
        DataError: If a file is damaged.
    """
    records = {path: _read_point(path) for path in (Path(folder).expanduser() / POINTS).glob("*.json")}
    return dict(sorted(records.items(), key=lambda each: (each[1]["sweep"], each[1]["value"])))


def _read_point(path: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version = record["version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} is not a point of a sweep ({error!r}); remove it and sweep again."
        ) from error
    if version != POINT_VERSION:
        raise DataError(
            f"{path} has version {version}, and this memdojo reads {POINT_VERSION}; choose another folder."
        )
    return record


def _as_json(point: Point) -> dict[str, Any]:
    return {
        "sweep": point.sweep,
        "option": point.option,
        "tests": point.tests,
        "value": point.value,
        "streams": dict(point.streams),
        "limits": dict(point.limits),
    }


def _require_equal(path: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            raise ConfigError(
                f"{path} was measured with {name} = {before.get(name)!r}, and now it is {now.get(name)!r}; "
                "choose another folder, or remove the file."
            )
