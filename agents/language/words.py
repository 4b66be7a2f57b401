"""A small language model around word embeddings that were learned elsewhere, for laptops."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer
from transformers import PreTrainedTokenizerFast

from memdojo.envs.memory.embedders import load_wordllama
from memdojo.errors import ConfigError

from ..engines.models import save_model
from .tiny import FORMAT_WORDS, LlamaShape, chat_tokenizer, random_llama

EMBEDDING_SCALE = 0.25
"""Root mean square of the embeddings.

A step of Adam moves a word by about the learning rate, however seldom it comes: at the usual 0.02 the words
of the training streams would soon be somewhere else, and those that only held-out streams have left behind.
"""


def build_words_model(
    folder: Path,
    *,
    hidden_dim: int = 128,
    num_layers: int = 2,
    num_heads: int = 4,
    max_context_tokens: int = 2048,
    seed: int = 0,
) -> int:
    """Write a Llama with WordLlama's token embeddings and tokenizer into a folder; all else in it is random.

    Words that no training stream has lie beside those that mean the same. The embeddings are trained like all
    other weights. Input and output embedding are tied.

    Args:
        folder: Where to write. The caller makes sure that it appears whole or not at all.
        hidden_dim: Width: so many of WordLlama's 256 numbers are taken; a multiple of 32 for each head.
        num_layers: Layers.
        num_heads: Attention heads.
        max_context_tokens: Most tokens of prompt and response together.
        seed: Draws the other weights.

    Returns:
        The number of weights.

    Raises:
        ConfigError: If sizes do not go together.
        MissingDependencyError: If the package `wordllama` is not installed.
        OSError: If the file system refuses.
    """
    shape = LlamaShape(hidden_dim, num_layers, num_heads, 2 * hidden_dim, max_context_tokens)
    words = load_wordllama()
    num_words, dim = words.embedding.shape
    if hidden_dim > dim:
        raise ConfigError(f"hidden_dim is {hidden_dim}, and WordLlama's embeddings have {dim} numbers.")
    tokenizer = words_tokenizer(words.tokenizer)
    model = random_llama(shape, tokenizer, seed)
    known = torch.from_numpy(words.embedding[:, :hidden_dim]).float()
    known = known - known.mean(dim=0)
    with torch.no_grad():
        weight = model.get_input_embeddings().weight
        # The chat's own tokens and the words of the formats stay random.
        weight *= EMBEDDING_SCALE / model.config.initializer_range
        weight[:num_words] = known * (EMBEDDING_SCALE / known.square().mean().sqrt())
    save_model(folder, model, tokenizer, model.generation_config)
    num_weights: int = model.num_parameters()
    return num_weights


def words_tokenizer(original: Tokenizer) -> PreTrainedTokenizerFast:
    """Return WordLlama's tokenizer with the chat's own tokens, and the words of the prompt formats as tokens.

    It differs from the original in two things more: a text does not begin with a blank of its own, so that
    what was encoded piece by piece is decoded as it was, and nothing is put around a text.
    """
    parts: dict[str, Any] = json.loads(original.to_str())
    parts["normalizer"] = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    parts["decoder"]["decoders"] = [each for each in parts["decoder"]["decoders"] if each["type"] != "Strip"]
    parts |= {"post_processor": None, "padding": None, "truncation": None}
    tokenizer = chat_tokenizer(Tokenizer.from_str(json.dumps(parts)))
    tokenizer.add_tokens([AddedToken(word, single_word=True, normalized=False) for word in FORMAT_WORDS])
    return tokenizer
