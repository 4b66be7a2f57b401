"""Downloads of published files: checked, resumed after a broken transfer, complete or absent."""

from __future__ import annotations

import contextlib
import enum
import http.client
import logging
import os
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memdojo.errors import DataError

from ..files import atomic_writer, data_folders, digest_of, find_in_data_folders, sha256_of
from .published import PublishedFile

OnProgress = Callable[[int, int | None], None]
"""Called with the bytes that are there and those of the whole file, None if the server does not say."""

TIMEOUT_S = 60.0
MAX_ATTEMPTS = 4
"""Attempts in a row that bring nothing before it is given up."""
WAIT_S = 1.0
"""Wait before the second attempt; twice as long before each further one."""

_BLOCK_BYTES = 1 << 18
_TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


class Found(enum.Enum):
    """What lay in the data folders before a file was fetched."""

    NOTHING = "nothing"
    INTACT = "intact"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Fetched:
    """How a file came to be there.

    Attributes:
        found: What there was before; an intact file was left as it is.
        checked: True if its checksum is published; else it is the one that it had when it was fetched first.
    """

    path: Path
    found: Found
    checked: bool


def fetch_file(
    file: PublishedFile,
    *,
    on_progress: OnProgress = lambda done, total: None,
    on_damage: Callable[[Path], None] = lambda path: None,
    wait_s: float = WAIT_S,
) -> Fetched:
    """Bring a file to where its loader looks for it, unless it is there already.

    What was received before a transfer broke off stays beside it (`NAME.part`), and the next call goes on
    from there. A file without a published checksum has its own written down (`NAME.sha256`) when it comes,
    and is checked against that from then on.

    Args:
        file: Which.
        on_progress: Called with the progress of the transfer.
        on_damage: Called for a file with a wrong checksum before it is fetched again.
        wait_s: Wait before a second attempt.

    Raises:
        DataError: If the download fails, the file is not the one that was published, or the disk refuses.
            What lay there before is then untouched.
    """
    present = find_in_data_folders([file.path])
    found = Found.NOTHING
    if present is not None:
        found = Found.INTACT if _is_intact(present, file) else Found.DAMAGED
        if found is Found.INTACT:
            return Fetched(present, found, bool(file.checksum))
        on_damage(present)
    target = present or data_folders()[0] / file.path
    _retrieve(file, target, _Download(target, file, on_progress, wait_s))
    if not file.checksum:
        with atomic_writer(_recorded(target)) as record:
            record.write(f"{sha256_of(target)}  {target.name}\n")
    return Fetched(target, found, bool(file.checksum))


def is_present(file: PublishedFile) -> bool:
    """Return whether the file lies in a data folder in its full size, without a look at its checksum."""
    path = find_in_data_folders([file.path])
    return path is not None and file.num_bytes in (None, path.stat().st_size)


def _is_intact(path: Path, file: PublishedFile) -> bool:
    if file.checksum:
        algorithm, _, digest = file.checksum.partition(":")
        return digest_of(path, algorithm) == digest
    record = _recorded(path)
    # Somebody put the file there by hand: it is as good as they say.
    return not record.is_file() or record.read_text("utf-8").split(" ")[0] == sha256_of(path)


def _recorded(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _retrieve(file: PublishedFile, target: Path, download: _Download) -> None:
    import pooch

    # Under a name of its own, because pooch leaves a file without a published checksum alone.
    new = target.with_name(f"{target.name}.new")
    try:
        new.unlink(missing_ok=True)
        with _quiet(pooch.get_logger()):
            pooch.retrieve(file.url, file.checksum or None, new.name, new.parent, downloader=download)
        os.replace(new, target)
    except ValueError as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"the file at {file.url} is not {target.name} as it was published: its checksum is not "
            f"{file.checksum}. Nothing was changed; try again later, or get the file from elsewhere."
        ) from error
    except OSError as error:
        raise DataError(
            f"{target} cannot be written ({error.strerror or error}); free some room, or set MEMDOJO_DATA to "
            "a folder that can be written."
        ) from error


@contextlib.contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


class _BrokenOffError(Exception):
    """A transfer broke off; why is its text."""


