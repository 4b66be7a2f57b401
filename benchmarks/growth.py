"""How costs grow: with the entries of a store, the turns of a dialogue, and the episodes of a group.

    python benchmarks/growth.py [--what entries turns episodes] [--entries 100 1000 10000 100000]
    python benchmarks/growth.py --what turns --turns 1000 10000 100000 --figure growth.svg

Seconds of CPU time of this process, medians of several calls where a call is short. `slope` is the exponent
with which a cost grows between the first and the last size, and in brackets the steepest between two
neighbours: 0 means that it does not grow, 1 that it grows in proportion. `ought` is what it should be at
most. Short calls have fixed costs, which make small sizes look flat. The last line is one JSON object.
"""

# ruff: noqa: E402  # The number of threads must be set before numpy is imported.

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import memdojo
from memdojo.agents.baselines.registry import make_baseline
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.memory import BM25Retriever, MemoryStore
from memdojo.envs.memory.persistence import load_store, save_store
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.streams.jsonl.reading import read_jsonl, write_jsonl
from memdojo.envs.types import Add, Update
from memdojo.eval.html.page import write_report
from memdojo.eval.html.sources import read_evaluation
from memdojo.eval.sweeps.figures import as_svg, new_figure

ROUNDS = 50
TURNS_PER_SESSION = 14
MAX_ENTRIES = 500
"""What a store holds while a dialogue goes by, however long it is."""

BYTES = "bytes of the file"
OUGHT = {
    "entries": {
        "update": 0,
        "fork": 0,
        "first update of a fork": 0,
        "search": 1,
        "save": 1,
        "open": 1,
        BYTES: 1,
    },
    "turns": {"read the file": 1, "prepare": 1, "play": 1, "evaluate and record": 1, "write the report": 1},
    "episodes": {"fork and play": 1},
}
"""The exponent with which each cost may grow at most, by what sizes count."""


@dataclass
class Cost:
    """What one thing costs at several sizes.

    Attributes:
        name: What it is.
        per: What a size counts.
        sizes, costs: Seconds, or bytes where the name says so.
    """

    name: str
    per: str
    sizes: list[int] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)

    @property
    def slopes(self) -> list[float]:
        """The exponent between each two neighbouring sizes."""
        points = list(zip(self.sizes, self.costs, strict=True))
        return [exponent(*a, *b) for a, b in pairwise(points)]

    @property
    def slope(self) -> float:
        """The exponent between the first size and the last."""
        return exponent(self.sizes[0], self.costs[0], self.sizes[-1], self.costs[-1])


