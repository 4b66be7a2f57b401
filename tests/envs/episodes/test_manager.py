from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest

from builders import make_stream
from memdojo.envs.answering import Answer, AnswerRequest, CachedAnswerer
from memdojo.envs.episodes.base import finish_together
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.types import (
    Add,
    Capacity,
    Chunk,
    Delete,
    Noop,
    OperationStatus,
    Question,
    Stream,
    Turn,
    Update,
)
from memdojo.errors import EpisodeStateError
from memdojo.rewards import Reward

TEXTS = ("I moved to Boston.", "My dog is called Oscar.", "The weather is fine.", "I bought a red canoe.")

QUESTIONS = (
    Question("dog", "What is the dog called?", ("Oscar",), "1", frozenset({"t1"}), ask_after=1),
    Question("both", "What did Ann buy after moving to Boston?", ("canoe",), "2", frozenset({"t0", "t3"})),
)


class Parrot:
    """Answers with its whole context, and keeps what it was asked."""

    fingerprint = "parrot"

    def __init__(self) -> None:
        self.batches: list[list[AnswerRequest]] = []

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        self.batches.append(list(requests))
        return [Answer(" | ".join(request.context)) for request in requests]


def context(questions: tuple[Question, ...] = QUESTIONS) -> StreamContext:
    stream = make_stream(*TEXTS, questions=questions, time=datetime(2023, 5, 1), daily=True)
    return StreamContext(stream)


def add(episode: ManagerEpisode, evicts: tuple[int, ...] = ()) -> Add:
    chunk = episode.chunk
    assert chunk is not None
    turn = chunk.turns[0]
    return Add(f"{turn.speaker}: {turn.text}", (turn.id,), turn.time, evicts=evicts)


def test_questions_are_asked_when_due_and_answered_from_the_store() -> None:
    parrot = Parrot()
    episode = ManagerEpisode(context(), Capacity(), answerer=parrot)
    outcomes = [episode.step([add(episode)]) for _ in range(4)]
    assert [len(outcome.questions) for outcome in outcomes] == [0, 1, 0, 1]
    assert parrot.batches[1][0].context == ("[2023-05-02] Ann: My dog is called Oscar.",)
    (dog,) = outcomes[1].questions
    assert dog.answer == "[2023-05-02] Ann: My dog is called Oscar."
    assert dog.stored == dog.evidence == {"t1"}
    assert dog.retrieved == (frozenset({"t1"}),)
    assert [outcome.terminal for outcome in outcomes] == [False, False, False, True]
    assert episode.ended
    assert episode.chunk is None


def test_without_an_answerer_nobody_answers_and_evidence_still_counts() -> None:
    episode = ManagerEpisode(context(), Capacity())
    for _ in range(4):
        episode.step([add(episode)])
    assert all(
        question.answer is None and not question.answer_error for question in episode.outcome().questions
    )
    assert Reward({"evidence_recall": 1.0}).episode(episode.outcome()).value == 1.0


def test_parts_of_an_episode_sum_to_the_mean_over_its_questions() -> None:
    episode = ManagerEpisode(context(), Capacity())
    episode.step([add(episode)])
    for _ in range(3):
        episode.step([Noop()])
    # The dog was never stored: 0. Of the other question's two turns one was: 0.5.
    assert Reward({"evidence_stored": 1.0}).episode(episode.outcome()).value == 0.25


def test_the_potential_is_the_kept_share_of_the_evidence_still_to_be_asked_for() -> None:
    episode = ManagerEpisode(context(), Capacity())
    first = episode.step([add(episode)])  # Half of one of two questions.
    assert (first.potential_before, first.potential_after) == (0.0, 0.25)
    second = episode.step([add(episode)])  # All of the other one, which is asked now.
    assert (second.potential_before, second.potential_after) == (0.25, 0.75)
    third = episode.step([Delete(2)])  # The dog was asked for: forgetting it costs nothing.
    assert (third.potential_before, third.potential_after) == (0.75, 0.75)
    last = episode.step([Delete(1)])
    assert (last.potential_before, last.potential_after) == (0.75, 0.5)


