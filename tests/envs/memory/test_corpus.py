import pickle

import numpy as np
import pytest

from memdojo.envs.memory import Corpus, HashedNgramEmbedder, MemoryStore
from memdojo.envs.memory.token_counter import token_counter
from memdojo.envs.types import Add


def test_equal_texts_are_one_document_analyzed_once() -> None:
    analyzed = []

    def analyzer(text: str) -> list[str]:
        analyzed.append(text)
        return text.split()

    corpus = Corpus(analyzer)
    assert [corpus.add(text) for text in ("a b", "c", "a b")] == [0, 1, 0]
    assert analyzed == ["a b", "c"]
    assert len(corpus) == 2
    assert corpus.text(1) == "c"
    assert corpus.document("never seen") is None


def test_postings_are_pairs_of_document_and_frequency_term_by_term() -> None:
    corpus = Corpus(str.split, ["x y x", "y", "z"])
    postings, found, sizes = corpus.postings(["x", "unknown", "y"])
    assert postings.tolist() == [[0, 2], [0, 1], [1, 1]]
    assert found == [0, 2]
    assert sizes == [1, 2]


def test_postings_of_unknown_terms_are_empty() -> None:
    postings, found, sizes = Corpus(str.split).postings(["x"])
    assert postings.shape == (0, 2)
    assert found == sizes == []


def test_appending_works_while_somebody_keeps_what_was_read() -> None:
    corpus = Corpus(str.split, ["x"])
    kept = corpus.postings(["x"])[0], corpus.num_terms, corpus.vectors(HashedNgramEmbedder(8))
    for number in range(200):
        corpus.add(f"x {number}")
    assert kept[0].tolist() == [[0, 1]]


def test_counts_of_terms_and_tokens() -> None:
    corpus = Corpus(texts=["The dog, the dog!"])
    assert corpus.num_terms.tolist() == [2]
    assert corpus.num_tokens(0, token_counter(None)) == 6


def test_layer_sees_the_corpus_below_and_keeps_its_own_texts_to_itself() -> None:
    base = Corpus(str.split, ["x y", "y"])
    layer, other = base.layer(), base.layer()
    assert layer.add("y") == 1
    assert layer.add("y z") == other.add("q") == 2
    assert layer.text(0) == "x y"
    assert layer.text(2) == "y z"
    assert layer.num_own_documents == 1
    assert layer.num_terms.tolist() == [2, 1, 2]
    assert layer.postings(["y"])[0].tolist() == [[0, 1], [1, 1], [2, 1]]
    assert "q" in other
    assert "q" not in layer
    assert len(base) == 2


def test_corpus_under_stores_is_frozen_but_known_texts_can_still_be_looked_up() -> None:
    base = Corpus(str.split, ["x"])
    MemoryStore(corpus=base)
    assert base.add("x") == 0
    with pytest.raises(ValueError, match="frozen because stores build on it"):
        base.add("y")


def test_corpus_of_a_store_cannot_be_given_to_another() -> None:
    with pytest.raises(ValueError, match="belongs to a store"):
        MemoryStore(corpus=MemoryStore().corpus)


def test_vectors_are_embedded_once_and_shared_by_layers() -> None:
    class Counting(HashedNgramEmbedder):
        embedded = 0

        def embed(self, texts):
            self.embedded += len(texts)
            return super().embed(texts)

    embedder = Counting(16)
    base = Corpus(texts=["one dog", "two cats"])
    layers = [base.layer() for _ in range(3)]
    for layer in layers:
        layer.add("three birds")
        assert layer.vectors(embedder).shape == (3, 16)
    assert embedder.embedded == 5
    np.testing.assert_array_equal(
        layers[0].vectors(embedder), embedder.embed(["one dog", "two cats", "three birds"])
    )
    np.testing.assert_array_equal(layers[0].vector(embedder, "two cats"), embedder.embed(["two cats"])[0])
    assert layers[0].vector(embedder, "a text that is no document").shape == (16,)


def test_vectors_of_nothing_have_no_rows_and_none_can_be_written() -> None:
    corpus = Corpus()
    embedder = HashedNgramEmbedder(16)
    assert corpus.vectors(embedder).shape == (0, 16)
    corpus.add("a dog")
    with pytest.raises(ValueError, match="read-only"):
        corpus.vectors(embedder)[0, 0] = 1.0


def test_corpus_pickles_with_its_ids_and_its_base() -> None:
    base = Corpus(texts=["one dog"])
    stores = [MemoryStore(corpus=base) for _ in range(2)]
    stores[0].apply(Add("two dogs"), 0)
    first, second = pickle.loads(pickle.dumps(stores))
    assert first.corpus.base is second.corpus.base
    assert first.corpus.document("two dogs") == 1
    with pytest.raises(ValueError, match="frozen"):
        first.corpus.base.add("new")
