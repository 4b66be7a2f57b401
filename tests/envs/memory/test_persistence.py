import contextlib
import errno
import json
import math
import os
import sqlite3
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from memdojo.deploy.memory_file import MemoryFile
from memdojo.envs.memory import BM25Retriever, Corpus, MemoryStore, load_store, save_store
from memdojo.envs.memory.design_operations import Tag, Value
from memdojo.envs.types import Add, Capacity, Delete, MemoryEntry, Update, WhenFull
from memdojo.errors import StoreFileError


def example() -> MemoryStore:
    store = MemoryStore(Capacity(5, 400, 100, WhenFull.EVICT_OLDEST))
    store.apply(Add("Mel: “one dog” \0 🐕 \ud83d", ("D1:1", "sp ace"), datetime(2023, 5, 8, 13, 56, 1, 5)), 0)
    store.apply(Add("a cat", (), datetime(2023, 5, 8, tzinfo=UTC), "core \udc00", 0.1), np.int64(1))
    store.apply(Add("gone"), 2)
    store.apply(Update(2, "two cats", ("D2",)), 3)
    store.apply(Delete(3), 4)
    return store


def test_store_comes_back_with_all_fields_ids_and_capacity(tmp_path: Path) -> None:
    store = example()
    save_store(store, tmp_path / "memory.db")
    twin = load_store(tmp_path / "memory.db")
    assert twin.entries == store.entries
    assert (twin.next_id, twin.tokens, twin.capacity) == (4, store.tokens, store.capacity)
    assert BM25Retriever().search(twin, "cat", 3) == BM25Retriever().search(store, "cat", 3)
    assert os.listdir(tmp_path) == ["memory.db"]


def test_odd_numbers_and_links_come_back(tmp_path: Path) -> None:
    entries = [
        MemoryEntry(5, "fact", "x", None, 0, 0, (), (1, 2**40), math.inf),
        MemoryEntry(2**50, "fact", "y", None, 0, 0, (), (), math.nan),
    ]
    save_store(MemoryStore.from_entries(entries), tmp_path / "m")
    first, second = load_store(tmp_path / "m").entries
    assert first == entries[0]
    assert second.id == 2**50
    assert math.isnan(second.utility)


def test_empty_store_keeps_its_next_id(tmp_path: Path) -> None:
    store = MemoryStore()
    store.apply(Add("x"), 0)
    store.apply(Delete(1), 0)
    save_store(store, tmp_path / "m")
    assert load_store(tmp_path / "m").apply(Add("y"), 1).after.id == 2


def test_loaded_store_can_stand_on_a_shared_corpus(tmp_path: Path) -> None:
    corpus = Corpus(texts=["two cats"])
    save_store(example(), tmp_path / "m")
    assert load_store(tmp_path / "m", corpus).corpus.base is corpus


def test_saving_replaces_the_file_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "strange name #?%.db"
    save_store(MemoryStore(), path)
    path.chmod(0o640)
    save_store(example(), path)
    assert len(load_store(path)) == 2
    assert path.stat().st_mode & 0o777 == 0o640


