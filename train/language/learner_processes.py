"""One learner over several processes, each with the whole network or a shard of it.

The processes are those that accelerate finds; torch does the rest, in the same way on CPUs and on GPUs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, TypeVar

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import Tensor, distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel

from memdojo.agents.language.network import PolicyNetwork

Sharding = Literal["none", "full"]

ValueT = TypeVar("ValueT")


def place_network(network: PolicyNetwork, accelerator: Accelerator, sharding: Sharding) -> nn.Module:
    """Move a network to the process's device and return the module to call instead of it.

    With several processes all begin from the first one's weights. `full` leaves each with a shard of every
    weight (fully_shard, FSDP2); `none` with all of them (DDP), or, if nothing is trained, with the network.
    """
    network.to(accelerator.device)
    if accelerator.num_processes == 1:
        return network
    for tensor in (*network.parameters(), *network.buffers()):
        distributed.broadcast(tensor.detach(), src=0)
    if sharding == "none":
        is_trained = any(parameter.requires_grad for parameter in network.parameters())
        prepared: nn.Module = accelerator.prepare(network) if is_trained else network
        return prepared
    mesh = init_device_mesh(accelerator.device.type, (accelerator.num_processes,))
    blocks = set(network.causal_model._no_split_modules or ())
    for module in network.causal_model.modules():
        if type(module).__name__ in blocks:
            fully_shard(module, mesh=mesh)
    if network.critic is not None:
        # Apart from the rest, because it is in float32 whatever the model is in.
        fully_shard(network.critic, mesh=mesh)
    fully_shard(network, mesh=mesh)
    return network


def accumulating(module: nn.Module, *, is_last: bool) -> AbstractContextManager[None]:
    """Within this context gradients are summed up, and exchanged only with the last micro-batch of a step.

    Shards exchange theirs with each micro-batch: whole gradients would need the memory that sharding saves.
    """
    if isinstance(module, DistributedDataParallel) and not is_last:
        context: AbstractContextManager[None] = module.no_sync()
        return context
    return nullcontext()


def sum_over_processes(tensor: Tensor, accelerator: Accelerator) -> Tensor:
    """Return the sum of what the processes have."""
    if accelerator.num_processes == 1:
        return tensor
    total: Tensor = accelerator.reduce(tensor, reduction="sum")
    return total


def gradient_norm(parameters: Sequence[nn.Parameter]) -> Tensor:
    """Return the norm of all gradients together, over all shards."""
    return nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])


def scalar(tensor: Tensor) -> float:
    """Return a number that may be spread over processes; all must ask for it together."""
    return float(tensor.full_tensor() if isinstance(tensor, DTensor) else tensor)


def first_not_finite(tensors: Sequence[tuple[str, Tensor | None]], accelerator: Accelerator) -> str | None:
    """Return the name of the first tensor with a NaN or infinity in any process; None if all are finite."""
    flags = [
        torch.zeros((), device=accelerator.device)
        if tensor is None
        else (~torch.isfinite(local(tensor)).all()).float()
        for _, tensor in tensors
    ]
    found = sum_over_processes(torch.stack(flags), accelerator).tolist()
    return next((name for (name, _), flag in zip(tensors, found, strict=True) if flag), None)


def local(tensor: Tensor) -> Tensor:
    """Return this process's shard, or the tensor itself if it is not sharded."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def shard_like(tensor: Tensor, parameter: Tensor) -> Tensor:
    """Spread a whole tensor over the processes as `parameter` is."""
    if isinstance(parameter, DTensor) and tensor.shape == parameter.shape:
        return distribute_tensor(
            tensor.to(parameter.device), parameter.device_mesh, parameter.placements, src_data_rank=None
        )
    return tensor


def from_main(accelerator: Accelerator, make: Callable[[], ValueT]) -> ValueT:
    """Return, in every process, what `make` returns in the first one, where alone it is called.

    Raises:
        BaseException: What `make` raised, in every process: those that waited would wait for ever.
    """
    if accelerator.num_processes == 1:
        return make()
    outcome: list[Any] = [None, None]
    if accelerator.is_main_process:
        try:
            outcome[0] = make()
        except BaseException as error:
            outcome[1] = error
    broadcast_object_list(outcome)
    if outcome[1] is not None:
        raise outcome[1]
    value: ValueT = outcome[0]
    return value
