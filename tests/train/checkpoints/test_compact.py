import dataclasses
import errno
import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from builders import unseal
from memdojo.agents.compact.fallback import FallbackManager
from memdojo.agents.compact.familiarity import Familiarity
from memdojo.agents.compact.manager import CompactManager, new_manager_network
from memdojo.agents.compact.retriever import CompactRetriever, new_retriever_network
from memdojo.envs.features.manager import FeatureSettings, ManagerFeatures
from memdojo.envs.memory.embedders import make_embedder
from memdojo.envs.streams.turn_features import TURN_FEATURES
from memdojo.errors import CheckpointError
from memdojo.train.checkpoints import compact
from memdojo.train.checkpoints.compact import (
    FallbackSpec,
    PolicySpec,
    TrainedOn,
    TrainingState,
    latest_checkpoint,
    load_encoder_state,
    load_network_state,
    load_policy,
    load_spec,
    load_training_state,
    manager_spec,
    pack_optimizer,
    prune_checkpoints,
    restore_optimizer,
    retriever_spec,
    save_policy,
    with_encoder,
    with_familiarity,
)
from memdojo.train.runs.checkpoint_folders import checkpoint_folder, list_checkpoints

SETTINGS = FeatureSettings(num_candidates=4, embedder="hashed_ngrams")
RECORD = TrainedOn("run", "synthetic:train", ("a", "b"), ("c",), 3, "grpo", 20, None, 0.25, 10, "0.1.0")


def _network(seed: int = 0) -> torch.nn.Module:
    return new_manager_network(ManagerFeatures(SETTINGS), 8, seed)


def _spec() -> PolicySpec:
    return manager_spec(SETTINGS, 8, RECORD)


def _save(folder: Path, seed: int = 0) -> dict[str, torch.Tensor]:
    state = _network(seed).state_dict()
    save_policy(folder, state, _spec())
    return state


def _all_equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_an_infinite_share_of_the_tokens_comes_back(tmp_path: Path) -> None:
    record = dataclasses.replace(RECORD, token_share=math.inf)
    save_policy(tmp_path / "c", _network().state_dict(), manager_spec(SETTINGS, 8, record))
    assert load_spec(tmp_path / "c").training == record


def test_a_manager_comes_back_with_its_weights_and_features(tmp_path: Path) -> None:
    state = _save(tmp_path / "c")
    policy = load_policy(tmp_path / "c")
    assert isinstance(policy, CompactManager)
    assert policy.features.settings == SETTINGS
    assert _all_equal(policy.network.state_dict(), state)
    assert load_spec(tmp_path / "c") == _spec()
    assert load_spec(tmp_path / "c").training == RECORD
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["policy.json", "policy.safetensors"]


def _save_with_fallback(folder: Path, rule: str = "similarity") -> Familiarity:
    num_features = len(TURN_FEATURES)
    references = np.arange(2 * num_features, dtype=np.float32).reshape(2, num_features)
    familiarity = Familiarity(references, np.full(num_features, 0.1, np.float32), 0.1 + 0.2)
    state = with_encoder(_network().state_dict(), {"layer": torch.ones(2)})
    save_policy(folder, *with_familiarity(state, _spec(), familiarity, rule))
    return familiarity


