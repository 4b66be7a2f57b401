"""`FolderLock`: a folder of results that one process writes at a time."""

from __future__ import annotations

import json
import os
import socket
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout

from memdojo.errors import RunFolderError

LOCK, HOLDER = ".lock", ".lock.json"
"""The file that is locked, and the one that says by whom; both stay, and mean nothing once it is free."""


class FolderLock:
    """Keeps a folder from being written by two processes; the operating system lets go of it when one dies.

    In the thread that has it, it can be taken again, also by another object for the same folder.

    Args:
        folder: It must exist.

    Raises:
        RunFolderError: If another process, or another thread of this one, has it, with the host, the process
            and since when; or if the file system refuses.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(str(folder.resolve() / LOCK), timeout=0, is_singleton=True)
        self._is_held = False
        try:
            is_new = not self._lock.is_locked
            self._lock.acquire()
            self._is_held = True
            if is_new:
                self._say_who()
        except Timeout:
            raise RunFolderError(
                f"{folder} is in use by {self._holder()}, and two would spoil each other's work; wait until "
                "it has ended, end it, or choose another folder or name."
            ) from None
        except OSError as error:
            self.release()
            raise RunFolderError(
                f"{folder} cannot be written: {error.strerror or error}; make it writable, or choose another "
                "folder."
            ) from error

    def release(self, *, gone: bool = False) -> None:
        """Let the next one have it, unless it was taken several times and is still held.

        Args:
            gone: Whether the folder was removed, and with it what others have taken.
        """
        if self._is_held:
            self._lock.release(force=gone)
        self._is_held = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _say_who(self) -> None:
        since = datetime.now().astimezone().isoformat(" ", "seconds")
        record = {"host": socket.gethostname(), "pid": os.getpid(), "since": since}
        (self._folder / HOLDER).write_text(json.dumps(record) + "\n", encoding="utf-8")

    def _holder(self) -> str:
        try:
            record: Any = json.loads((self._folder / HOLDER).read_text("utf-8"))
            return f"process {record['pid']} on {record['host']} since {record['since']}"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"
