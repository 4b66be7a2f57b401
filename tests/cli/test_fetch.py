import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from http_servers import Request, Response, serve
from memdojo.cli import app
from memdojo.envs.streams.benchmarks.published import PUBLISHED, PublishedData, PublishedFile

CONTENT = b"one line\n"
CHECKSUM = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The data folder; two small data sets are published by a server on this machine."""
    site = {"/small.txt": CONTENT, "/big.txt": CONTENT * 2}

    def respond(request: Request) -> Response:
        content = site.get(request.path)
        return Response(status=404) if content is None else Response(content)

    monkeypatch.setenv("MEMDOJO_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serve(respond) as url, PUBLISHED.temporarily("toys", _toys(url)):
        yield tmp_path / "data" / "toys"


def _toys(url: str) -> PublishedData:
    return PublishedData(
        "toys",
        "Toys (Doe, 2020)",
        "CC BY 4.0",
        "https://example.org/toys",
        {
            "small": (PublishedFile("toys/small.txt", f"{url}/small.txt", len(CONTENT), CHECKSUM),),
            "big": (PublishedFile("toys/big.txt", f"{url}/big.txt"),),
            "gone": (PublishedFile("toys/gone.txt", f"{url}/gone.txt", 2_500_000, CHECKSUM),),
        },
        on_request=frozenset({"big", "gone"}),
    )


def _fetch(*words: str) -> Result:
    return CliRunner().invoke(app, ["data", "fetch", *words])


def test_data_are_fetched_with_their_licence_and_then_left_alone(folder: Path) -> None:
    result = _fetch("toys")
    assert result.exit_code == 0, result.output
    assert (folder / "small.txt").read_bytes() == CONTENT
    assert not (folder / "big.txt").exists()
    for words in (
        "Toys (Doe, 2020)",
        "licence: CC BY 4.0",
        "https://example.org/toys",
        "fetched, its checksum is that of the release",
        "large parts are fetched by name only: toys:big, toys:gone",
    ):
        assert words in result.stdout
    assert "is there already, its checksum is that of the release" in _fetch("toys:small").stdout


def test_a_damaged_file_is_told_and_fetched_again(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "small.txt").write_text("damaged")
    result = _fetch("toys:small")
    assert result.exit_code == 0
    assert "is damaged: its checksum is wrong. Fetching it again." in result.stderr
    assert (folder / "small.txt").read_bytes() == CONTENT


def test_a_file_without_a_published_checksum_says_so(folder: Path) -> None:
    assert "no checksum is published, so that of this file was written down" in _fetch("toys:big").stdout
    assert (folder / "big.txt.sha256").is_file()
    assert "it is as it was fetched" in _fetch("toys:big").stdout


def test_the_list_has_licence_size_and_what_is_here(folder: Path) -> None:
    _fetch("toys:small")
    result = _fetch("--list")
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert "9 bytes" in lines["toys:small"]
    assert "yes" in lines["toys:small"]
    assert "unknown" in lines["toys:big"]
    assert "2.5 MB" in lines["toys:gone"]
    assert all(words in lines["toys:gone"] for words in ("no", "by name only", "CC BY 4.0", "example.org"))


def test_mistakes_are_one_sentence(folder: Path) -> None:
    for words, message in (
        (["toy"], "error: unknown data set to fetch 'toy'. Did you mean 'toys'"),
        (["toys:smal"], "error: unknown part of toys 'smal'. Did you mean 'small'"),
        ([], "error: no data set is named; `memdojo data fetch --list` lists them."),
        (["toys:gone"], "the server answers 404"),
    ):
        result = _fetch(*words)
        assert result.exit_code == 2
        assert message in result.stderr
        assert len(result.stderr.splitlines()) == 1
    # A mistake in a later name is told before anything is fetched.
    assert _fetch("toys:small", "toy").exit_code == 2
    assert not folder.exists() or not (folder / "small.txt").exists()


def test_the_help_has_an_example() -> None:
    result = _fetch("--help")
    assert result.exit_code == 0
    assert "memdojo data fetch locomo" in result.stdout
