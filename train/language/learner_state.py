"""A learner's state beside the policy's weights, gathered from all processes, for bit-for-bit resumption."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn

from memdojo.agents.language.network import whole
from memdojo.errors import CheckpointError

from ..checkpoints.compact import TrainingState, pack_optimizer, restore_optimizer
from .learner_processes import shard_like

_OPTIMIZER, _WEIGHTS = "optimizer.", "weights."


def pack_state(
    optimizer: torch.optim.Optimizer,
    trained: Mapping[str, nn.Parameter],
    extra: Sequence[str],
    *,
    keep: bool,
) -> TrainingState:
    """Return the optimiser's moments of the trained weights, by name, and the weights named in `extra`.

    Args:
        trained: All that the optimiser trains, in its order.
        keep: False leaves the tensors out. Where they are sharded, every process must call this, but only one
            has to hold all of them.
    """
    moments, param_groups = pack_optimizer(optimizer)
    names = list(trained)

    def tensors() -> Iterator[tuple[str, Tensor]]:
        for key, value in moments.items():
            number, _, moment = key.partition(".")
            yield f"{_OPTIMIZER}{names[int(number)]}.{moment}", whole(value)
        for name in extra:
            yield _WEIGHTS + name, whole(trained[name])

    kept = {name: tensor for name, tensor in tensors() if keep}
    return TrainingState(kept, {"trained": names, "param_groups": param_groups})


def restore_state(
    state: TrainingState,
    optimizer: torch.optim.Optimizer,
    trained: Mapping[str, nn.Parameter],
    extra: Sequence[str],
) -> None:
    """Set optimiser and weights to what `pack_state` returned in the process that kept it.

    Raises:
        CheckpointError: If the state is of another network.
    """
    names = list(trained)
    if state.state.get("trained") != names:
        raise CheckpointError(
            "the learner's state is of a network with other trained weights; resume with the policy.model, "
            "policy.lora_rank and algorithm.name that wrote it."
        )
    moments: dict[str, Tensor] = {}
    for key, value in state.tensors.items():
        if key.startswith(_OPTIMIZER):
            name, _, moment = key.removeprefix(_OPTIMIZER).rpartition(".")
            is_of_shape = moment == "step" or (name in trained and value.shape == trained[name].shape)
            if name not in trained or not is_of_shape:
                raise CheckpointError(f"the learner's state has {moment} of {name}, which does not fit.")
            moments[f"{names.index(name)}.{moment}"] = shard_like(value, trained[name])
    for name in extra:
        saved, parameter = state.tensors.get(_WEIGHTS + name), trained[name]
        if saved is None or saved.shape != parameter.shape:
            raise CheckpointError(f"the learner's state has no weights that fit {name}.")
        with torch.no_grad():
            parameter.copy_(shard_like(saved, parameter))
    restore_optimizer(optimizer, moments, list(state.state["param_groups"]))
