from __future__ import annotations

import pytest

from memdojo.envs.memory import MemoryStore, make_retriever
from memdojo.envs.memory.retrieval.retrievers import PoolsRetriever
from memdojo.envs.types import Add, Rewrite
from memdojo.errors import ConfigError


def _store(*, core: str = "Ann is a nurse.") -> MemoryStore:
    store = MemoryStore()
    if core:
        store.apply(Rewrite(core), 0)
    for number in range(4):
        # The rarer the other words, the better "dog" matches: shorter is better.
        store.apply(Add("dog " + "walks " * number, entry_kind="semantic"), 0)
        store.apply(Add("the dog " + "ran " * (number + 4), entry_kind="episodic"), 0)
    return store


def _found(spec: str, store: MemoryStore, k: int = 100) -> list[int]:
    return [hit.entry.id for hit in make_retriever(spec).search(store, "dog", k)]


def test_the_best_of_each_pool_come_in_one_order_behind_the_core_block() -> None:
    store = _store()
    # Ids: core 1, semantic 2, 4, 6, 8 and episodic 3, 5, 7, 9, each worse than the one before, and the
    # semantic ones better than the episodic ones.
    assert _found("pools:2", store) == [1, 2, 4, 3, 5]
    assert _found("pools", store) == [1, 2, 4, 6, 8, 3, 5, 7, 9]
    assert _found("pools:2", store, 3) == [1, 2, 4]
    assert _found("pools:2", store, 0) == []
    hits = make_retriever("pools:2").search(store, "dog", 100)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_the_core_block_comes_whatever_the_question_and_only_if_there_is_one() -> None:
    assert [hit.entry.kind for hit in PoolsRetriever().search(_store(), "umbrella", 5)] == ["core"]
    assert PoolsRetriever().search(_store(core=""), "umbrella", 5) == ()
    assert PoolsRetriever().search(MemoryStore(), "dog", 5) == ()


def test_fewer_of_each_pool_come_where_they_would_have_too_many_tokens() -> None:
    store = _store()
    # Core 5 tokens; semantic 1, 2, 3, 4; episodic 6, 7, 8, 9. Two of each are 3 + 13, three 6 + 21.
    assert _found("pools:4,32", store) == [1, 2, 4, 6, 3, 5, 7]
    assert _found("pools:4,31", store) == [1, 2, 4, 3, 5]
    assert _found("pools:4,21", store) == [1, 2, 4, 3, 5]
    # One of each stays in any case.
    assert _found("pools:4,1", store) == [1, 2, 3]


@pytest.mark.parametrize("spec", ["pools:", "pools:0", "pools:x", "pools:3,", "pools:3,0", "pools:-1"])
def test_numbers_that_make_no_sense_are_refused(spec: str) -> None:
    if spec == "pools:":
        assert make_retriever(spec).search(MemoryStore(), "x", 1) == ()
        return
    with pytest.raises(ConfigError, match="pools"):
        make_retriever(spec)
