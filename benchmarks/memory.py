"""The memory store against other search libraries: one changed entry and one search, at several sizes.

    python benchmarks/memory.py [--sizes 100 1000 10000] [--data PATH] [--rounds 30]

All index the same texts with the same terms (SQLite FTS5 has its own tokenizer, with Porter stems as well)
and answer the same questions for the 20 best entries. What cannot change an entry in place is rebuilt.
Times are medians. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import os
import random
import re
import sqlite3
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from memdojo.envs.memory import BM25Retriever, MemoryStore, analyze
from memdojo.envs.types import Add, Update

K = 20
CONSTANTS = {"k1": 1.2, "b": 0.75}


class Ours:
    name, package = "memdojo", "memdojo"

    def __init__(self, texts: list[str]) -> None:
        self.store = MemoryStore()
        for step, text in enumerate(texts):
            self.store.apply(Add(text, (f"turn {step}",)), step)
        self.retriever = BM25Retriever(**CONSTANTS)

    def update(self, position: int, text: str) -> None:
        assert self.store.apply(Update(position + 1, text), 0).applied

    def search(self, query: str) -> list[int]:
        return [hit.entry.id - 1 for hit in self.retriever.search(self.store, query, K)]


class RankBM25:
    name, package = "rank_bm25 (rebuild)", "rank_bm25"

    def __init__(self, texts: list[str]) -> None:
        self.tokens = [analyze(text) for text in texts]
        self.build()

    def build(self) -> None:
        from rank_bm25 import BM25Okapi

        self.index = BM25Okapi(self.tokens, **CONSTANTS)

    def update(self, position: int, text: str) -> None:
        self.tokens[position] = analyze(text)
        self.build()

    def search(self, query: str) -> list[int]:
        scores = self.index.get_scores(analyze(query))
        best = np.argpartition(-scores, K)[:K]
        return best[np.argsort(-scores[best])].tolist()


class Bm25s(RankBM25):
    name, package = "bm25s (rebuild)", "bm25s"

    def build(self) -> None:
        import bm25s

        self.index = bm25s.BM25(method="lucene", **CONSTANTS)
        self.index.index(self.tokens, show_progress=False)

    def search(self, query: str) -> list[int]:
        found, _ = self.index.retrieve([analyze(query)], k=K, show_progress=False)
        return found[0].tolist()


class Fts5:
    name, package = "SQLite FTS5", "sqlite3"

    def __init__(self, texts: list[str]) -> None:
        self.database = sqlite3.connect(":memory:", isolation_level=None)
        self.database.execute("CREATE VIRTUAL TABLE entries USING fts5(text, tokenize='porter unicode61')")
        rows = enumerate(texts, start=1)
        self.database.executemany("INSERT INTO entries (rowid, text) VALUES (?, ?)", rows)

    def update(self, position: int, text: str) -> None:
        self.database.execute("UPDATE entries SET text = ? WHERE rowid = ?", (text, position + 1))

    def search(self, query: str) -> list[int]:
        match = " OR ".join(f'"{term}"' for term in dict.fromkeys(analyze(query)))
        rows = self.database.execute(
            "SELECT rowid FROM entries WHERE entries MATCH ? ORDER BY rank LIMIT ?", (match, K)
        )
        return [rowid - 1 for (rowid,) in rows]


CONTESTANTS = (Ours, RankBM25, Bm25s, Fts5)


def load_texts(path: Path, num_texts: int) -> tuple[list[str], list[str], str]:
    """Return texts, questions and a word on where they come from; beyond the file, varied sentences."""
    texts: list[str] = []
    questions: list[str] = []
    if path.is_file():
        for sample in json.loads(path.read_text(encoding="utf-8")):
            sessions = sample["conversation"]
            for name in sorted(name for name in sessions if re.fullmatch(r"session_\d+", name)):
                texts += [f"{turn['speaker']}: {turn['text']}" for turn in sessions[name]]
            questions += [str(item["question"]) for item in sample["qa"]]
    source = f"LoCoMo ({len(texts)} turns)" if texts else f"generated sentences ({path} is missing)"
    rng = random.Random(0)
    # The vocabulary of real speech, in its frequencies; without the file, words with a long tail.
    words = " ".join(texts).split() or [f"w{int(rng.paretovariate(0.7)) % 20_000}" for _ in range(100_000)]
    if texts and num_texts > len(texts):
        source += ", then sentences drawn from their words"
    while len(texts) < num_texts:
        texts.append(" ".join(rng.choices(words, k=rng.randint(8, 40))))
    return texts, questions or [" ".join(rng.choices(words, k=10)) for _ in range(500)], source


def median_us(calls: Iterable[Callable[[], Any]]) -> float:
    seconds = []
    for call in calls:
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return round(statistics.median(seconds) * 1e6, 1)


def measure(contestant: type, texts: list[str], questions: list[str], rounds: int) -> dict[str, float]:
    """Return medians in microseconds of an update, of a search, and of both one after the other."""
    index = contestant(texts)
    rng = random.Random(1)
    positions = [rng.randrange(len(texts)) for _ in range(rounds)]
    queries = [rng.choice(questions) for _ in range(rounds)]
    changed = [f"{rng.choice(texts)} And {rng.choice(texts)[:40]}" for _ in range(rounds)]
    for query in queries[:5]:
        index.search(query)

    def both(i: int, text: str) -> None:
        index.update(positions[i], text)
        index.search(queries[i])

    figures = {"update_and_search_us": median_us(lambda i=i: both(i, changed[i]) for i in range(rounds))}
    again = [f"{text} Again." for text in changed]
    figures["update_us"] = median_us(lambda i=i: index.update(positions[i], again[i]) for i in range(rounds))
    figures["search_us"] = median_us(lambda i=i: index.search(queries[i]) for i in range(rounds))
    if isinstance(index, Ours):
        figures["fork_us"] = median_us(index.store.fork for _ in range(rounds))
        forks = [index.store.fork() for _ in range(rounds)]
        figures["first_update_of_fork_us"] = median_us(
            lambda i=i: forks[i].apply(Update(positions[i] + 1, changed[i]), 0) for i in range(rounds)
        )
    return figures


def python_bytes_per_entry(texts: list[str]) -> int:
    """Return what Python allocates for a store per entry, beyond the texts, which exist beforehand.

    Leaves out the persistent map from id to entry, which rpds allocates in Rust, unseen by tracemalloc;
    `resident_bytes_per_entry` has both.
    """
    for text in texts:
        analyze(text)  # The cache of stems is one for all stores.
    gc.collect()
    tracemalloc.start()
    ours = Ours(texts)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return round(size / len(ours.store))


def resident_bytes_per_entry(path: Path, num_texts: int) -> int | None:
    """Return by how much a fresh process grows per entry, Rust's memory included; None without /proc."""
    if not Path("/proc/self/statm").exists():
        return None
    command = [sys.executable, __file__, "--measure-resident", str(num_texts), "--data", str(path)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def print_resident_growth(path: Path, num_texts: int) -> None:
    def resident() -> int:
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    texts = load_texts(path, num_texts)[0][:num_texts]
    # The first stores fill the holes that loading left in the heap; what later ones add is their own.
    num_stores = max(4, 20_000 // num_texts)
    stores = [Ours(texts) for _ in range(num_stores)]
    before = resident()
    stores += [Ours(texts) for _ in range(num_stores)]
    print(round((resident() - before) / (num_stores * num_texts)))


def row(name: str, figures: dict[str, float], ours: dict[str, float]) -> str:
    both = figures["update_and_search_us"]
    return (
        f"  {name:<22}{both:>12.1f}{figures['update_us']:>12.1f}{figures['search_us']:>12.1f}"
        f"{both / ours['update_and_search_us']:>11.1f} x"
    )


def main() -> None:
    folder = Path(os.environ.get("MEMDOJO_DATA", "."))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--data", type=Path, default=folder / "locomo" / "locomo10.json")
    parser.add_argument(
        "--rounds", type=int, default=300, help="for what is not rebuilt; rebuilds get a tenth"
    )
    parser.add_argument("--measure-resident", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure_resident:
        print_resident_growth(arguments.data, arguments.measure_resident)
        return

    all_texts, questions, source = load_texts(arguments.data, max(arguments.sizes))
    print(f"Texts: {source}. Top {K}, medians in microseconds.")
    present = []
    for contestant in CONTESTANTS:
        if importlib.util.find_spec(contestant.package) is None:
            print(f"Skipped: {contestant.name}; the package {contestant.package} is not installed.")
        else:
            present.append(contestant)
    results: dict[str, Any] = {"benchmark": "memory", "texts": source, "k": K, "sizes": {}}
    for size in arguments.sizes:
        texts = all_texts[:size]
        print(f"\n{size} entries{'':<14}{'both':>12}{'update':>12}{'search':>12}{'both/ours':>13}")
        figures: dict[str, dict[str, float]] = {}
        for contestant in present:
            rebuilds = issubclass(contestant, RankBM25)
            rounds = max(5, arguments.rounds // 10) if rebuilds else arguments.rounds
            figures[contestant.name] = measure(contestant, texts, questions, rounds)
            print(row(contestant.name, figures[contestant.name], figures[Ours.name]), flush=True)
        ours = figures[Ours.name]
        ours["python_bytes_per_entry"] = python_bytes_per_entry(texts)
        resident = resident_bytes_per_entry(arguments.data, size)
        if resident is not None:
            ours["resident_bytes_per_entry"] = resident
        print(f"  memdojo: fork {ours['fork_us']}, first update of a fork {ours['first_update_of_fork_us']}.")
        print(
            f"  Bytes an entry beyond its text: {ours['python_bytes_per_entry']} as Python counts (without "
            f"the map in Rust), {resident} as the process grows."
        )
        results["sizes"][size] = figures
    print(json.dumps(results))


if __name__ == "__main__":
    main()