def exponent(size: float, cost: float, later_size: float, later_cost: float) -> float:
    """Return the power of the size with which a cost grows from one size to another."""
    return math.log(max(later_cost, 1e-9) / max(cost, 1e-9)) / math.log(later_size / size)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--what", nargs="+", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--entries", type=int, nargs="+", default=[100, 1_000, 10_000, 100_000])
    parser.add_argument("--turns", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--episodes", type=int, nargs="+", default=[2, 8, 32])
    parser.add_argument("--figure", type=Path, help="write a figure (SVG) there")
    arguments = parser.parse_args()
    costs: list[Cost] = []
    for per in arguments.what:
        of_kind = [Cost(name, per) for name in OUGHT[per]]
        for size in sorted(set(getattr(arguments, per))):
            measured = MEASURES[per](size)
            for cost in of_kind:
                cost.sizes.append(size)
                cost.costs.append(measured[cost.name])
        print("\n".join(map(row, of_kind)), flush=True)
        costs += of_kind
    if arguments.figure is not None:
        write_figure(costs, arguments.figure)
    print(json.dumps([asdict(cost) | {"slope": round(cost.slope, 2)} for cost in costs]))


def store_costs(size: int) -> dict[str, float]:
    """A store of so many entries: its changes, searches, forks and its file."""
    rng = random.Random(size)
    words = [f"w{int(rng.paretovariate(0.7)) % 20_000}" for _ in range(100_000)]

    def text() -> str:
        return " ".join(rng.choices(words, k=20))

    store, retriever = MemoryStore(), BM25Retriever()
    for step in range(size):
        store.apply(Add(text(), (f"turn {step}",)), step)
    updates = [Update(rng.randrange(size) + 1, text()) for _ in range(ROUNDS)]
    again = [Update(rng.randrange(size) + 1, text()) for _ in range(ROUNDS)]
    forks, queries = [store.fork() for _ in range(ROUNDS)], [text() for _ in range(ROUNDS)]
    retriever.search(store, queries[0], 10)
    costs = {
        "update": median(lambda place: store.apply(updates[place], 0)),
        "fork": median(lambda _: store.fork()),
        "first update of a fork": median(lambda place: forks[place].apply(again[place], 0)),
        "search": median(lambda place: retriever.search(store, queries[place], 10)),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.db"
        costs["save"] = seconds(lambda: save_store(store, path))
        costs["open"] = seconds(lambda: load_store(path))
        costs[BYTES] = float(path.stat().st_size)
    return costs


def stream_costs(size: int) -> dict[str, float]:
    """A dialogue of so many turns that passes by a store of 500 entries."""
    sessions = max(size // TURNS_PER_SESSION, 1)
    (loaded,) = memdojo.load_streams("synthetic:test", num_streams=1, num_sessions=sessions)
    stream = rechunk(loaded, 1)
    context = StreamContext(stream)
    rules = EpisodeRules(capacity=CapacitySettings(max_entries=MAX_ENTRIES, token_share=math.inf))
    choices = memdojo.EvalChoices(max_entries=MAX_ENTRIES, token_share=math.inf)
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "stream.jsonl", Path(folder) / "evaluation"
        write_jsonl([stream], path)
        return {
            "read the file": seconds(lambda: list(read_jsonl(path))),
            "prepare": seconds(lambda: StreamContext(stream).turn_features),
            "play": seconds(lambda: play(rules.manager(context, seed=0), "recency")),
            "evaluate and record": seconds(
                lambda: memdojo.evaluate(["recency"], f"jsonl:{path}", choices, out=out)
            ),
            "write the report": seconds(
                lambda: write_report(Path(folder) / "report.html", [read_evaluation(out)])
            ),
        }


def group_costs(size: int) -> dict[str, float]:
    """So many episodes that fork from one state in the middle of a dialogue, and are played to its end."""
    (stream,) = memdojo.load_streams("synthetic:test", num_streams=1)
    rules = EpisodeRules(capacity=CapacitySettings(capacity_share=0.2))
    trunk = rules.manager(StreamContext(rechunk(stream, 1)), seed=0)
    play(trunk, "random", until=len(stream.turns) // 2)

    def fork_and_play() -> None:
        for seed in range(size):
            play(trunk.fork(seed), "random")

    return {"fork and play": seconds(fork_and_play)}


MEASURES: dict[str, Callable[[int], dict[str, float]]] = {
    "entries": store_costs,
    "turns": stream_costs,
    "episodes": group_costs,
}


def play(episode: ManagerEpisode, manager: str, until: int | None = None) -> None:
    policy = make_baseline(manager)
    while not episode.ended and episode.step_index != until:
        (operations,) = policy.act([episode])
        episode.step(operations)


def median(call: Callable[[int], object]) -> float:
    """Return the median over the rounds, which a call is told the number of."""
    gc.collect()
    return statistics.median(seconds(partial(call, place)) for place in range(ROUNDS))


def seconds(call: Callable[[], object]) -> float:
    """Return the seconds of CPU time that a call takes."""
    start = time.process_time_ns()
    call()
    return (time.process_time_ns() - start) / 1e9


def row(cost: Cost) -> str:
    told = "  ".join(f"{size:,}: {value:.3g}" for size, value in zip(cost.sizes, cost.costs, strict=True))
    steepest = max(cost.slopes, default=0.0)
    ought = OUGHT[cost.per][cost.name]
    return f"{cost.name} by {cost.per}: {told}  slope {cost.slope:.2f} ({steepest:.2f}), ought {ought}"


def write_figure(costs: Sequence[Cost], path: Path) -> None:
    figure = new_figure((9.0, 4.0))
    counted = list(dict.fromkeys(cost.per for cost in costs))
    several = figure.subplots(1, len(counted), squeeze=False)[0]
    for per, axes in zip(counted, several, strict=True):
        for cost in costs:
            if cost.per == per and cost.name != BYTES:
                axes.loglog(cost.sizes, cost.costs, "o-", markersize=3, label=cost.name)
        axes.set_xlabel(per)
        axes.legend(fontsize=7)
    several[0].set_ylabel("seconds of CPU time")
    path.write_text(as_svg(figure), encoding="utf-8")


if __name__ == "__main__":
    main()
