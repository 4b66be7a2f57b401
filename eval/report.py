"""`run_evaluation`, and the `EvalReport` that it makes: tables to print, and files to keep."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pandas as pd

from memdojo.agents.baselines.registry import NamedRetriever
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.streams.files import atomic_writer
from memdojo.envs.streams.splits import check_no_leak
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError

from .playing.evaluate import Evaluation, Progress, evaluate_manager, evaluate_retriever
from .playing.settings import EvalSettings
from .records.files import EpisodeFile
from .statistics.bootstrap import CONFIDENCE, NUM_RESAMPLES
from .tables.findings import blame_table, finding_grids, forgetting_table, growth_table, plan_table
from .tables.render import (
    Grid,
    category_grid,
    episode_grid,
    metric_grid,
    paired_grid,
    print_grids,
    score_grid,
)
from .tables.results import category_names, paired_table, summary_table

FORMAT_VERSION = 1
"""Version of `eval.json`."""


@dataclass(frozen=True, slots=True, eq=False)
class EvalReport:
    """An evaluation with its tables.

    Attributes:
        evaluation: All rows.
        summary: See `summary_table`.
        paired: See `paired_table`.
        details: What was evaluated and how, in plain values.
    """

    evaluation: Evaluation
    summary: pd.DataFrame
    paired: pd.DataFrame
    details: dict[str, Any]

    @property
    def grids(self) -> tuple[Grid, ...]:
        """The tables as people read them."""
        score = self.evaluation.score
        failed_below = self.details["settings"]["failed_below"]
        by_category = (category_grid(self.summary, score),) if category_names(self.summary) else ()
        return (
            score_grid(self.summary, score),
            *by_category,
            metric_grid(self.summary, self.evaluation.metrics),
            episode_grid(self.summary),
            *finding_grids(self.evaluation, self.summary["policy"].tolist(), failed_below),
            paired_grid(self.paired),
        )

    def print(self, file: TextIO | None = None) -> None:
        """Print the tables, to standard output by default."""
        print_grids(self.grids, file)

    def markdown(self) -> str:
        """Return the tables in Markdown."""
        return "\n\n".join(grid.markdown() for grid in self.grids) + "\n"

    def write(self, folder: str | Path) -> None:
        """Write `eval.json`, the tables as CSV (docs/evaluation.md names them all) and `tables.md`.

        Each file appears whole or not at all.

        Raises:
            DataError: If the file system refuses.
        """
        folder = Path(folder).expanduser()
        _make_folder(folder)
        for name, table in (
            ("eval.csv", self.evaluation.questions),
            ("streams.csv", self.evaluation.streams),
            ("summary.csv", self.summary),
            ("paired.csv", self.paired),
            ("diagnosis.csv", self.evaluation.findings.failures),
            ("blame.csv", blame_table(self.evaluation)),
            ("plan.csv", plan_table(self.evaluation)),
            ("forgetting.csv", forgetting_table(self.evaluation)),
            ("growth.csv", growth_table(self.evaluation)),
        ):
            with atomic_writer(folder / name) as file:
                table.to_csv(file, index=False, lineterminator="\n")
        with atomic_writer(folder / "tables.md") as file:
            file.write(self.markdown())
        with atomic_writer(folder / "eval.json") as file:
            json.dump(self.as_json(), file, ensure_ascii=False, indent=1, allow_nan=False)
            file.write("\n")

    def as_json(self) -> dict[str, Any]:
        """Return details and tables in plain values; what is not available is None."""
        return {
            "version": FORMAT_VERSION,
            **self.details,
            "summary": _records(self.summary),
            "paired": _records(self.paired),
        }


def run_evaluation(
    targets: Sequence[ManagerPolicy] | Sequence[NamedRetriever],
    streams: Iterable[Stream],
    settings: EvalSettings | None = None,
    *,
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
    reference: str | None = None,
    training_groups: Iterable[str] = (),
    progress: Progress | None = None,
    folder: str | Path | None = None,
    fingerprints: Mapping[str, str] | None = None,
    replace_others: bool = False,
) -> EvalReport:
    """Evaluate managers, or retrievers, on held-out streams and sum it up.

    Args:
        targets: All managers or all `NamedRetriever`; the bounds join where they are missing.
        streams: Held-out streams.
        settings: What is the same for all.
        seed: Seeds episodes and intervals.
        num_resamples: How many resamples an interval takes.
        reference: What the paired table subtracts; None takes the best baseline beside the oracle.
        training_groups: Groups that any of the targets was trained on.
        progress: Called after each batch of episodes.
        folder: Where every episode is recorded as soon as it was played. What is recorded there already is
            not played again. `EvalReport.write` takes the same folder.
        fingerprints: What tells a target from others of its name, such as the digest of its weights: episodes
            of one with another fingerprint are played again.
        replace_others: Remove episodes that were recorded under other conditions instead of refusing them.

    Raises:
        LeakError: If a stream is of a training group.
        ConfigError: If managers and retrievers are mixed, or for the reasons of `evaluate_manager`.
        UnknownNameError: If no target is called `reference`.
    """
    streams, settings = list(streams), settings or EvalSettings()
    check_unseen(training_groups, streams)
    file = None
    if folder is not None:
        file = EpisodeFile(
            folder, settings.conditions | {"seed": seed}, streams, fingerprints, replace_others
        )
    evaluation = _evaluate(targets, streams, settings, seed, progress, file)
    return make_report(
        evaluation, settings, streams, seed=seed, num_resamples=num_resamples, reference=reference
    )


def make_report(
    evaluation: Evaluation,
    settings: EvalSettings,
    streams: Iterable[Stream],
    *,
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
    reference: str | None = None,
) -> EvalReport:
    """Sum an evaluation up; the arguments are those of `run_evaluation`."""
    return EvalReport(
        evaluation,
        summary_table(evaluation, seed=seed, num_resamples=num_resamples),
        paired_table(evaluation, reference, seed=seed, num_resamples=num_resamples),
        {
            "score": evaluation.score,
            "seed": seed,
            "confidence": CONFIDENCE,
            "num_resamples": num_resamples,
            "settings": settings.as_json(),
            "streams": [{"id": each.id, "group": each.group, "source": each.source} for each in streams],
        },
    )


def check_unseen(training_groups: Iterable[str], streams: Iterable[Stream]) -> None:
    """Refuse streams of groups that training has seen.

    Raises:
        LeakError: With the names of the shared groups.
    """
    # Checkpoints keep the names of the groups alone, so empty streams stand for what they saw.
    check_no_leak((Stream("", group, (), ()) for group in training_groups), streams)


def _evaluate(
    targets: Sequence[ManagerPolicy] | Sequence[NamedRetriever],
    streams: Sequence[Stream],
    settings: EvalSettings,
    seed: int,
    progress: Progress | None,
    file: EpisodeFile | None,
) -> Evaluation:
    retrievers = [target for target in targets if isinstance(target, NamedRetriever)]
    managers = [target for target in targets if not isinstance(target, NamedRetriever)]
    if retrievers and managers:
        raise ConfigError(
            f"{retrievers[0].name!r} is a retriever and {managers[0].name!r} a manager; "
            "evaluate one kind at a time (EvalSettings.retriever joins a retriever to managers)."
        )
    if retrievers:
        return evaluate_retriever(retrievers, streams, settings, seed, progress, file)
    return evaluate_manager(managers, streams, settings, seed, progress, file)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    records = table.to_dict(orient="records")
    return [{str(name): _plain(value) for name, value in record.items()} for record in records]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"the folder {folder} cannot be made: {error.strerror or error}.") from error
