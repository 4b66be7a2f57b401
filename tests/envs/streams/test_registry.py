import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from builders import make_stream
from memdojo.envs.streams.jsonl.reading import write_jsonl
from memdojo.envs.streams.registry import (
    ENTRY_POINT_GROUP,
    SOURCES,
    SourceInfo,
    add_installed,
    iter_streams,
    list_sources,
    load_streams,
    register_source,
)
from memdojo.envs.streams.source import StreamSource
from memdojo.envs.types import Question, Stream
from memdojo.errors import ConfigError, DataError, UnknownNameError

STREAM = make_stream(
    "I live in Rome.", questions=[Question("q", "Where?", ("Rome",), evidence=frozenset({"t0"}))]
)


@pytest.fixture(autouse=True)
def _scratch_sources() -> Iterator[None]:
    with SOURCES.temporarily():
        yield


def _load(split: str, *, num_streams: int = 1, source: str = "") -> Iterator[Stream]:
    for number in range(num_streams):
        yield replace(STREAM, id=f"{split or 'default'}-{number}", source=source)


def _info(name: str) -> SourceInfo:
    return next(info for info in list_sources() if info.name == name)


def test_a_registered_source_loads_by_its_spec() -> None:
    register_source("diary", _load, splits=("train", "test"), description="Diaries.")
    assert [(s.id, s.source) for s in load_streams("diary:test", num_streams=2)] == [
        ("test-0", "diary:test"),
        ("test-1", "diary:test"),
    ]
    assert load_streams("diary")[0].id == "default-0"
    assert load_streams("diary", source="own words")[0].source == "own words"
    assert _info("diary") == SourceInfo(
        "diary", "diary[:SPLIT]", "Diaries.", ("train", "test"), ("num_streams", "source")
    )


def test_a_name_is_taken_only_once_unless_it_is_replaced() -> None:
    register_source("diary", lambda split: [replace(STREAM, id="mine")])
    with pytest.raises(ConfigError, match=r"'diary' is registered already.*replace=True"):
        register_source("diary", _load)
    register_source("diary", _load, splits=("train",), replace=True)
    assert _info("diary").splits == ("train",)


def test_memdojos_own_sources_are_replaced_only_on_request() -> None:
    with pytest.raises(ConfigError, match=r"'locomo' is registered already; .* or pass replace=True"):
        register_source("locomo", _load)
    assert "memory_r1/train" in _info("locomo").splits
    register_source("locomo", _load, replace=True)
    assert load_streams("locomo")[0].id == "default-0"


def test_a_source_without_a_description_has_the_loaders() -> None:
    def load(split: str) -> Iterator[Stream]:
        """Diaries of people who move.

        And more of them.
        """
        return _load(split)

    register_source("diary", load)
    assert _info("diary").description == "Diaries of people who move."


@pytest.mark.parametrize("name", ["", "a:b", "a/b", "a b"])
def test_a_name_that_a_spec_could_not_hold_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot name a stream source"):
        register_source(name, _load)


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        ("locmo", {}, "unknown stream source 'locmo'. Did you mean 'locomo'"),
        ("locomo:tset", {}, "unknown split of stream source 'locomo' 'tset'. Did you mean 'test'"),
        (
            "locomo:test",
            {"audit": True},
            "unknown option of stream source 'locomo' 'audit'. Did you mean 'audited'",
        ),
        ("diary:trian", {}, "Did you mean 'train'"),
        ("diary", {"num_stream": 3}, "Did you mean 'num_streams'"),
        ("jsonl:x", {"seed": 3}, "Known: attack, "),
    ],
)
def test_unknown_names_are_refused_at_once_with_the_near_ones(
    spec: str, options: dict[str, Any], message: str
) -> None:
    register_source("diary", _load, splits=("train", "test"))
    with pytest.raises(UnknownNameError, match=message):
        iter_streams(spec, **options)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("jsonl", "'jsonl' names no file; write jsonl:PATH"),
        ("jsonl:", "ends with its colon; name a path"),
        ("diary:", "ends with its colon; name a split"),
        ("plain:train", "'plain' has no splits; write 'plain'"),
    ],
)
def test_malformed_specs_are_refused(spec: str, message: str) -> None:
    register_source("diary", _load, splits=("train", "test"))
    register_source("plain", _load)
    with pytest.raises(ConfigError, match=message):
        iter_streams(spec)