class _Download:
    """Downloads to a file beside the target, from where an earlier transfer of the same content broke off.

    Has the form of pooch's downloaders.
    """

    def __init__(self, target: Path, file: PublishedFile, on_progress: OnProgress, wait_s: float) -> None:
        self._part = target.with_name(f"{target.name}.part")
        # What the server calls this very content; without it a resumed transfer could join two versions.
        self._validator = target.with_name(f"{target.name}.part.version")
        self._file = file
        self._on_progress = on_progress
        self._wait_s = wait_s

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        idle_attempts = 0
        while True:
            before = self._num_bytes
            try:
                self._transfer(url)
                break
            except _BrokenOffError as error:
                idle_attempts = 0 if self._num_bytes > before else idle_attempts + 1
                if idle_attempts == MAX_ATTEMPTS:
                    there = f"; it continues after the {self._num_bytes:,} bytes already fetched"
                    raise DataError(
                        f"{url} cannot be fetched: {error}. Check the network and run the command again"
                        f"{there if self._num_bytes else ''}."
                    ) from error
                time.sleep(self._wait_s * 2 ** max(0, idle_attempts - 1))
        os.replace(self._part, output_file)
        self._validator.unlink(missing_ok=True)

    @property
    def _num_bytes(self) -> int:
        return self._part.stat().st_size if self._part.is_file() else 0

    def _transfer(self, url: str) -> None:
        """Receive what is missing.

        Raises:
            _BrokenOffError: If it broke off; a further attempt may go on.
            DataError: If there is no use in a further attempt.
        """
        try:
            with urllib.request.urlopen(self._request(url), timeout=TIMEOUT_S) as response:
                self._receive(response)
        except urllib.error.HTTPError as error:
            # It is a response with a connection of its own, and lives on as the cause of what is raised.
            with error:
                self._refused(url, error)
        except (
            urllib.error.URLError,
            ssl.SSLError,
            http.client.HTTPException,
            TimeoutError,
            ConnectionError,
        ) as error:
            raise _BrokenOffError(
                str(getattr(error, "reason", "") or error or type(error).__name__)
            ) from error

    def _request(self, url: str) -> urllib.request.Request:
        request = urllib.request.Request(
            url, headers={"User-Agent": "memdojo", "Accept-Encoding": "identity"}
        )
        validator = self._validator.read_text("utf-8") if self._validator.is_file() else ""
        if self._num_bytes and (validator or self._file.checksum):
            request.add_header("Range", f"bytes={self._num_bytes}-")
            if validator:
                request.add_header("If-Range", validator)
        return request

    def _receive(self, response: Any) -> None:
        start, total = 0, response.headers.get("Content-Length")
        if response.status == 206:
            match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
            if match is None or int(match[1]) != self._num_bytes:
                self._forget()
                raise _BrokenOffError("the server sent a part that was not asked for")
            start, total = int(match[1]), match[2] if match[2] != "*" else None
        size = None if total is None else int(total)
        etag, changed = response.headers.get("ETag", ""), response.headers.get("Last-Modified", "")
        self._validator.write_text(changed if etag.startswith("W/") or not etag else etag, "utf-8")
        done = start
        with open(self._part, "ab" if start else "wb") as part:
            self._on_progress(done, size)
            while block := response.read(_BLOCK_BYTES):
                part.write(block)
                done += len(block)
                self._on_progress(done, size)
        if size is not None and done < size:
            raise _BrokenOffError(f"the connection was lost after {done:,} of {size:,} bytes")

    def _refused(self, url: str, error: urllib.error.HTTPError) -> None:
        if error.code == 416:
            # There is nothing behind what is there: it is whole, or it is something else.
            total = error.headers.get("Content-Range", "").rpartition("/")[2]
            if total != str(self._num_bytes):
                self._forget()
                raise _BrokenOffError("the partial download does not belong to the file") from error
            return
        if error.code in _TRANSIENT_STATUS:
            raise _BrokenOffError(f"the server answers {error.code} {error.reason}") from error
        raise DataError(
            f"{url} cannot be fetched: the server answers {error.code} {error.reason}. It may have moved; "
            "`memdojo data fetch --list` names the homepage."
        ) from error

    def _forget(self) -> None:
        self._part.unlink(missing_ok=True)
        self._validator.unlink(missing_ok=True)