def test_the_shaping_of_all_steps_telescopes() -> None:
    episode = ManagerEpisode(context(), Capacity(max_entries=1))
    for _ in range(4):
        evicts = tuple(entry.id for entry in episode.store)
        episode.step([add(episode, evicts)])
    steps = episode.outcome().steps
    total = Reward({"evidence_kept": 1.0}).episode(episode.outcome()).value
    assert total == pytest.approx(steps[-1].potential_after - steps[0].potential_before)


def test_what_is_paid_for_keeping_evidence_adds_up_to_the_evidence_stored_when_it_was_asked_for() -> None:
    for evicting in (True, False):
        episode = ManagerEpisode(context(), Capacity(max_entries=1 if evicting else None))
        for _ in range(4):
            episode.step([add(episode, tuple(entry.id for entry in episode.store) if evicting else ())])
        kept, stored = (
            Reward({f"evidence_{part}": 1.0}).episode(episode.outcome()) for part in ("kept", "stored")
        )
        assert kept.value == pytest.approx(stored.value)
        assert 0 < kept.value < 1 or not evicting


def test_an_evicted_entry_keeps_its_evidence_no_longer() -> None:
    episode = ManagerEpisode(context(), Capacity(max_entries=1))
    episode.step([add(episode)])
    outcome = episode.step([add(episode, (1,))])
    assert [entry.id for entry in episode.results[0].evicted] == [1]
    assert outcome.potential_after == 0.5
    assert outcome.questions[0].stored == {"t1"}


def test_an_entry_overwritten_by_something_else_is_no_evidence() -> None:
    episode = ManagerEpisode(context(), Capacity())
    episode.step([add(episode)])
    outcome = episode.step([Update(1, "Ann: My dog is called Oscar.", ("t1",))])
    assert episode.store.entries[0].sources == ("t0", "t1")
    assert outcome.questions[0].stored == {"t1"}
    assert outcome.potential_after == 0.5


def test_two_entries_with_one_evidence_turn_count_once() -> None:
    episode = ManagerEpisode(context(), Capacity())
    outcome = episode.step([add(episode), add(episode)])
    assert outcome.potential_after == 0.25
    assert episode.step([Delete(1)]).potential_after == 0.25


def test_what_cannot_be_applied_and_what_is_malformed_change_nothing() -> None:
    episode = ManagerEpisode(context(), Capacity(max_entries=1))
    episode.step([add(episode)])
    before = episode.store.entries
    outcome = episode.step([add(episode), Delete(99), Update(1, " ")], malformed=["no such verb"])
    assert episode.store.entries == before
    assert [result.status for result in episode.results] == [
        OperationStatus.STORE_FULL,
        OperationStatus.UNKNOWN_ID,
        OperationStatus.EMPTY_TEXT,
        OperationStatus.MALFORMED,
    ]
    assert [operation.malformed for operation in outcome.operations] == [False, False, False, True]
    assert Reward({"invalid_operations": 1.0})(outcome).value == -1.0  # Four of them over four steps.


def test_an_ended_episode_takes_no_step() -> None:
    episode = ManagerEpisode(context(), Capacity())
    for _ in range(4):
        episode.step([])
    with pytest.raises(EpisodeStateError, match="has ended after 4 steps"):
        episode.step([])


def test_a_half_done_step_takes_no_other_and_does_not_fork() -> None:
    episode = ManagerEpisode(context(), Capacity())
    with pytest.raises(EpisodeStateError, match="begin a step first"):
        episode.finish_step([])
    episode.begin_step([])
    with pytest.raises(EpisodeStateError, match="call finish_step first"):
        episode.begin_step([])
    with pytest.raises(EpisodeStateError, match="cannot fork"):
        episode.fork()


def test_a_missing_answer_is_refused_and_may_be_given_later() -> None:
    episode = ManagerEpisode(context(), Capacity(), answerer=Parrot())
    episode.step([])
    requests = episode.begin_step([])
    with pytest.raises(EpisodeStateError, match="0 answers came for 1 questions"):
        episode.finish_step([])
    assert len(requests) == 1
    assert episode.finish_step([Answer(None, "timed out")]).questions[0].answer_error == "timed out"


def test_forks_do_not_see_each_others_writes() -> None:
    episode = ManagerEpisode(context(), Capacity())
    episode.step([add(episode)])
    fork = episode.fork()
    fork.step([Delete(1)])
    assert [entry.id for entry in episode.store] == [1]
    assert episode.step_index == 1
    assert len(episode.outcome().steps) == 1
    assert episode.step([add(episode)]).questions[0].stored == {"t1"}
    assert len(fork.store) == 0