def test_a_source_without_streams_is_refused() -> None:
    register_source("plain", _load)
    with pytest.raises(DataError, match=r"'plain' with .* holds no stream"):
        load_streams("plain", num_streams=0)


def test_a_source_is_read_as_it_is_consumed() -> None:
    made: list[str] = []

    def load(split: str) -> Iterator[Stream]:
        for number in range(3):
            made.append(f"s{number}")
            yield replace(STREAM, id=f"s{number}")

    register_source("plain", load)
    assert next(iter_streams("plain")).id == "s0"
    assert made == ["s0"]


def test_a_loader_that_takes_anything_checks_its_options_itself() -> None:
    def load(split: str, **options: Any) -> list[Stream]:
        return [replace(STREAM, id=str(options["anything"]))]

    register_source("plain", load)
    assert load_streams("plain", anything=3)[0].id == "3"


def test_a_json_lines_file_is_a_source(tmp_path: Path) -> None:
    path = tmp_path / "with:colon.jsonl"
    write_jsonl([replace(STREAM, id="a"), replace(STREAM, id="b")], path)
    assert load_streams(f"jsonl:{path}") == [
        replace(STREAM, id="a", source=f"jsonl:{path}"),
        replace(STREAM, id="b", source=f"jsonl:{path}"),
    ]
    with pytest.raises(DataError, match="the file does not exist"):
        load_streams(f"jsonl:{path}x")


def test_the_built_in_sources_are_listed() -> None:
    infos = {info.name: info for info in list_sources()}
    assert infos["jsonl"].usage == "jsonl:PATH"
    assert infos["locomo"].options == ("path", "turns_per_chunk", "categories", "audited")
    assert {"memory_r1/train", "memskill/test", "loo/conv-50/test"} <= set(infos["locomo"].splits)
    assert infos["synthetic"].splits == ("train", "validation", "test")
    assert {"seed", "num_streams", "settings"} <= set(infos["synthetic"].options)


def test_synthetic_streams_take_settings_seed_and_number() -> None:
    streams = load_streams("synthetic:test", seed=3, num_streams=2)
    assert len({stream.id for stream in streams}) == 2
    assert streams == load_streams("synthetic:test", seed=3, num_streams=2)
    assert all(stream.source == "synthetic:test" for stream in streams)


PLUG_IN = StreamSource("ignored", _load, ("train",), "From elsewhere.", default_split="train")


def _install(**values: str) -> None:
    add_installed(EntryPoint(name, value, ENTRY_POINT_GROUP) for name, value in values.items())


def test_installed_packages_bring_sources_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    # The test module is imported under a name of pytest's.
    monkeypatch.setitem(sys.modules, "package", sys.modules[__name__])
    _install(elsewhere="package:PLUG_IN")
    assert load_streams("elsewhere:train")[0].source == "elsewhere:train"
    assert load_streams("elsewhere")[0].id == "train-0"
    assert _info("elsewhere").description == "From elsewhere."


def test_a_broken_package_is_named_and_does_not_hide_the_others() -> None:
    _install(broken="no_such_package:SOURCE", wrong="math:pi")
    assert "No module named 'no_such_package'" in _info("broken").error
    assert "must be a StreamSource" in _info("wrong").error
    assert _info("locomo").error == ""
    with pytest.raises(ConfigError, match=r"entry point 'broken' of .* cannot be loaded"):
        load_streams("broken")


def test_the_source_of_a_package_takes_no_name_away() -> None:
    with pytest.warns(RuntimeWarning, match=r"'locomo' of .* \(package:PLUG_IN\) is left out: .* registered"):
        _install(locomo="package:PLUG_IN")
    assert "memory_r1/train" in _info("locomo").splits
    _install(elsewhere="package:PLUG_IN")
    with pytest.raises(ConfigError, match="'elsewhere' is registered already"):
        register_source("elsewhere", _load)
    register_source("elsewhere", _load, replace=True)
    assert load_streams("elsewhere")[0].id == "default-0"
