from __future__ import annotations

from datetime import datetime

import pytest

from memdojo.envs.answering import Answer, CachedAnswerer, ExtractiveAnswerer
from memdojo.envs.retrieval_episode import Granularity, RetrievalEpisode
from memdojo.envs.stream_context import StreamContext
from memdojo.envs.types import Chunk, Question, Stream, Turn
from memdojo.errors import EpisodeStateError
from memdojo.rewards import Reward

TEXTS = ("I moved to Boston.", "My dog is called Oscar.", "The weather is fine.", "I bought a red canoe.")

QUESTIONS = (
    Question("late", "What did Ann buy?", ("canoe",), evidence=frozenset({"t0", "t3"})),
    Question("early", "What is the dog called?", ("Oscar",), evidence=frozenset({"t1"}), ask_after=1),
)


def context(turns_per_chunk: int = 1) -> StreamContext:
    turns = [Turn(f"t{i}", "Ann", text, datetime(2023, 5, 1 + i // 2)) for i, text in enumerate(TEXTS)]
    chunks = [
        Chunk(
            index, tuple(turns[first : first + turns_per_chunk]), f"session {first // 2}", turns[first].time
        )
        for index, first in enumerate(range(0, 4, turns_per_chunk))
    ]
    return StreamContext(Stream("s", "g", tuple(chunks), QUESTIONS))


def test_questions_come_in_the_order_in_which_they_are_asked() -> None:
    episode = RetrievalEpisode(context())
    assert [question.id for question in episode.questions] == ["early", "late"]


def test_the_archive_holds_what_was_said_until_the_question() -> None:
    episode = RetrievalEpisode(context())
    assert [entry.sources for entry in episode.store] == [("t0",), ("t1",)]
    episode.step([2])
    assert [entry.sources for entry in episode.store] == [("t0",), ("t1",), ("t2",), ("t3",)]


def test_a_session_is_one_entry_that_grows() -> None:
    episode = RetrievalEpisode(context(), granularity=Granularity.SESSION)
    (entry,) = episode.store.entries
    assert entry.text == "Ann: I moved to Boston.\nAnn: My dog is called Oscar."
    assert entry.sources == ("t0", "t1")
    episode.step([1])
    assert [entry.sources for entry in episode.store] == [("t0", "t1"), ("t2", "t3")]
    assert episode.store.entries[0].time == datetime(2023, 5, 1)


def test_the_reward_of_an_episode_is_the_mean_over_its_questions() -> None:
    episode = RetrievalEpisode(context())
    episode.step([1, 2])  # The evidence at rank 2: recall 1.
    episode.step([4, 2])  # One of two evidence turns: recall 0.5.
    assert Reward({"evidence_recall": 1.0}).episode(episode.outcome()).value == 0.75
    assert episode.ended


def test_ranks_behind_top_k_do_not_count() -> None:
    episode = RetrievalEpisode(context(), top_k=1)
    outcome = episode.step([1, 2])
    assert outcome.questions[0].retrieved == (frozenset(),)


@pytest.mark.parametrize("ranking", [[2, 2], [99], [2, 0], [-1]])
def test_a_ranking_with_a_wrong_id_counts_for_nothing(ranking: list[int]) -> None:
    episode = RetrievalEpisode(context())
    outcome = episode.step(ranking)
    assert outcome.questions[0].retrieved == ()
    assert len(episode.malformed) == 1
    assert [operation.malformed for operation in outcome.operations] == [True]
    assert Reward({"invalid_operations": 1.0})(outcome).value == -0.5


def test_malformed_pieces_of_a_completion_void_the_ranking() -> None:
    episode = RetrievalEpisode(context())
    outcome = episode.step([2], malformed=["'three': not a number."])
    assert episode.malformed == ("'three': not a number.",)
    assert outcome.questions[0].retrieved == ()


def test_the_answerer_reads_the_ranked_entries() -> None:
    episode = RetrievalEpisode(context(), answerer=ExtractiveAnswerer())
    assert episode.step([2]).questions[0].answer == "Oscar"


def test_a_policy_may_answer_by_itself() -> None:
    episode = RetrievalEpisode(context())
    episode.begin_step([2])
    outcome = episode.finish_step([Answer("It is Oscar")])
    assert outcome.questions[0].answer == "It is Oscar"
    assert Reward({"token_f1": 1.0})(outcome).value == pytest.approx(
        0.5 / 2
    )  # F1 of 1 of 3 and 1 of 1 words.


def test_a_preview_shows_what_a_ranking_would_give_and_moves_nothing() -> None:
    episode = RetrievalEpisode(context())
    preview = episode.preview([2])
    assert episode.step_index == 0
    assert episode.outcome().steps == ()
    assert preview == episode.step([2])


def test_an_ended_or_half_done_episode_takes_no_ranking() -> None:
    episode = RetrievalEpisode(context(), answerer=ExtractiveAnswerer())
    with pytest.raises(EpisodeStateError, match="begin a step first"):
        episode.finish_step([])
    episode.begin_step([1])
    with pytest.raises(EpisodeStateError, match="finish the step"):
        episode.begin_step([1])
    with pytest.raises(EpisodeStateError, match="0 answers came"):
        episode.finish_step([])
    with pytest.raises(EpisodeStateError, match="cannot fork"):
        episode.fork()
    episode.finish_step([Answer("Oscar")])
    episode.step([1])
    with pytest.raises(EpisodeStateError, match="start a new episode"):
        episode.step([1])
    with pytest.raises(EpisodeStateError, match="start a new episode"):
        episode.preview([1])


def test_forks_do_not_see_each_others_steps() -> None:
    episode = RetrievalEpisode(context())
    fork = episode.fork()
    fork.step([1])
    assert episode.step_index == 0
    assert len(episode.store) == 2
    assert len(fork.store) == 4
    assert episode.outcome().steps == ()
    assert [episode.step([1]), episode.step([1])] == [*fork.outcome().steps, fork.step([1])]


def test_an_answerer_with_an_empty_cache_is_still_an_answerer() -> None:
    plain, cached = (
        RetrievalEpisode(context(), answerer=answerer).step([1])
        for answerer in (ExtractiveAnswerer(), CachedAnswerer(ExtractiveAnswerer()))
    )
    assert cached == plain
    assert cached.questions[0].answer is not None
