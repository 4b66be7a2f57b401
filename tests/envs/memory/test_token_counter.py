import contextlib
import sqlite3
import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from builders import write_byte_tokenizer
from memdojo.envs.memory import MemoryStore
from memdojo.envs.memory.analysis import count_tokens
from memdojo.envs.memory.persistence import load_store, save_store
from memdojo.envs.memory.room import fits_alone, has_room
from memdojo.envs.memory.token_counter import ModelTokenCounter, settled_tokenizer, token_counter
from memdojo.envs.types import Add, Capacity, OperationStatus, Rewrite, Update
from memdojo.errors import ConfigError, MissingDependencyError


@pytest.fixture
def of_bytes(tmp_path: Path) -> str:
    return write_byte_tokenizer(tmp_path / "model")


def test_without_a_tokenizer_tokens_are_counted_by_rule() -> None:
    counter = token_counter(None)
    assert counter.name is None
    assert counter.count("Ann: I moved.") == count_tokens("Ann: I moved.") == 5
    assert (counter.exceeds("one two three", 2), counter.exceeds("one two three", 3)) == (True, False)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("I moved.", 8),
        ("Zoë", 4),
        ("日本", 6),
        # Longer than the folder's truncation, shorter than its padding, and too long to be remembered.
        ("a" * 50, 50),
        ("a" * 20_000, 20_000),
        # The letters of a special token, which the model would otherwise take for one token.
        ("<|end|>", 7),
        ("\ud800", 1),
    ],
)
def test_a_model_counts_texts_as_text(text: str, tokens: int, of_bytes: str) -> None:
    counter = token_counter(of_bytes)
    assert counter.name == of_bytes
    for _ in range(2):
        assert counter.count(text) == tokens
    assert counter.exceeds(text, tokens - 1)
    assert not counter.exceeds(text, tokens)


def test_memdojos_tiny_model_counts_as_it_encodes(tiny_language_model: Path) -> None:
    counter = token_counter(str(tiny_language_model))
    # A verb of the prompt formats is one token, a blank one with the word behind it, and a digit one.
    assert [counter.count(text) for text in ("NOOP", "1234", "NOOP1")] == [1, 4, 2]
    assert counter.count("<|end|>") > 1


def test_what_a_tokenizer_does_not_know_counts_by_rule() -> None:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "Ann": 1, "moved": 2}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    counter = ModelTokenCounter("words", tokenizer)
    assert counter.count("Ann moved") == 2
    assert counter.count("Ann moved home") == 3
    # One unknown word of 3,000 letters is no single token.
    assert counter.count("Ann " + "x" * 3000) == 1 + count_tokens("x" * 3000)
    assert counter.count(" ") == 1


def test_a_tokenizer_is_a_folder_or_its_file(of_bytes: str) -> None:
    assert token_counter(f"{of_bytes}/tokenizer.json").count("abc") == 3


@pytest.mark.parametrize("content", [None, "", "{}", '{"model": 3}'])
def test_a_tokenizer_that_cannot_be_loaded_is_an_error(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(ConfigError, match=r"cannot be loaded.*give the folder of a model") as caught:
        token_counter(str(tmp_path))
    assert str(tmp_path) in str(caught.value)
    with pytest.raises(ConfigError, match="there is no file"):
        token_counter(str(tmp_path / "nowhere"))


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingDependencyError, match=r"tokenizers.*pip install"):
        token_counter(str(tmp_path))


def test_a_path_is_settled_and_a_name_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    assert settled_tokenizer("model") == str(tmp_path / "model")
    assert settled_tokenizer("org/model") == "org/model"


def test_all_limits_of_a_store_count_by_its_tokenizer(of_bytes: str) -> None:
    store = MemoryStore(Capacity(max_tokens=10, max_entry_tokens=8, max_core_tokens=3, tokenizer=of_bytes))
    assert store.apply(Add("A dog."), 0).applied
    assert store.tokens == store.count_tokens("A dog.") == 6
    # By rule each of these is a token or two.
    assert store.apply(Add("elephants"), 0).status is OperationStatus.TOO_LONG
    assert store.apply(Rewrite("core"), 0).status is OperationStatus.TOO_LONG
    assert store.apply(Add("horse"), 0).status is OperationStatus.STORE_FULL
    assert store.apply(Update(1, "A donkey"), 0).applied
    assert store.tokens == 8
    assert (fits_alone(store, "elephants"), fits_alone(store, "elephant")) == (False, True)
    assert (has_room(store, "cat"), has_room(store, "ox")) == (False, True)
    assert store.apply(Add("ox"), 0).applied
    assert store.is_full
    assert store.fork().tokens == 10


def test_stores_over_the_same_texts_count_each_by_its_own_tokenizer(of_bytes: str) -> None:
    by_rule = MemoryStore()
    by_rule.apply(Add("A dog."), 0)
    by_bytes = MemoryStore.from_entries(
        by_rule.entries, capacity=Capacity(tokenizer=of_bytes), corpus=by_rule.corpus.base
    )
    assert (by_rule.tokens, by_bytes.tokens) == (3, 6)
    by_rule.apply(Update(1, "A dog!"), 0)
    by_bytes.apply(Update(1, "A dog named Rex."), 0)
    assert (by_rule.tokens, by_bytes.tokens) == (3, 16)


def test_a_snapshot_of_another_count_is_not_restored(of_bytes: str) -> None:
    store = MemoryStore(Capacity(tokenizer=of_bytes))
    store.apply(Add("A dog."), 0)
    with pytest.raises(ConfigError, match=r"counts tokens by .*model, and the store by rule"):
        MemoryStore().restore(store.snapshot())


def test_a_file_keeps_the_tokenizer_of_its_store(of_bytes: str, tmp_path: Path) -> None:
    store = MemoryStore(Capacity(max_tokens=10, tokenizer=of_bytes))
    store.apply(Add("A dog."), 0)
    save_store(store, tmp_path / "memory")
    loaded = load_store(tmp_path / "memory")
    assert (loaded.capacity, loaded.tokens) == (store.capacity, 6)
    with contextlib.closing(sqlite3.connect(tmp_path / "memory")) as database, database:
        database.execute("UPDATE store SET capacity = replace(capacity, ?, '/nowhere')", (of_bytes,))
    # The file is whole; it is the tokenizer that is missing.
    with pytest.raises(ConfigError, match=r"the tokenizer .* cannot be loaded"):
        load_store(tmp_path / "memory")
