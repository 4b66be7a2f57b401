import os
import threading
from pathlib import Path

import pytest

from memdojo.envs.streams.files import atomic_writer, find_data_file, user_path, write_whole
from memdojo.errors import DataError


def test_a_device_is_written_to_and_stays_one() -> None:
    with atomic_writer("/dev/null") as file:
        file.write("text")
    write_whole("/dev/null", b"bytes")
    assert Path("/dev/null").is_char_device()
    assert not list(Path("/dev").glob(".null.*"))


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(path.read_text()))
    reader.start()
    with atomic_writer(path) as file:
        file.write("text")
    reader.join()
    assert read == ["text"]
    assert path.is_fifo()


def test_what_stands_for_an_open_file_is_not_replaced(tmp_path: Path) -> None:
    with open(tmp_path / "out.txt", "w+") as open_file:
        before = os.fstat(open_file.fileno()).st_ino
        with atomic_writer(f"/dev/fd/{open_file.fileno()}") as file:
            file.write("text")
        assert (tmp_path / "out.txt").stat().st_ino == before
    assert (tmp_path / "out.txt").read_text() == "text"


def test_a_link_stays_and_the_file_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("before")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_whole(tmp_path / "link", b"after")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "after"


def test_what_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for path in (tmp_path, tmp_path / "file" / "below", tmp_path / "missing" / "x", tmp_path / ("a" * 5000)):
        with pytest.raises(DataError, match="was not written"):
            write_whole(path, b"x")
    with pytest.raises(DataError, match="not a path"):
        write_whole("nu\0ll", b"x")
    assert (tmp_path / "file").read_text() == "in the way"


def test_paths_that_lead_nowhere_are_one_sentence() -> None:
    for path in ("~nobody-of-this-name/x", "nu\0ll"):
        with pytest.raises(DataError, match="is not a path that can be found"):
            user_path(path)
    with pytest.raises(DataError, match="cannot be looked for"):
        find_data_file("x", "a" * 5000, "Fetch it.")
