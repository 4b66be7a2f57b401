from __future__ import annotations

import json
from pathlib import Path

import pytest

import memdojo
from builders import save_language
from memdojo.agents.graders.settings import EndpointJudgeSettings, ExtractiveSettings, ServedAnswererSettings
from memdojo.errors import ConfigError
from memdojo.train.checkpoints.loading import load_learned
from memdojo.train.checkpoints.trust import (
    reached_by_engine,
    reached_by_name,
    reached_by_table,
    require_trust,
    root_of,
)


def test_an_endpoint_is_named_with_its_model(tmp_path: Path) -> None:
    judge = EndpointJudgeSettings(model="m", url="http://host:1/v1")
    expected = ["judge.url = 'http://host:1/v1'", "judge.model = 'm'"]
    assert reached_by_table("judge", judge, tmp_path) == expected
    assert reached_by_table("answerer", ExtractiveSettings(), tmp_path) == []


@pytest.mark.parametrize("model", ["org/name", "plain-name", "/abs/path", "../up", "~/home"])
def test_a_model_is_outside_unless_it_lies_in_the_run(model: str, tmp_path: Path) -> None:
    assert reached_by_table("answerer", ServedAnswererSettings(model=model), tmp_path) == [
        f"answerer.model = {model!r}"
    ]
    (tmp_path / "model").mkdir()
    inside = ServedAnswererSettings(model=str(tmp_path / "model"))
    assert reached_by_table("answerer", inside, tmp_path) == []
    up = ServedAnswererSettings(model=f"{tmp_path}/model/../..")
    assert len(reached_by_table("answerer", up, tmp_path)) == 1


def test_a_registered_name_reaches_nothing(tmp_path: Path) -> None:
    assert reached_by_name("retriever", "pools:20", ["pools"], tmp_path) == []
    assert reached_by_name("retriever", "", ["pools"], tmp_path) == []
    assert reached_by_name("retriever", None, ["pools"], tmp_path) == []
    assert reached_by_name("retriever", "runs/x", ["pools"], tmp_path) == ["retriever = 'runs/x'"]


def test_the_keys_of_an_engine_are_searched_for_addresses() -> None:
    keys = {"note": "mine", "size": 3, "url": "http://x/v1", "more": {"files": ["a", "/b"]}}
    assert reached_by_engine(keys) == ["engine.url = 'http://x/v1'", "engine.more = '/b'"]


def test_the_engine_of_a_checkpoint_reaches_nothing_unasked(
    tmp_path: Path, tiny_language_model: Path
) -> None:
    checkpoint = Path(save_language(tmp_path / "c", tiny_language_model, "manager"))
    record = json.loads((checkpoint / "policy.json").read_text("utf-8"))
    record |= {"engine": "elsewhere", "engine_settings": {"url": "http://127.0.0.1:1/v1"}}
    (checkpoint / "policy.json").write_text(json.dumps(record), "utf-8")
    for load in (memdojo.load_policy, load_learned, memdojo.evaluate):
        with pytest.raises(ConfigError, match=r"engine\.url = 'http://127\.0\.0\.1:1/v1'"):
            load(checkpoint)  # type: ignore[operator]
    with pytest.raises(ConfigError, match=r"engine\.url"):
        memdojo.open_memory(tmp_path / "memory", manager=checkpoint, max_entries=3)


def test_rounds_lie_in_one_run(tmp_path: Path) -> None:
    checkpoint = tmp_path / "run" / "round-1" / "checkpoints" / "step_000001"
    checkpoint.mkdir(parents=True)
    assert root_of(checkpoint) == checkpoint
    (tmp_path / "run" / "round-1" / "config.toml").touch()
    assert root_of(checkpoint) == tmp_path / "run" / "round-1"
    (tmp_path / "run" / "config.toml").touch()
    assert root_of(checkpoint) == tmp_path / "run"
    assert root_of(tmp_path / "run") == tmp_path / "run"


def test_what_is_refused_is_named_with_a_way_out(tmp_path: Path) -> None:
    require_trust(tmp_path, [])
    with pytest.raises(
        ConfigError, match=r"outside of itself: a = 1; b = 2\. .*trust_run=True\), or do c\.$"
    ):
        require_trust(tmp_path, ["a = 1", "b = 2", "a = 1"], instead="do c")