def test_a_fallback_comes_back_beside_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = _save_with_fallback(tmp_path / "c")
    assert _all_equal(load_network_state(tmp_path / "c"), dict(_network().state_dict()))
    assert load_encoder_state(tmp_path / "c").keys() == {"layer"}
    assert load_spec(tmp_path / "c").fallback == FallbackSpec("similarity", 0.1 + 0.2)
    monkeypatch.setattr(compact, "make_tuned_embedder", lambda name, encoder: make_embedder(name))
    policy = load_policy(tmp_path / "c")
    assert isinstance(policy, FallbackManager)
    assert policy.rule.name == "similarity"
    loaded = policy.familiarity
    assert (loaded.references == saved.references).all()
    assert (loaded.spread == saved.spread).all()
    assert loaded.threshold == saved.threshold
    # A checkpoint of before says nothing of a fallback.
    _save(tmp_path / "old")
    record = json.loads((tmp_path / "old" / "policy.json").read_text())
    del record["fallback"]
    (tmp_path / "old" / "policy.json").write_text(json.dumps(record))
    assert isinstance(load_policy(tmp_path / "old"), CompactManager)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"references": None}, r"has \{'spread': \(33,\)\}, and should have references of shape \(R, 33\)"),
        ({"references": None, "spread": None}, "has nothing, and should have references"),
        ({"references": torch.ones(2, 3)}, r"'references': \(2, 3\)"),
        ({"references": torch.ones(0, 33)}, r"'references': \(0, 33\)"),
        ({"references": torch.tensor(1.0)}, r"'references': \(\)"),
        ({"spread": torch.ones(32)}, r"'spread': \(32,\)"),
        ({"spread": torch.zeros(33)}, "a spread of 0.0 is not above 0"),
        ({"more": torch.ones(1)}, r"'more': \(1,\)"),
        ({"spread": torch.full((33,), math.nan)}, "not finite|NaN"),
    ],
)
def test_what_cannot_say_which_dialogues_are_familiar_is_refused(
    tmp_path: Path, tensors: dict[str, torch.Tensor | None], message: str
) -> None:
    state = _network().state_dict()
    familiarity = Familiarity(np.ones((2, 33), np.float32), np.ones(33, np.float32), 1.0)
    state, spec = with_familiarity(state, _spec(), familiarity, "similarity")
    save_policy(tmp_path / "c", state, spec)
    changed = {**state, **{f"familiarity.{name}": value for name, value in tensors.items()}}
    kept = {name: value for name, value in changed.items() if value is not None}
    (tmp_path / "c" / "policy.safetensors").write_bytes(safetensors.torch.save(kept))
    unseal(tmp_path / "c")
    with pytest.raises(CheckpointError, match=message):
        load_policy(tmp_path / "c")


@pytest.mark.parametrize(
    ("fallback", "message"),
    [
        (None, "policy.json has no fallback; they are of two policies"),
        ({"rule": "similarity", "threshold": -1}, "fallback.threshold is -1.0, and must be at least 0"),
        ({"rule": "similarity", "threshold": math.inf}, "fallback.threshold is inf"),
        ({"rule": "similarity"}, "policy.json is damaged: fallback.threshold"),
        ({"rule": "similarty", "threshold": 1}, "a rule that cannot be used: .* Did you mean 'similarity'"),
        ({"rule": "oracle", "threshold": 1}, "a rule that cannot be used: the rule 'oracle' looks ahead"),
    ],
)
def test_a_fallback_that_makes_no_sense_is_refused(
    tmp_path: Path, fallback: dict[str, object] | None, message: str
) -> None:
    familiarity = Familiarity(np.ones((2, 33), np.float32), np.ones(33, np.float32), 1.0)
    save_policy(tmp_path / "c", *with_familiarity(_network().state_dict(), _spec(), familiarity, "recency"))
    record = json.loads((tmp_path / "c" / "policy.json").read_text())
    (tmp_path / "c" / "policy.json").write_text(json.dumps({**record, "fallback": fallback}))
    with pytest.raises(CheckpointError, match=message):
        load_policy(tmp_path / "c")


def test_a_linear_policy_comes_back(tmp_path: Path) -> None:
    network = new_retriever_network(10, 0, seed=1)
    save_policy(tmp_path / "c", network.state_dict(), retriever_spec("hashed_ngrams", 10, 0, RECORD))
    policy = load_policy(tmp_path / "c")
    assert _all_equal(policy.network.state_dict(), dict(network.state_dict()))
    assert policy.network.correction[0].in_features == policy.network.linear.in_features


def test_a_retriever_comes_back_as_a_retriever(tmp_path: Path) -> None:
    network = new_retriever_network(10, 8, seed=1)
    save_policy(tmp_path / "c", network.state_dict(), retriever_spec("hashed_ngrams", 10, 8, RECORD))
    policy = load_policy(tmp_path / "c")
    assert isinstance(policy, CompactRetriever)
    assert _all_equal(policy.network.state_dict(), dict(network.state_dict()))


