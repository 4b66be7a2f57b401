"""Folders of checkpoints: written completely or not at all, found by number, and pruned. No torch."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from memdojo.errors import CheckpointError, RunFolderError

CHECKPOINTS, BEST = "checkpoints", "best"
_STEP_FOLDER = re.compile(r"step_(\d{6,})")


@contextlib.contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give a temporary sibling to write into; it becomes `folder`, with all bytes on the disk, at the end.

    After any failure nothing is left of it. `folder` must not exist yet.

    Raises:
        OSError: If the file system refuses.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    # A sibling, because a rename is atomic only within one file system.
    temporary = _temporary(folder)
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir()
        yield temporary
        for path in (*temporary.rglob("*"), temporary):
            _sync(path)
        if folder.exists():
            raise FileExistsError("a folder of this name exists already")
        temporary.rename(folder)
        _sync(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_folder(folder: Path) -> None:
    """Remove a folder so that no half of it is ever found under its name.

    Raises:
        OSError: If the file system refuses.
    """
    doomed = _temporary(folder)
    folder.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def remove_debris(parent: Path) -> None:
    """Remove what a killed process left of `whole_folder` and `remove_folder` in `parent`."""
    for path in parent.glob(".*.tmp"):
        shutil.rmtree(path, ignore_errors=True)


def checkpoint_folder(run_dir: str | Path, update: int) -> Path:
    """Return where a run's checkpoint after `update` updates lies."""
    return Path(run_dir) / CHECKPOINTS / f"step_{update:06d}"


def update_of(folder: Path) -> int:
    """Return after how many updates a checkpoint was written, by its name; -1 if the name does not say."""
    match = _STEP_FOLDER.fullmatch(folder.name)
    return int(match[1]) if match else -1


def list_checkpoints(run_dir: str | Path) -> list[Path]:
    """Return the checkpoints of a run, oldest first."""
    parent = Path(run_dir) / CHECKPOINTS
    if not parent.is_dir():
        return []
    return sorted((path for path in parent.iterdir() if update_of(path) >= 0), key=update_of)


def latest_checkpoint(run_dir: str | Path) -> Path | None:
    """Return the newest checkpoint of a run; None if it has none."""
    found = list_checkpoints(run_dir)
    return found[-1] if found else None


def find_checkpoint(path: str | Path) -> Path:
    """Return the best checkpoint of a run, else its newest; a folder that is no run is returned as it is.

    Raises:
        RunFolderError: If a run has no checkpoint yet.
    """
    path = Path(path).expanduser()
    if not (path / CHECKPOINTS).is_dir():
        return path
    best = path / BEST
    checkpoint = best.resolve() if best.exists() else latest_checkpoint(path)
    if checkpoint is None:
        raise RunFolderError(f"the run {path} has no checkpoint yet; give another run, or train it on.")
    return checkpoint


def prune_checkpoints(run_dir: str | Path, keep: int, kept: Iterable[Path] = ()) -> None:
    """Remove all checkpoints of a run but the `keep` newest and those of `kept`.

    Raises:
        ValueError: If `keep` is not positive.
        CheckpointError: If the file system refuses.
    """
    if keep < 1:
        raise ValueError(f"keep is {keep}; at least the newest checkpoint must stay.")
    stay = {folder.resolve() for folder in kept}
    for folder in list_checkpoints(run_dir)[:-keep]:
        if folder.resolve() not in stay:
            try:
                remove_folder(folder)
            except OSError as error:
                raise CheckpointError(f"{folder} cannot be removed: {error.strerror or error}.") from error


def _temporary(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.{os.getpid()}.tmp")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
