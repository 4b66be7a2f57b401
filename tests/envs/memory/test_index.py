import math
import random

import bm25s
import numpy as np
import pytest

from memdojo.envs.memory import BM25Retriever, Compaction, Corpus, MemoryStore, analyze
from memdojo.envs.types import Add, Delete, Update

# fmt: off
WORDS = [
    "dog", "cat", "bird", "river", "mountain", "piano", "guitar", "job", "lawyer", "nurse", "paris", "london",
    "may", "june", "seven", "adopt", "sing", "run",
]
# fmt: on
QUERIES = [
    "dog",
    "the cat sings by the river",
    "Paris in May May",
    "unknown words only",
    "lawyer job job job",
    "",
]


def random_text(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(1, 9))) if rng.random() < 0.95 else "who is it"


def reference_scores(store: MemoryStore, query: str, k1: float, b: float) -> np.ndarray:
    tokens = [analyze(entry.text) for entry in store]
    if not any(tokens):
        return np.zeros(len(store))
    reference = bm25s.BM25(method="lucene", k1=k1, b=b, dtype="float64")
    reference.index(tokens, show_progress=False)
    known = [token for token in analyze(query) if token in reference.vocab_dict]
    return reference.get_scores(known) if known else np.zeros(len(store))


def assert_scores_equal_reference(store: MemoryStore, k1: float = 1.2, b: float = 0.75) -> None:
    for query in QUERIES:
        scores = store.index.scores(query, k1, b)[store.documents]
        np.testing.assert_allclose(scores, reference_scores(store, query, k1, b), atol=1e-5, rtol=0)


def write_at_random(store: MemoryStore, rng: random.Random, num_writes: int) -> None:
    for step in range(num_writes):
        ids = [entry.id for entry in store.entries]
        draw = rng.random()
        if draw < 0.5 or not ids:
            store.apply(Add(random_text(rng)), step)
        elif draw < 0.8:
            store.apply(Update(rng.choice(ids), random_text(rng)), step)
        else:
            store.apply(Delete(rng.choice(ids)), step)


def test_scores_by_hand() -> None:
    store = MemoryStore(corpus=Corpus(str.split))
    for text in ("dog cat", "dog dog", "bird bird bird bird"):
        store.apply(Add(text), 0)
    # N = 3, mean length 8/3; "dog" is in two entries, "cat" in one.
    idf_dog, idf_cat = math.log(1 + 1.5 / 2.5), math.log(1 + 2.5 / 1.5)
    penalty = 1.2 * (0.25 + 0.75 * 2 / (8 / 3))
    expected = [idf_dog / (1 + penalty) + idf_cat / (1 + penalty), idf_dog * 2 / (2 + penalty), 0.0]
    assert store.index.scores("dog cat").tolist() == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("k1", "b"), [(1.2, 0.75), (0.5, 0.0), (2.0, 1.0)])
def test_scores_equal_bm25s_after_any_writes_and_forks(seed: int, k1: float, b: float) -> None:
    rng = random.Random(seed)
    base = Corpus(texts=[random_text(rng) for _ in range(10)]) if seed % 2 else None
    stores = [MemoryStore(corpus=base)]
    for _ in range(12):
        store = rng.choice(stores)
        write_at_random(store, rng, 15)
        if len(stores) < 4:
            stores.append(store.fork())
        for each in stores:
            assert_scores_equal_reference(each, k1, b)


def test_entries_with_equal_texts_count_as_often_as_they_are() -> None:
    store = MemoryStore()
    for text in ("a dog", "a dog", "a cat", "a dog", "two cats and a dog"):
        store.apply(Add(text), 0)
    store.apply(Delete(2), 1)
    assert_scores_equal_reference(store)
    assert store.index.document_frequency(["dog", "cat", "cow"]).tolist() == [3, 2, 0]


def test_empty_store_scores_nothing() -> None:
    assert MemoryStore().index.scores("dog").tolist() == []
    emptied = MemoryStore()
    emptied.apply(Add("dog"), 0)
    emptied.apply(Delete(1), 0)
    assert BM25Retriever().search(emptied, "dog", 5) == ()


