"""Merged language models: the average of several checkpoints, or an adapter added to its base."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor
from transformers import GenerationConfig, PreTrainedModel

from memdojo.agents.engines.models import load_causal_lm, load_tokenizer, save_model
from memdojo.agents.language.network import PolicyNetwork
from memdojo.errors import ConfigError, ModelError

from ..checkpoints.digests import seal
from ..checkpoints.model_folders import MODEL, POLICY, find_model
from ..checkpoints.trust import reached_by_name, require_trust
from ..runs.checkpoint_folders import whole_folder

ADAPTER_CONFIG, _BASE = "adapter_config.json", "base_model_name_or_path"
_CONFIG_KEYS_THAT_MAY_DIFFER = {
    "_name_or_path",
    "architectures",
    "dtype",
    "transformers_version",
    "use_cache",
}


@dataclass(frozen=True, slots=True)
class _Source:
    """What is averaged: `model` has all weights, or is the base of `adapter`."""

    name: str
    model: str
    adapter: Path | None = None
    policy: Path | None = None


def average_models(
    folders: Sequence[str | Path],
    out: str | Path,
    weights: Sequence[float] | None = None,
    *,
    trust_run: bool = False,
) -> None:
    """Write the average of models of one architecture, summed in float32, in the precision of the first.

    Config, tokenizer and generation config are those of the first. If it belongs to a checkpoint, `out`
    becomes one: a folder `model` and the first's policy.json.

    Args:
        folders: Runs (of which the best checkpoint counts, else the latest), checkpoints, folders of models,
            or folders of LoRA adapters, whose product is added to their base.
        out: Where the result goes; nothing may be there yet.
        weights: Of each model, divided by their sum; by default all count alike.
        trust_run: Whether adapters may name a base model outside of all `folders`.

    Raises:
        ConfigError: If there is no folder, `weights` are not as many, not positive or not finite, or an
            adapter that is not trusted names a base model from elsewhere.
        RunFolderError: If a run has no checkpoint yet.
        ModelError: If a model cannot be used, models differ in architecture or vocabulary, a weight is not
            finite, or there is something at `out` or it cannot be written.
    """
    shares = _shares(len(folders), weights)
    out = Path(out).expanduser()
    if out.exists():
        raise ModelError(f"{out} already exists; choose another folder.")
    first, *others = map(_find, folders)
    if not trust_run:
        for source in (first, *others):
            _require_named_base(source, folders)
    result, state = _load(first)
    _require_numbers(first, state)
    totals = {name: tensor.float() * shares[0] for name, tensor in state.items()}
    vocabulary = load_tokenizer(first.model).get_vocab()
    for source, share in zip(others, shares[1:], strict=True):
        other, state = _load(source)
        _require_same_tensors(first, totals, source, state)
        _require_same_config(first, result, source, other)
        if load_tokenizer(source.model).get_vocab() != vocabulary:
            raise ModelError(
                f"{first.name} and {source.name} have tokenizers of different vocabularies; an average makes "
                "sense of one vocabulary only."
            )
        _require_numbers(source, state)
        for name, total in totals.items():
            total.add_(state[name].float(), alpha=share)
    # This casts to the precision of the first.
    result.load_state_dict(totals)
    try:
        _write(out, first, result)
    except OSError as error:
        raise ModelError(f"{out} cannot be written: {error.strerror or error}.") from error


def _find(path: str | Path) -> _Source:
    name, path = str(path), Path(path).expanduser()
    if not (path / ADAPTER_CONFIG).is_file():
        found = find_model(path)
        return _Source(name, str(found.folder), policy=found.policy)
    try:
        base = json.loads((path / ADAPTER_CONFIG).read_text("utf-8"))[_BASE]
        if not isinstance(base, str) or not base:
            raise TypeError(f"{base!r} names no model")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(f"{path / ADAPTER_CONFIG} is damaged or names no base model.") from error
    return _Source(name, base, adapter=path)


def _require_named_base(source: _Source, folders: Sequence[str | Path]) -> None:
    """Refuse to load a base model that an adapter names and the user does not.

    Raises:
        ConfigError: If it is neither in one of the folders nor one of them.
    """
    if source.adapter is None:
        return
    reached = [reached_by_name(_BASE, source.model, (), Path(folder).expanduser()) for folder in folders]
    require_trust(source.adapter, [] if [] in reached else reached[0])


def _load(source: _Source) -> tuple[PreTrainedModel, Mapping[str, Tensor]]:
    """Return a model of the source's architecture and precision, and the source's weights."""
    model: Any = load_causal_lm(source.model)
    if source.adapter is None:
        return model, model.state_dict()
    stored = model.dtype
    try:
        # In float32, so that the sum of base and adapter is not rounded before the average is.
        adapted = PeftModel.from_pretrained(model.float(), str(source.adapter))
    except (OSError, ValueError, RuntimeError) as error:
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        raise ModelError(f"{source.name}: the adapter cannot be loaded: {reason}") from error
    state = dict(PolicyNetwork(adapted).policy_weights())
    _require_tied(source, model, state)
    adapted.unload()
    return model.to(stored), state


def _require_tied(source: _Source, model: PreTrainedModel, state: Mapping[str, Tensor]) -> None:
    for name, other in (getattr(model, "all_tied_weights_keys", None) or {}).items():
        if not torch.equal(state[name], state[other]):
            raise ModelError(
                f"{source.name}: the adapter changes only one of {name} and {other}, which the model shares; "
                "train it without an adapter there."
            )


def _shares(count: int, weights: Sequence[float] | None) -> list[float]:
    weights = [1.0] * count if weights is None else list(weights)
    if not count or len(weights) != count:
        raise ConfigError(f"there are {len(weights)} weights for {count} models; give one weight to each.")
    for weight in weights:
        if not (math.isfinite(weight) and weight > 0):
            raise ConfigError(f"a weight is {weight}; weights are positive numbers.")
    return [weight / math.fsum(weights) for weight in weights]


def _require_numbers(source: _Source, state: Mapping[str, Tensor]) -> None:
    for name, tensor in state.items():
        if not tensor.is_floating_point():
            raise ModelError(f"{source.name}: {name} holds {tensor.dtype}; quantized models have no average.")
        if not torch.isfinite(tensor).all():
            raise ModelError(
                f"{source.name}: {name} has weights that are not finite; use an earlier checkpoint."
            )


def _require_same_tensors(
    first: _Source, tensors: Mapping[str, Tensor], source: _Source, state: Mapping[str, Tensor]
) -> None:
    for name in sorted(tensors.keys() | state.keys()):
        shapes = [tuple(each[name].shape) if name in each else None for each in (tensors, state)]
        if shapes[0] != shapes[1]:
            here, there = ("missing" if shape is None else f"of shape {shape}" for shape in shapes)
            raise ModelError(
                f"{name} is {here} in {first.name} and {there} in {source.name}; average models of one "
                "architecture and size."
            )


def _require_same_config(
    first: _Source, model: PreTrainedModel, source: _Source, other: PreTrainedModel
) -> None:
    # Heads, rotary base and the like change what the same shapes compute.
    here, there = model.config.to_dict(), other.config.to_dict()
    for key in sorted((here.keys() | there.keys()) - _CONFIG_KEYS_THAT_MAY_DIFFER):
        if here.get(key) != there.get(key):
            raise ModelError(
                f"{key} is {here.get(key)!r} in the config of {first.name} and {there.get(key)!r} in that of "
                f"{source.name}; average models of one architecture."
            )


def _write(out: Path, first: _Source, model: PreTrainedModel) -> None:
    with whole_folder(out) as temporary:
        folder = temporary
        if first.policy is not None:
            shutil.copyfile(first.policy, temporary / POLICY)
            folder = temporary / MODEL
            folder.mkdir()
        save_model(folder, model, load_tokenizer(first.model), model.generation_config or GenerationConfig())
        if first.policy is not None:
            seal(temporary)
