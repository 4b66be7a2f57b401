import os
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from builders import make_store
from memdojo.deploy.memory_file import MemoryFile
from memdojo.envs.memory import MemoryStore, load_store, save_store
from memdojo.envs.types import Add, Capacity
from memdojo.errors import StoreFileError


def test_a_new_file_holds_the_store_that_was_given(tmp_path: Path) -> None:
    MemoryFile(tmp_path / "m", make_store("x", max_entries=5)).close()
    assert load_store(tmp_path / "m").capacity == Capacity(5)
    assert [entry.text for entry in load_store(tmp_path / "m")] == ["x"]


def test_an_empty_file_becomes_a_memory_file_and_a_saved_store_is_opened(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    MemoryFile(tmp_path / "empty", MemoryStore()).close()
    assert load_store(tmp_path / "empty").entries == ()
    save_store(make_store("x", max_entries=5), tmp_path / "saved")
    file = MemoryFile(tmp_path / "saved", MemoryStore())
    assert [entry.text for entry in file.read_store()] == ["x"]


def test_a_transaction_that_fails_leaves_no_trace(tmp_path: Path) -> None:
    file = MemoryFile(tmp_path / "m", MemoryStore())
    store = make_store("x", max_entries=5)

    def fail() -> None:
        with file.transaction():
            file.write_changes(store, store.entries, ())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert load_store(tmp_path / "m").entries == ()
    with file.transaction():
        file.write_changes(store, store.entries, ())
    assert load_store(tmp_path / "m").entries == store.entries


def test_a_change_by_somebody_else_is_noticed_once(tmp_path: Path) -> None:
    first, second = (MemoryFile(tmp_path / "m", MemoryStore()) for _ in range(2))
    store = make_store("x", max_entries=5)
    assert not second.changed_elsewhere()
    with first.transaction():
        first.write_changes(store, store.entries, ())
    assert (first.changed_elsewhere(), second.changed_elsewhere()) == (False, True)
    assert not second.changed_elsewhere()


def test_who_waits_too_long_for_another_process_is_told(tmp_path: Path) -> None:
    first = MemoryFile(tmp_path / "m", MemoryStore())
    second = MemoryFile(tmp_path / "m", MemoryStore(), timeout_s=0.05)
    waiting = pytest.raises(StoreFileError, match="another process has been writing")
    with first.transaction(), waiting, second.transaction():
        pass
    with second.transaction():
        pass


def test_a_file_that_was_removed_or_replaced_is_not_written_to(tmp_path: Path) -> None:
    file = MemoryFile(tmp_path / "m", MemoryStore())
    save_store(make_store("new", max_entries=5), tmp_path / "m")
    with pytest.raises(StoreFileError, match="removed or replaced"), file.transaction():
        pass
    (tmp_path / "m").unlink()
    with pytest.raises(StoreFileError, match="removed or replaced"), file.reading():
        pass


@pytest.mark.parametrize("kind", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_file_in_use_is_not_called_damaged(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "m"
    file = MemoryFile(path, make_store("x"), timeout_s=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute(f"BEGIN {kind}")
    in_use = "another process has been writing to it for .* s; wait until it is done, or end it"
    with pytest.raises(StoreFileError, match=in_use), file.transaction():
        pass
    with pytest.raises(StoreFileError, match=in_use):
        MemoryFile(path, MemoryStore(), timeout_s=0.05)
    if kind == "EXCLUSIVE":
        for read in (file.changed_elsewhere, file.rebuild):
            with pytest.raises(StoreFileError, match=in_use):
                read()
        with pytest.raises(StoreFileError, match=in_use), file.reading():
            file.read_store()
    else:
        with file.reading():
            assert len(file.read_store()) == 1
        assert len(load_store(path)) == 1
    other.execute("ROLLBACK")
    with file.transaction():
        pass


def test_a_full_disk_and_a_file_that_may_not_be_written_are_not_called_damaged(tmp_path: Path) -> None:
    file, store = (
        MemoryFile(tmp_path / "m", MemoryStore()),
        make_store(*(f"{number} long " * 500 for number in range(5))),
    )
    (pages,) = file.database.execute("PRAGMA page_count").fetchone()
    file.database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreFileError, match=r"the disk is full .*free some space"), file.transaction():
        file.write_changes(store, store.entries, ())
    file.database.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreFileError, match=r"you may not write it .*permissions"), file.transaction():
        file.write_changes(store, store.entries, ())
    file.database.execute("PRAGMA query_only = OFF")
    with file.reading():
        assert file.read_store().entries == ()


def test_a_file_in_a_folder_without_permissions_says_so(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("nothing is forbidden to root")
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(StoreFileError, match="permissions"):
        MemoryFile(tmp_path / "locked" / "m", MemoryStore())


def test_a_file_whose_tokens_are_counted_otherwise_now_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "m"
    save_store(make_store("one two three four"), path)
    with sqlite3.connect(path) as database:
        database.execute("""UPDATE store SET capacity = '{"max_tokens": 2, "when_full": "evict_oldest"}'""")
    database.close()
    store = load_store(path)
    assert store.tokens > 2
    assert store.apply(Add("five"), 1).applied
    assert [entry.text for entry in store] == ["five"]


def test_a_closed_file_says_so(tmp_path: Path) -> None:
    file = MemoryFile(tmp_path / "m", MemoryStore())
    file.close()
    file.close()
    with pytest.raises(StoreFileError, match="closed"), file.transaction():
        pass


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database at all, but long enough to look at" * 9)
    with pytest.raises(StoreFileError, match="not a whole memory file"):
        MemoryFile(tmp_path / "text", MemoryStore())
    with sqlite3.connect(tmp_path / "other") as database:
        database.execute("CREATE TABLE notes (text)")
    with pytest.raises(StoreFileError, match="another SQLite database"):
        MemoryFile(tmp_path / "other", MemoryStore())
    with pytest.raises(StoreFileError, match="no folder"):
        MemoryFile(tmp_path / "nowhere" / "m", MemoryStore())
    with pytest.raises(StoreFileError, match="cannot be opened"):
        MemoryFile(tmp_path, MemoryStore())
    MemoryFile(tmp_path / "newer", MemoryStore()).close()
    with sqlite3.connect(tmp_path / "newer") as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreFileError, match="newer memdojo"):
        MemoryFile(tmp_path / "newer", MemoryStore())


def test_what_was_written_is_there_after_a_kill(tmp_path: Path) -> None:
    program = """
        import os, signal, sys
        from memdojo.envs.memory import MemoryStore
        from memdojo.deploy.memory_file import MemoryFile
        from memdojo.envs.types import Add

        file, store = MemoryFile(sys.argv[1], MemoryStore()), MemoryStore()
        for text in ("kept", "lost"):
            with file.transaction():
                result = store.apply(Add(text), 0)
                file.write_changes(store, [result.after], ())
                if text == "lost":
                    os.kill(os.getpid(), signal.SIGKILL)
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "m")]
    assert subprocess.run(command, check=False).returncode == -9
    assert [entry.text for entry in MemoryFile(tmp_path / "m", MemoryStore()).read_store()] == ["kept"]
