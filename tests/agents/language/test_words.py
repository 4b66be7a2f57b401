import string
from pathlib import Path
from typing import Any

import pytest
import torch

from memdojo.agents.engines.models import load_causal_lm, load_tokenizer
from memdojo.agents.language.tiny import FORMAT_WORDS
from memdojo.agents.language.words import EMBEDDING_SCALE, build_words_model
from memdojo.errors import ConfigError

pytest.importorskip("wordllama")

SMALL: dict[str, Any] = {"hidden_dim": 64, "num_layers": 1, "num_heads": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("words")
    build_words_model(folder, **SMALL)
    return folder


def test_the_default_model_has_4_4_million_weights(tmp_path: Path) -> None:
    # 32,000 tokens, the 5 of the chat and 10 words of the formats that are none of them; 2 layers of
    # attention (4 d d), MLP (3 * d * 2 d) and two norms, and the last norm; d = 128.
    d = 128
    assert 32_015 * d + 2 * (4 * d * d + 6 * d * d + 2 * d) + d == 4_426_240
    assert build_words_model(tmp_path) == 4_426_240


@pytest.mark.parametrize(("word", "like", "unlike"), [("dog", "cat", "bank"), ("mother", "father", "Monday")])
def test_words_of_like_meaning_lie_near_each_other(folder: Path, word: str, like: str, unlike: str) -> None:
    vectors = load_causal_lm(str(folder)).get_input_embeddings().weight.detach()
    vocabulary = load_tokenizer(str(folder)).get_vocab()
    here, near, far = (vectors[vocabulary[f"▁{each}"]] for each in (word, like, unlike))
    assert torch.cosine_similarity(here, near, dim=0) > torch.cosine_similarity(here, far, dim=0) + 0.2


def test_all_embeddings_are_of_one_scale_and_tied_to_the_output(folder: Path) -> None:
    model = load_causal_lm(str(folder))
    assert model.lm_head.weight is model.model.embed_tokens.weight
    weight = model.lm_head.weight.detach()
    known, others = weight[:32_000], weight[32_000:]
    assert float(known.square().mean().sqrt()) == pytest.approx(EMBEDDING_SCALE)
    assert float(others.square().mean().sqrt()) == pytest.approx(EMBEDDING_SCALE, rel=0.1)


def test_the_tokenizer_keeps_any_text_and_has_the_words_of_the_formats_as_tokens(folder: Path) -> None:
    tokenizer = load_tokenizer(str(folder))
    for text in ("KEEP a 3\nUPDATE 12 b\nNOOP", "  Zoë: 42 pies!\n\n", "КЕЕР 猫", string.printable):
        assert tokenizer.decode(tokenizer(text).input_ids) == text
    for word in FORMAT_WORDS:
        assert len(tokenizer(word).input_ids) == 1
    # A word of the formats inside of another word is no token.
    assert tokenizer.tokenize("KEEPER")[0] != "KEEP"
    assert tokenizer.tokenize("KEEP a") == ["KEEP", "▁a"]


def test_the_chat_template_marks_each_message_and_ends_it(folder: Path) -> None:
    tokenizer = load_tokenizer(str(folder))
    ids = tokenizer.apply_chat_template(
        [{"role": "user", "content": "NEW\na Ann: hello"}], add_generation_prompt=True, return_dict=False
    )
    assert tokenizer.decode(ids) == "<|user|>NEW\na Ann: hello<|end|><|assistant|>"
    assert tokenizer.convert_ids_to_tokens(ids)[0] == "<|user|>"
    assert ids[-2] == tokenizer.eos_token_id


def test_the_same_arguments_give_the_same_files(folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(5)
    build_words_model(tmp_path, **SMALL)
    assert (tmp_path / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()
    assert (tmp_path / "tokenizer.json").read_bytes() == (folder / "tokenizer.json").read_bytes()


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"hidden_dim": 288, "num_heads": 9}, "hidden_dim is 288, and WordLlama's embeddings have 256"),
        ({"hidden_dim": 100}, "must be a multiple of 128"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(sizes: dict[str, int], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        build_words_model(tmp_path, **sizes)
