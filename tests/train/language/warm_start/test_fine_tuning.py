from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from memdojo.agents.engines.models import load_causal_lm, load_tokenizer
from memdojo.agents.language.tiny import build_tiny_model
from memdojo.train.config.language import WarmStartConfig
from memdojo.train.language.warm_start.demonstrations import Example
from memdojo.train.language.warm_start.fine_tuning import fine_tune

EXAMPLES = (Example((3, 40, 41, 42, 43, 4), (50, 1)), Example((3, 44, 4), (51, 52, 1)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("model")
    build_tiny_model(folder, hidden_dim=32, num_layers=1, num_heads=1, num_streams=40)
    return str(folder)


def _fine_tune(
    model: Any, tokenizer: Any, examples: Sequence[Example], num_steps: int, *, bfloat16: bool = False
) -> list[float]:
    losses: list[float] = []
    fine_tune(
        model,
        tokenizer,
        examples,
        WarmStartConfig(num_steps=num_steps, batch_size=2, learning_rate=1e-2),
        device="cpu",
        bfloat16=bfloat16,
        seed=0,
        report=lambda step, loss: losses.append(loss),
    )
    return losses


def _mean_loss(model: Any, examples: Sequence[Example]) -> float:
    """Mean over all tokens of the replies, one example at a time and thus without padding."""
    losses: list[torch.Tensor] = []
    for each in examples:
        token_ids = torch.tensor([[*each.prompt_ids, *each.reply_ids]])
        with torch.no_grad():
            log_probs = model(input_ids=token_ids).logits[0].log_softmax(dim=-1)
        start = len(each.prompt_ids)
        losses += [-log_probs[start - 1 + n, token] for n, token in enumerate(each.reply_ids)]
    return float(torch.stack(losses).mean())


def test_the_loss_is_the_mean_over_the_tokens_of_the_replies(folder: str) -> None:
    model, tokenizer = load_causal_lm(folder), load_tokenizer(folder)
    expected = _mean_loss(model, EXAMPLES)
    (loss,) = _fine_tune(model, tokenizer, EXAMPLES, num_steps=1)
    assert loss == pytest.approx(expected, rel=1e-4)


def test_nothing_but_what_predicts_a_reply_goes_through_the_output_head(folder: str) -> None:
    model, tokenizer = load_causal_lm(folder), load_tokenizer(folder)
    num_scored: list[int] = []
    model.lm_head.register_forward_hook(
        lambda head, inputs, logits: num_scored.append(logits.numel() // logits.shape[-1])
    )
    _fine_tune(model, tokenizer, EXAMPLES, num_steps=1)
    assert num_scored == [2 + 3]  # Of 11 tokens of prompts and replies, and one of padding.


def test_replies_are_learned(folder: str) -> None:
    model, tokenizer = load_causal_lm(folder), load_tokenizer(folder)
    _fine_tune(model, tokenizer, EXAMPLES, num_steps=30)
    assert _mean_loss(model.eval(), EXAMPLES) < 1  # Before: about log 1024, 6.9.


def test_with_bfloat16_products_are_rounded_and_weights_are_not(folder: str) -> None:
    model, tokenizer = load_causal_lm(folder, "float32"), load_tokenizer(folder)
    products: set[torch.dtype] = set()
    model.model.layers[0].mlp.up_proj.register_forward_hook(
        lambda layer, inputs, product: products.add(product.dtype)
    )
    _fine_tune(model, tokenizer, EXAMPLES, num_steps=1, bfloat16=True)
    assert products == {torch.bfloat16}
    weights = model.model.layers[0].mlp.up_proj.weight.detach()
    assert weights.dtype == torch.float32
    assert not torch.equal(weights, weights.bfloat16().float())  # The step was finer than bfloat16.
