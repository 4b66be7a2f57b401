from __future__ import annotations

from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, LlamaModel

from memdojo.agents.language.network import PolicyNetwork, RowScores
from memdojo.errors import ModelError

pytestmark = pytest.mark.usefixtures("one_thread")


def _llama(**settings: Any) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
        initializer_range=0.2,
        **settings,
    )
    return LlamaForCausalLM(config).eval()


def _lora(model: LlamaForCausalLM, **settings: Any) -> PeftModel:
    config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"], **settings)
    adapted = get_peft_model(model, config)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.1, generator=generator)
    return adapted


# Two rows: a prompt of 2 and a response of 3, and a prompt of 1 and a response of 1, padded on the right.
IDS = torch.tensor([[5, 9, 11, 3, 7], [8, 2, 0, 0, 0]])
PREDICTORS, TARGETS = torch.tensor([1, 2, 3, 5]), torch.tensor([11, 3, 7, 2])
PROMPT_ENDS = torch.tensor([1, 5])


def _evaluate(network: PolicyNetwork, input_ids: Tensor = IDS, **settings: Any) -> RowScores:
    scores: RowScores = network(input_ids, PREDICTORS, TARGETS, PROMPT_ENDS, **settings)
    return scores


def _expected(model: Any, temperature: float) -> tuple[Tensor, Tensor]:
    """Return log-probabilities and entropies from the model's own logits of each row, unpadded."""
    logits = torch.cat([model(IDS[:1]).logits[0, 1:4], model(IDS[1:, :2]).logits[0, :1]])
    log_softmax = torch.log_softmax(logits / temperature, dim=-1)
    return log_softmax[torch.arange(4), TARGETS], -(log_softmax.exp() * log_softmax).sum(dim=1)


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_response_tokens_are_evaluated_as_the_whole_model_does(temperature: float) -> None:
    model = _llama()
    scores = _evaluate(PolicyNetwork(model), temperature=temperature)
    log_probs, entropy = _expected(model, temperature)
    torch.testing.assert_close(scores.log_probs, log_probs, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(scores.entropy, entropy, rtol=1e-5, atol=1e-6)
    assert scores.values.shape == (0,)


def test_what_a_model_does_to_its_logits_is_kept() -> None:
    class CappedLlama(LlamaForCausalLM):  # As Gemma does.
        def forward(self, *inputs: Any, **settings: Any) -> Any:
            output = super().forward(*inputs, **settings)
            output.logits = 2 * torch.tanh(output.logits / 2)
            return output

    model = CappedLlama(_llama().config).eval()
    torch.testing.assert_close(
        _evaluate(PolicyNetwork(model)).log_probs, _expected(model, 1.0)[0], rtol=1e-5, atol=1e-6
    )


def test_padding_and_rows_beside_it_change_nothing() -> None:
    network = PolicyNetwork(_llama(), critic=True)
    assert network.critic is not None
    torch.nn.init.normal_(network.critic[-1].weight)
    other = IDS.clone()
    other[1, 2:] = torch.tensor([60, 61, 62])
    for first, second in zip(_evaluate(network), _evaluate(network, other), strict=True):
        assert torch.equal(first, second)


def test_only_the_response_reaches_the_output_head() -> None:
    model, seen = _llama(), []
    model.lm_head.register_forward_hook(lambda _, inputs, output: seen.append(output.shape))
    _evaluate(PolicyNetwork(model))
    assert seen == [(1, 4, 64)]


def test_a_micro_batch_of_no_rows_gives_zero_gradients_for_everything() -> None:
    network = PolicyNetwork(_llama(), critic=True)
    nothing = torch.zeros(0, dtype=torch.long)
    input_ids = torch.zeros(1, 1, dtype=torch.long)
    scores = network(input_ids, nothing, nothing, nothing, entropy_gradient=True)
    torch.autograd.backward(sum(values.sum() for values in scores))
    assert all(parameter.grad is not None and not parameter.grad.any() for parameter in network.parameters())


def test_the_entropy_has_a_gradient_only_where_it_is_asked_for() -> None:
    network = PolicyNetwork(_llama())
    assert not _evaluate(network).entropy.requires_grad
    assert _evaluate(network, entropy_gradient=True).entropy.requires_grad


def test_the_critic_begins_at_zero_and_leaves_the_policy_alone() -> None:
    network = PolicyNetwork(_llama(), critic=True)
    values = _evaluate(network).values
    assert values.tolist() == [0, 0]
    torch.autograd.backward(((values - 1) ** 2).sum())
    assert network.critic is not None
    assert network.critic[-1].bias.grad.item() == -4
    assert all(parameter.grad is None for parameter in network.causal_model.parameters())

    joined = PolicyNetwork(_llama(), critic=True, detach_critic=False)
    assert joined.critic is not None
    torch.nn.init.normal_(joined.critic[-1].weight)
    torch.autograd.backward(_evaluate(joined).values.sum())
    assert joined.causal_model.model.layers[0].mlp.down_proj.weight.grad is not None


def test_the_critic_reads_the_last_prompt_token_and_nothing_after_it() -> None:
    network = PolicyNetwork(_llama(), critic=True)
    assert network.critic is not None
    torch.nn.init.normal_(network.critic[-1].weight)
    other = IDS.clone()
    other[0, 2:] = 1
    assert torch.equal(_evaluate(network).values, _evaluate(network, other).values)
    other[0, 1] = 1
    assert not torch.equal(_evaluate(network).values, _evaluate(network, other).values)


def test_the_critics_first_weights_follow_from_the_seed() -> None:
    def first_weights(seed: int) -> Tensor:
        critic = PolicyNetwork(_llama(), critic=True, seed=seed).critic
        assert critic is not None
        return critic[1].weight

    assert torch.equal(first_weights(3), first_weights(3))
    assert not torch.equal(first_weights(3), first_weights(4))


def test_dropout_stays_off_even_where_activations_are_computed_twice() -> None:
    sizes = {"vocab_size": 64, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 16}
    config = GPT2Config(**sizes, bos_token_id=1, eos_token_id=1)
    torch.manual_seed(0)
    network = PolicyNetwork(GPT2LMHeadModel(config))  # Drops out a tenth in training.
    plain = _evaluate(network).log_probs
    calls: list[int] = []
    network.causal_model.transformer.h[0].mlp.register_forward_pre_hook(lambda *_: calls.append(1))
    network.checkpoint_activations()
    again = _evaluate(network).log_probs
    assert torch.equal(plain, again)
    torch.autograd.backward(again.sum())
    assert len(calls) == 2


def test_a_model_without_output_head_is_refused() -> None:
    with pytest.raises(ModelError, match="LlamaModel has no output head"):
        PolicyNetwork(LlamaModel(_llama().config))


def test_tied_weights_are_exported_under_both_names_and_as_copies() -> None:
    network = PolicyNetwork(_llama(), critic=True)
    weights = dict(network.policy_weights())
    assert weights.keys() == network.causal_model.state_dict().keys()
    assert torch.equal(weights["lm_head.weight"], weights["model.embed_tokens.weight"])
    with torch.no_grad():
        network.causal_model.lm_head.weight.zero_()
    assert weights["lm_head.weight"].any()


def test_adapters_are_merged_into_a_copy() -> None:
    network = PolicyNetwork(_lora(_llama()))
    log_probs = _evaluate(network).log_probs
    base = {name: parameter.clone() for name, parameter in network.named_parameters()}
    for _ in range(30):
        weights = dict(network.policy_weights())
    assert all(torch.equal(parameter, base[name]) for name, parameter in network.named_parameters())
    plain = _llama()
    assert not torch.equal(_evaluate(PolicyNetwork(plain)).log_probs, log_probs)
    plain.load_state_dict(weights)
    torch.testing.assert_close(_evaluate(PolicyNetwork(plain)).log_probs, log_probs, rtol=1e-5, atol=1e-6)


def test_adapters_of_half_precision_are_added_in_single_precision() -> None:
    network = PolicyNetwork(_lora(_llama().to(torch.bfloat16)))
    name = "model.layers.0.self_attn.q_proj"
    layer = network.causal_model.get_submodule(name)
    exact = layer.base_layer.weight.double() + 2 * (
        layer.lora_B.default.weight.double() @ layer.lora_A.default.weight.double()
    )
    merged = dict(network.policy_weights())[f"{name}.weight"]
    assert merged.dtype is torch.bfloat16
    assert torch.equal(merged, exact.float().to(torch.bfloat16))


def test_only_adapters_and_critic_of_an_adapted_model_are_trained() -> None:
    network = PolicyNetwork(_lora(_llama()), critic=True)
    trained = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert trained
    assert all("lora_" in name or name.startswith("critic.") for name in trained)


def test_without_adapters_the_network_is_the_model_that_they_began_from() -> None:
    plain = _evaluate(PolicyNetwork(_llama())).log_probs
    network = PolicyNetwork(_lora(_llama()))
    adapted = _evaluate(network).log_probs
    with network.without_adapters():
        assert torch.equal(_evaluate(network).log_probs, plain)
    assert torch.equal(_evaluate(network).log_probs, adapted)
    with pytest.raises(ValueError, match="no adapters"), PolicyNetwork(_llama()).without_adapters():
        pass


@pytest.mark.parametrize("settings", [{"use_dora": True}, {"modules_to_save": ["norm"]}])
def test_adapters_that_cannot_be_merged_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="cannot be merged"):
        PolicyNetwork(_lora(_llama(), **settings))
