from pathlib import Path

import pytest

from builders import invoke
from memdojo.deploy.memory_agent import MemoryAgent
from memdojo.envs.types import Capacity


def test_a_file_is_purged(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    with MemoryAgent(path, capacity=Capacity(2)) as agent:
        agent.observe_many([("Ann", "It is swordfish."), ("Bob", "One."), ("Cy", "Two.")])
    assert b"swordfish" in path.read_bytes()
    result = invoke("purge", path)
    assert (result.exit_code, result.stdout) == (0, f"{path}: purged; it has 2 entries, and 0 turns wait\n")
    assert b"swordfish" not in path.read_bytes()
    with MemoryAgent(path) as agent:
        assert [entry.text for entry in agent.entries] == ["Bob: One.", "Cy: Two."]
        assert agent.capacity == Capacity(2)


def test_help_has_an_example() -> None:
    result = invoke("purge", "--help")
    assert result.exit_code == 0
    assert "memdojo purge memory.sqlite" in result.stdout


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("nowhere", None, "there is no memory file"),
        ("empty", b"", "there is no memory file"),
        ("text", b"hello " * 1000, "not a whole memory file"),
        ("nowhere/memory", None, "there is no memory file"),
    ],
)
def test_what_is_no_memory_file_is_one_sentence_and_stays_as_it_is(
    name: str, content: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    result = invoke("purge", path)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert [file.name for file in tmp_path.iterdir()] == ([] if content is None else [name])
    assert content is None or path.read_bytes() == content


def test_a_folder_is_no_memory_file(tmp_path: Path) -> None:
    assert "there is no memory file" in invoke("purge", tmp_path).stderr
