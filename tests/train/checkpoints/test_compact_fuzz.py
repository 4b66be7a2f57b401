import shutil
from itertools import islice
from pathlib import Path

import pytest
import torch

from builders import unseal
from fuzzing import all_work, num_inputs
from memdojo.agents.compact.manager import new_manager_network
from memdojo.envs.features.manager import FeatureSettings, ManagerFeatures
from memdojo.train.checkpoints.compact import (
    TrainedOn,
    TrainingState,
    load_training_state,
    manager_spec,
    pack_optimizer,
    reading_state,
    restore_optimizer,
    save_policy,
)
from memdojo.train.checkpoints.digests import POLICY_JSON
from memdojo.train.checkpoints.loading import load_learned
from memdojo.train.run_state import RunState
from mutations import damaged_forms

SETTINGS = FeatureSettings(num_candidates=2, embedder="hashed_ngrams")
FILES = ("policy.json", "state.json", "policy.safetensors", "learner.safetensors")


def _network(seed: int) -> torch.nn.Module:
    return new_manager_network(ManagerFeatures(SETTINGS), 2, seed)


def _checkpoint(folder: Path, seed: int = 0, *, is_of_before: bool = False) -> Path:
    network = _network(seed)
    optimizer = torch.optim.Adam(network.parameters())
    torch.autograd.backward(sum((parameter**2).sum() for parameter in network.parameters()))
    optimizer.step()
    tensors, groups = pack_optimizer(optimizer)
    standing = {"updates": 2, "last_score": 0.5, "best_score": 0.5, "best_update": 2, "ranking": [[2, 0.5]]}
    state = TrainingState(tensors, {"standing": standing, "optimizer": groups})
    save_policy(folder, network.state_dict(), manager_spec(SETTINGS, 2, TrainedOn(groups=("a",))), state)
    if is_of_before:
        unseal(folder)
    return folder


def _use(folder: Path) -> bool:
    """Do all that is done with a checkpoint; True if it was taken for sound."""
    network = _network(1)
    return all_work(
        lambda: load_learned(folder),
        lambda: RunState.saved_in(folder),
        lambda: _go_on_from(folder, torch.optim.Adam(network.parameters())),
    )


def _go_on_from(folder: Path, optimizer: torch.optim.Optimizer) -> None:
    saved = load_training_state(folder)
    with reading_state(folder):
        restore_optimizer(optimizer, saved.tensors, saved.state["optimizer"])
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.ones_like(parameter)
    optimizer.step()


@pytest.mark.fuzz
@pytest.mark.parametrize("is_of_before", [False, True])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_checkpoint_raises_nothing_but_our_errors(
    tmp_path: Path, name: str, is_of_before: bool
) -> None:
    folder = _checkpoint(tmp_path / "c", is_of_before=is_of_before)
    path = folder / name
    good = path.read_bytes()
    for data in islice(damaged_forms(path, FILES.index(name)), num_inputs(80)):
        path.write_bytes(data)
        is_sound = _use(folder)
        # What has a digest is the file that was written, or is refused.
        assert not is_sound or data == good or is_of_before or name == POLICY_JSON


@pytest.mark.parametrize("is_of_before", [False, True])
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("there", ["nothing", "a folder", "another checkpoint's", "a link to itself"])
def test_something_else_in_the_place_of_a_file(
    tmp_path: Path, name: str, there: str, is_of_before: bool
) -> None:
    folder = _checkpoint(tmp_path / "c", is_of_before=is_of_before)
    other = _checkpoint(tmp_path / "d", 5, is_of_before=is_of_before)
    (folder / name).unlink()
    if there == "a folder":
        (folder / name).mkdir()
    elif there == "another checkpoint's":
        shutil.copy(other / name, folder / name)
    elif there == "a link to itself":
        (folder / name).symlink_to(folder / name)
    # Of what has no digest, nothing tells that it is another's; and the state is the same in both here.
    is_same = there == "another checkpoint's" and (is_of_before or name == "state.json")
    assert _use(folder) is is_same
