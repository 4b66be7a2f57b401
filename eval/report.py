"""`EvalReport`: an evaluation summed up, with tables to print and files to keep."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

import pandas as pd

from memdojo.envs.streams.files import atomic_writer
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError

from .findings.experience import has_tasks
from .playing.evaluate import Evaluation
from .playing.settings import EvalSettings
from .statistics.bootstrap import CONFIDENCE, NUM_RESAMPLES
from .tables.attacks import attack_grids, attack_table
from .tables.conditions import conditions_of, conditions_text
from .tables.escaping import write_csv
from .tables.findings import (
    blame_table,
    decision_table,
    finding_grids,
    forgetting_table,
    growth_table,
    plan_table,
    success_grid,
    success_table,
)
from .tables.render import (
    Grid,
    category_grid,
    episode_grid,
    metric_grid,
    paired_grid,
    print_grids,
    score_grid,
)
from .tables.results import category_names, paired_table, role_counts, summary_table

TABLE = "eval.csv"
"""The table by which the folder of an evaluation is known."""

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
        clean: The rows of the questions of an evaluation of the same streams before they were poisoned, where
            there is one.
    """

    evaluation: Evaluation
    summary: pd.DataFrame
    paired: pd.DataFrame
    details: dict[str, Any]
    clean: pd.DataFrame | None = None

    @property
    def attacks(self) -> pd.DataFrame:
        """What adversaries came to; see `attack_table`. No rows where no stream is poisoned."""
        return attack_table(self.evaluation, self.clean)

    @property
    def grids(self) -> tuple[Grid, ...]:
        """The tables as people read them."""
        score = self.evaluation.score
        failed_below = self.details["settings"]["failed_below"]
        scores = score_grid(self.summary, score, self.details["settings"]["max_unscored"])
        by_category = (category_grid(self.summary, score),) if category_names(self.summary) else ()
        return (
            scores.with_note(conditions_text(self.details)),
            *by_category,
            *((success_grid(success_table(self.evaluation), self.summary),) if self._has_tasks else ()),
            metric_grid(self.summary, self.evaluation.metrics),
            episode_grid(self.summary),
            *finding_grids(self.evaluation, self.summary["policy"].tolist(), failed_below),
            *attack_grids(self.attacks, self.summary["policy"].tolist()),
            paired_grid(self.paired),
        )

    @property
    def _has_tasks(self) -> bool:
        return has_tasks(self.evaluation.questions)

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
            (TABLE, self.evaluation.questions),
            ("streams.csv", self.evaluation.streams),
            ("summary.csv", self.summary),
            ("paired.csv", self.paired),
            ("diagnosis.csv", self.evaluation.findings.failures),
            ("blame.csv", blame_table(self.evaluation)),
            ("decisions.csv", decision_table(self.evaluation)),
            ("plan.csv", plan_table(self.evaluation)),
            ("forgetting.csv", forgetting_table(self.evaluation)),
            ("growth.csv", growth_table(self.evaluation)),
            *([("success_curve.csv", success_table(self.evaluation))] if self._has_tasks else ()),
            *self._attack_files(),
        ):
            with atomic_writer(folder / name) as file:
                write_csv(table, file)
        with atomic_writer(folder / "tables.md") as file:
            file.write(self.markdown())
        with atomic_writer(folder / "eval.json") as file:
            json.dump(self.as_json(), file, ensure_ascii=False, indent=1, allow_nan=False)
            file.write("\n")

    def _attack_files(self) -> tuple[tuple[str, pd.DataFrame], ...]:
        table = self.attacks
        if table.empty:
            return ()
        return (("attacks.csv", table), ("targets.csv", self.evaluation.findings.attacks))

    def as_json(self) -> dict[str, Any]:
        """Return details and tables in plain values; what is not available is None."""
        attacks = self.attacks
        return {
            "version": FORMAT_VERSION,
            **self.details,
            "summary": _records(self.summary),
            "paired": _records(self.paired),
            **({} if attacks.empty else {"attacks": _records(attacks)}),
        }


def make_report(
    evaluation: Evaluation,
    settings: EvalSettings,
    streams: Iterable[Stream],
    *,
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
    reference: str | None = None,
    embedders: Mapping[str, str] = MappingProxyType({}),
    readers: Mapping[str, str] = MappingProxyType({}),
) -> EvalReport:
    """Sum an evaluation up.

    The arguments are those of `memdojo.eval.run.run_evaluation`, and `embedders`: the names of the embedders
    by which retrievers rank, by the retriever's name, and `readers`: by what managers read that read by
    themselves, by the manager's name.
    """
    # Only managers have a store to fill.
    task = "manager" if "capacity_entries" in evaluation.streams else "retriever"
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
            "task": task,
            **conditions_of(streams, embedders, readers, role_counts(evaluation.streams)),
        },
    )


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
