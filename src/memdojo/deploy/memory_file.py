"""A memory file that stays open while it changes: one transaction per change, one process at a time."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from time import monotonic

from memdojo.envs.memory.corpus import Corpus
from memdojo.envs.memory.persistence import (
    check_header,
    check_whole,
    create_tables,
    file_error,
    make_private,
    migrate,
    put_entries,
    read_store,
    reading_from,
    usable_path,
    write_header,
)
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.types import Capacity, MemoryEntry
from memdojo.errors import StoreFileError

_LOOKS_EVERY_S = 0.005
"""How often it is tried whether another process has ended its transaction."""


def _sleep() -> None:
    time.sleep(_LOOKS_EVERY_S)


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
        self.path = usable_path(path)
        self._timeout_s = timeout_s
        self._is_closed = False
        self._aside: sqlite3.Connection | None = None
        self._aside_lock = threading.Lock()
        if not self.path.parent.is_dir():
            raise StoreFileError(f"{self.path}: there is no folder {self.path.parent}; make it first.")
        with reading_from(self.path, timeout_s):
            make_private(self.path)
            # One thread at a time uses it, but not always the same one.
            self.database = sqlite3.connect(
                self.path, timeout=timeout_s, isolation_level=None, check_same_thread=False
            )
            try:
                self._open(new)
                self._identity = self._identity_now()
                self._seen_version = self._version()
            except BaseException:
                self.database.close()
                raise

    def _open(self, new: MemoryStore) -> None:
        # EXTRA also syncs the folder after a commit: without that a power cut may bring the old state back.
        self.database.execute("PRAGMA synchronous = EXTRA")
        self.database.execute("PRAGMA secure_delete = ON")
        # What is forgotten must not be copied into a temporary file when the database is rebuilt.
        self.database.execute("PRAGMA temp_store = MEMORY")
        with self._begun("IMMEDIATE"):
            (num_tables,) = self.database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if num_tables == 0:
                create_tables(self.database)
                write_header(self.database, new)
                put_entries(self.database, new)
        check_header(self.database, self.path)
        check_whole(self.database)
        with self._begun("IMMEDIATE"):
            migrate(self.database)

    @contextlib.contextmanager
    def transaction(
        self, *, wait: bool = True, pause: Callable[[], None] = _sleep
    ) -> Iterator[sqlite3.Connection]:
        """Let the caller read and write, alone; an exception undoes everything.

        Args:
            wait: Wait for another process that writes; else that is an error at once.
            pause: Passes a moment of that wait, in which other threads may read from this object.

        Raises:
            StoreFileError: If another process writes for too long, the file was removed or replaced, or what
                was written cannot be brought to the disk. The file is then as it was.
        """
        self.require_usable()
        try:
            with self._begun("IMMEDIATE", wait=wait, pause=pause):
                yield self.database
        except sqlite3.Error as error:
            raise file_error(self.path, error, self._timeout_s if wait else 0) from error

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Let the caller read one state of the file, whatever others write meanwhile.

        Raises:
            StoreFileError: If another process writes for too long, or the file was removed, replaced or
                damaged.
        """
        self.require_usable()
        with reading_from(self.path, self._timeout_s), self._begun("DEFERRED"):
            yield self.database

    @contextlib.contextmanager
    def reading_aside(self) -> Iterator[sqlite3.Connection]:
        """Let the caller read what was last committed while a transaction of this very object goes on.

        Raises:
            StoreFileError: As for `reading`.
        """
        with self._aside_lock:
            self.require_usable()
            with reading_from(self.path, self._timeout_s):
                if self._aside is None:
                    self._aside = sqlite3.connect(
                        self.path, timeout=self._timeout_s, isolation_level=None, check_same_thread=False
                    )
                self._aside.execute("BEGIN")
                try:
                    yield self._aside
                finally:
                    self._aside.execute("ROLLBACK")

    def understanding(self) -> AbstractContextManager[None]:
        """Let the caller make something of what was read; where that fails the file is damaged.

        Raises:
            StoreFileError: If it fails.
        """
        return reading_from(self.path, self._timeout_s)

    def changed_elsewhere(self) -> bool:
        """True if another process has written since this was last asked."""
        version = self._version()
        changed = version != self._seen_version
        self._seen_version = version
        return changed

    def read_store(
        self,
        capacity: Capacity | None = None,
        corpus: Corpus | None = None,
        *,
        tokenizer: str | None = None,
    ) -> MemoryStore:
        """Read the store; inside of `reading` or `transaction`."""
        return read_store(self.database, capacity=capacity, tokenizer=tokenizer, corpus=corpus)

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

    def rebuild(self) -> None:
        """Write the file anew without its empty places, in which words of what was deleted may have stayed.

        Outside of `transaction`. Costs a copy of the file in memory.

        Raises:
            StoreFileError: As for `transaction`.
        """
        self.require_usable()
        try:
            self.database.execute("VACUUM")
        except sqlite3.Error as error:
            raise file_error(self.path, error, self._timeout_s) from error

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._is_closed = True
        self.database.close()
        with self._aside_lock:
            if self._aside is not None:
                self._aside.close()

    @contextlib.contextmanager
    def _begun(self, kind: str, *, wait: bool = True, pause: Callable[[], None] = _sleep) -> Iterator[None]:
        try:
            self._set_patience(0)
            deadline = monotonic() + (self._timeout_s if wait else 0)
            while not self._has_begun(kind, is_last=monotonic() >= deadline):
                pause()
            self._set_patience(self._timeout_s)
            yield
            self.database.execute("COMMIT")
        except BaseException:
            if self.database.in_transaction:
                # What cannot even be rolled back is rolled back by the next process that opens the file.
                with contextlib.suppress(sqlite3.Error):
                    self.database.execute("ROLLBACK")
            raise

    def _has_begun(self, kind: str, *, is_last: bool) -> bool:
        """Begin a transaction, unless another process writes; the last time that is an error."""
        try:
            self.database.execute(f"BEGIN {kind}")
        except sqlite3.OperationalError as error:
            if is_last or error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            return False
        return True

    def _set_patience(self, seconds: float) -> None:
        """Set how long a lock of another process is waited for."""
        self.database.execute(f"PRAGMA busy_timeout = {int(1000 * seconds)}")

    def require_usable(self) -> None:
        """Refuse to go on with a file that was closed, removed or replaced.

        Raises:
            StoreFileError: If it was.
        """
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
        with reading_from(self.path, self._timeout_s):
            (version,) = self.database.execute("PRAGMA data_version").fetchone()
            return int(version)
