from __future__ import annotations

import pytest

from builders import make_store
from memdojo.envs.memory.retrieval.per_speaker import PerSpeakerRetriever, for_stream
from memdojo.envs.memory.retrieval.retrievers import make_retriever
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.types import Add, Hit

SPEAKER_OF = {"a1": "Ann", "a2": "Ann", "a3": "Ann", "b1": "Bob", "b2": "Bob"}


class ById:
    """Ranks by id, the lowest first; the n-th scores 10 - n."""

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        return tuple(Hit(entry, 9.0 - rank) for rank, entry in enumerate(store.entries[:k]))


def _ids(retriever: PerSpeakerRetriever, store: MemoryStore, k: int) -> list[int]:
    return [hit.entry.id for hit in retriever.search(store, "q", k)]


def test_each_speaker_has_an_equal_share_and_the_scores_order_them_all() -> None:
    store = make_store(
        Add("x1", ("a1",)), Add("x2", ("a2",)), Add("x3", ("a3",)), Add("y1", ("b1",)), Add("y2", ("b2",))
    )
    retriever = PerSpeakerRetriever(ById(), SPEAKER_OF)
    # Two of Ann's (1, 2), not the third one, and two of Bob's (4, 5).
    hits = retriever.search(store, "q", 4)
    assert [(hit.entry.id, hit.score) for hit in hits] == [(1, 9.0), (2, 8.0), (4, 6.0), (5, 5.0)]
    # Of three places each may have two, rounded up; then the three best stay.
    assert _ids(retriever, store, 3) == [1, 2, 4]
    assert _ids(retriever, store, 0) == []
    # Who has less leaves places empty: Bob has two entries only.
    assert _ids(retriever, store, 10) == [1, 2, 3, 4, 5]


def test_of_several_speakers_the_one_counts_whose_name_the_text_has() -> None:
    store = make_store(
        Add("Ann likes tea", ("a1", "b1")),
        Add("Ann has a dog", ("a1", "b1")),
        Add("Annette has a cat", ("a1", "b1")),
        Add("They moved", ("a1", "b1")),
        Add("Bob sings", ("b1",)),
    )
    retriever = PerSpeakerRetriever(ById(), SPEAKER_OF)
    # One each: entry 1 is Ann's, so 2 has no room. 3 is of both, as no name of theirs is in it, and comes
    # with Bob's room. Then Bob has had his share.
    assert _ids(retriever, store, 2) == [1, 3]


def test_an_entry_of_unknown_turns_is_known_by_the_names_in_its_text() -> None:
    store = make_store(Add("Bob sings"), Add("Bob paints", ("gone",)), Add("Ann sails"), Add("nobody knows"))
    retriever = PerSpeakerRetriever(ById(), SPEAKER_OF)
    # Bob 1, Ann 3; the one of nobody has a share of its own, and only the two best of the three stay.
    assert _ids(retriever, store, 2) == [1, 3]
    assert _ids(retriever, store, 4) == [1, 2, 3, 4]


def test_without_a_stream_the_beginning_of_a_turn_tells_who_said_it() -> None:
    store = make_store(Add("Ann: one"), Add("Ann: two"), Add("Bob: three"))
    assert _ids(PerSpeakerRetriever(ById()), store, 2) == [1, 3]


def test_the_registry_has_it_over_any_other_retriever() -> None:
    store = make_store(
        Add("Ann: the red canoe", ("a1",)), Add("Ann: a canoe", ("a2",)), Add("Bob: no canoe for me", ("b1",))
    )
    for spec in ("per_speaker", "per_speaker:bm25", "per_speaker:dense:hashed_ngrams"):
        told = for_stream(make_retriever(spec), SPEAKER_OF)
        speakers = [SPEAKER_OF[hit.entry.sources[0]] for hit in told.search(store, "canoe", 2)]
        assert sorted(speakers) == ["Ann", "Bob"]
    bm25 = make_retriever("bm25")
    assert for_stream(bm25, SPEAKER_OF) is bm25
    with pytest.raises(ValueError, match="k is -1"):
        make_retriever("per_speaker").search(store, "canoe", -1)


def test_a_text_names_a_speaker_by_a_part_of_the_name() -> None:
    store = make_store(Add("Lee sings"), Add("ann paints"), Add("Bob sails"))
    retriever = PerSpeakerRetriever(ById(), {"a1": "Ann Lee", "b1": "Bob Ray"})
    assert _ids(retriever, store, 2) == [1, 3]
