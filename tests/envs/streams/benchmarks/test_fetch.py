import hashlib
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError

import pytest

from http_servers import Request, Response, serve
from memdojo.envs.streams.benchmarks.fetch import Found, fetch_file, is_present
from memdojo.envs.streams.benchmarks.published import PublishedFile, find_published, published
from memdojo.errors import ConfigError, DataError, UnknownNameError

CONTENT = bytes(range(256)) * 8192  # 2 MiB
SHA256 = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
SHA1 = f"sha1:{hashlib.sha1(CONTENT).hexdigest()}"


@dataclass
class Site:
    """What the server has and does.

    Attributes:
        cut_after: Bytes after which each of the next replies breaks off; the others are whole.
        ranges: The value of the header Range of each request.
        failures: Statuses of the next replies.
    """

    content: bytes = CONTENT
    etag: str = '"v1"'
    takes_ranges: bool = True
    cut_after: list[int] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)
    url: str = ""

    def respond(self, request: Request) -> Response:
        self.ranges.append(request.headers["Range"])
        if self.failures:
            return Response(status=self.failures.pop(0))
        start = self._start(request)
        if start >= len(self.content) and start:
            return Response(status=416, headers={"Content-Range": f"bytes */{len(self.content)}"})
        headers = {"ETag": self.etag} if self.etag else {}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(self.content) - 1}/{len(self.content)}"
        cut = self.cut_after.pop(0) if self.cut_after else None
        return Response(self.content[start:], 206 if start else 200, headers, cut)

    def _start(self, request: Request) -> int:
        match = re.fullmatch(r"bytes=(\d+)-", request.headers["Range"] or "")
        fits = request.headers["If-Range"] in (None, self.etag)
        return int(match[1]) if match and fits and self.takes_ranges else 0


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with serve(site.respond) as url:
        site.url = f"{url}/data.bin"
        yield site


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEMDOJO_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "data"


def _file(site: Site, checksum: str = SHA256) -> PublishedFile:
    return PublishedFile("set/data.bin", site.url, len(CONTENT), checksum)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("checksum", [SHA256, SHA1])
def test_a_file_is_fetched_once_and_then_left_alone(site: Site, data_folder: Path, checksum: str) -> None:
    file, progress = _file(site, checksum), list[tuple[int, int | None]]()
    assert not is_present(file)
    fetched = fetch_file(file, on_progress=lambda done, total: progress.append((done, total)))
    assert (fetched.path, fetched.found, fetched.checked) == (
        data_folder / "set" / "data.bin",
        Found.NOTHING,
        True,
    )
    assert fetched.path.read_bytes() == CONTENT
    assert progress[0] == (0, len(CONTENT))
    assert progress[-1] == (len(CONTENT), len(CONTENT))
    assert _names(fetched.path.parent) == ["data.bin"]
    assert is_present(file)
    again = fetch_file(file)
    assert (again.path, again.found) == (fetched.path, Found.INTACT)
    assert len(site.ranges) == 1


def test_a_transfer_that_breaks_off_goes_on_where_it_ended(site: Site) -> None:
    site.cut_after = [1_000_000, 500_000]
    fetched = fetch_file(_file(site), wait_s=0)
    assert fetched.path.read_bytes() == CONTENT
    assert site.ranges == [None, "bytes=1000000-", "bytes=1500000-"]


def test_a_later_call_goes_on_with_what_an_earlier_one_received(site: Site, data_folder: Path) -> None:
    # The first call gives up after a transfer of 700,000 bytes and four that bring nothing.
    site.cut_after = [700_000, 0, 0, 0, 0]
    with pytest.raises(DataError, match=r"was lost after 700,000 .* after the 700,000 bytes already fetched"):
        fetch_file(_file(site), wait_s=0)
    assert not (data_folder / "set" / "data.bin").exists()
    assert len(site.ranges) == 5
    fetched = fetch_file(_file(site), wait_s=0)
    assert fetched.path.read_bytes() == CONTENT
    assert site.ranges[-1] == "bytes=700000-"
    assert _names(fetched.path.parent) == ["data.bin"]


def test_what_changed_in_between_is_fetched_from_the_beginning(site: Site) -> None:
    site.cut_after = [700_000, 0, 0, 0, 0]
    old = PublishedFile("set/data.bin", site.url)
    with pytest.raises(DataError, match="was lost"):
        fetch_file(old, wait_s=0)
    site.content, site.etag = CONTENT[::-1], '"v2"'
    assert fetch_file(old, wait_s=0).path.read_bytes() == CONTENT[::-1]


def test_a_server_without_ranges_sends_the_whole_file_again(site: Site) -> None:
    site.cut_after, site.takes_ranges = [1_000_000], False
    assert fetch_file(_file(site), wait_s=0).path.read_bytes() == CONTENT
    assert site.ranges == [None, "bytes=1000000-"]


def test_without_version_and_checksum_nothing_is_joined(site: Site) -> None:
    site.cut_after, site.etag = [1_000_000], ""
    assert fetch_file(PublishedFile("set/data.bin", site.url), wait_s=0).path.read_bytes() == CONTENT
    assert site.ranges == [None, None]


