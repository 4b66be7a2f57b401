"""Damaged memory files: whatever stands in them, there is an error that says so, or the memory works."""

import contextlib
import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fuzzing import num_inputs
from memdojo.agents.baselines.rules import ScriptedRule
from memdojo.agents.compact.manager import CompactManager, new_manager_network
from memdojo.deploy.memory_agent import MemoryAgent
from memdojo.envs.features.manager import ManagerFeatures
from memdojo.envs.memory import load_store, save_store
from memdojo.envs.types import Add, Capacity, Relink, Rewrite, Update
from memdojo.errors import MemdojoError

MAY_1 = datetime(2024, 5, 1, 9)
ODD: tuple[Any, ...] = (
    None, 0, -1, 1, 7, 2**40, 2**62, 2**63 - 1, -(2**63), 1.5, float("inf"), float("-inf"), "", " ", "x", "0",
    b"", b"\xff\xfe", b"\0" * 132, b"\xff" * 132, "[" * 100_000, "[]", "{}", "null", "[1]", '["t1"]',
    "9" * 5000, "2024-05-01T09:00:00", "2024-05-01T09:00:00+02:00", "0000", "\0", "[1e999]", "NaN",
    '{"a": 1}',
)  # fmt: skip
ODD_JSON: tuple[Any, ...] = (
    None, True, False, 0, -1, 7, 2**40, 2**63, 10**400, 1.5, float("nan"), float("inf"), "", "x", "\ud800",
    [], {}, [1], ["x"], {"a": 1}, "2024-05-01T09:00:00", "2024-05-01T09:00:00+02:00", "reject", [[[]]],
)  # fmt: skip


def make_examples(folder: Path) -> list[Path]:
    """Return memory files with all that there can be in one, and one without a dialogue."""
    script = [
        [Add("a fact", ("t1",), MAY_1), Rewrite("the core"), Relink(1, (2,))],
        [Update(1, "another fact", ("t2",))],
    ]
    pairs = ScriptedRule(script, turns_per_chunk=2)
    with MemoryAgent(folder / "written", manager=pairs, capacity=Capacity(9, 400)) as agent:
        agent.observe_many([("Ann", f"thing {number}\ud83d", MAY_1) for number in range(5)])
    with MemoryAgent(folder / "turns", manager="random", capacity=Capacity(6)) as agent:
        agent.observe_many(
            [("Ann", f"My dog {number} is Rex. " + "word " * number, MAY_1) for number in range(20)]
        )
        save_store(agent._dialogue.store, folder / "saved")
    return [folder / "written", folder / "turns", folder / "saved"]


def damage_bytes(path: Path, rng: random.Random) -> str:
    """Change the bytes of a file, and return how."""
    data = bytearray(path.read_bytes())
    start, length = rng.randrange(len(data)), min(2 ** rng.randrange(14), len(data))
    if rng.random() < 0.3:
        # Where the most depends on it: the file's header and the first page.
        start = rng.randrange(100 if rng.random() < 0.5 else 4096)
    how = rng.choice(("flip", "cut", "zeros", "noise", "insert", "remove", "copy"))
    if how == "flip":
        for _ in range(rng.randrange(1, 4)):
            data[(start + rng.randrange(length)) % len(data)] ^= 1 << rng.randrange(8)
    elif how == "cut":
        del data[start:]
    elif how == "zeros":
        data[start : start + length] = bytes(length)
    elif how == "noise":
        data[start : start + length] = rng.randbytes(length)
    elif how == "insert":
        data[start:start] = rng.randbytes(length)
    elif how == "remove":
        del data[start : start + length]
    else:
        other = rng.randrange(len(data))
        data[start : start + length] = data[other : other + length]
    path.write_bytes(data)
    return f"{how} {length} at {start}"


