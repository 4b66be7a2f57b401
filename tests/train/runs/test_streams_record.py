import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from builders import make_stream
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError, RunFolderError
from memdojo.train.runs.streams_record import STREAMS_JSON, changed_since, record_streams, source_label

TRAIN, TEST = source_label("train", "jsonl:a", {}), source_label("test", "jsonl:b", {"num_streams": 2})


def _streams(*texts: str) -> list[Stream]:
    return [make_stream(text, id=f"s{index}", group=f"g{index}") for index, text in enumerate(texts)]


def test_labels_name_split_spec_and_options() -> None:
    assert (TRAIN, TEST) == ("train: jsonl:a", "test: jsonl:b (num_streams=2)")


def test_the_same_streams_are_taken_and_a_run_of_before_gets_a_record(tmp_path: Path) -> None:
    assert changed_since(tmp_path, TRAIN, _streams("x")) == ""
    record_streams(tmp_path, {TRAIN: _streams("Rome", "Oslo")})
    written = (tmp_path / STREAMS_JSON).read_bytes()
    record_streams(tmp_path, {TRAIN: _streams("Rome", "Oslo")})
    assert (tmp_path / STREAMS_JSON).read_bytes() == written


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (_streams("Rome", "Lima"), "1 streams say something else, such as 's1'"),
        (_streams("Rome"), "1 streams are missing, such as 's1'"),
        (_streams("Rome", "Oslo", "Lima"), "1 streams are new, such as 's2'"),
        (_streams("Rome", "Oslo")[::-1], "the same streams come in another order"),
        ([], "2 streams are missing"),
        ([*_streams("Rome"), *_streams("Rome", "Oslo")], "2 streams became 3"),
    ],
)
def test_changed_streams_are_told_with_what_has_changed(
    tmp_path: Path, now: Sequence[Stream], why: str
) -> None:
    record_streams(tmp_path, {TRAIN: _streams("Rome", "Oslo"), TEST: _streams("Bern")})
    written = (tmp_path / STREAMS_JSON).read_bytes()
    with pytest.raises(ConfigError, match=rf"streams\.train: jsonl:a is not what it was .*: {why}"):
        record_streams(tmp_path, {TRAIN: now, TEST: _streams("Bern")})
    assert (tmp_path / STREAMS_JSON).read_bytes() == written
    assert f"is not what it was when the run {tmp_path} was trained: {why}" in changed_since(
        tmp_path, TRAIN, now
    )
    assert changed_since(tmp_path, TRAIN, _streams("Rome", "Oslo")) == ""


def test_other_test_streams_are_told_unless_they_were_asked_for(tmp_path: Path) -> None:
    record_streams(tmp_path, {TRAIN: _streams("Rome"), TEST: _streams("Bern")})
    with pytest.raises(ConfigError, match=r"streams\.test: jsonl:b .*name others by streams\.test"):
        record_streams(tmp_path, {TRAIN: _streams("Rome"), TEST: _streams("Kiev")})
    other = source_label("test", "jsonl:c", {})
    record_streams(tmp_path, {TRAIN: _streams("Rome"), other: _streams("Kiev")})
    assert json.loads((tmp_path / STREAMS_JSON).read_text()).keys() == {TRAIN, other}


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"train: jsonl:a": [["s0"]]}', b"\xff", b"[" * 9999])
def test_a_damaged_record_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / STREAMS_JSON).write_bytes(content)
    with pytest.raises(RunFolderError, match=r"streams\.json cannot be read .*restore it, or remove it"):
        record_streams(tmp_path, {TRAIN: _streams("Rome")})