def test_tensors_that_share_memory_or_are_views_are_saved(tmp_path: Path) -> None:
    tensor = torch.arange(6.0).reshape(2, 3)
    save_policy(tmp_path / "c", {"a": tensor, "b": tensor, "c": tensor.T}, _spec())
    assert torch.equal(load_network_state(tmp_path / "c")["c"], tensor.T)


def test_training_goes_on_bit_for_bit_from_a_saved_optimiser(tmp_path: Path) -> None:
    def step(network: torch.nn.Module, optimizer: torch.optim.Optimizer, at: float) -> None:
        optimizer.zero_grad()
        sum((parameter * at).sin().sum() for parameter in network.parameters()).backward()  # type: ignore[union-attr]
        optimizer.step()

    network = _network()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.1, eps=1e-5)
    step(network, optimizer, 1.0)
    tensors, groups = pack_optimizer(optimizer)
    state = TrainingState(tensors, {"optimizer": groups, "update": 1, "best": 0.1 + 0.2})
    save_policy(tmp_path / "c", network.state_dict(), _spec(), state)
    step(network, optimizer, 2.0)

    resumed = _network(seed=5)
    resumed.load_state_dict(load_network_state(tmp_path / "c"))
    other = torch.optim.Adam(resumed.parameters(), lr=0.5)
    loaded = load_training_state(tmp_path / "c")
    assert loaded.state["best"] == 0.1 + 0.2
    restore_optimizer(other, loaded.tensors, loaded.state["optimizer"])
    step(resumed, other, 2.0)
    assert _all_equal(resumed.state_dict(), dict(network.state_dict()))


def test_an_optimiser_of_another_network_is_refused() -> None:
    optimizer = torch.optim.Adam(_network().parameters())
    tensors, groups = pack_optimizer(optimizer)
    with pytest.raises(CheckpointError, match="optimiser's state does not fit this network"):
        restore_optimizer(torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))]), tensors, groups)
    with pytest.raises(CheckpointError, match="does not fit"):
        restore_optimizer(optimizer, {"x.exp_avg": torch.zeros(1)}, groups)


