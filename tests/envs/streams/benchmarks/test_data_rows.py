import builtins
import json
from pathlib import Path
from typing import Any

import pytest

from memdojo.envs.streams.benchmarks.data_rows import decoded_field, field_of, read_rows
from memdojo.errors import DataError, MissingDependencyError

OBTAIN = "Fetch it."


def test_rows_are_read_from_json_json_lines_and_parquet(tmp_path: Path) -> None:
    rows = [{"a": "x", "b": [1, 2]}, {"a": "ü", "b": [3]}]
    (tmp_path / "rows.json").write_text(json.dumps(rows), "utf-8")
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n", "utf-8")
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "rows.parquet")
    for ending in ("json", "jsonl", "parquet"):
        assert read_rows(tmp_path / f"rows.{ending}", OBTAIN) == rows


def test_a_single_object_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "row.json").write_text('{"a": 1}', "utf-8")
    assert read_rows(tmp_path / "row.json", OBTAIN) == [{"a": 1}]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.json", b"[{]", "x.json is not valid JSON .* it may be cut short. Fetch it."),
        ("x.json", b"[]", "does not hold a list with at least one element"),
        ("x.json", b"3", "does not hold a list"),
        ("x.json", b"[1]", "row 0 is 1, not an object"),
        ("x.json", b"\xff", "is not UTF-8 text"),
        ("x.jsonl", b'{"a": 1}\n{"a"', "is not valid JSON"),
        ("x.parquet", b"PAR1 no", "cannot be read as Parquet .* Fetch it."),
    ],
)
def test_damaged_files_are_told(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_rows(tmp_path / name, OBTAIN)
    with pytest.raises(DataError, match="cannot be read"):
        read_rows(tmp_path / f"missing{Path(name).suffix}", OBTAIN)


def test_a_parquet_file_without_pyarrow_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_import = builtins.__import__

    def without_pyarrow(name: str, *args: Any) -> Any:
        if name.partition(".")[0] == "pyarrow":
            raise ImportError(name=name)
        return real_import(name, *args)

    monkeypatch.setattr(builtins, "__import__", without_pyarrow)
    with pytest.raises(MissingDependencyError, match=r"pip install 'memdojo\[data\]'"):
        read_rows(tmp_path / "x.parquet", OBTAIN)


def test_fields_are_checked_and_decoded() -> None:
    row = {"n": 1, "flag": True, "list": [1], "json": "[1, 2]", "bad": "[1", "none": []}
    assert field_of(row, "n", int, "row") == 1
    assert decoded_field(row, "list", "row") == [1]
    assert decoded_field(row, "json", "row") == [1, 2]
    for name, kind in (("flag", int), ("n", str), ("missing", str)):
        with pytest.raises(DataError, match=rf"row: field '{name}' is .*, not of type"):
            field_of(row, name, kind, "row")
    with pytest.raises(DataError, match="row: field 'bad' is not valid JSON"):
        decoded_field(row, "bad", "row")
    for name in ("none", "n", "missing"):
        with pytest.raises(DataError, match=rf"row: field '{name}' is .*, not a list"):
            decoded_field(row, name, "row")
