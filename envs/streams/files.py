"""Finding, checking and writing data files."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from memdojo.errors import DataError


def data_folders() -> tuple[Path, ...]:
    """Return the folders where data sets are looked for: `$MEMDOJO_DATA` if set, then the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "memdojo"
    given = os.environ.get("MEMDOJO_DATA")
    return (user_path(given), cache) if given else (cache,)


def find_data_file(relative: str | Sequence[str], path: str | Path | None, obtain: str) -> Path:
    """Return the file of a data set that memdojo does not ship.

    Args:
        relative: Where the file lies within a data folder, such as `locomo/locomo10.json`; of several the
            first that is there counts.
        path: The file itself; where it is given, no folder is searched.
        obtain: One sentence for the error: where the file comes from.

    Raises:
        DataError: If the file is not there.
    """
    if path is not None:
        explicit = user_path(path)
        try:
            if explicit.is_file():
                return explicit
        except OSError as error:
            raise DataError(f"{str(explicit)!r} cannot be looked for ({error}); check the path.") from error
        raise DataError(f"{explicit} is not a file. {obtain}")
    names = (relative,) if isinstance(relative, str) else tuple(relative)
    found = find_in_data_folders(names)
    if found is not None:
        return found
    places = " or ".join(str(folder / names[0]) for folder in data_folders())
    hint = "" if os.environ.get("MEMDOJO_DATA") else " (MEMDOJO_DATA is not set)"
    raise DataError(
        f"{' or '.join(names)} was not found{hint}. {obtain} Put it at {places}, "
        f"set MEMDOJO_DATA to the folder above {Path(names[0]).parent}, or give its path."
    )


def user_path(path: str | Path) -> Path:
    """Return a path that a person gave, `~` and `~NAME` resolved.

    Raises:
        DataError: If there is no such person, or it is no path at all.
    """
    try:
        found = Path(path).expanduser()
        if "\0" in str(found):
            raise ValueError("it holds a null character")
        return found
    except (RuntimeError, TypeError, ValueError) as error:
        raise DataError(f"{path!r} is not a path that can be found ({error}); write it out.") from error


def find_in_data_folders(names: Sequence[str]) -> Path | None:
    """Return the first of the files that lies in a data folder, the folders in their order; None if none."""
    candidates = (folder / name for folder in data_folders() for name in names)
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def sha256_of(path: str | Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits; errors are those of `digest_of`."""
    return digest_of(path, "sha256")


def digest_of(path: str | Path, algorithm: str) -> str:
    """Return the digest of a file in hexadecimal digits, by an algorithm that `hashlib` has.

    Raises:
        DataError: If the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, algorithm).hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error


@contextlib.contextmanager
def atomic_writer(path: str | Path) -> Iterator[IO[str]]:
    """Open a text file that appears under `path` whole, or, after any failure, not at all.

    Raises:
        DataError: If the file system refuses, for example because the disk is full; what lay under `path`
            before is untouched.
    """
    with _in_place_of(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        yield file


def write_whole(path: str | Path, data: bytes) -> None:
    """Write a file that appears under `path` whole, or, after any failure, not at all.

    Raises:
        DataError: As `atomic_writer`.
    """
    with _in_place_of(path) as temporary:
        temporary.write_bytes(data)


@contextlib.contextmanager
def _in_place_of(path: str | Path) -> Iterator[Path]:
    """Give a path to write to, whose file takes the place of the one at `path`."""
    path = user_path(path)
    try:
        if _is_device(path):
            # Nothing can take the place of a device or a pipe; what is written goes through it.
            yield path
            return
        # A link stays, and what it leads to is replaced.
        path = path.resolve()
    except OSError as error:
        raise DataError(f"{path} was not written: {error.strerror or error}.") from error
    # In the same folder, because a rename is atomic only within one file system.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise DataError(f"{path} was not written, nothing was changed: {error.strerror or error}.") from error
    finally:
        # Where the folder is none, there is nothing to remove either.
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _is_device(path: Path) -> bool:
    """True of a device, pipe or socket, and of what stands for an open file, such as `/dev/stdout`."""
    if path.is_dir() or not path.exists():
        return False
    return not path.is_file() or path.parts[:2] in (("/", "dev"), ("/", "proc"))
