"""A store in an SQLite file that other tools can read, written completely or not at all."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import math
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from memdojo.errors import ConfigError, MemdojoError, StoreFileError, reason_of

from ..types import Capacity, MemoryEntry, WhenFull
from .corpus import Corpus
from .store import MemoryStore
from .token_counter import token_counter

SCHEMA_VERSION = 3
"""1 had entries alone; since 2 a file may also hold the dialogue that goes on behind them (`MemoryFile`);
since 3 entries have tags, counts of their use, an end and earlier versions."""

_APPLICATION_ID = 0x6D64_6A6F
"""The letters "mdjo": tells our files from any other SQLite database."""

_TIMEOUT_S = 5.0
"""For another process that writes while a store is loaded."""

_SINCE_3 = (
    "tags TEXT NOT NULL DEFAULT '[]'",
    "reads INTEGER NOT NULL DEFAULT 0",
    "helps INTEGER NOT NULL DEFAULT 0",
    "ended INTEGER",
    "replaces TEXT NOT NULL DEFAULT '[]'",
)
"""Columns of the entries that files of before lack; `migrate` adds them with what they stand for there."""

_SCHEMA = f"""
CREATE TABLE store (next_id INTEGER NOT NULL, num_entries INTEGER NOT NULL, capacity TEXT NOT NULL);
CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    kind NOT NULL,
    text NOT NULL,
    time TEXT,
    created_step INTEGER NOT NULL,
    updated_step INTEGER NOT NULL,
    sources TEXT NOT NULL,
    links TEXT NOT NULL,
    utility REAL,
    {", ".join(_SINCE_3)}
);
"""


def save_store(store: MemoryStore, path: str | Path) -> None:
    """Write `store` to `path`, replacing the file that is there only once the new one is safely on disk.

    Raises:
        StoreFileError: If the file cannot be written; the old file is then as it was.
    """
    # Through a link to the file that it names: the rename would replace the link.
    path = usable_path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        make_private(temporary)
        _write(store, temporary)
        _flush_to_disk(temporary)
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o777)
        os.replace(temporary, path)
    except (OSError, sqlite3.Error) as error:
        raise StoreFileError(
            f"{path}: cannot save the store ({error}); free some space or choose another place. "
            "What the file held before is still there."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    # Only now is the new name itself safe from a power cut. Not every system can open a folder.
    with contextlib.suppress(OSError):
        _flush_to_disk(path.parent)


def load_store(path: str | Path, corpus: Corpus | None = None) -> MemoryStore:
    """Read the store that `save_store` wrote: entries with all their fields and ids, next id and capacity.

    Args:
        path: The file.
        corpus: As for a new store.

    Raises:
        StoreFileError: If the file is missing, in use, damaged, not ours or of a newer version.
    """
    path = usable_path(path)
    if not path.is_file():
        raise StoreFileError(f"{path}: there is no such file; check the path, or save a store there first.")
    with reading_from(path, _TIMEOUT_S):
        uri = f"{path.as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_TIMEOUT_S)) as database:
            check_header(database, path)
            check_whole(database)
            return read_store(database, corpus=corpus)


def usable_path(path: str | Path) -> Path:
    """Return the absolute path of a file, `~` and links followed.

    Raises:
        StoreFileError: If it is none.
    """
    if not isinstance(path, str | Path):
        raise StoreFileError(f"the memory file is {path!r}; give its path as a str or a Path.")
    try:
        return Path(path).expanduser().resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise StoreFileError(f"{str(path)!r} is no path of a file ({error}); give another.") from error


def make_private(path: Path) -> None:
    """Make an empty file that only its owner may read, unless there is one; SQLite's journal follows it."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


@contextlib.contextmanager
def reading_from(path: Path, timeout_s: float) -> Iterator[None]:
    """Turn any failure to read a file into the sentence that says of what kind it is.

    A file may be damaged in any way, so that anything may be raised by reading it.

    Raises:
        StoreFileError: If reading fails.
    """
    try:
        yield
    except MemdojoError:
        raise
    except Exception as error:
        raise file_error(path, error, timeout_s) from error