def damage_cells(path: Path, rng: random.Random) -> str:
    """Change what stands in the tables of a file, and return how."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        names = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        table = rng.choice([name for (name,) in database.execute(names)])
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        column = rng.choice(columns)
        cells = [value for (value,) in database.execute(f"SELECT {column} FROM {table} ORDER BY 1")]
        old = rng.choice(cells) if cells else None
        how = rng.random()
        with contextlib.suppress(sqlite3.Error, OverflowError):
            if how < 0.1:
                database.execute(f"DELETE FROM {table} WHERE {column} IS ?", (old,))
                return f"{table} without {column} {old!r:.60}"
            if how < 0.13:
                database.execute(f"DROP TABLE {table}")
                return f"no {table}"
            new: Any = rng.choice(ODD)
            if isinstance(old, str) and old[:1] in "[{" and old[:1] and rng.random() < 0.8:
                new = json.dumps(_with_odd_value(json.loads(old), rng))
            elif isinstance(old, bytes | str) and old and rng.random() < 0.3:
                new = old[: rng.randrange(len(old))] + old[rng.randrange(len(old)) :]
            elif cells and rng.random() < 0.3:
                new = rng.choice(cells)
            database.execute(f"UPDATE {table} SET {column} = ? WHERE {column} IS ?", (new, old))
            return f"{table}.{column} {old!r:.60} -> {new!r:.60}"
    return "nothing"


def _with_odd_value(value: Any, rng: random.Random) -> Any:
    """Return JSON with one value of it replaced, added or left out."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        name = rng.choice([*value, "unknown"])
        if rng.random() < 0.1:
            return {key: each for key, each in value.items() if key != name}
        return {**value, name: _with_odd_value(value.get(name), rng)}
    if isinstance(value, list) and value and rng.random() < 0.7:
        place = rng.randrange(len(value))
        return [*value[:place], _with_odd_value(value[place], rng), *value[place + 1 :]]
    return rng.choice(ODD_JSON)


def use(path: Path, manager: Any) -> str:
    """Do with a memory whatever can be done with one, and return the error that ends it."""
    try:
        with contextlib.suppress(MemdojoError):
            load_store(path)
        with MemoryAgent(path, manager=manager, timeout_s=0) as agent:
            calls: tuple[Callable[[], Any], ...] = (
                lambda: agent.observe("Ann", "My dog is called Tom.", MAY_1),
                lambda: agent.search("dog"),
                lambda: agent.ask("What is Ann's dog called?", MAY_1),
                lambda: [agent.sources(entry) for entry in agent.entries],
                lambda: agent.find_said("dog"),
                agent.end_session,
                lambda: agent.forget_turn(agent.find_said("dog")[0]) if agent.find_said("dog") else None,
                lambda: agent.forget(agent.entries[0]) if agent.entries else None,
                lambda: agent.observe("Bob", "Really?"),
                agent.purge,
                agent.discard_waiting,
                lambda: agent.observe("Ann", "My dog is called Max."),
            )
            for call in calls:
                with contextlib.suppress(MemdojoError):
                    call()
    except MemdojoError as error:
        return type(error).__name__
    return "works"


@pytest.mark.fuzz
@pytest.mark.parametrize("damage", [damage_bytes, damage_cells])
def test_a_damaged_file_is_an_error_or_works(
    tmp_path: Path, damage: Callable[[Path, random.Random], str]
) -> None:
    features = ManagerFeatures()
    managers = ["recency", "similarity", CompactManager(new_manager_network(features, 8, 0), features)]
    examples = make_examples(tmp_path)
    for seed in range(num_inputs(40)):
        rng = random.Random(seed)
        path = tmp_path / "damaged"
        for old in tmp_path.glob("damaged*"):
            old.unlink()
        shutil.copy(rng.choice(examples), path)
        done = [damage(path, rng) for _ in range(rng.randrange(1, 3))]
        try:
            use(path, rng.choice(managers))
        except Exception as error:
            raise AssertionError(f"seed {seed}, {done}: {type(error).__name__}: {error}") from error
