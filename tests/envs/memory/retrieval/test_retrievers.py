import math

import numpy as np
import pytest

from builders import make_store
from memdojo.envs.memory import (
    BM25Retriever,
    DenseRetriever,
    FusionRetriever,
    MemoryStore,
    RandomRetriever,
    RecencyRetriever,
    WrittenOrderRetriever,
    list_retrievers,
    make_retriever,
)
from memdojo.envs.types import Add, Delete, Hit, Update
from memdojo.errors import ConfigError, UnknownNameError


def ids(hits: tuple[Hit, ...]) -> list[int]:
    return [hit.entry.id for hit in hits]


class Letters:
    """Vectors that can be worked by hand: the numbers of `a` and of `b` in the text."""

    dim = 2
    name = "letters"

    def embed(self, texts):
        rows = np.array([[text.count("a"), text.count("b")] for text in texts], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Fixed:
    def __init__(self, *order: int) -> None:
        self.order = order

    def search(self, store, query, k):
        return tuple(Hit(store.get(id), 0.0) for id in self.order[:k])


def test_bm25_returns_only_entries_that_share_a_term() -> None:
    store = make_store("the dog barks", "a cat", "dog and dog", "the dog barks")
    hits = BM25Retriever().search(store, "Dogs?", 10)
    assert ids(hits) == [3, 1, 4]
    assert hits[1].score == hits[2].score > 0
    assert ids(BM25Retriever().search(store, "Dogs?", 2)) == [3, 1]
    assert BM25Retriever().search(store, "who is it", 5) == ()


def test_bm25_score_by_hand() -> None:
    (hit,) = BM25Retriever(k1=1.0, b=0.0).search(make_store("dog dog", "cat"), "dog", 5)
    assert hit.score == pytest.approx(math.log(1 + 1.5 / 1.5) * 2 / (2 + 1))


@pytest.mark.parametrize("settings", [{"k1": -1.0}, {"k1": math.nan}, {"b": 1.5}, {"b": -0.1}])
def test_bm25_refuses_impossible_settings(settings) -> None:
    with pytest.raises(ConfigError, match="BM25 has k1"):
        BM25Retriever(**settings)


def test_dense_ranks_all_entries_by_cosine() -> None:
    store = make_store("b", "aab", "a", "ab")
    hits = DenseRetriever(Letters()).search(store, "aa", 3)
    assert ids(hits) == [3, 2, 4]
    assert [hit.score for hit in hits] == pytest.approx([1.0, 2 / math.sqrt(5), 1 / math.sqrt(2)])


def test_dense_sees_live_entries_only_also_on_a_much_larger_corpus() -> None:
    store = make_store(*("ab" * (i + 1) for i in range(20)), "a", "b")
    for id in range(1, 21):
        store.apply(Delete(id), 30)
    store.apply(Update(22, "aaab"), 31)
    hits = DenseRetriever(Letters()).search(store, "a", 5)
    assert ids(hits) == [21, 22]
    assert hits[1].score == pytest.approx(3 / math.sqrt(10))


def test_fusion_adds_reciprocal_ranks() -> None:
    store = make_store("one", "two", "three")
    hits = FusionRetriever((Fixed(1, 2), Fixed(2, 3, 1)), constant=60).search(store, "q", 3)
    assert ids(hits) == [2, 1, 3]
    assert [hit.score for hit in hits] == pytest.approx([1 / 62 + 1 / 61, 1 / 61 + 1 / 63, 1 / 62])


def test_fusion_breaks_ties_by_lower_id() -> None:
    hits = FusionRetriever((Fixed(2, 1), Fixed(1, 2))).search(make_store("one", "two"), "q", 2)
    assert ids(hits) == [1, 2]


def test_fusion_needs_something_to_fuse() -> None:
    with pytest.raises(ConfigError, match="no retrievers"):
        FusionRetriever(())
    with pytest.raises(ConfigError, match="depth=0"):
        FusionRetriever(depth=0)


def test_recency_ranks_by_last_change_of_text_then_by_higher_id() -> None:
    store = make_store("one", "two", "three")
    store.apply(Add("four"), 2)
    store.apply(Update(1, "ONE"), 9)
    hits = RecencyRetriever().search(store, "whatever", 3)
    assert ids(hits) == [1, 4, 3]
    assert [hit.score for hit in hits] == pytest.approx([1, 1 / 2, 1 / 3])


def test_written_order_is_that_of_the_ids_whatever_the_query() -> None:
    store = make_store("one", "two", "three")
    store.apply(Delete(2), 9)
    hits = WrittenOrderRetriever().search(store, "three", 9)
    assert ids(hits) == [1, 3]
    assert [hit.score for hit in hits] == [1, 1 / 2]


def test_random_order_depends_on_seed_store_and_query_alone() -> None:
    store = make_store(*(f"text {i}" for i in range(30)))
    first = ids(RandomRetriever(1).search(store, "q", 30))
    assert sorted(first) == list(range(1, 31))
    assert ids(RandomRetriever(1).search(store.fork(), "q", 30)) == first
    assert ids(RandomRetriever(1).search(store, "q", 5)) == first[:5]
    assert ids(RandomRetriever(2).search(store, "q", 30)) != first
    assert ids(RandomRetriever(1).search(store, "other", 30)) != first
    store.apply(Update(30, "changed"), 1)
    assert ids(RandomRetriever(1).search(store, "q", 30)) != first


@pytest.mark.parametrize("name", list_retrievers())
def test_every_retriever_keeps_the_protocol(name: str) -> None:
    retriever = make_retriever(name)
    assert retriever.search(MemoryStore(), "dog", 5) == ()
    store = make_store("a dog", "a cat", "a dog and a cat", "\ud800 dog")
    assert retriever.search(store, "dog", 0) == ()
    hits = retriever.search(store, "dog \ud800", 2)
    assert len(hits) == 2
    assert all(hit.entry is store.get(hit.entry.id) for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert retriever.search(store, "dog \ud800", 2) == hits
    with pytest.raises(ValueError, match="k is -1"):
        retriever.search(store, "dog", -1)


def test_specs_name_an_option_after_the_colon() -> None:
    assert make_retriever("random:7").seed == 7
    assert make_retriever("dense:hashed_ngrams").embedder.name == "hashed_ngrams:256"
    for spec, why in [("bm25:x", "takes no option"), ("random:x", "write random:SEED")]:
        with pytest.raises(ConfigError, match=why):
            make_retriever(spec)
    with pytest.raises(UnknownNameError, match="Did you mean 'bm25'"):
        make_retriever("bm52")
    with pytest.raises(UnknownNameError, match="unknown embedder 'nonsense'"):
        make_retriever("dense:nonsense")
