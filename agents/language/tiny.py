"""A tiny language model for tests and experiments on a laptop, with a tokenizer for the synthetic streams."""

from __future__ import annotations

import itertools
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from memdojo.envs.prompts.plain import PlainAnswerFormat, PlainFormat, PlainRankingFormat
from memdojo.envs.quoting import one_line
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError

from ..engines.models import save_model

PAD, END, SYSTEM, USER, ASSISTANT = MARKS = ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
"""The chat's own tokens, with the ids 0 to 4."""

TEXT_SOURCE = "synthetic:train"
"""The only text that the tokenizer learns from: held-out streams must stay unseen."""

CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)

FORMAT_WORDS = (
    *("MEMORY", "NEW", "END", "QUESTION", "CANDIDATES", "CHOOSE", "NOOP"),
    *("ADD", "REPLACE", "UPDATE", "DELETE", "KEEP", "DROP", "USE", "ANSWER"),
)
"""Verbs and headers of the plain and the brief prompt formats; each is one token."""

_HEAD_DIM_STEP = 32


def build_tiny_model(
    folder: Path,
    *,
    hidden_dim: int = 128,
    num_layers: int = 4,
    num_heads: int = 4,
    vocab_size: int = 1024,
    max_context_tokens: int = 2048,
    num_streams: int = 200,
    seed: int = 0,
) -> int:
    """Write a randomly initialised Llama and its tokenizer into a folder; the same arguments, the same files.

    Weights are float32, input and output embedding are tied, and the tokenizer is that of `train_tokenizer`.

    Args:
        folder: Where to write. The caller makes sure that it appears whole or not at all.
        hidden_dim: Width; a multiple of 32 for each head, which is what vLLM's attention takes.
        vocab_size: Tokens, chat marks and the 256 bytes included.
        num_streams: Streams of `synthetic:train` that the tokenizer is trained on.
        seed: Of the weights.

    Returns:
        The number of weights.

    Raises:
        ConfigError: If sizes do not go together.
        OSError: If the file system refuses.
    """
    if num_streams < 1:
        raise ConfigError(f"num_streams is {num_streams}; it starts at 1.")
    shape = LlamaShape(hidden_dim, num_layers, num_heads, 4 * hidden_dim, max_context_tokens)
    tokenizer = train_tokenizer(load_streams(TEXT_SOURCE, num_streams=num_streams), vocab_size)
    model = random_llama(shape, tokenizer, seed)
    save_model(folder, model, tokenizer, model.generation_config)
    num_weights: int = model.num_parameters()
    return num_weights


@dataclass(frozen=True, slots=True)
class LlamaShape:
    """The sizes of a small Llama.

    Attributes:
        hidden_dim: Width; a multiple of 32 for each head, which is what vLLM's attention takes.
        num_layers: Layers.
        num_heads: Attention heads.
        mlp_dim: Width of the feed-forward part of a layer.
        max_context_tokens: Most tokens of prompt and response together.

    Raises:
        ConfigError: If the sizes do not go together.
    """

    hidden_dim: int
    num_layers: int
    num_heads: int
    mlp_dim: int
    max_context_tokens: int

    def __post_init__(self) -> None:
        if min(self.hidden_dim, self.num_layers, self.num_heads, self.max_context_tokens) < 1:
            raise ConfigError("hidden_dim, num_layers, num_heads and max_context_tokens start at 1.")
        if self.hidden_dim % (_HEAD_DIM_STEP * self.num_heads):
            raise ConfigError(
                f"hidden_dim is {self.hidden_dim} and num_heads {self.num_heads}; the width must be a "
                f"multiple of {_HEAD_DIM_STEP * self.num_heads}, {_HEAD_DIM_STEP} for each head."
            )


def random_llama(shape: LlamaShape, tokenizer: PreTrainedTokenizerBase, seed: int) -> LlamaForCausalLM:
    """Return a Llama of float32 weights for a tokenizer; input and output embedding are one.

    Args:
        shape: Its sizes.
        tokenizer: With the chat's own tokens.
        seed: Draws the weights; the global generator is left alone.
    """
    ids: dict[str, Any] = {
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": None,
    }
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.hidden_dim,
        intermediate_size=shape.mlp_dim,
        num_hidden_layers=shape.num_layers,
        num_attention_heads=shape.num_heads,
        num_key_value_heads=shape.num_heads,
        max_position_embeddings=shape.max_context_tokens,
        tie_word_embeddings=True,
        **ids,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(**ids)
    return model


def train_tokenizer(streams: Iterable[Stream], vocab_size: int = 1024) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE tokenizer on streams as prompts render them.

    It can write any text. A digit is always a token of its own, and so are the chat's marks and the verbs and
    headers of the prompt formats. The chat template is `<|system|>...<|end|><|user|>...<|end|><|assistant|>`.

    Raises:
        ConfigError: If the vocabulary is too small for bytes and words, or larger than the text is rich.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(MARKS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_text(streams), trainer)
    if tokenizer.get_vocab_size() < vocab_size:
        raise ConfigError(
            f"vocab_size is {vocab_size}, but the streams have text for {tokenizer.get_vocab_size()} tokens "
            "only; lower it, or use more streams."
        )
    broken = [word for word in FORMAT_WORDS if tokenizer.token_to_id(word) is None]
    if broken:
        raise ConfigError(
            f"vocab_size is {vocab_size}, which leaves {broken[0]} and {len(broken) - 1} more words of the "
            "prompt formats in pieces; raise it."
        )
    return chat_tokenizer(tokenizer)


def chat_tokenizer(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    """Return a tokenizer as transformers takes it, with the chat's own tokens and template.

    Tokens that it lacks get the next ids.
    """
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=[SYSTEM, USER, ASSISTANT],
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def _text(streams: Iterable[Stream]) -> Iterator[str]:
    """Yield the lines of prompts and completions; format words often enough to become one token each."""
    words, letters = itertools.cycle(FORMAT_WORDS), itertools.cycle(string.ascii_lowercase)
    for stream in streams:
        for prompt_format in (PlainFormat, PlainRankingFormat, PlainAnswerFormat):
            yield prompt_format.instructions
        for turn in stream.turns:
            line = one_line(render_turn(turn))
            yield line
            # As an entry: after a blank, under a date.
            yield f"[1] [2023-05-08] {line}"
            yield f"{next(words)} {next(letters)}"
        for question in stream.questions:
            yield f"QUESTION {one_line(question.text)}"
            yield from (f"ANSWER {answer}" for answer in question.answers)
