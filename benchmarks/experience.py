"""Memories of experience on the same streams of tasks: success, its curve, the order of the tasks, and costs.

    python benchmarks/experience.py                                  # all by their rules, on experience:test
    python benchmarks/experience.py runs/experience_0 runs/experience_1 --orders 0
    python benchmarks/experience.py --option feedback=success num_tasks=100 --out runs/experience

For each spec of streams, with several seeds: success (the share of right answers) and the area under its
curve (the mean of the running mean), with 95 % intervals over streams; the paired difference from each
reference; the area over shuffles of the same tasks, its worst and its spread; and what a task costs: entries
in the store, tokens handed over, milliseconds. `exp_rag` keeps all and hands over the ten most similar,
`exp_rag_1` the most similar alone; `flat` goes by BM25. `oracle_reading` hands over what helps and nothing
else. Several runs make a row of their own, `learned`, the mean of all. With `--out` the table and the curves
are written as CSV. Scores x 100.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

import memdojo
from memdojo.agents.designs.exp_rag import ExpRAG
from memdojo.agents.designs.parts.decisions import Steps
from memdojo.agents.designs.parts.experience import experiences
from memdojo.agents.designs.parts.memory import DesignMemory
from memdojo.agents.designs.registry import make_design
from memdojo.agents.designs.running.policy import DesignManager
from memdojo.envs.streams.registry import takes_option
from memdojo.envs.types import Hit, Stream
from memdojo.eval.findings.experience import OrderRobustness, order_robustness, stream_areas, success_curve
from memdojo.eval.statistics.bootstrap import Interval, bootstrap_difference, bootstrap_mean

DESIGNS = ("exp_rag", "flat", "re_mem", "mem_rl", "memento", "re_me", "evolver", "case_selector")
NO_MEMORY = "no_op"
LEARNED = "learned"
NEAREST = "exp_rag_1"
METRIC = "exact_match"


class Oracle(ExpRAG):
    """Keeps everything, and hands over the experiences that help, the latest first.

    Args:
        helped_by: Ids of the tasks whose experience helps, by the text of the task.
    """

    name = "oracle_reading"

    def __init__(self, helped_by: Mapping[str, frozenset[str]]) -> None:
        self._helped_by = helped_by

    def read(self, memory: DesignMemory, question: str, k: int) -> Steps[tuple[Hit, ...]]:
        """Return what helps."""
        yield from ()
        helping = self._helped_by.get(question, frozenset())
        found = [entry for entry in experiences(memory) if helping & {*entry.sources}]
        return tuple(Hit(entry, 1.0) for entry in reversed(found))[:k]


@dataclass(frozen=True)
class Played:
    """What came of all policies on some streams.

    Attributes:
        tasks: One row for each policy and task.
        streams: One row for each policy and stream.
    """

    tasks: pd.DataFrame
    streams: pd.DataFrame

    def of(self, policy: str) -> Played:
        """Return the rows of a policy."""
        return Played(
            self.tasks[self.tasks["policy"] == policy], self.streams[self.streams["policy"] == policy]
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("runs", nargs="*", help="runs of the same decisions, learned with several seeds")
    parser.add_argument("--specs", nargs="+", default=["experience:test"], help="streams of tasks")
    parser.add_argument("--designs", nargs="+", default=list(DESIGNS), help="memory designs by their rules")
    parser.add_argument("--num-streams", type=int, default=20, help="streams of each seed")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3], help="of the streams")
    parser.add_argument("--orders", type=int, default=10, help="shuffles of the first streams; 0 for none")
    parser.add_argument("--order-streams", type=int, default=6, help="streams that are shuffled")
    parser.add_argument("--option", nargs="*", default=[], help="options of the source, such as noise=0.2")
    parser.add_argument(
        "--references", nargs="+", default=["exp_rag", NEAREST, "mem_rl"], help="of paired differences"
    )
    parser.add_argument("--out", type=Path, help="a folder for table.csv and curves.csv")
    arguments = parser.parse_args()
    tables, curves = [], []
    for spec in arguments.specs:
        table, curve = _measure(spec, arguments)
        tables.append(table)
        curves.append(curve)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        pd.concat(tables).to_csv(arguments.out / "table.csv", index=False)
        pd.concat(curves).to_csv(arguments.out / "curves.csv", index=False)


def _measure(spec: str, arguments: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Play one spec, print a line for each policy, and return the table and the success curves."""
    own = dict(option.split("=", 1) for option in arguments.option)
    options: dict[str, Any] = {name: _number(value) for name, value in own.items()}
    few = dict(options)
    if takes_option(spec, "num_streams"):
        options |= {"num_streams": arguments.num_streams}
        few |= {"num_streams": arguments.order_streams}
    has_seeds = takes_option(spec, "seed")
    seeds = [options | {"seed": seed} for seed in arguments.seeds] if has_seeds else [options]
    played = _joined([_play(spec, each, arguments) for each in seeds])
    few |= {"seed": arguments.seeds[0]} if has_seeds else {}
    orders = [_play(spec, few | {"order_seed": each}, arguments) for each in range(arguments.orders)]
    references = {name: played.of(name) for name in arguments.references}
    rows, curves = [], []
    for policy in played.tasks["policy"].unique():
        own_rows = played.of(policy)
        robustness = order_robustness([each.of(policy).tasks for each in orders]) if len(orders) > 1 else None
        rows.append({"spec": spec, **_row(policy, own_rows, references, robustness)})
        curves.append(success_curve(own_rows.tasks).assign(spec=spec, policy=policy))
    table = pd.DataFrame(rows).sort_values("success", ascending=False)
    for row in table.to_dict("records"):
        print("  ".join(f"{key} {_told(value)}" for key, value in row.items()), flush=True)
    return table, pd.concat(curves)


