import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from memdojo.envs.streams.folder_lock import HOLDER, LOCK, FolderLock
from memdojo.errors import RunFolderError

HOLD = """
import os, signal, sys
from pathlib import Path
from memdojo.envs.streams.folder_lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
signal.pause()
"""


def _held_elsewhere(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_another_process_is_told_who_has_the_folder_and_a_dead_one_has_it_no_more(tmp_path: Path) -> None:
    holder = _held_elsewhere(tmp_path)
    try:
        host = os.uname().nodename
        with pytest.raises(RunFolderError, match=rf"in use by process {holder.pid} on {host} since 20\d\d-"):
            FolderLock(tmp_path)
        (tmp_path / HOLDER).write_text("{")
        with pytest.raises(RunFolderError, match="in use by another process"):
            FolderLock(tmp_path)
    finally:
        holder.kill()
        holder.wait()
        assert holder.stdout is not None
        holder.stdout.close()
    with FolderLock(tmp_path):
        assert f'"pid": {os.getpid()}' in (tmp_path / HOLDER).read_text()


def test_the_thread_that_has_it_can_take_it_again_and_no_other_can(tmp_path: Path) -> None:
    errors: list[str] = []

    def take() -> None:
        try:
            FolderLock(tmp_path).release()
        except RunFolderError as error:
            errors.append(str(error))

    def take_in_thread() -> None:
        thread = threading.Thread(target=take)
        thread.start()
        thread.join()

    with FolderLock(tmp_path), FolderLock(tmp_path) as inner:
        inner.release()
        inner.release()
        take_in_thread()
    assert len(errors) == 1
    take_in_thread()
    assert len(errors) == 1


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / LOCK).mkdir()
    with pytest.raises(RunFolderError, match=r"cannot be written: .*; make it writable"):
        FolderLock(tmp_path)
