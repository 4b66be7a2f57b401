"""A Hugging Face causal language model as a policy, with a critic if the algorithm has one.

Axes: B rows of a micro-batch, L tokens of the longest, N response tokens of all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from transformers import PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer

from memdojo.errors import ModelError


class RowScores(NamedTuple):
    """What a network thinks of sampled tokens.

    Attributes:
        log_probs: Of each response token, shape (N,), float32.
        entropy: Of the distribution that each was drawn from, in nats, shape (N,), float32.
        values: The critic's value at the end of each prompt, shape (B,), float32; empty without a critic.
    """

    log_probs: Tensor
    entropy: Tensor
    values: Tensor


class PolicyNetwork(nn.Module):
    """A causal language model that evaluates response tokens only, and a critic on its hidden states.

    All of it runs behind one `forward`, so that wrappers of this module see every parameter in use. Dropout
    stays off: what was sampled without must be evaluated without.

    Args:
        model: A causal language model, or one with LoRA adapters as `peft.get_peft_model` returns it; then
            only the adapters (and the critic) are trained.
        critic: Whether there is a critic. It reads the last hidden state at the end of the prompt.
        detach_critic: Whether the critic's loss leaves the language model alone.
        seed: Draws the critic's first weights; its first values are 0 whatever the seed.

    Raises:
        ModelError: If the model has no output head, or adapters that cannot be merged.
    """

    def __init__(
        self,
        model: PreTrainedModel | PeftModel,
        *,
        critic: bool = False,
        detach_critic: bool = True,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.model = model
        self.detach_critic = detach_critic
        hidden_dim = self.causal_model.config.get_text_config().hidden_size
        self.critic = _new_critic(hidden_dim, seed) if critic else None
        if self.causal_model.get_output_embeddings() is None:
            raise ModelError(
                f"{type(self.causal_model).__name__} has no output head, so it predicts no tokens; use a "
                "causal language model."
            )
        _require_mergeable(self.causal_model)
        self.eval()

    @property
    def causal_model(self) -> Any:
        """The language model itself; adapters, if any, sit inside its layers."""
        return self.model.get_base_model() if isinstance(self.model, PeftModel) else self.model

    @property
    def has_adapters(self) -> bool:
        """Whether adapters are trained instead of the language model's own weights."""
        return isinstance(self.model, PeftModel)

    def forward(
        self,
        input_ids: Tensor,
        predictors: Tensor,
        targets: Tensor,
        prompt_ends: Tensor,
        *,
        temperature: float = 1.0,
        entropy_gradient: bool = False,
    ) -> RowScores:
        """Evaluate response tokens under softmax(logits / temperature).

        The output head sees only the hidden states that predict a response token: logits of whole sequences
        would take most of the memory.

        Args:
            input_ids: Padded on the right, shape (B, L).
            predictors: Places in `input_ids.flatten()` of the tokens before each response token, shape (N,).
            targets: The response tokens, shape (N,).
            prompt_ends: Places in `input_ids.flatten()` of the last prompt tokens, shape (B,).
            temperature: At which the tokens were sampled.
            entropy_gradient: Whether the entropy is part of a loss; else it costs no memory.
        """
        at_prompt_ends: list[Tensor] = []

        def select(_head: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            hidden = inputs[0].flatten(0, 1)
            at_prompt_ends.append(hidden.index_select(0, prompt_ends))
            return (hidden.index_select(0, predictors).unsqueeze(0), *inputs[1:])

        # In front of the head and not after the backbone: what a model does to its logits is kept.
        hook = self.causal_model.get_output_embeddings().register_forward_pre_hook(select)
        try:
            logits = self.causal_model(input_ids=input_ids, use_cache=False).logits.squeeze(0)
        finally:
            hook.remove()
        log_softmax = (logits.float() / temperature).log_softmax(dim=-1)
        # A sum of one, and below as well, because FSDP warns of views among what a module returns.
        log_probs = log_softmax.gather(1, targets.unsqueeze(1)).sum(dim=1)
        with nullcontext() if entropy_gradient else torch.no_grad():
            entropy = -(log_softmax.exp() * log_softmax).sum(dim=-1)
        return RowScores(log_probs, entropy, self._values(at_prompt_ends[0]))

    def checkpoint_activations(self) -> None:
        """Compute activations a second time in the backward pass instead of keeping them."""
        self.causal_model.gradient_checkpointing_enable({"use_reentrant": False})
        for module in self.causal_model.modules():
            if isinstance(module, GradientCheckpointingLayer):
                # This flag of the layer alone turns it on; `train()` would turn on the dropout inside, too.
                module.training = True

    def without_adapters(self) -> AbstractContextManager[None]:
        """Within this context the network is the model that the adapters began from."""
        if not isinstance(self.model, PeftModel):
            raise ValueError(
                "the network has no adapters; give the reference policy as a network of its own."
            )
        context: AbstractContextManager[None] = self.model.disable_adapter()
        return context

    def policy_weights(self) -> Iterator[tuple[str, Tensor]]:
        """Yield the language model's weights as a sampler loads them: whole, on the CPU, adapters merged in.

        Tied weights come under each of their names, as the CPU build of vLLM keeps a packed copy of the head.
        Adapters are added in float32 to a copy; merging in place would wear the weights off. Where weights
        are sharded, all processes must iterate together.
        """
        layers = {f"{name}.": module for name, module in self.causal_model.named_modules()}
        for name, tensor in self.causal_model.state_dict().items():
            owner, in_adapter, leaf = name.rpartition("base_layer.")
            if ".lora_" in name:
                continue
            weight = whole(tensor)
            if in_adapter and leaf == "weight":
                weight = _merge(weight, layers[owner])
            yield owner + leaf, weight

    def _values(self, hidden: Tensor) -> Tensor:
        if self.critic is None:
            return hidden.new_zeros(0, dtype=torch.float32)
        values: Tensor = self.critic((hidden.detach() if self.detach_critic else hidden).float()).sum(dim=1)
        return values


def whole(tensor: Tensor) -> Tensor:
    """Return a copy in the CPU's memory, put together from all processes if they have a shard each."""
    full = tensor.detach()
    return (full.full_tensor() if isinstance(full, DTensor) else full).to("cpu", copy=True)


def _new_critic(hidden_dim: int, seed: int) -> nn.Sequential:
    hidden, output = nn.Linear(hidden_dim, hidden_dim), nn.Linear(hidden_dim, 1)
    nn.init.xavier_uniform_(hidden.weight, generator=torch.Generator().manual_seed(seed))
    for zeroed in (hidden.bias, output.weight, output.bias):
        nn.init.zeros_(zeroed)
    return nn.Sequential(nn.LayerNorm(hidden_dim), hidden, nn.Tanh(), output)


def _require_mergeable(model: nn.Module) -> None:
    for name, _ in model.named_parameters():
        is_matrix = name.split(".")[-3:][0] in ("lora_A", "lora_B") and name.endswith(".weight")
        if ("lora_" in name and not is_matrix) or "modules_to_save" in name:
            raise ModelError(
                f"the adapters have {name}, which cannot be merged into the weights that the sampler loads; "
                "use plain LoRA on linear layers, without DoRA, biases or modules_to_save."
            )


def _merge(base: Tensor, layer: LoraLayer) -> Tensor:
    merged = base.float()
    for adapter in layer.active_adapters:
        update = whole(layer.lora_B[adapter].weight).float() @ whole(layer.lora_A[adapter].weight).float()
        # Some models keep their linear weights transposed.
        merged = merged + layer.scaling[adapter] * (update.T if layer.fan_in_fan_out else update)
    return merged.to(base.dtype)