def file_error(path: Path, error: Exception, timeout_s: float) -> StoreFileError:
    """Return the error for a file that could not be read or written, with what is to be done about it.

    Args:
        path: The file.
        error: What reading or writing raised.
        timeout_s: Seconds that were waited for another process.
    """
    kind = getattr(error, "sqlite_errorname", "")
    number = getattr(error, "errno", None)
    if kind.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreFileError(
            f"{path}: another process has been writing to it for {timeout_s:g} s; wait until it is done, or "
            "end it. The file is whole."
        )
    if kind == "SQLITE_FULL" or number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StoreFileError(f"{path}: nothing was written, the disk is full ({error}); free some space.")
    if kind.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")) or number in (
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
    ):
        return StoreFileError(
            f"{path}: you may not write it ({error}); change the permissions of the file and its folder, or "
            "copy it to where you may write."
        )
    if kind.startswith("SQLITE_CANTOPEN"):
        return StoreFileError(
            f"{path}: cannot be opened ({error}); check the path, and the permissions of the file and its "
            "folder."
        )
    if kind.startswith("SQLITE_IOERR") and kind not in ("SQLITE_IOERR_SHORT_READ", "SQLITE_IOERR_CORRUPTFS"):
        return StoreFileError(
            f"{path}: the disk failed ({error}, {kind}) and nothing was written; see whether it is full or "
            "broken."
        )
    return not_whole(path, error)


def not_whole(path: Path, error: Exception) -> StoreFileError:
    """Build the error for a file that is damaged, or no memory file at all."""
    return StoreFileError(
        f"{path}: not a whole memory file ({reason_of(error)}); restore it from a copy, or save the store "
        "again."
    )


def read_store(
    database: sqlite3.Connection,
    *,
    capacity: Capacity | None = None,
    tokenizer: str | None = None,
    corpus: Corpus | None = None,
) -> MemoryStore:
    """Read the store out of an open file.

    Args:
        database: The file.
        capacity: Takes the place of the store's own.
        tokenizer: Takes the place of the one by which the store counts, where no capacity is given.
        corpus: As for a new store.

    Raises:
        ConfigError: If the entries do not fit the capacity or tokenizer that was given, or the store's own
            tokenizer cannot be loaded.
        Exception: Any other, if the file is damaged; see `reading_from`.
    """
    next_id, num_entries, own_capacity = database.execute(
        "SELECT next_id, num_entries, capacity FROM store"
    ).fetchone()
    entries = [_entry_from_row(row) for row in database.execute("SELECT * FROM entries ORDER BY id")]
    if len(entries) != num_entries:
        raise ValueError(f"it has {len(entries)} of {num_entries} entries")
    if capacity is None and tokenizer is not None:
        capacity = dataclasses.replace(_capacity_from_json(own_capacity), tokenizer=tokenizer)
    if capacity is not None:
        return MemoryStore.from_entries(entries, next_id=next_id, capacity=capacity, corpus=corpus)
    own = _capacity_from_json(own_capacity)
    token_counter(own.tokenizer)  # What cannot be loaded is no damage of the file.
    try:
        return MemoryStore.from_entries(
            entries,
            next_id=as_number(next_id),
            capacity=own,
            corpus=corpus,
            # Another version may have counted fewer tokens: then more than one leaves with the next ADD.
            check_tokens=False,
        )
    except ConfigError as error:
        raise ValueError(str(error)) from error


def create_tables(database: sqlite3.Connection) -> None:
    """Make an empty database a memory file without entries or header."""
    database.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    # Not executescript, which would end the transaction that the caller may have begun.
    for statement in filter(str.strip, _SCHEMA.split(";")):
        database.execute(statement)


def migrate(database: sqlite3.Connection) -> None:
    """Bring a memory file of an earlier version up to date, in the transaction that the caller has begun."""
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version >= SCHEMA_VERSION:
        return
    for column in _SINCE_3:
        database.execute(f"ALTER TABLE entries ADD COLUMN {column}")
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def write_header(database: sqlite3.Connection, store: MemoryStore) -> None:
    """Write what a file says of the store beside its entries."""
    database.execute("DELETE FROM store")
    capacity = dataclasses.asdict(store.capacity)
    if capacity["tokenizer"] is None:
        del capacity["tokenizer"]  # Earlier versions, which know no such limit, read the file as well.
    header = (store.next_id, len(store), json.dumps(capacity))
    database.execute("INSERT INTO store VALUES (?, ?, ?)", header)