def test_saving_through_a_link_keeps_the_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    save_store(example(), tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert len(load_store(tmp_path / "target")) == 2


def test_failure_while_flushing_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "m"
    save_store(example(), path)
    old = path.read_bytes()

    def fail(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreFileError, match=r"No space left on device.*free some space"):
        save_store(MemoryStore(), path)
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["m"]


def test_full_disk_while_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "m"
    save_store(example(), path)
    old = path.read_bytes()
    # A limit on the size of a file makes writes fail as a full disk does.
    code = f"""
        import resource, signal
        from memdojo.envs.memory import MemoryStore, save_store
        from memdojo.envs.types import Add
        store = MemoryStore()
        for number in range(2000):
            store.apply(Add(f"entry {{number}} " * 20), 0)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        try:
            save_store(store, {str(path)!r})
        except Exception as error:
            print(type(error).__name__, error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"StoreFileError {path}: cannot save the store")
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["m"]


def test_folder_that_does_not_exist_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreFileError, match="cannot save the store"):
        save_store(MemoryStore(), tmp_path / "no" / "such" / "m")


def test_missing_file_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(StoreFileError, match="there is no such file"):
        load_store(tmp_path / "m")
    with pytest.raises(StoreFileError, match="there is no such file"):
        load_store(tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"hello\n", b"SQLite format 3\0" + b"\0" * 50])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(StoreFileError, match=r"not a whole memory file|another SQLite database"):
        load_store(tmp_path / "m")


def test_database_of_another_program_is_refused(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "m")
    database.execute("CREATE TABLE entries (id)")
    database.close()
    with pytest.raises(StoreFileError, match="another SQLite database"):
        load_store(tmp_path / "m")


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9, 0.99])
def test_truncated_file_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "m"
    store = MemoryStore()
    for number in range(300):
        store.apply(Add(f"entry {number} " * 10), 0)
    save_store(store, path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(StoreFileError, match=r"not a whole memory file \(.+\); restore it"):
        load_store(path)


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("PRAGMA user_version = 99", "written by a newer memdojo .file version 99.*upgrade memdojo"),
        ("DELETE FROM entries WHERE id = 2", "it has 1 of 2 entries"),
        ("DELETE FROM store", "not a whole memory file"),
        ("DROP TABLE entries", "no such table"),
        ("UPDATE entries SET text = 5", "not a whole memory file"),
        ("UPDATE entries SET text = ' ' WHERE id = 1", "entry 1 has an empty text"),
        ("UPDATE entries SET sources = '[' WHERE id = 1", "not a whole memory file"),
        ("UPDATE entries SET time = 'yesterday'", "not a whole memory file"),
        ('UPDATE store SET capacity = \'{"max_entries": 1, "when_full": "reject"}\'', "capacity allows 1"),
        ('UPDATE store SET capacity = \'{"when_full": "sometimes"}\'', "sometimes"),
    ],
)
def test_damaged_contents_are_refused_with_the_reason(tmp_path: Path, statement: str, why: str) -> None:
    path = tmp_path / "m"
    save_store(example(), path)
    with sqlite3.connect(path) as database:
        database.execute(statement)
    database.close()
    with pytest.raises(StoreFileError, match=why):
        load_store(path)


def test_a_file_holds_texts_and_no_terms_so_that_it_is_searched_as_texts_are_now(tmp_path: Path) -> None:
    store = MemoryStore()
    store.apply(Add("小明: 我的狗叫雷克斯。"), 0)
    save_store(store, tmp_path / "m.db")
    with contextlib.closing(sqlite3.connect(tmp_path / "m.db")) as database:
        assert {name for (name,) in database.execute("SELECT name FROM sqlite_master")} == {
            "store",
            "entries",
        }
    (hit,) = BM25Retriever().search(load_store(tmp_path / "m.db"), "狗叫什么", 1)
    assert hit.entry.text == "小明: 我的狗叫雷克斯。"


def revised() -> MemoryStore:
    store = example()
    for operation in (
        Add("a dog", ("D3",), tags=("dog", "sp ace \ud83d"), links=(1,), replaces=(2,)),
        Value(1, reads=np.int64(3), helps=2, utility=0.5),
        Tag(1, ("Ω",)),
    ):
        assert store.apply(operation, 6).applied
    return store


def write_as_before(store: MemoryStore, path: Path, version: int = 2) -> None:
    """Write a file as version 2 did, without the fields that entries have since then."""
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(f"PRAGMA application_id = {0x6D646A6F}")
        database.execute(f"PRAGMA user_version = {version}")
        database.execute("CREATE TABLE store (next_id INTEGER, num_entries INTEGER, capacity TEXT)")
        database.execute(
            "CREATE TABLE entries (id INTEGER PRIMARY KEY, kind NOT NULL, text NOT NULL, time TEXT,"
            " created_step INTEGER NOT NULL, updated_step INTEGER NOT NULL, sources TEXT NOT NULL,"
            " links TEXT NOT NULL, utility REAL)"
        )
        database.execute(
            "INSERT INTO store VALUES (?, ?, ?)",
            (store.next_id, len(store), '{"max_entries": 5, "when_full": "evict_oldest"}'),
        )
        for entry in store:
            time = None if entry.time is None else entry.time.isoformat()
            sources, links = json.dumps(entry.sources), json.dumps(entry.links)
            steps = entry.created_step, entry.updated_step
            row = (entry.id, entry.kind, entry.text, time, *steps, sources, links, entry.utility)
            database.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def linked() -> MemoryStore:
    store = MemoryStore(Capacity(5, when_full=WhenFull.EVICT_OLDEST))
    store.apply(Add("one dog", ("D1", "D2"), datetime(2023, 5, 8), "pet", 0.25), 0)
    store.apply(Add("two cats", links=(1,)), 1)
    return store


def test_all_that_designs_keep_of_entries_comes_back(tmp_path: Path) -> None:
    store = revised()
    save_store(store, tmp_path / "m")
    twin = load_store(tmp_path / "m")
    assert twin.entries == store.entries
    assert [entry.ended for entry in twin] == [None, 6, None]
    assert twin.readable == store.readable
    assert [hit.entry.id for hit in BM25Retriever().search(twin, "cats dog", 9)] == [4, 1]
    twin.apply(Delete(2), 7)
    assert twin.get(4).replaces == ()


@pytest.mark.parametrize("version", [1, 2])
def test_a_file_of_before_is_read_as_it_is(tmp_path: Path, version: int) -> None:
    store = linked()
    write_as_before(store, tmp_path / "m", version)
    content = (tmp_path / "m").read_bytes()
    assert load_store(tmp_path / "m").entries == store.entries
    assert (tmp_path / "m").read_bytes() == content


@pytest.mark.parametrize("version", [1, 2])
def test_a_file_of_before_that_is_opened_keeps_everything_and_can_be_written(
    tmp_path: Path, version: int
) -> None:
    store = linked()
    write_as_before(store, tmp_path / "m", version)
    for _ in range(2):
        file = MemoryFile(tmp_path / "m", MemoryStore())
        assert file.read_store().entries == store.entries
        file.close()
    file = MemoryFile(tmp_path / "m", MemoryStore())
    for operation in (Tag(1, ("dog",)), Add("three birds", replaces=(2,)), Value(1, reads=2)):
        assert store.apply(operation, 3).applied
    with file.transaction():
        file.write_changes(store, store.entries, ())
    file.close()
    twin = load_store(tmp_path / "m")
    assert (twin.entries, twin.next_id) == (store.entries, store.next_id)


@pytest.mark.parametrize(
    "change",
    [
        "tags = '{}'", "tags = 'x'", "tags = '[1]'", "reads = -1", "helps = 'x'", "ended = -1", "ended = 'x'",
        "replaces = '[\"x\"]'", "replaces = 3",
    ],
)  # fmt: skip
def test_damaged_fields_of_designs_are_told(tmp_path: Path, change: str) -> None:
    save_store(revised(), tmp_path / "m")
    with contextlib.closing(sqlite3.connect(tmp_path / "m")) as database, database:
        database.execute(f"UPDATE entries SET {change} WHERE id = 1")
    with pytest.raises(StoreFileError, match="not a whole memory file"):
        load_store(tmp_path / "m")
