from __future__ import annotations

import dataclasses
from datetime import datetime

from builders import make_stream
from memdojo.envs.episodes.archive import Granularity
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.envs.memory.retrieval.candidates import (
    CandidateOrder,
    candidates_for,
    select_candidates,
)
from memdojo.envs.memory.retrieval.retrievers import make_retriever
from memdojo.envs.prompts.memsifter import BriefRankingFormat
from memdojo.envs.prompts.protocol import showing
from memdojo.envs.prompts.tasks import RankingTask
from memdojo.envs.types import Question

TEXTS = (
    "I moved to Boston.",
    "My dog is called Oscar.",
    "The weather is fine.",
    "I bought a red canoe.",
    "Boston is cold.",
)
FORMAT = BriefRankingFormat()


def episode(*evidence: str) -> RetrievalEpisode:
    """An episode that asks about Boston, over five sessions of one turn."""
    stream = make_stream(
        *TEXTS,
        questions=[Question("q", "How is Boston?", ("cold",), evidence=frozenset(evidence))],
        session=[f"session {number}" for number in range(len(TEXTS))],
        time=datetime(2023, 5, 1),
        daily=True,
    )
    return RetrievalEpisode(StreamContext(stream), granularity=Granularity.SESSION, top_k=2)


def shown(task: RankingTask, *evidence: str) -> list[int]:
    return [entry.id for entry in task.view(episode(*evidence)).candidates]


def test_the_pre_filter_orders_all_entries_those_that_it_does_not_find_the_latest_first() -> None:
    store = episode().store
    chosen = candidates_for(store, "How is Boston?", 3)
    # Both that name Boston score alike, and of equal ones the lower id comes first.
    assert chosen.staying == (1, 5, 4)
    assert [entry.id for entry in chosen.shown] == [1, 4, 5]
    assert select_candidates(store, "How is Boston?", 3) == chosen.shown
    assert candidates_for(store, "How is Boston?", None).shown == store.entries
    assert set(candidates_for(store, "How is Boston?", None).staying) == {1, 2, 3, 4, 5}


def test_another_pre_filter_may_choose() -> None:
    store = episode().store
    recency = make_retriever("recency")
    assert candidates_for(store, "How is Boston?", 2, recency).staying == (5, 4)
    dense = make_retriever("dense:hashed_ngrams")
    assert set(candidates_for(store, "How is Boston?", 2, dense).staying) == {1, 5}


def test_training_prompts_keep_the_evidence_however_it_is_ranked() -> None:
    training = RankingTask(FORMAT, 2, keep_evidence=True)
    # Beside it what BM25 likes best.
    assert shown(training, "t1") == [1, 2]
    assert shown(training, "t1", "t2") == [2, 3]
    # More evidence than places: all of it.
    assert shown(training, "t1", "t2", "t3") == [2, 3, 4]
    # Prompts that are too long let everything else go first.
    view = training.view(episode("t1"))
    assert [entry.id for entry in showing(view, 1).candidates] == [2]


def test_evaluation_prompts_do_not_depend_on_the_evidence() -> None:
    evaluation = RankingTask(FORMAT, 2)
    views = [evaluation.view(episode(*evidence)) for evidence in ((), ("t1",), ("t2", "t3"))]
    assert views[0] == views[1] == views[2]
    assert [entry.id for entry in views[0].candidates] == [1, 5]
    assert showing(views[0], 1) == showing(views[2], 1)


def test_a_training_prompt_does_not_say_which_candidates_hold_evidence() -> None:
    training = RankingTask(FORMAT, None, keep_evidence=True)
    views = [training.view(episode(*evidence)) for evidence in (("t1",), ("t2", "t3"))]
    assert FORMAT.messages(views[0]) == FORMAT.messages(views[1])
    assert views[0].staying != views[1].staying
    assert dataclasses.replace(views[0], staying=()) == dataclasses.replace(views[1], staying=())


def test_candidates_may_be_shown_as_the_pre_filter_ranks_them() -> None:
    store = episode().store
    ranked = CandidateOrder.PREFILTER
    chosen = candidates_for(store, "How is Boston?", 3, order=ranked)
    assert [entry.id for entry in chosen.shown] == [1, 5, 4]
    assert chosen.staying == (1, 5, 4)
    everything = candidates_for(store, "How is Boston?", None, order=ranked)
    assert [entry.id for entry in everything.shown] == [1, 5, 4, 3, 2]
    evaluation = RankingTask(FORMAT, 3, order=ranked)
    view = evaluation.view(episode())
    assert FORMAT.parse("2,1", view).decision == (5, 1)
    # A prompt that must be shorter shows what is left in the same order.
    assert [entry.id for entry in showing(view, 2).candidates] == [1, 5]


def test_the_place_of_a_candidate_does_not_tell_that_training_keeps_it_for_its_evidence() -> None:
    training = RankingTask(FORMAT, 3, order=CandidateOrder.PREFILTER, keep_evidence=True)
    # Nothing ranks the third entry before the second but the order of time.
    assert shown(training, "t1") == [1, 5, 2]
    view = training.view(episode("t1"))
    assert [entry.id for entry in showing(view, 1).candidates] == [2]