def put_entries(database: sqlite3.Connection, entries: Iterable[MemoryEntry]) -> None:
    """Write entries, in place of those that have their ids."""
    rows = map(_row, entries)
    marks = ", ".join("?" * len(dataclasses.fields(MemoryEntry)))
    database.executemany(f"INSERT OR REPLACE INTO entries VALUES ({marks})", rows)


def _write(store: MemoryStore, path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        # The file is new and not yet shared: a failed write is thrown away whole, so no journal is needed.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        create_tables(database)
        with database:
            write_header(database, store)
            put_entries(database, store)


def _row(entry: MemoryEntry) -> tuple[Any, ...]:
    # int() and float(): SQLite would store NumPy's numbers as raw bytes without a word.
    return (
        int(entry.id),
        as_column(entry.kind),
        as_column(entry.text),
        None if entry.time is None else entry.time.isoformat(),
        int(entry.created_step),
        int(entry.updated_step),
        json.dumps(entry.sources),
        json.dumps([int(link) for link in entry.links]),
        float(entry.utility),
        json.dumps(entry.tags),
        int(entry.reads),
        int(entry.helps),
        None if entry.ended is None else int(entry.ended),
        json.dumps([int(id) for id in entry.replaces]),
    )


def _entry_from_row(row: tuple[Any, ...]) -> MemoryEntry:
    id, kind, text, time, created_step, updated_step, sources, links, utility, *newer = row
    # A file of an earlier version that is only read stays as it is.
    tags, reads, helps, ended, replaces = newer or ("[]", 0, 0, None, "[]")
    return MemoryEntry(
        id=as_number(id),
        kind=from_column(kind),
        text=from_column(text),
        time=None if time is None else datetime.fromisoformat(time),
        created_step=as_number(created_step),
        updated_step=as_number(updated_step),
        sources=tuple(map(from_column, _list(sources))),
        links=tuple(map(as_number, _list(links))),
        # SQLite keeps a NaN as NULL.
        utility=math.nan if utility is None else float(utility),
        tags=tuple(map(from_column, _list(tags))),
        reads=as_number(reads),
        helps=as_number(helps),
        ended=None if ended is None else as_number(ended),
        replaces=tuple(map(as_number, _list(replaces))),
    )


def as_number(value: object) -> int:
    """Return what stands in a column of whole numbers from 0.

    Raises:
        ValueError: If something else stands there.
    """
    if type(value) is not int or not 0 <= value < 2**62:
        raise ValueError(f"{value!r:.40} stands where a number belongs")
    return value


def _list(column: str) -> list[Any]:
    values = json.loads(column)
    if not isinstance(values, list):
        raise ValueError(f"{column!r:.40} stands where a list belongs")
    return values


def as_column(text: str) -> str | bytes:
    """Return `text`, or its bytes if it has half a surrogate pair, which models do emit and UTF-8 forbids."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def from_column(column: object) -> str:
    """Return the text that `as_column` was given.

    Raises:
        ValueError: If that was none.
    """
    if isinstance(column, bytes):
        return column.decode("utf-8", "surrogatepass")
    if not isinstance(column, str):
        raise ValueError(f"{column!r:.40} stands where a text belongs")
    return column


def _capacity_from_json(text: str) -> Capacity:
    fields = json.loads(text)
    when_full = WhenFull(fields.pop("when_full"))
    tokenizer = fields.pop("tokenizer", None)
    if not isinstance(tokenizer, str | None):
        raise ValueError(f"{tokenizer!r:.40} stands where the name of a tokenizer belongs")
    limits = {name: None if limit is None else as_number(limit) for name, limit in fields.items()}
    return Capacity(**limits, when_full=when_full, tokenizer=tokenizer)


def check_header(database: sqlite3.Connection, path: Path) -> None:
    """Refuse a database that is not ours or of a newer version.

    Raises:
        StoreFileError: Which of the two it is.
    """
    (application_id,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if application_id != _APPLICATION_ID:
        raise StoreFileError(
            f"{path}: not a memory file of memdojo, but another SQLite database; check the path."
        )
    if version > SCHEMA_VERSION:
        raise StoreFileError(
            f"{path}: written by a newer memdojo (file version {version}, this one reads up to "
            f"{SCHEMA_VERSION}); upgrade memdojo."
        )


def check_whole(database: sqlite3.Connection) -> None:
    """Refuse a file whose pages are damaged.

    Raises:
        ValueError: With what is wrong.
    """
    (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise ValueError(verdict.splitlines()[-1])


def _flush_to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
