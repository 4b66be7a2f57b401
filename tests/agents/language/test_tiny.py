import string
from pathlib import Path
from typing import Any

import pytest
import torch

from memdojo.agents.engines.models import load_causal_lm, load_tokenizer
from memdojo.agents.language import tiny as language_tiny
from memdojo.agents.language.tiny import FORMAT_WORDS, build_tiny_model, train_tokenizer
from memdojo.envs.prompts.plain import PlainAnswerFormat, PlainFormat, PlainRankingFormat
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.streams.rendering import render_turn
from memdojo.errors import ConfigError

SMALL: dict[str, Any] = {"hidden_dim": 32, "num_layers": 1, "num_heads": 1, "num_streams": 20}
FILES = {
    *("config.json", "generation_config.json", "model.safetensors"),
    *("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"),
}


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return train_tokenizer(load_streams("synthetic:train", num_streams=200))


def _build(folder: Path, **sizes: Any) -> Path:
    folder.mkdir()
    build_tiny_model(folder, **{**SMALL, **sizes})
    return folder


def _tokens(tokenizer: Any, text: str) -> list[str]:
    tokens: list[str] = tokenizer.convert_ids_to_tokens(tokenizer(text).input_ids)
    return tokens


def test_the_same_arguments_give_the_same_files_whatever_was_drawn_before(tmp_path: Path) -> None:
    torch.manual_seed(5)
    first = _build(tmp_path / "a")
    after = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(1), after)  # The global generator was left alone.
    second = _build(tmp_path / "b")
    assert {path.name for path in first.iterdir()} == FILES
    for name in FILES:
        assert (first / name).read_bytes() == (second / name).read_bytes()
    other = _build(tmp_path / "c", seed=1)
    assert (first / "tokenizer.json").read_bytes() == (other / "tokenizer.json").read_bytes()
    assert (first / "model.safetensors").read_bytes() != (other / "model.safetensors").read_bytes()


def test_the_default_model_has_1_2_million_weights(tmp_path: Path) -> None:
    # Embedding, 4 layers of attention (4 d d), MLP (3 * 4 d d) and two norms, and the last norm; d = 128.
    d = 128
    assert 1024 * d + 4 * (4 * d * d + 12 * d * d + 2 * d) + d == 1_180_800
    assert build_tiny_model(tmp_path, num_streams=20) == 1_180_800


def test_the_saved_model_is_loaded_with_tied_float32_weights(tmp_path: Path) -> None:
    folder = _build(tmp_path / "a", max_context_tokens=77)
    model = load_causal_lm(str(folder))
    assert model.dtype is torch.float32
    assert model.lm_head.weight is model.model.embed_tokens.weight
    assert model.config.max_position_embeddings == 77
    assert model.config.bos_token_id is None
    tokenizer = load_tokenizer(str(folder))
    ids = tokenizer("NOOP", return_tensors="pt").input_ids
    assert model(ids).logits.shape == (1, 1, 1024)


def test_the_chat_template_marks_each_message_and_ends_it(tokenizer: Any) -> None:
    messages = [{"role": "system", "content": "Keep it."}, {"role": "user", "content": "NEW\nAnn: 12\n"}]
    text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    assert text == "<|system|>Keep it.<|end|><|user|>NEW\nAnn: 12\n<|end|><|assistant|>"
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
    assert [ids[0], ids[-2], ids[-1]] == [2, 1, 4]
    assert ids.count(3) == 1
    assert tokenizer.decode(ids, skip_special_tokens=True) == "Keep it.NEW\nAnn: 12\n"
    spoken = [*messages, {"role": "assistant", "content": "NOOP"}]
    text_of_all = tokenizer.apply_chat_template(spoken, tokenize=False)
    assert text_of_all == f"{text}NOOP<|end|>"


def test_marks_are_the_first_tokens(tokenizer: Any) -> None:
    marks = ["<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
    assert tokenizer.convert_tokens_to_ids(marks) == [0, 1, 2, 3, 4]
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.bos_token_id) == (0, 1, None)


def test_digits_are_tokens_of_their_own(tokenizer: Any) -> None:
    assert _tokens(tokenizer, "2023-10-07") == list("2023-10-07")
    assert _tokens(tokenizer, "KEEP a 12") == ["KEEP", "Ġa", "Ġ", "1", "2"]


def test_words_and_letters_of_the_formats_are_one_token_each(tokenizer: Any) -> None:
    assert all(_tokens(tokenizer, word) == [word] for word in FORMAT_WORDS)
    assert all(_tokens(tokenizer, f" {letter}") == [f"Ġ{letter}"] for letter in string.ascii_lowercase)


def test_every_verb_that_the_plain_formats_write_is_known() -> None:
    for prompt_format in (PlainFormat, PlainRankingFormat, PlainAnswerFormat):
        for example in prompt_format.examples:
            words = {word for word in example.split() if word.isupper() and len(word) > 1}
            assert words <= set(FORMAT_WORDS)


@pytest.mark.parametrize("text", ["naïve  café\n\t", "漢字 🙂 \x00", " '  n't .", ""])
def test_any_text_comes_back_as_it_was(tokenizer: Any, text: str) -> None:
    assert tokenizer.decode(tokenizer(text).input_ids) == text


def test_a_held_out_turn_takes_some_forty_tokens(tokenizer: Any) -> None:
    streams = load_streams("synthetic:validation", num_streams=20)
    lengths = [len(tokenizer(render_turn(turn)).input_ids) for stream in streams for turn in stream.turns]
    assert 30 < sum(lengths) / len(lengths) < 40
    assert max(lengths) < 120


def test_only_training_streams_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def load(spec: str, **options: Any) -> Any:
        asked.append((spec, options))
        return load_streams(spec, **options)

    monkeypatch.setattr(language_tiny, "load_streams", load)
    _build(tmp_path / "a")
    assert asked == [("synthetic:train", {"num_streams": 20})]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"hidden_dim": 100, "num_heads": 3}, "must be a multiple of 96, 32 for each head"),
        ({"num_layers": 0}, "num_layers, num_heads and max_context_tokens start at 1"),
        ({"num_streams": 0}, "num_streams is 0; it starts at 1"),
        ({"vocab_size": 300}, "leaves MEMORY and 14 more words"),
        ({"vocab_size": 50_000, "num_streams": 1}, "have text for"),
    ],
)
def test_sizes_that_do_not_go_together_are_refused(
    tmp_path: Path, sizes: dict[str, int], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        build_tiny_model(tmp_path, **{**SMALL, **sizes})
    assert list(tmp_path.iterdir()) == []