def _play(spec: str, options: Mapping[str, Any], arguments: argparse.Namespace) -> Played:
    """Return what becomes of the streams under every policy."""
    targets: list[str | DesignManager] = [*arguments.runs, *arguments.designs, NO_MEMORY]
    targets.append(DesignManager(make_design("exp_rag", max_read_entries=1), name=NEAREST))
    targets.append(DesignManager(Oracle(_helped_by(memdojo.load_streams(spec, **options)))))
    report = memdojo.evaluate(
        targets, spec, memdojo.EvalChoices(metric=METRIC, num_resamples=1), stream_options=options
    )
    tasks, streams = report.evaluation.questions, report.evaluation.streams
    # The manager of that name plans what to keep; it does not read what helps.
    tasks, streams = (table[table["policy"] != "oracle"] for table in (tasks, streams))
    names = [Path(run).name for run in arguments.runs]
    if len(names) > 1:
        tasks, streams = (_with_mean(table, names) for table in (tasks, streams))
    return Played(tasks, streams)


def _with_mean(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Add the rows of some policies once more as those of one."""
    learned = table[table["policy"].isin(names)]
    return pd.concat([table, learned.assign(policy=LEARNED, seed=learned["policy"].map(names.index))])


def _joined(parts: Sequence[Played]) -> Played:
    return Played(
        pd.concat([part.tasks for part in parts], ignore_index=True),
        pd.concat([part.streams for part in parts], ignore_index=True),
    )


def _row(
    policy: str, played: Played, references: Mapping[str, Played], orders: OrderRobustness | None
) -> dict[str, Any]:
    """Return what a table says of a policy."""
    success = bootstrap_mean(played.tasks)
    area = bootstrap_mean(stream_areas(played.tasks), "area")
    row: dict[str, Any] = {"policy": policy, **_interval("success", success), **_interval("area", area)}
    for name, reference in references.items():
        if name != policy:
            difference = bootstrap_difference(played.tasks, reference.tasks)
            row |= _interval(f"minus_{name}", difference)
    if orders is not None:
        row |= {
            "orders_mean": 100 * orders.mean,
            "orders_worst": 100 * orders.worst,
            "orders_spread": 100 * orders.spread,
        }
    num_tasks = played.streams["questions"].sum()
    return row | {
        "entries": played.streams["mean_entries"].mean(),
        "tokens_a_task": played.streams["tokens_read"].sum() / num_tasks,
        "ms_a_task": 1000 * played.streams["seconds"].sum() / num_tasks,
    }


def _interval(name: str, interval: Interval) -> dict[str, float]:
    return {
        name: 100 * interval.mean,
        f"{name}_low": 100 * interval.low,
        f"{name}_high": 100 * interval.high,
    }


def _helped_by(streams: Sequence[Stream]) -> dict[str, frozenset[str]]:
    return {task.text: task.evidence for stream in streams for task in stream.questions}


def _number(value: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def _told(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
