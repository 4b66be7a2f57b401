from collections.abc import Sequence
from datetime import datetime

import pytest

from builders import make_stream
from memdojo.agents.baselines.hybrid import HYBRID_WEIGHTS, HandHybridRetriever
from memdojo.agents.baselines.oracles import EmptyRetriever, OracleRetriever
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.features.retrieval import RETRIEVAL_FEATURES
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.types import Add, Capacity, Question
from memdojo.errors import UnknownNameError


def store_of(*lines: tuple[str, datetime | None]) -> MemoryStore:
    store = MemoryStore(Capacity())
    for step, (text, time) in enumerate(lines):
        store.apply(Add(text, (f"t{step}",), time, "turn"), step)
    return store


def ids(hits: Sequence[object]) -> list[int]:
    return [hit.entry.id for hit in hits]  # type: ignore[attr-defined]


MAY, JUNE = datetime(2023, 5, 8), datetime(2023, 6, 2)


def test_the_named_speaker_comes_first_among_equal_texts() -> None:
    store = store_of(("Ana: I went hiking.", MAY), ("Ben: I went hiking.", MAY))
    assert ids(HandHybridRetriever().search(store, "Where did Ben go hiking?", 2)) == [2, 1]
    assert ids(HandHybridRetriever().search(store, "Where did Ana go hiking?", 2)) == [1, 2]


def test_a_speaker_is_named_by_a_part_of_the_name() -> None:
    store = store_of(("Ana Lee: I went hiking.", MAY), ("ben_ray: I went hiking.", MAY))
    assert ids(HandHybridRetriever().search(store, "Where did Ben go hiking?", 2)) == [2, 1]
    assert ids(HandHybridRetriever().search(store, "Where did Ana Lee go hiking?", 2)) == [1, 2]


def test_the_named_month_comes_first_among_equal_texts() -> None:
    store = store_of(("Ana: I went hiking.", MAY), ("Ana: I went hiking!", JUNE))
    assert ids(HandHybridRetriever().search(store, "Where did Ana go hiking in June 2023?", 2)) == [2, 1]
    assert ids(HandHybridRetriever().search(store, "Where did Ana go hiking in May 2023?", 2)) == [1, 2]


def test_the_answer_to_a_matching_question_is_found_without_a_common_word() -> None:
    store = store_of(
        ("Ana: The weather is awful.", MAY),
        ("Ben: What is your favourite dish?", MAY),
        ("Ana: Lasagne, always.", MAY),
        ("Ben: The train was late.", MAY),
    )
    assert ids(HandHybridRetriever().search(store, "What is Ana's favourite dish?", 4))[0] == 3


def test_equal_scores_are_ranked_by_id_and_k_is_respected() -> None:
    store = store_of(*[("Ana: same", None)] * 4)
    hits = HandHybridRetriever({"bm25": 1.0}).search(store, "same", 3)
    assert ids(hits) == [1, 2, 3]
    assert HandHybridRetriever().search(store, "same", 0) == ()
    with pytest.raises(ValueError, match="0 or more"):
        HandHybridRetriever().search(store, "same", -1)


def test_weights_name_features_that_exist() -> None:
    assert set(HYBRID_WEIGHTS) <= set(RETRIEVAL_FEATURES)
    with pytest.raises(UnknownNameError, match="bm25_z"):
        HandHybridRetriever({"bm25z": 1.0})


def oracle_for(evidence: dict[str, set[str]]) -> OracleRetriever:
    lines = ("red apple", "green pear", "blue plum", "yellow lemon")
    questions = tuple(
        Question(str(number), text, ("x",), evidence=frozenset(turns))
        for number, (text, turns) in enumerate(evidence.items())
    )
    return OracleRetriever(
        StreamContext(make_stream(*(("Ana", line) for line in lines), questions=questions))
    )


def test_the_oracle_puts_evidence_before_what_bm25_finds() -> None:
    store = store_of(("red apple", None), ("green pear", None), ("blue plum", None), ("yellow lemon", None))
    oracle = oracle_for({"apple or lemon?": {"t2"}, "pear?": {"t0", "t3"}})
    assert ids(oracle.search(store, "apple or lemon?", 3)) == [3, 1, 4]
    assert ids(oracle.search(store, "pear?", 2)) == [1, 4]
    assert ids(oracle.search(store, "a question of no stream", 2)) == []


def test_the_oracle_takes_the_entry_that_covers_most_first() -> None:
    store = MemoryStore(Capacity())
    store.apply(Add("red apple", ("t0",)), 0)
    store.apply(Add("red apple, green pear, blue plum", ("t0", "t1", "t2")), 1)
    store.apply(Add("yellow lemon", ("t3",)), 2)
    oracle = oracle_for({"which fruit?": {"t0", "t1", "t2", "t3"}})
    hits = oracle.search(store, "which fruit?", 5)
    assert ids(hits) == [2, 3]
    assert [hit.score for hit in hits] == [2.0, 1.0]


def test_the_oracle_does_not_invent_what_the_store_lost() -> None:
    assert oracle_for({"which fruit?": {"t0"}}).search(MemoryStore(Capacity()), "which fruit?", 5) == ()


def test_the_lower_bound_finds_nothing() -> None:
    assert EmptyRetriever().search(store_of(("red apple", None)), "red apple", 5) == ()