def test_a_transfer_that_had_ended_is_not_repeated(site: Site, data_folder: Path) -> None:
    (data_folder / "set").mkdir(parents=True)
    (data_folder / "set" / "data.bin.part").write_bytes(CONTENT)
    assert fetch_file(_file(site)).path.read_bytes() == CONTENT
    # A part that is longer than the file is none of it.
    (data_folder / "set" / "data.bin").unlink()
    (data_folder / "set" / "data.bin.part").write_bytes(CONTENT + b"x")
    assert fetch_file(_file(site), wait_s=0).path.read_bytes() == CONTENT
    end = f"bytes={len(CONTENT)}-"
    assert site.ranges == [end, f"bytes={len(CONTENT) + 1}-", None]


def test_a_damaged_file_is_told_and_fetched_again(site: Site, data_folder: Path) -> None:
    path = data_folder / "set" / "data.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"damaged")
    assert not is_present(_file(site))
    told: list[Path] = []
    fetched = fetch_file(_file(site), on_damage=told.append)
    assert (told, fetched.found) == ([path], Found.DAMAGED)
    assert path.read_bytes() == CONTENT


def test_a_file_in_another_data_folder_counts(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "cache" / "memdojo" / "set" / "data.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    assert fetch_file(_file(site)).path == path
    assert site.ranges == []


def test_what_is_not_as_published_is_refused_and_nothing_changes(site: Site, data_folder: Path) -> None:
    path = data_folder / "set" / "data.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"old")
    site.content = b"something else"
    with pytest.raises(DataError, match=r"is not data.bin as it was published: its checksum is not sha256:"):
        fetch_file(_file(site))
    assert path.read_bytes() == b"old"
    assert _names(path.parent) == ["data.bin"]


def test_without_a_published_checksum_the_first_one_is_kept_to(site: Site) -> None:
    file = PublishedFile("set/data.bin", site.url)
    fetched = fetch_file(file)
    assert not fetched.checked
    record = fetched.path.with_name("data.bin.sha256")
    assert record.read_text() == f"{SHA256.removeprefix('sha256:')}  data.bin\n"
    assert fetch_file(file).found is Found.INTACT
    fetched.path.write_bytes(b"damaged")
    assert fetch_file(file).found is Found.DAMAGED
    assert fetched.path.read_bytes() == CONTENT
    # What was put there by hand, without a record, is left alone.
    record.unlink()
    fetched.path.write_bytes(b"mine")
    assert fetch_file(file).found is Found.INTACT


def test_a_missing_file_is_told_at_once(site: Site) -> None:
    site.failures = [404]
    with pytest.raises(
        DataError, match=r"data.bin cannot be fetched: the server answers 404 Not Found"
    ) as raised:
        fetch_file(_file(site))
    assert len(site.ranges) == 1
    # What the server answered is still at hand, but no connection is.
    assert isinstance(raised.value.__cause__, HTTPError)
    assert raised.value.__cause__.closed


def test_a_busy_server_is_asked_again(site: Site) -> None:
    site.failures = [503, 429]
    assert fetch_file(_file(site), wait_s=0).path.read_bytes() == CONTENT
    site.failures = [503] * 9
    with pytest.raises(DataError, match=r"the server answers 503 Service Unavailable. Check the network"):
        fetch_file(PublishedFile("set/other.bin", site.url), wait_s=0)


def test_without_a_network_one_sentence_says_so() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/data.bin"
        with pytest.raises(DataError, match=r"Connection refused. Check the network and run .* again\.$"):
            fetch_file(PublishedFile("set/data.bin", url), wait_s=0)


def test_a_folder_that_cannot_be_written_is_told(site: Site, data_folder: Path) -> None:
    data_folder.parent.mkdir(exist_ok=True)
    data_folder.write_text("a file where the folder should be")
    with pytest.raises(DataError, match=r"cannot be written .* set MEMDOJO_DATA"):
        fetch_file(_file(site))


def test_targets_name_data_sets_or_parts() -> None:
    data, files = find_published("longmemeval")
    assert [Path(file.path).name for file in files] == [
        "longmemeval_oracle.json",
        "longmemeval_s_cleaned.json",
    ]
    assert data.licence == "MIT"
    _, files = find_published("longmemeval:m")
    assert [file.num_bytes for file in files] == [2_737_100_077]
    for target, error, message in (
        ("longmemevl", UnknownNameError, "Did you mean 'longmemeval'"),
        ("longmemeval:x", UnknownNameError, "unknown part of longmemeval 'x'"),
        ("longmemeval:", ConfigError, "name a part: oracle, s, m"),
    ):
        with pytest.raises(error, match=message):
            find_published(target)


def test_the_table_of_data_is_sound() -> None:
    files = [file for data in published() for part in data.parts.values() for file in part]
    assert len({file.path for file in files}) == len(files)
    for file in files:
        algorithm, _, digest = file.checksum.partition(":")
        assert not file.checksum or len(digest) == {"sha256": 64, "sha1": 40}[algorithm]
        assert file.url.rsplit("/", 1)[0].startswith("http")
    for data in published():
        assert all((data.title, data.licence, data.homepage))
        assert data.on_request < data.parts.keys()
