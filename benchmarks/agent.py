"""What a turn and a question cost a `MemoryAgent` whose memory is full, by the number of its entries.

    python benchmarks/agent.py [--sizes 100 1000 10000] [--turns 30] [--manager RUN] [--retriever RUN]

Manager and retriever are compact policies, untrained unless runs are named: the cost is that of the features
and the network. The memory holds turns of synthetic dialogues, and so many more were said before as it has
entries, a hundred times over in the last row, to show that what was said and dropped costs nothing.
`observe_ms` is one turn with everything, the sync of the file to the disk included; `disk_ms` is that sync
alone. `first_observe_s` is the first after the file was opened, which looks at every entry once, and
`first_ask_compact_s` is the same for the compact retriever: it looks at every entry again after each write.
The last line is one JSON object.
"""

# ruff: noqa: E402  # The number of threads must be set before numpy is imported.

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import torch

import memdojo
from memdojo.agents.compact.manager import CompactManager, new_manager_network
from memdojo.agents.compact.retriever import CompactRetriever, new_retriever_network
from memdojo.envs.features.manager import ManagerFeatures
from memdojo.envs.features.retrieval import RetrievalFeatures
from memdojo.envs.memory import MemoryStore, save_store
from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.types import Add, Capacity, Turn

LONG = {"num_sessions": 40, "turns_per_session": 20, "num_facts": 60, "num_questions": 20}
NUM_QUESTIONS = 10


def turns() -> Iterator[Turn]:
    """Yield turns of ever new synthetic dialogues, all of them different."""
    seed = 0
    while True:
        (stream,) = memdojo.load_streams("synthetic:train", num_streams=1, seed=seed, **LONG)
        for turn in stream.turns:
            yield Turn(turn.id, turn.speaker, f"{turn.text} ({seed})", turn.time)
        seed += 1


def full_store(size: int, source: Iterator[Turn]) -> MemoryStore:
    """Return a store that is full of turns."""
    store = MemoryStore(Capacity(size))
    for step in range(size):
        turn = next(source)
        store.apply(Add(render_turn(turn), (turn.id,), turn.time, "turn"), step)
    return store


def seconds(work: Callable[[], Any]) -> float:
    """Return how long something takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def disk_seconds(agent: memdojo.MemoryAgent) -> float:
    """Return how long an agent's file takes to sync the smallest change."""

    def change() -> None:
        with agent._file.transaction() as database:
            database.execute("UPDATE dialogue SET state = state || ' '")

    return statistics.median(seconds(change) for _ in range(15))


def measure(
    size: int, num_turns: int, manager: Any, retriever: Any, folder: Path, history: int
) -> dict[str, float]:
    """Measure an agent with `size` entries, after `history` further turns that were dropped."""
    source, path = turns(), folder / f"memory-{size}-{history}.sqlite"
    save_store(full_store(size, source), path)
    with memdojo.MemoryAgent(path, manager="no_op") as agent:
        said = [next(source) for _ in range(history)]
        agent.observe_many([(turn.speaker, turn.text, turn.time) for turn in said])
    begun = time.perf_counter()
    agent = memdojo.MemoryAgent(path, manager=manager, retriever="bm25")
    opened = time.perf_counter() - begun

    def observe() -> None:
        turn = next(source)
        agent.observe(turn.speaker, turn.text, turn.time)

    first = seconds(observe)
    observed = [seconds(observe) for _ in range(num_turns)]
    questions = [next(source).text.partition(".")[0] + "?" for _ in range(NUM_QUESTIONS)]
    asked = [seconds(lambda question=question: agent.ask(question)) for question in questions]  # type: ignore[misc]
    disk = disk_seconds(agent)
    agent.close()
    agent = memdojo.MemoryAgent(path, manager=manager, retriever=retriever)
    first_ranked = seconds(lambda: agent.ask(questions[0]))
    ranked = [seconds(lambda question=question: agent.ask(question)) for question in questions]  # type: ignore[misc]
    agent.close()
    return {
        "entries": size,
        "dropped": history,
        "file_mb": path.stat().st_size / 1e6,
        "open_s": opened,
        "first_observe_s": first,
        "observe_ms": 1000 * statistics.median(observed),
        "observe_p95_ms": 1000 * sorted(observed)[int(0.95 * len(observed))],
        "disk_ms": 1000 * disk,
        "ask_bm25_ms": 1000 * statistics.median(asked),
        "first_ask_compact_s": first_ranked,
        "ask_compact_ms": 1000 * statistics.median(ranked),
    }


COLUMNS = {
    "entries": "{:8,.0f}",
    "dropped": "{:8,.0f}",
    "file_mb": "{:8.1f}",
    "open_s": "{:8.2f}",
    "first_observe_s": "{:16.2f}",
    "observe_ms": "{:11.1f}",
    "observe_p95_ms": "{:15.1f}",
    "disk_ms": "{:8.1f}",
    "ask_bm25_ms": "{:12.1f}",
    "first_ask_compact_s": "{:20.2f}",
    "ask_compact_ms": "{:15.1f}",
}


def main() -> None:
    """Measure, print a table and a line of JSON."""
    how = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=how)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--manager", help="run of a compact manager")
    parser.add_argument("--retriever", help="run of a compact retriever")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    features = ManagerFeatures()
    manager: Any = CompactManager(new_manager_network(features, 64, 0), features)
    retriever: Any = CompactRetriever(new_retriever_network(10, 32, 0), RetrievalFeatures())
    if arguments.manager:
        manager = memdojo.load_policy(arguments.manager)
    if arguments.retriever:
        retriever = memdojo.load_policy(arguments.retriever)
    print(" ".join(name.rjust(len(form.format(0))) for name, form in COLUMNS.items()))
    results = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        cases = [(size, size) for size in arguments.sizes]
        smallest = min(arguments.sizes)
        for size, history in [*cases, (smallest, 100 * smallest)]:
            result = measure(size, arguments.turns, manager, retriever, folder, history)
            print(" ".join(form.format(result[name]) for name, form in COLUMNS.items()), flush=True)
            results.append(result)
    print(json.dumps({"results": results}))


if __name__ == "__main__":
    main()
