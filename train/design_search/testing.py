"""`run_test`: the front of a search on streams that chose nothing, beside what was there before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from memdojo.agents.baselines.registry import make_baseline
from memdojo.envs.streams.splits import shared_groups
from memdojo.envs.types import Stream
from memdojo.errors import LeakError
from memdojo.eval.playing.evaluate import Progress
from memdojo.eval.report import EvalReport
from memdojo.eval.run import run_evaluation
from memdojo.eval.statistics.bootstrap import bootstrap_difference
from memdojo.eval.tables.render import interval, number, percent, signed_percent
from memdojo.eval.tables.results import token_costs

from .outcome import SearchOutcome

FAMILIAR = "recency"
"""The baseline that everything is compared with."""


def require_apart(validation: Sequence[Stream], test: Sequence[Stream]) -> None:
    """Refuse test streams of groups by which designs are chosen.

    Raises:
        LeakError: With the names of the groups.
    """
    shared = shared_groups((stream.group for stream in test), (stream.group for stream in validation))
    if shared:
        more = f" and {len(shared) - 3} more" if len(shared) > 3 else ""
        raise LeakError(
            f"validation and test share the groups {', '.join(map(repr, shared[:3]))}{more}, so that the "
            "test would choose as well; name other streams (--test)."
        )


def run_test(
    outcome: SearchOutcome, streams: Sequence[Stream], folder: Path, progress: Progress | None = None
) -> pd.DataFrame:
    """Evaluate the front, the best of the designs as they are, and `recency`, and keep the tables.

    Args:
        outcome: What came of the search; validation alone has chosen.
        streams: The test streams.
        folder: For the tables and for every episode as soon as it was played.
        progress: Called after each batch of episodes.

    Returns:
        A row for each of them: `policy`, `score`, `low`, `high`, `tokens_read` for a
        question, `tokens_written` at a turn, and against each of the two yardsticks the paired difference
        with its interval, `minus_NAME`, `minus_NAME_low` and `minus_NAME_high`.
    """
    settings, chosen = outcome.space.settings, {trial.number: trial for trial in outcome.front}
    yardsticks = [FAMILIAR]
    if outcome.best_as_it_is is not None:
        chosen[outcome.best_as_it_is.number] = outcome.best_as_it_is
        yardsticks.insert(0, outcome.name_of(outcome.best_as_it_is))
    managers = [outcome.space.manager_of(trial.values, outcome.name_of(trial)) for trial in chosen.values()]
    report = run_evaluation(
        [*managers, make_baseline(FAMILIAR)],
        streams,
        settings.evaluation(),
        seed=settings.seed,
        reference=yardsticks[0],
        progress=progress,
        folder=folder,
    )
    report.write(folder)
    names = [*(manager.name for manager in managers), FAMILIAR]
    rows = [_row(report, name, yardsticks, settings.seed) for name in names]
    return pd.DataFrame(rows).sort_values("score", ascending=False, kind="stable", ignore_index=True)


def shown_test(table: pd.DataFrame, score: str) -> tuple[list[str], list[list[str]]]:
    """Return headers and rows of the table of `run_test` as people read them."""
    columns = [str(name) for name in table if str(name).startswith("minus_")]
    yardsticks = [name for name in columns if not name.endswith(("_low", "_high"))]
    headers = ["policy", f"{score} x 100", "95 % interval", "tokens read", "written"]
    headers += [name.replace("_", " ", 1) for name in yardsticks]
    rows = [
        [
            str(row["policy"]),
            percent(row["score"]),
            interval(row["low"], row["high"]),
            number(row["tokens_read"]),
            number(row["tokens_written"]),
            *(
                ""
                if pd.isna(row[name])
                else f"{signed_percent(row[name])} {interval(row[f'{name}_low'], row[f'{name}_high'])}"
                for name in yardsticks
            ),
        ]
        for row in table.to_dict("records")
    ]
    return headers, rows


def _row(report: EvalReport, name: str, yardsticks: Sequence[str], seed: int) -> dict[str, Any]:
    evaluation = report.evaluation
    summary = report.summary.set_index("policy").loc[name]
    episodes = evaluation.streams[evaluation.streams["policy"] == name]
    costs = token_costs(episodes)
    row: dict[str, Any] = {
        "policy": name,
        "score": summary["score"],
        "low": summary["low"],
        "high": summary["high"],
        "tokens_read": costs.read,
        "tokens_written": costs.written,
    }
    for other in yardsticks:
        if other != name:
            difference = bootstrap_difference(evaluation.of(name), evaluation.of(other), seed=seed)
            row[f"minus_{other}"] = difference.mean
            row[f"minus_{other}_low"], row[f"minus_{other}_high"] = difference.low, difference.high
    return row