@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
def test_a_full_disk_leaves_earlier_checkpoints_and_no_debris(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    state = _save(checkpoint_folder(tmp_path, 1))

    def fail(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        if call == "write":
            # The second of the files no longer fits.
            patch.setattr(Path, "write_text", fail)
        elif call == "fsync":
            patch.setattr(os, "fsync", fail)
        else:
            patch.setattr(Path, "rename", fail)
        with pytest.raises(CheckpointError, match="step_000002 was not written: No space left on device"):
            _save(checkpoint_folder(tmp_path, 2), seed=1)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step_000001"]
    assert _all_equal(load_network_state(checkpoint_folder(tmp_path, 1)), state)


def test_an_interrupt_while_saving_leaves_no_debris(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        _save(tmp_path / "c")
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_is_never_overwritten(tmp_path: Path) -> None:
    state = _save(tmp_path / "c")
    with pytest.raises(CheckpointError, match="was not written: a folder of this name exists already"):
        _save(tmp_path / "c", seed=1)
    assert _all_equal(load_network_state(tmp_path / "c"), state)


@pytest.mark.parametrize("name", ["policy.safetensors", "policy.json"])
def test_a_truncated_or_missing_file_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    _save(tmp_path / "c")
    path = tmp_path / "c" / name
    content = path.read_bytes()
    for size in (0, 5, len(content) // 2, len(content) - 2):
        path.write_bytes(content[:size])
        with pytest.raises(CheckpointError, match=f"{name} is truncated or damaged") as caught:
            load_policy(tmp_path / "c")
        assert "\n" not in str(caught.value)
    path.unlink()
    with pytest.raises(CheckpointError, match=f"is not a checkpoint: it has no {name}"):
        load_policy(tmp_path / "c")


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is not a checkpoint: it does not exist"):
        load_policy(tmp_path / "nowhere")
    _save(tmp_path / "c")
    with pytest.raises(CheckpointError, match=r"it has no learner.safetensors"):
        load_training_state(tmp_path / "c")
    (tmp_path / "c" / "policy.json").write_text("[1]")
    with pytest.raises(CheckpointError, match="holds no JSON object"):
        load_spec(tmp_path / "c")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format_version": 2}, "checkpoint format 2, and this memdojo reads up to 1; install a newer"),
        ({"hidden_dim": 16}, r"of another architecture: .* has shape \(8,\) and should have \(16,\)"),
        ({"hidden_dim": -1}, "hidden_dim is -1, and must be at least 0"),
        ({"kind": "answerer"}, "policy.json is damaged: kind"),
        ({"kind": "retriever", "num_places": 3}, "was trained on other features"),
        (
            {"feature_names": ["sum_idf", "smell"]},
            "without smell; with the new .*; use memdojo 0.1.0 or train",
        ),
        ({"hidden_dim": None}, "policy.json is damaged: hidden_dim"),
    ],
)
def test_a_checkpoint_of_another_kind_is_refused(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    _save(tmp_path / "c")
    path = tmp_path / "c" / "policy.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(CheckpointError, match=message):
        load_policy(tmp_path / "c")


def test_the_newest_and_the_best_checkpoint_survive_pruning(tmp_path: Path) -> None:
    assert latest_checkpoint(tmp_path) is None
    for update in (2, 9, 10, 1_000_000):
        _save(checkpoint_folder(tmp_path, update))
    (tmp_path / "checkpoints" / ".step_000011.7.tmp").mkdir()
    latest = latest_checkpoint(tmp_path)
    assert latest is not None
    assert latest.name == "step_1000000"
    prune_checkpoints(tmp_path, keep=2, kept=[checkpoint_folder(tmp_path, 2)])
    assert [path.name for path in list_checkpoints(tmp_path)] == [
        "step_000002",
        "step_000010",
        "step_1000000",
    ]


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_weights_that_are_not_finite_are_neither_written_nor_loaded(tmp_path: Path, number: float) -> None:
    state = _save(tmp_path / "c")
    name = next(iter(state))
    state[name] = torch.full_like(state[name], number)
    with pytest.raises(CheckpointError, match=f"not finite, first in {name}; use an earlier checkpoint"):
        save_policy(tmp_path / "d", state, _spec())
    assert not (tmp_path / "d").exists()
    # As a version wrote it that knew no digests.
    (tmp_path / "c" / "policy.safetensors").write_bytes(safetensors.torch.save(state))
    _without_digests(tmp_path / "c")
    with pytest.raises(CheckpointError, match=f"has numbers that are not finite, first in {name}"):
        load_policy(tmp_path / "c")


def test_a_bit_that_has_flipped_is_found(tmp_path: Path) -> None:
    _save(tmp_path / "c")
    path = tmp_path / "c" / "policy.safetensors"
    data = bytearray(path.read_bytes())
    data[-3] ^= 0x40
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"policy\.safetensors is truncated or damaged"):
        load_policy(tmp_path / "c")
    _without_digests(tmp_path / "c")
    load_policy(tmp_path / "c")


@pytest.mark.parametrize("sizes", [{"hidden_dim": 10**9}, {"hidden_dim": 10**30}, {"num_candidates": 10**30}])
def test_sizes_that_no_memory_holds_are_refused(tmp_path: Path, sizes: dict[str, int]) -> None:
    _save(tmp_path / "c")
    path = tmp_path / "c" / "policy.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | sizes))
    with pytest.raises(CheckpointError, match=r"of another architecture|is damaged"):
        load_policy(tmp_path / "c")


@pytest.mark.parametrize(
    "settings",
    [
        {"lr": "fast"},
        {"lr": math.nan},
        {"betas": 3},
        {"params": [0]},
        {"amsgrad": "yes"},
        {"new": 1},
        None,
    ],
)
def test_damaged_settings_of_an_optimiser_are_refused(settings: dict[str, object] | None) -> None:
    optimizer = torch.optim.Adam(_network().parameters())
    tensors, (group,) = pack_optimizer(optimizer)
    damaged: Any = "group" if settings is None else group | settings
    with pytest.raises(CheckpointError, match="the optimiser's state does not fit this network"):
        restore_optimizer(optimizer, tensors, [damaged])


def _without_digests(folder: Path) -> None:
    path = folder / "policy.json"
    record = json.loads(path.read_text())
    del record["digests"]
    path.write_text(json.dumps(record))
