from pathlib import Path

import pytest

import memdojo
from builders import save_manager, write_byte_tokenizer
from memdojo.envs.types import Capacity
from memdojo.errors import ConfigError
from memdojo.train.checkpoints.compact import TrainedOn


@pytest.fixture
def of_bytes(tmp_path: Path) -> str:
    return write_byte_tokenizer(tmp_path / "model")


def test_a_memory_is_limited_by_a_models_tokens(of_bytes: str, tmp_path: Path) -> None:
    path, limits = tmp_path / "memory", Capacity(max_tokens=20)
    with memdojo.open_memory(path, capacity=limits, tokenizer=of_bytes) as agent:
        agent.observe("Ann", "My dog is Rex.")
        agent.observe("Ann", "My cat is Tom.")
        assert [entry.text for entry in agent.entries] == ["Ann: My cat is Tom."]
    # Nobody has to say it again.
    with memdojo.open_memory(path) as agent:
        assert agent.capacity == Capacity(max_tokens=20, tokenizer=of_bytes)
        agent.observe("Ann", "I am ill.")
        assert [entry.text for entry in agent.entries] == ["Ann: I am ill."]


def test_entries_that_another_count_makes_too_many_are_refused(of_bytes: str, tmp_path: Path) -> None:
    path = tmp_path / "memory"
    with memdojo.open_memory(path, capacity=Capacity(max_tokens=20)) as agent:
        agent.observe("Ann", "My dog is Rex.")
        agent.observe("Ann", "My cat is Tom.")
    with pytest.raises(ConfigError, match=r"memory: the entries need max_tokens=38, but .* allows 20"):
        memdojo.open_memory(path, tokenizer=of_bytes)
    with memdojo.open_memory(path) as agent:
        assert (len(agent.entries), agent.capacity) == (2, Capacity(max_tokens=20))


def test_a_new_memory_without_limits_takes_the_tokenizer(
    of_bytes: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with memdojo.open_memory(tmp_path / "memory", tokenizer="model") as agent:
        assert agent.capacity == Capacity(tokenizer=of_bytes)
    monkeypatch.chdir("/")
    with memdojo.open_memory(tmp_path / "memory") as agent:
        assert agent.capacity == Capacity(tokenizer=of_bytes)


@pytest.mark.parametrize("tokenizer", ["", 3, "/nowhere"])
def test_what_is_no_tokenizer_makes_no_file(tokenizer: object, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="tokenizer"):
        memdojo.open_memory(tmp_path / "memory", tokenizer=tokenizer)  # type: ignore[arg-type]
    assert not (tmp_path / "memory").exists()


def test_the_tokenizer_of_a_training_is_used_where_the_run_is_trusted(of_bytes: str, tmp_path: Path) -> None:
    manager = save_manager(tmp_path / "m", TrainedOn("mine", max_entries=7, tokenizer=of_bytes))
    with pytest.raises(ConfigError, match=f"reaches outside of itself: tokenizer = '{of_bytes}'"):
        memdojo.open_memory(tmp_path / "memory", manager=manager)
    with memdojo.open_memory(tmp_path / "memory", manager=manager, trust_run=True) as agent:
        assert agent.capacity == Capacity(7, tokenizer=of_bytes)
