import subprocess
import sys

import numpy as np
import pytest

from memdojo.envs.memory import HashedNgramEmbedder, WordLlamaEmbedder, list_embedders, make_embedder
from memdojo.envs.memory.embedders import MINILM
from memdojo.errors import ConfigError, MissingDependencyError, UnknownNameError

TEXTS = [
    "Caroline adopted a dog",
    "Caroline's dogs",
    "the stock market fell",
    "",
    "?!",
    "who is it",
    "\ud800 x",
]


def test_rows_have_unit_length_even_without_any_term() -> None:
    rows = HashedNgramEmbedder(64).embed(TEXTS)
    assert rows.shape == (len(TEXTS), 64)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-6)
    assert HashedNgramEmbedder(64).embed([]).shape == (0, 64)


def test_row_depends_on_its_text_alone() -> None:
    embedder = HashedNgramEmbedder()
    together = embedder.embed(TEXTS)
    for row, text in zip(together, TEXTS, strict=True):
        np.testing.assert_array_equal(embedder.embed([text])[0], row)


def test_related_texts_are_nearer_than_unrelated_ones() -> None:
    dog, dogs, stocks = HashedNgramEmbedder().embed(TEXTS[:3])
    assert dog @ dogs > 0.4 > 0.2 > dog @ stocks


def test_vectors_are_the_same_in_every_process() -> None:
    code = (
        "from memdojo.envs.memory.embedders import HashedNgramEmbedder as E;"
        "print(E(32).embed(['Caroline adopted a dog']).tobytes().hex())"
    )
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"}
    )
    assert other.stdout.strip() == HashedNgramEmbedder(32).embed(["Caroline adopted a dog"]).tobytes().hex()


def test_name_tells_the_settings_apart() -> None:
    assert HashedNgramEmbedder(64).name != HashedNgramEmbedder(32).name


def test_dimension_must_be_positive() -> None:
    with pytest.raises(ConfigError, match="dim=0"):
        HashedNgramEmbedder(0)


def test_wordllama_knows_synonyms() -> None:
    pytest.importorskip("wordllama")
    embedder = make_embedder("wordllama")
    rows = embedder.embed(["She bought a car.", "She purchased an automobile.", "He likes soup.", ""])
    assert rows.shape == (4, embedder.dim)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.2


@pytest.mark.slow
def test_a_transformer_knows_what_is_meant_and_embeds_a_call_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sentence_transformers", reason="needs the extra embeddings")
    # Nothing is asked of the hub: the weights come from a package.
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    embedder = make_embedder("sentence_transformer")
    assert (embedder.dim, embedder.name) == (384, f"sentence_transformer:{MINILM}")
    texts = ["Where does she live?", "Her flat is in Oslo.", "The soup was cold.", ""]
    rows = embedder.embed(texts)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.1
    expected = rows.copy()
    rows[:] = 0
    monkeypatch.setattr(embedder, "_model", None)
    np.testing.assert_array_equal(embedder.embed(texts), expected)
    assert embedder.embed([]).shape == (0, 384)


@pytest.mark.parametrize(
    ("module", "name", "command"),
    [
        ("wordllama", "wordllama", "pip install wordllama"),
        ("sentence_transformers", "sentence_transformer", "pip install sentence-transformers"),
    ],
)
def test_missing_library_is_named_with_the_command(monkeypatch, module, name, command) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=command):
        make_embedder(name)


def test_unknown_name_lists_the_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'wordllama'"):
        make_embedder("wordlama")
    assert list(list_embedders()) == ["hashed_ngrams", "sentence_transformer", "wordllama"]
    assert WordLlamaEmbedder.__doc__


def test_hashed_ngrams_bring_texts_of_any_script_near_each_other() -> None:
    embedder = HashedNgramEmbedder(512)
    for said, asked, other in (
        ("我的狗叫雷克斯。", "狗叫什么?", "他住在北京"),
        ("หมาของฉันชื่อเร็กซ์", "หมาชื่ออะไร", "วันนี้ฝนตกหนัก"),
        ("Zoe\u0308’s résumé", "Zoës resume", "the lamp is green"),
    ):
        vectors = embedder.embed([said, asked, other])
        assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.1
