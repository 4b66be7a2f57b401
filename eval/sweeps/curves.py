"""Score against budget and against length: the same policies evaluated at several points."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from memdojo.agents.baselines.registry import UPPER_BOUND, NamedRetriever
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.streams.files import atomic_writer
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError

from ..playing.settings import EvalSettings
from ..records.files import EpisodeFolder
from ..report import EvalReport
from ..run import run_evaluation
from ..statistics.front import on_front
from ..tables.escaping import write_csv
from ..tables.render import Grid, interval, number, percent

Targets = Sequence[ManagerPolicy] | Sequence[NamedRetriever]

SHOWN = ("score", "low", "high", "normalised", "num_questions")
COSTS = ("mean_entries", "final_tokens", "tokens_written", "tokens_read", "seconds")
"""Columns of a summary that stand in a curve."""


def evaluate_capacities(
    targets: Sequence[ManagerPolicy],
    streams: Sequence[Stream],
    settings: EvalSettings,
    shares: Iterable[float],
    *,
    folder: EpisodeFolder | None = None,
    **how: Any,
) -> pd.DataFrame:
    """Evaluate managers at several sizes of the store: the score that a budget buys.

    Args:
        targets: The managers; the bounds join.
        streams: Held-out streams.
        settings: What is the same at all points; its own limit in entries plays no part.
        shares: Entries of the store, as shares of each stream's turns.
        folder: Keeps each point's evaluation in a folder of its own, `capacity-SHARE`, and `capacities.csv`.
        how: As for `run_evaluation`.

    Returns:
        One row per share and policy: `capacity_share`, `policy`, the columns `SHOWN` and `COSTS` of a
        summary, and `on_front`: no other policy or share has a higher score for as few tokens in the store,
        or as high a score for fewer. The oracle, which could not be used in practice, is left out.

    Raises:
        ConfigError: If there is no share, or for the reasons of `run_evaluation`.
    """
    points = []
    for share in _distinct("capacities", shares):
        here = dataclasses.replace(settings, max_entries=None, capacity_share=share)
        points.append((share, _evaluate(targets, streams, here, folder, f"capacity-{share:g}", how)))
    table = _curve("capacity_share", points)
    table["on_front"] = _on_front(table)
    _write(table, folder, "capacities.csv")
    return table


def evaluate_lengths(
    targets: Targets,
    load: Callable[[int], Sequence[Stream]],
    settings: EvalSettings,
    factors: Iterable[int],
    *,
    folder: EpisodeFolder | None = None,
    **how: Any,
) -> pd.DataFrame:
    """Evaluate policies on streams that grow longer than those they were trained on.

    The store keeps the number of entries that it has at the first length: what grows is the dialogue, not the
    memory.

    Args:
        targets: Managers or retrievers; the bounds join.
        load: Returns held-out streams that are a number of times as long as at 1.
        settings: What is the same at all points.
        factors: The numbers of times.
        folder: Keeps each point's evaluation in a folder of its own, `length-FACTOR`, and `lengths.csv`.
        how: As for `run_evaluation`.

    Returns:
        One row per factor and policy: `length_factor`, `turns` (mean of a stream), `policy`, and the columns
        `SHOWN` and `COSTS` of a summary.

    Raises:
        ConfigError: If there is no factor, the streams at 1 have no common size of the store, or for the
            reasons of `run_evaluation`.
    """
    fixed = _fixed_store(load(1), settings)
    points, turns = [], {}
    for factor in _distinct("lengths", factors):
        streams = load(factor)
        turns[factor] = sum(len(stream.turns) for stream in streams) / len(streams)
        points.append((factor, _evaluate(targets, streams, fixed, folder, f"length-{factor}", how)))
    table = _curve("length_factor", points)
    table.insert(1, "turns", table["length_factor"].map(turns))
    _write(table, folder, "lengths.csv")
    return table


def curve_grid(table: pd.DataFrame, score: str) -> Grid:
    """Lay out a curve: one row per policy, its score x 100 at each point."""
    point = str(table.columns[0])
    values = sorted(table[point].unique())
    scores = table.set_index(["policy", point])
    rows = []
    for policy in table["policy"].unique():
        cells = [scores.loc[(policy, value)] for value in values]
        rows.append(
            (policy, *(f"{percent(cell['score'])} {interval(cell['low'], cell['high'])}" for cell in cells))
        )
    title = f"{score.replace('_', ' ')} x 100 by {point.replace('_', ' ')}"
    return Grid(title, ("policy", *(f"{value:g}" for value in values)), tuple(rows))


def front_grid(table: pd.DataFrame, score: str) -> Grid:
    """Lay out the points on the Pareto front of score against tokens in the store, cheapest first."""
    front = table[table["on_front"]].sort_values("final_tokens")
    rows = [
        (
            f"{row['policy']} at {row['capacity_share']:g}",
            number(row["final_tokens"]),
            percent(row["score"]),
            number(row["tokens_written"]),
            number(row["tokens_read"]),
        )
        for row in front.to_dict("records")
    ]
    headers = ("policy and share", "final tokens", f"{score.replace('_', ' ')} x 100", "written", "read")
    return Grid("Pareto front of score against tokens in the store", headers, tuple(rows))


def _evaluate(
    targets: Targets,
    streams: Sequence[Stream],
    settings: EvalSettings,
    folder: EpisodeFolder | None,
    name: str,
    how: dict[str, Any],
) -> EvalReport:
    here = None if folder is None else folder.inside(name)
    report = run_evaluation(targets, streams, settings, folder=here, **how)
    if here is not None:
        report.write(here.path)
    return report


def _curve(point: str, reports: Sequence[tuple[float, EvalReport]]) -> pd.DataFrame:
    tables = []
    for value, report in reports:
        columns = [column for column in (*SHOWN, *COSTS) if column in report.summary]
        table = report.summary[["policy", *columns]].copy()
        table.insert(0, point, value)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _on_front(table: pd.DataFrame) -> list[bool]:
    usable = table[(table["policy"] != UPPER_BOUND) & table["score"].notna()]
    is_on = on_front(usable["score"].tolist(), usable["final_tokens"].tolist())
    front = set(usable.index[is_on])
    return [index in front for index in table.index]


def _fixed_store(streams: Sequence[Stream], settings: EvalSettings) -> EvalSettings:
    sizes = {settings.capacity(stream).max_entries for stream in streams}
    if len(sizes) != 1:
        raise ConfigError(
            f"the streams at length 1 have stores of {len(sizes)} sizes; give max_entries, or streams of one "
            "length."
        )
    return dataclasses.replace(settings, max_entries=sizes.pop(), capacity_share=None)


def _distinct(name: str, values: Iterable[Any]) -> list[Any]:
    given = list(values)
    if not given or len(set(given)) < len(given) or any(not value > 0 for value in given):
        raise ConfigError(f"{name} are {given}; give positive numbers, each once.")
    return given


def _write(table: pd.DataFrame, folder: EpisodeFolder | None, name: str) -> None:
    if folder is not None:
        with atomic_writer(Path(folder.inside(name).path)) as file:
            write_csv(table, file)
