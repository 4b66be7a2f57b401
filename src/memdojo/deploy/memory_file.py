"""A memory file that stays open while it changes: one transaction per change, one process at a time."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path

from memdojo.envs.memory.corpus import Corpus
from memdojo.envs.memory.persistence import (
    READ_ERRORS,
    check_header,
    check_whole,
    create_tables,
    not_whole,
    put_entries,
    read_store,
    write_header,
)
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.types import Capacity, MemoryEntry
from memdojo.errors import StoreFileError


class MemoryFile:
    """The SQLite file of a store, open for changes.

    What a `transaction` wrote is on the disk once it ends, whatever happens to the process or the power
    afterwards; one that does not come to its end leaves no trace. Other processes may have the same file
    open: they take turns, and `changed_elsewhere` tells that what was read before is out of date. Text that
    is deleted is overwritten in the file.

    Args:
        path: The file. An empty or missing one becomes a memory file with the store `new`.
        new: The store of a file that is made.
        timeout_s: Seconds to wait for another process that is writing.

    Raises:
        StoreFileError: If the file is damaged, not ours, of a newer version, or cannot be opened or made.
    """

    def __init__(self, path: str | Path, new: MemoryStore, *, timeout_s: float = 30.0) -> None:
        self.path = Path(path).expanduser().resolve()
        self._timeout_s = timeout_s
        self._is_closed = False
        if not self.path.parent.is_dir():
            raise StoreFileError(f"{self.path}: there is no folder {self.path.parent}; make it first.")
        try:
            # One thread at a time uses it, but not always the same one.
            self.database = sqlite3.connect(
                self.path, timeout=timeout_s, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise StoreFileError(f"{self.path}: cannot be opened ({error}); check the path.") from error
        try:
            self._open(new)
        except StoreFileError:
            self.database.close()
            raise
        except READ_ERRORS as error:
            self.database.close()
            raise not_whole(self.path, error) from error
        self._identity = self._identity_now()
        self._seen_version = self._version()

    def _open(self, new: MemoryStore) -> None:
        # EXTRA also syncs the folder after a commit: without that a power cut may bring the old state back.
        self.database.execute("PRAGMA synchronous = EXTRA")
        self.database.execute("PRAGMA secure_delete = ON")
        with self._begun("IMMEDIATE"):
            (num_tables,) = self.database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if num_tables == 0:
                create_tables(self.database)
                write_header(self.database, new)
                put_entries(self.database, new)
        check_header(self.database, self.path)
        check_whole(self.database)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Let the caller read and write, alone; an exception undoes everything.

        Raises:
            StoreFileError: If another process writes for too long, the file was removed or replaced, or what
                was written cannot be brought to the disk. The file is then as it was.
        """
        self._require_usable()
        try:
            with self._begun("IMMEDIATE"):
                yield self.database
        except sqlite3.Error as error:
            raise StoreFileError(
                f"{self.path}: nothing was written ({error}); if the disk is full, free some space."
            ) from error

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Let the caller read one state of the file, whatever others write meanwhile.

        Raises:
            StoreFileError: If another process writes for too long, or the file was removed, replaced or
                damaged.
        """
        self._require_usable()
        try:
            with self._begun("DEFERRED"):
                yield self.database
        except StoreFileError:
            raise
        except READ_ERRORS as error:
            raise not_whole(self.path, error) from error

    def changed_elsewhere(self) -> bool:
        """True if another process has written since this was last asked."""
        version = self._version()
        changed = version != self._seen_version
        self._seen_version = version
        return changed

    def read_store(self, capacity: Capacity | None = None, corpus: Corpus | None = None) -> MemoryStore:
        """Read the store; inside of `reading` or `transaction`."""
        return read_store(self.database, capacity=capacity, corpus=corpus)

    def write_changes(
        self, store: MemoryStore, changed: Collection[MemoryEntry], removed: Collection[int]
    ) -> None:
        """Write entries that were added or changed, drop those that left, and bring the header up to date.

        Inside of `transaction`.
        """
        if removed:
            ids = [(int(id),) for id in removed]
            self.database.executemany("DELETE FROM entries WHERE id = ?", ids)
        put_entries(self.database, changed)
        write_header(self.database, store)

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._is_closed = True
        self.database.close()

    @contextlib.contextmanager
    def _begun(self, kind: str) -> Iterator[None]:
        try:
            self.database.execute(f"BEGIN {kind}")
            yield
            self.database.execute("COMMIT")
        except BaseException as error:
            if self.database.in_transaction:
                self.database.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise StoreFileError(
                    f"{self.path}: another process has been writing to it for {self._timeout_s:g} s; wait "
                    "until it is done, or end it."
                ) from error
            raise

    def _require_usable(self) -> None:
        if self._is_closed:
            raise StoreFileError(f"{self.path}: it was closed; open it again.")
        if self._identity_now() != self._identity:
            raise StoreFileError(
                f"{self.path}: the file was removed or replaced while it was open; open it again."
            )

    def _identity_now(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _version(self) -> int:
        try:
            (version,) = self.database.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error as error:
            raise not_whole(self.path, error) from error
        return int(version)