def test_a_fork_goes_on_as_its_origin_would() -> None:
    episode = ManagerEpisode(context(), Capacity(), seed=3)
    episode.step([add(episode)])
    fork, other = episode.fork(), episode.fork(seed=4)
    assert fork.rng.random() == episode.rng.random()
    assert other.rng.random() != fork.rng.random()
    assert [fork.step([add(fork)]) for _ in range(3)] == [episode.step([add(episode)]) for _ in range(3)]
    assert fork.outcome() == episode.outcome()


def test_several_episodes_are_answered_in_one_batch() -> None:
    shared, parrot = context(), Parrot()
    episodes = [ManagerEpisode(shared, Capacity(), answerer=parrot) for _ in range(3)]
    alone = ManagerEpisode(shared, Capacity(), answerer=Parrot())
    for _ in range(4):
        requests = [episode.begin_step([add(episode)]) for episode in episodes]
        finish_together(episodes, requests, parrot)
        alone.step([add(alone)])
    assert [len(batch) for batch in parrot.batches] == [3, 3]
    assert all(episode.outcome() == alone.outcome() for episode in episodes)


def test_a_batch_with_a_missing_answer_is_refused() -> None:
    class Forgetful(Parrot):
        def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
            return super().answer(requests)[1:]

    episode = ManagerEpisode(context(), Capacity(), answerer=Forgetful())
    episode.step([])
    requests = episode.begin_step([add(episode)])
    with pytest.raises(EpisodeStateError, match="0 answers came for 1 questions"):
        finish_together([episode], [requests], episode.answerer)


def test_an_answerer_with_an_empty_cache_is_still_an_answerer() -> None:
    parrot = Parrot()
    episode = ManagerEpisode(context(), Capacity(), answerer=CachedAnswerer(parrot))
    outcomes = [episode.step([add(episode)]) for _ in range(2)]
    assert outcomes[1].questions[0].answer == "[2023-05-02] Ann: My dog is called Oscar."


def test_the_last_bit_of_a_potential_does_not_depend_on_how_python_orders_sets() -> None:
    # Weights 11/42, 5/42 and 2/42, whose sum in another order differs in its last bit.
    seen = set()
    for name in "ghijklmnopqr":
        ids = [f"{name}{number}" for number in range(3)]
        questions = [
            Question(str(count), "What?", ("Oscar",), evidence=frozenset(ids[:count])) for count in (1, 2, 3)
        ]
        chunks = tuple(Chunk(i, (Turn(id, "Ann", "Oscar barks."),)) for i, id in enumerate((*ids, "other")))
        questions += [Question(f"other{i}", "What?", ("x",), evidence=frozenset({"other"})) for i in range(4)]
        episode = ManagerEpisode(StreamContext(Stream("s", "g", chunks, tuple(questions))), Capacity())
        seen.add(episode.step([Add("Ann: Oscar barks.", tuple(ids))]).potential_after)
    assert len(seen) == 1
    assert seen.pop() == pytest.approx(18 / 42)


def test_nothing_is_asked_any_more_once_the_policy_has_failed() -> None:
    parrot = Parrot()
    episode = ManagerEpisode(context(), Capacity(), answerer=parrot)
    assert episode.step([add(episode)]).failure == ""
    episode.fail("the model is gone")
    episode.fail("and a second time")
    fork = episode.fork()
    for each in (episode, fork):
        outcome = each.step([add(each)])
        (dog,) = outcome.questions
        assert (outcome.failure, dog.answer, dog.answer_error) == (
            "the model is gone",
            None,
            "the model is gone",
        )
        assert dog.retrieved == ()
    assert parrot.batches == [[]] * 3


def test_a_step_is_written_before_it_is_read() -> None:
    episode = ManagerEpisode(context(), Capacity(), answerer=Parrot())
    with pytest.raises(EpisodeStateError, match="read came without write"):
        episode.read()
    episode.step([add(episode)])
    (question,) = episode.write([add(episode)])
    assert episode.due == (question,)
    (request,) = episode.read()
    assert request.question == question.text == "What is the dog called?"
    episode.finish_step([Answer("Oscar")])
    assert episode.due == ()
