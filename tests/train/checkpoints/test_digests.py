import json
from pathlib import Path

import pytest

from memdojo.errors import CheckpointError
from memdojo.train.checkpoints.digests import DIGESTS, POLICY_JSON, read_digests, require_unchanged, seal


def _checkpoint(folder: Path) -> Path:
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "model.safetensors").write_bytes(b"weights")
    (folder / "learner.safetensors").write_bytes(b"moments")
    (folder / "state.json").write_text("{}")
    (folder / "notes.txt").write_text("mine")
    (folder / POLICY_JSON).write_text('{"kind": "language"}')
    seal(folder)
    return folder


def test_tensors_and_state_are_sealed_and_nothing_else(tmp_path: Path) -> None:
    folder = _checkpoint(tmp_path / "c")
    record = json.loads((folder / POLICY_JSON).read_text())
    assert record["kind"] == "language"
    assert record[DIGESTS].keys() == {"model/model.safetensors", "learner.safetensors", "state.json"}
    require_unchanged(folder, "model", "learner.safetensors", "state.json", "adapter")


@pytest.mark.parametrize("name", ["model/model.safetensors", "learner.safetensors", "state.json"])
def test_a_changed_or_missing_file_is_refused_where_it_is_used(tmp_path: Path, name: str) -> None:
    folder = _checkpoint(tmp_path / "c")
    part = name.partition("/")[0]
    (folder / name).write_bytes(b"other")
    with pytest.raises(CheckpointError, match=f"{name} is truncated or damaged, or of another checkpoint"):
        require_unchanged(folder, part)
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name}, which belongs to the checkpoint, cannot be read"):
        require_unchanged(folder, part)
    others = {"model", "learner.safetensors", "state.json"} - {part}
    require_unchanged(folder, *others)


def test_tensors_that_nobody_has_written_are_refused(tmp_path: Path) -> None:
    folder = _checkpoint(tmp_path / "c")
    (folder / "model" / "more.safetensors").write_bytes(b"weights")
    with pytest.raises(CheckpointError, match=r"more\.safetensors is truncated or damaged"):
        require_unchanged(folder, "model")


def test_a_checkpoint_of_before_has_no_digests(tmp_path: Path) -> None:
    folder = _checkpoint(tmp_path / "c")
    (folder / POLICY_JSON).write_text('{"kind": "language"}')
    assert read_digests(folder) is None
    require_unchanged(folder, "model", "nothing")


@pytest.mark.parametrize("digests", [[], 3, {"model/model.safetensors": 3}])
def test_damaged_digests_are_a_sentence(tmp_path: Path, digests: object) -> None:
    folder = _checkpoint(tmp_path / "c")
    (folder / POLICY_JSON).write_text(json.dumps({DIGESTS: digests}))
    with pytest.raises(CheckpointError, match="digests must be a text for each file"):
        require_unchanged(folder, "model")
