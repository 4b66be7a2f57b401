"""A tiny model with tokenizer and chat template, made once for all tests of the engines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from memdojo.agents.engines.engine import Generation, GenerationRequest

PAD, START, END = 0, 1, 2
CONTEXT_TOKENS = 128
VOCAB_SIZE = 300
TEMPLATE = (
    "{% for message in messages %}<start>{{ message['role'] }}\n{{ message['content'] }}<end>{% endfor %}"
    "{% if add_generation_prompt %}<start>assistant\n{% endif %}"
)


def make_tokenizer() -> PreTrainedTokenizerFast:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=["<pad>", "<start>", "<end>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(["Ana lives in Oslo. Where does Ana live? system user assistant"] * 9, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token="<start>",
        eos_token="<end>",
        pad_token="<pad>",
        chat_template=TEMPLATE,
    )


def make_model(seed: int = 0, *, tied: bool = True) -> LlamaForCausalLM:
    """Return a model that is sure enough of its next token for a wrong weight to show."""
    config = LlamaConfig(
        vocab_size=VOCAB_SIZE,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        # vLLM's attention on the CPU has no kernel for heads narrower than 32.
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=CONTEXT_TOKENS,
        tie_word_embeddings=tied,
        bos_token_id=START,
        eos_token_id=END,
        pad_token_id=PAD,
    )
    model = LlamaForCausalLM(config)
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if parameter.ndim == 2:
            torch.nn.init.normal_(parameter, std=0.3 if "embed" in name else 0.2, generator=generator)
    return model.eval()


def save_model(folder: Path, model: LlamaForCausalLM) -> str:
    model.save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_model(tmp_path_factory.mktemp("models") / "tiny", make_model())


@pytest.fixture(scope="session")
def untied_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_model(tmp_path_factory.mktemp("models") / "untied", make_model(tied=False))


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    return make_tokenizer()


@pytest.fixture(scope="session")
def new_model() -> Callable[..., LlamaForCausalLM]:
    """Make the tiny model with the weights of a seed; those of `tiny_model` have seed 0."""
    return make_model


@pytest.fixture(scope="session")
def exact_log_probs() -> Callable[[LlamaForCausalLM, GenerationRequest, Generation], list[float]]:
    """Compute the log-probability of each sampled token without any engine."""
    return log_probs_of


def log_probs_of(model: LlamaForCausalLM, request: GenerationRequest, generation: Generation) -> list[float]:
    prompt, reply = request.prompt_ids, generation.token_ids
    with torch.no_grad():
        logits = model(torch.tensor([[*prompt, *reply]])).logits[0, len(prompt) - 1 : -1]
    log_probs = torch.log_softmax(logits / (request.temperature or 1.0), dim=-1)
    chosen: list[float] = log_probs.gather(1, torch.tensor(reply)[:, None])[:, 0].tolist()
    return chosen
