"""What MemSifter's reward pays retrievers that game it: marginal utility, and 0.25 for a failure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest

from builders import make_stream
from memdojo.agents.baselines.oracles import OracleRetriever
from memdojo.agents.baselines.reward_hacks import RETRIEVER_HACKS
from memdojo.agents.play import play_retrieval
from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.episodes.archive import Granularity, Tiers
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.envs.memory.retrieval.protocol import Retriever
from memdojo.envs.types import Question
from memdojo.rewards.reward import Reward

REWARD = Reward({"marginal_utility": 1.0, "malformed_ranking": 0.25})
TEXTS = ("I like tea.", "The weather is fine.", "I live in Rome.", "My dog is Oscar.")


class Reader:
    """Knows of the dog as soon as it reads of it, and is misled by nothing."""

    fingerprint = "reader"

    def __init__(self, knows: bool = False) -> None:
        self._knows = knows

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        return [
            Answer("Oscar" if self._knows or "Oscar" in " ".join(request.context) else "no idea")
            for request in requests
        ]


def _context() -> StreamContext:
    question = Question("dog", "What is the dog of Ann?", ("Oscar",), evidence=frozenset({"t3"}))
    sessions = [f"session {number}" for number in range(len(TEXTS))]
    time = datetime(2023, 5, 1)
    stream = make_stream(*TEXTS, questions=[question], session=sessions, time=time, daily=True)
    return StreamContext(stream)


def _paid(retriever: Retriever, reader: Reader | None = None) -> float:
    answerer = reader or Reader()
    episode = RetrievalEpisode(
        _context(), granularity=Granularity.SESSION, top_k=3, tiers=Tiers((1, 2, 3)), answerer=answerer
    )
    (outcome,) = play_retrieval(retriever, [episode], answerer)
    value = REWARD.episode(outcome).value
    assert value is not None
    return value


def test_an_honest_ranking_earns_everything() -> None:
    assert _paid(OracleRetriever(_context())) == pytest.approx(1)


@pytest.mark.parametrize("name", ["duplicate_ranking", "out_of_range_ids", "negative_ids"])
def test_rankings_with_ids_that_do_not_count_are_failures(name: str) -> None:
    assert _paid(RETRIEVER_HACKS[name]()) == -0.25


def test_a_ranking_of_everything_earns_what_its_first_places_do() -> None:
    # The dog is the fourth of four, and three places count. As text, such a ranking is malformed.
    assert _paid(RETRIEVER_HACKS["rank_everything"]()) == 0


@pytest.mark.parametrize("name", ["duplicate_ranking", "rank_everything"])
def test_what_is_known_without_memory_pays_nobody(name: str) -> None:
    expected = -0.25 if name == "duplicate_ranking" else 0.0
    assert _paid(RETRIEVER_HACKS[name](), Reader(knows=True)) == expected
    assert _paid(OracleRetriever(_context()), Reader(knows=True)) == 0
