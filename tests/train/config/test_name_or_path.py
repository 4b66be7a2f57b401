from pathlib import Path

import pytest

from memdojo.errors import UnknownNameError
from memdojo.train.config.name_or_path import check_name_or_path, is_name, named_path

NAMES = ("recency", "pools")


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_registered_name_wins_over_a_folder_of_that_name(inside: Path) -> None:
    (inside / "recency").mkdir()
    assert named_path("recency", "baseline", NAMES) is None
    assert named_path("pools:20", "baseline", NAMES) is None
    assert named_path("./recency", "baseline", NAMES) == Path("recency")
    assert named_path(Path("recency"), "baseline", NAMES) == Path("recency")
    assert not is_name(Path("recency"), NAMES)


def test_anything_else_is_a_path(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (inside / "mine").mkdir()
    monkeypatch.setenv("HOME", str(inside))
    assert named_path("mine", "baseline", NAMES) == Path("mine")
    assert named_path("~/mine", "baseline", NAMES) == inside / "mine"


def test_what_is_neither_is_told_with_what_is_near(inside: Path) -> None:
    (inside / "runs" / "quickstart").mkdir(parents=True)
    with pytest.raises(UnknownNameError) as unknown:
        named_path("recncy", "baseline", NAMES)
    assert str(unknown.value) == (
        "unknown baseline 'recncy', and there is no folder of that name. Did you mean 'recency'? "
        "Known: pools, recency."
    )
    with pytest.raises(UnknownNameError, match="Did you mean 'runs/quickstart'"):
        named_path("runs/quikstart", "baseline", NAMES)
    with pytest.raises(UnknownNameError) as nothing_near:
        named_path("zzz", "run", (), what="file")
    assert str(nothing_near.value) == "unknown run 'zzz', and there is no file of that name."


def test_a_configuration_may_name_folders_that_are_gone(inside: Path) -> None:
    check_name_or_path("runs/gone", "baseline", NAMES)
    check_name_or_path("recency", "baseline", NAMES)
    with pytest.raises(UnknownNameError):
        check_name_or_path("gone", "baseline", NAMES)
