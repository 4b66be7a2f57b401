from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

import pytest

from memdojo.envs.answering import Answer, Answerer, AnswerRequest, CachedAnswerer, ExtractiveAnswerer
from memdojo.envs.episodes.archive import Granularity, TierOrder, Tiers
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.envs.types import Chunk, Question, Stream, Turn
from memdojo.errors import ConfigError, EpisodeStateError
from memdojo.rewards import Reward, StepOutcome

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


def test_the_entries_that_hold_evidence_are_counted_among_all_that_can_be_ranked() -> None:
    both = Question("both", "Where, and what dog?", ("Boston, Oscar",), evidence=frozenset({"t0", "t1"}))
    stream = dataclasses.replace(context().stream, questions=(*QUESTIONS, both))
    # The dog's turn; t0 and t3, of two sessions; t0 and t1, of one.
    for granularity, counts in ((Granularity.TURN, [1, 2, 2]), (Granularity.SESSION, [1, 2, 1])):
        episode = RetrievalEpisode(StreamContext(stream), granularity=granularity)
        fork = episode.fork()
        assert [episode.step([1]).questions[0].num_evidence_entries for _ in range(3)] == counts
        assert fork.step([]).questions[0].num_evidence_entries == counts[0]


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


class Recorder:
    """Answers with the last text of the context, or "nothing"; refuses contexts of `refuses` texts."""

    fingerprint = "recorder"

    def __init__(self, refuses: int = -1) -> None:
        self.asked: list[tuple[str, ...]] = []
        self._refuses = refuses

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        self.asked += [request.context for request in requests]
        return [
            Answer(None, "timed out")
            if len(request.context) == self._refuses
            else Answer(request.context[-1] if request.context else "nothing")
            for request in requests
        ]


def at_tiers(answerer: Answerer, ranking: tuple[int, ...], order: TierOrder = TierOrder.RANK) -> StepOutcome:
    """The step of the second question, at which four entries are there, with the tiers 1, 2 and 4."""
    episode = RetrievalEpisode(context(), top_k=4, tiers=Tiers((1, 2, 4), order), answerer=answerer)
    episode.step(())
    return episode.step(ranking)


def test_with_tiers_a_question_is_asked_without_memory_and_at_each_tier() -> None:
    answerer = Recorder()
    outcome = at_tiers(answerer, (4, 1, 3, 2))
    texts = [f"[2023-05-0{1 + i // 2}] Ann: {text}" for i, text in enumerate(TEXTS)]
    canoe, boston, weather, dog = texts[3], texts[0], texts[2], texts[1]
    assert answerer.asked[-4:] == [(), (canoe,), (canoe, boston), (canoe, boston, weather, dog)]
    (question,) = outcome.questions
    assert question.tier_answers == ((0, "nothing"), (1, canoe), (2, boston), (4, dog))
    assert question.answer == dog
    # The reference is the canoe: F1 2/7 of "2023-05-02 Ann: I bought a red canoe." at the first rank, which
    # weighs 1 - 1/log2(3) = .3691; later answers miss it, and so does the model alone.
    assert Reward({"marginal_utility": 1.0})(outcome).value == pytest.approx(0.3691 * 0.5 * 2 / 7, abs=1e-4)


def test_a_tier_that_the_ranking_does_not_fill_has_all_of_it() -> None:
    (question,) = at_tiers(Recorder(), (4,)).questions
    assert len({answer for _, answer in question.tier_answers[1:]}) == 1


def test_a_malformed_ranking_is_answered_without_memory_and_worth_nothing() -> None:
    outcome = at_tiers(Recorder(), (4, 4))
    assert [answer for _, answer in outcome.questions[0].tier_answers] == ["nothing"] * 4
    assert Reward({"marginal_utility": 1.0})(outcome).value == 0
    assert Reward({"malformed_ranking": 1.0})(outcome).value == -0.5  # Of two questions one.


def test_an_answer_at_a_tier_that_could_not_be_had_leaves_the_step_unscored() -> None:
    outcome = at_tiers(Recorder(refuses=2), (4, 1, 3, 2))
    (question,) = outcome.questions
    assert question.tier_answers[2] == (2, None)
    assert (question.answer is None, question.answer_error) == (False, "timed out")
    score = Reward({"marginal_utility": 1.0})(outcome)
    assert score.value is None
    assert "timed out" in score.why
    # The answer from the whole ranking is there, and can be graded.
    assert Reward({"token_f1": 1.0})(outcome).value is not None


def test_the_entries_of_a_tier_may_come_as_they_were_said() -> None:
    answerer = Recorder()
    at_tiers(answerer, (4, 1, 3, 2), TierOrder.TIME)
    boston, dog, weather, canoe = (f"[2023-05-0{1 + i // 2}] Ann: {text}" for i, text in enumerate(TEXTS))
    assert answerer.asked[-4:] == [(), (canoe,), (boston, canoe), (boston, dog, weather, canoe)]


# The first question, which has no ranking, is asked once, and the second one without memory once. By rank
# then 4; 4, 1 and 4, 3; and three rankings. By time 4; 1, 4 and 3, 4; and all four.
@pytest.mark.parametrize(("order", "number"), [(TierOrder.RANK, 2 + 6), (TierOrder.TIME, 2 + 4)])
def test_rankings_share_their_answers_as_far_as_they_agree(order: TierOrder, number: int) -> None:
    counted = Recorder()
    cached = CachedAnswerer(counted)
    for ranking in ((4, 1, 3, 2), (4, 1, 2, 3), (4, 3, 1, 2)):
        at_tiers(cached, ranking, order)
    assert len(counted.asked) == number


@pytest.mark.parametrize("tiers", [(2, 4), (1, 2), (1, 1, 4), (1, 4, 2)])
def test_tiers_rise_from_one_to_top_k(tiers: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="rise from 1 to top_k"):
        RetrievalEpisode(context(), top_k=4, tiers=Tiers(tiers))


def test_the_answers_must_be_as_many_as_the_tiers_want() -> None:
    episode = RetrievalEpisode(context(), top_k=4, tiers=Tiers((1, 4)), answerer=Recorder())
    episode.begin_step([1])
    with pytest.raises(EpisodeStateError, match="1 answers came for 3"):
        episode.finish_step([Answer("canoe")])