def test_forks_do_not_see_each_others_writes() -> None:
    store = MemoryStore()
    store.apply(Add("the dog barks"), 0)
    fork = store.fork()
    fork.apply(Add("a dog and another dog"), 1)
    fork.apply(Update(1, "the cat purrs"), 1)
    assert [hit.entry.text for hit in BM25Retriever().search(store, "dog cat", 5)] == ["the dog barks"]
    store.apply(Delete(1), 1)
    assert len(BM25Retriever().search(fork, "dog cat", 5)) == 2
    assert_scores_equal_reference(store)
    assert_scores_equal_reference(fork)


def test_compaction_keeps_scores_to_the_last_bit() -> None:
    base = Corpus(texts=[f"dog {number}" for number in range(50)])
    compacting = MemoryStore(corpus=base, compaction=Compaction(max_ratio=4, slack=1024))
    growing = MemoryStore(corpus=base, compaction=Compaction(max_ratio=math.inf))
    for store in (compacting, growing):
        for number in range(20):
            store.apply(Add(f"dog {number} sings"), 0)
        for number in range(3000):
            store.apply(Update(number % 20 + 1, f"cat {number % 7} dog {number}"), 1)
    assert len(growing.corpus) > 3000
    assert len(compacting.corpus) < 50 + 4 * 20 + 1024 + 20
    assert compacting.entries == growing.entries
    for query in ("dog", "cat 3", "2990"):
        ours, theirs = (store.index.scores(query)[store.documents] for store in (compacting, growing))
        assert ours.tolist() == theirs.tolist()
    assert_scores_equal_reference(compacting)


def test_store_on_a_much_larger_corpus_does_not_compact() -> None:
    base = Corpus(texts=[f"turn {number} of a long dialogue" for number in range(5000)])
    store = MemoryStore(corpus=base)
    layer = store.corpus
    for number in range(5000):
        store.apply(Add(base.text(number)), number)
        if len(store) > 10:
            store.apply(Delete(number - 9), number)
    assert store.corpus is layer
    assert store.corpus.num_own_documents == 0


def test_forks_that_fill_the_corpus_pay_for_one_compaction_and_not_each_for_its_own() -> None:
    store = MemoryStore()
    for number in range(500):
        store.apply(Add(f"entry {number}"), 0)
    layers = []
    for number in range(200):
        fork = store.fork()
        for again in range(20):
            fork.apply(Update(2, f"short life {number} {again}"), 2)
        layers.append(fork.corpus)
    assert len(set(layers)) == 2
    assert layers == sorted(layers, key=layers.index)
    assert_scores_equal_reference(fork)


def test_forking_leaves_document_ids_that_were_read_valid() -> None:
    store = MemoryStore()
    store.apply(Add("the dog"), 0)
    for number in range(1200):
        store.fork().apply(Update(1, f"dead {number}"), 0)
    store.apply(Add("the cat"), 0)
    documents, scores = store.documents, store.index.scores("cat")
    for number in range(1200):
        store.fork().apply(Update(1, f"dead again {number}"), 0)
    assert store.documents is documents
    assert store.index.scores("cat")[documents].tolist() == scores[documents].tolist()


def test_store_that_is_forked_or_saved_at_every_step_still_compacts() -> None:
    chain, saved = MemoryStore(), MemoryStore()
    for number in range(4000):
        chain = chain.fork()
        for store in (chain, saved):
            store.apply(Update(1, f"text {number}") if len(store) else Add("text"), number)
        saved.snapshot()
    assert len(chain.corpus) < 2000
    assert len(saved.corpus) < 2000


def test_repeated_words_of_a_query_count_repeatedly() -> None:
    store = MemoryStore()
    store.apply(Add("dog"), 0)
    once, twice = store.index.scores("dog")[0], store.index.scores("dog dog")[0]
    assert twice == 2 * once
