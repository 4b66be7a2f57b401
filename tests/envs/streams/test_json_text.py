import codecs
import gzip
import pickle
from pathlib import Path

import pytest

from memdojo.envs.streams.json_text import MAX_DEPTH, JsonError, parse_json, read_json
from memdojo.errors import DataError


def test_what_json_holds_is_returned() -> None:
    text = '{"a": [1, -2.5, 1e3, true, null, "\\ud83d\\ude00 é"], "b": {"c": ""}}'
    assert parse_json(text) == {"a": [1, -2.5, 1000.0, True, None, "😀 é"], "b": {"c": ""}}
    assert parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1', r"not valid JSON at column 8 \(.*\); it may be cut short"),
        ('{"a":\n 1 2}', "not valid JSON at line 2, column 4"),
        ("[1, NaN]", "NaN is no value.*; write a finite number, or null"),
        ("-Infinity", "-Infinity is no value"),
        ("[1e999]", "1e999 is too large for a number"),
        ("9" * 5000, "a number has thousands of digits.*; write it as a text"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "the field 'c' stands twice in one object"),
        ('["\\ud83d"]', r"the text '\\ud83d' holds half of a surrogate pair"),
        ('{"\\udc00": 1}', "half of a surrogate pair"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nested too deeply.*at most 100 deep"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_what_no_later_step_can_take_is_refused(text: str, message: str) -> None:
    with pytest.raises(JsonError, match=message) as raised:
        parse_json(text)
    # An error can be printed, and sent by a worker.
    str(pickle.loads(pickle.dumps(raised.value))).encode()


def test_a_text_that_is_refused_is_named_by_its_field() -> None:
    with pytest.raises(JsonError) as raised:
        parse_json('[{"questions": [{"text": "good"}, {"text": "\\ud800"}]}]')
    assert raised.value.where == "[0].questions[1].text"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (codecs.BOM_UTF8 + b" \n", "is empty"),
        (gzip.compress(b"[1]", mtime=0), r"is compressed \(gzip\); unpack it first"),
        ("[1]".encode("utf-16"), "is UTF-16, not UTF-8 text; save it in the encoding UTF-8"),
        ("[1]".encode("utf-32"), "is UTF-32, not UTF-8 text"),
        (b"PK\x03\x04...", "is a zip archive"),
        (b"<!DOCTYPE html>", "is a web page or XML; download the file itself"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "is a pointer of Git LFS"),
        (b'["\xff"]', r"is not UTF-8 text \(byte 2\)"),
        (b"[1\x00]", "not valid JSON at column 3"),
    ],
)
def test_a_file_that_is_no_json_is_called_what_it_is(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "rows.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"rows\.json.* {message}.* Fetch it\."):
        read_json(path, "Fetch it.")


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    for name, content in (("a.json", b"[1]"), ("a.jsonl", b"1\r\n\n")):
        (tmp_path / name).write_bytes(codecs.BOM_UTF8 + content)
        assert read_json(tmp_path / name, "") == [1]


def test_a_damaged_line_is_named_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n\n{"a": NaN}\n', "utf-8")
    with pytest.raises(DataError, match=r"rows\.jsonl: line 3 is not valid JSON \(NaN is no value\)"):
        read_json(path, "Fetch it.")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be read: Is a directory\."):
        read_json(tmp_path, "")
