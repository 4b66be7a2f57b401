from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from builders import make_stream
from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.memory.retrieval.retrievers import BM25Retriever, WrittenOrderRetriever
from memdojo.envs.types import Add, Delete, Noop, Operation, Question, Update
from memdojo.errors import ConfigError
from memdojo.rewards import NO_INFORMATION, AnswerabilityOutcome, Reward, StepOutcome

TURNS = ("My city is Bergen", "My dog is Rex", "My city is Oslo", "It rains", "I have no dog any more")

CITY = Question("where", "city", ("Oslo",))
DOG = Question("pet", "dog", ("Rex",))
CITY_NOW = Question("where now", "city", ("Oslo",))
DOG_ONCE = Question("pet once", "dog", ("Rex",), ask_after=2)
NO_DOG = Question("pet", "dog", (), unanswerable=True)


class FirstLine:
    """Answers with the last word of the first line that has the question's word, and counts its requests.

    A line that says "no dog", wherever it stands, means that there is no dog.
    """

    fingerprint = "first line"

    def __init__(self) -> None:
        self.asked: list[AnswerRequest] = []
        self.is_down = False

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        self.asked += requests
        return [
            Answer(None, "timed out") if self.is_down else Answer(self._read(request)) for request in requests
        ]

    def _read(self, request: AnswerRequest) -> str:
        lines = [line for line in request.context if request.question in line]
        if not lines or any(f"no {request.question}" in line for line in lines):
            return NO_INFORMATION
        return lines[0].split()[-1]


def start(
    *questions: Question, reward: Reward | None = None, bm25: bool = False, turns: Sequence[str] = TURNS
) -> tuple[ManagerEpisode, FirstLine]:
    """Return an episode over a store from which the oldest entries are read first, and its answerer."""
    reader = FirstLine()
    rules = EpisodeRules(
        reward=reward or Reward({"answerability": 1.0}),
        capacity=CapacitySettings(max_entries=9, token_share=9.0),
        retriever=BM25Retriever() if bm25 else WrittenOrderRetriever(),
        answerer=reader,
    )
    stream = make_stream(*turns, questions=questions)
    return rules.manager(StreamContext(stream), seed=0), reader


def play(episode: ManagerEpisode, *steps: Sequence[Operation]) -> list[float]:
    """Play the steps and return what each is paid."""
    return [paid(episode.step(operations)) for operations in steps]


def paid(outcome: StepOutcome) -> float:
    value = Reward({"answerability": 1.0})(outcome).value
    assert value is not None
    return value


def add(turn: int) -> Add:
    return Add(TURNS[turn], (f"t{turn}",))


def test_what_answers_a_question_to_come_is_paid_when_it_is_written() -> None:
    episode, _ = start(CITY, DOG)
    # One of two questions each; the city that was true first is no answer.
    assert play(episode, [Noop()], [add(1)], [add(2)], [Noop()], [Noop()]) == [0.0, 0.5, 0.5, 0.0, 0.0]


def test_deleting_what_is_outdated_is_paid_if_the_answer_was_hidden_by_it() -> None:
    episode, _ = start(CITY)
    assert play(episode, [add(0)], [Noop()], [add(2)], [Delete(1)]) == [0.0, 0.0, 0.0, 1.0]


def test_updating_what_is_outdated_is_paid_at_once() -> None:
    episode, _ = start(CITY)
    assert play(episode, [add(0)], [Noop()], [Update(1, TURNS[2], ("t2",))]) == [0.0, 0.0, 1.0]


def test_storing_a_retraction_wins_back_what_the_fact_has_cost() -> None:
    episode, _ = start(NO_DOG)
    # Without any memory the question is answered rightly: there is no information.
    assert play(episode, [Noop()], [add(1)], [Noop()], [Noop()], [add(4)]) == [0.0, -1.0, 0.0, 0.0, 1.0]


def test_forgetting_an_answer_costs_until_its_question_was_asked() -> None:
    soon = Question("pet", "dog", ("Rex",), ask_after=1)
    episode, _ = start(soon, CITY)
    assert play(episode, [Noop()], [add(1)], [Delete(1)]) == [0.0, 0.5, 0.0]
    episode, _ = start(DOG, CITY)
    assert play(episode, [Noop()], [add(1)], [Delete(1)]) == [0.0, 0.5, -0.5]


def test_what_is_forgotten_and_said_again_before_the_question_is_worth_it_once() -> None:
    episode, _ = start(DOG)
    assert play(episode, [Noop()], [add(1)], [Delete(1)], [add(1)]) == [0.0, 1.0, -1.0, 1.0]


def test_an_episode_is_paid_its_score_less_that_of_an_empty_memory() -> None:
    soon = Question("where", "city", ("Bergen",), ask_after=1)
    episode, _ = start(soon, CITY_NOW, NO_DOG, DOG_ONCE)
    play(episode, [add(0)], [add(1)], [add(2), Delete(1)], [Noop()], [Delete(2), add(4)])
    outcome = episode.outcome()
    score = Reward({"token_f1": 1.0}).episode(outcome).value
    assert score == 1.0
    # Of four questions the one about no dog is answered without a memory.
    assert Reward({"answerability": 1.0}).episode(outcome).value == pytest.approx(score - 0.25)
    potentials = [(each.before, each.after) for step in outcome.steps if (each := step.answerability)]
    assert potentials[0][0] == 0.25
    assert all(after == before for (_, after), (before, _) in pairwise(potentials))


def test_a_fork_shares_its_parents_potential_and_then_goes_its_own_way() -> None:
    episode, reader = start(CITY, DOG)
    play(episode, [add(0)], [add(1)])
    reader.asked.clear()
    fork = episode.fork()
    assert play(fork, [Update(1, TURNS[2], ("t2",))]) == [0.5]
    assert play(episode, [Delete(2)]) == [-0.5]
    # Each went on from one right answer of two, which nobody was asked for again: both only saw new contexts.
    assert fork.outcome().steps[2].answerability == AnswerabilityOutcome(0.5, 1.0, 2)
    assert episode.outcome().steps[2].answerability == AnswerabilityOutcome(0.5, 0.0, 2)
    assert len(reader.asked) == 4


def test_a_question_is_asked_again_only_where_other_texts_are_read_for_it() -> None:
    episode, reader = start(CITY, DOG, bm25=True)
    episode.step([Noop()])
    # At first both are asked without a memory.
    assert [request.context for request in reader.asked] == [(), ()]
    reader.asked.clear()
    episode.step([add(1)])
    assert [request.question for request in reader.asked] == ["dog"]
    reader.asked.clear()
    episode.step([Update(1, TURNS[1], ("t1",)), add(3)])
    episode.step([Noop()])
    assert reader.asked == []
    asked = [each.answerability.num_asked for each in episode.outcome().steps if each.answerability]
    assert asked == [2, 1, 0, 0]


def test_texts_in_another_order_are_read_anew() -> None:
    episode, reader = start(CITY)
    episode.step([add(0), add(2)])
    reader.asked.clear()
    assert play(episode, [Update(1, TURNS[2], ("t2",)), Update(2, TURNS[0], ("t0",))]) == [1.0]
    assert [request.context for request in reader.asked] == [(TURNS[2], TURNS[0])]


def test_what_is_due_is_asked_once_and_its_answer_counts() -> None:
    soon = Question("pet", "dog", ("Rex",), ask_after=1)
    episode, reader = start(soon)
    episode.step([Noop()])
    reader.asked.clear()
    assert paid(episode.step([add(1)])) == 1.0
    assert len(reader.asked) == 1


def test_a_missing_answer_leaves_the_step_unscored_until_something_else_is_read() -> None:
    episode, reader = start(CITY)
    play(episode, [Noop()])
    reader.is_down = True
    score = Reward({"answerability": 2.0})(episode.step([add(2)]))
    assert not score.scored
    assert score.why == "step 1: no answer to the question 'where' to come: timed out"
    assert score.at_worst == 0.0
    assert not Reward({"answerability": 1.0})(episode.step([Noop()])).scored
    reader.is_down = False
    # What was before is not known either, so this step is the last one without a score.
    last = Reward({"answerability": 2.0})(episode.step([add(3)]))
    assert (last.scored, last.at_worst) == (False, 2.0)
    assert play(episode, [Noop()]) == [0.0]


def test_a_due_question_without_an_answer_troubles_its_own_step_alone() -> None:
    soon = Question("pet", "dog", ("Rex",), ask_after=1)
    episode, reader = start(soon, CITY)
    play(episode, [add(2)])
    reader.is_down = True
    assert not Reward({"answerability": 1.0})(episode.step([Noop()])).scored
    assert play(episode, [Noop()]) == [0.0]


def test_nobody_is_asked_about_questions_to_come_unless_a_part_pays_for_it() -> None:
    episode, reader = start(CITY, reward=Reward({"token_f1": 1.0}))
    assert episode.step([add(2)]).answerability is None
    assert reader.asked == []


def test_an_answerer_that_comes_late_is_asked_from_then_on() -> None:
    episode, reader = start(CITY, DOG)
    episode.answerer = None
    outcome = episode.step([add(2)])
    assert outcome.answerability is None
    with pytest.raises(ValueError, match="the questions to come were not asked at step 0"):
        paid(outcome)
    episode.answerer = reader
    assert play(episode, [add(1)]) == [0.5]
    # Both questions over the memory that is there, and both over what comes of it.
    assert episode.outcome().steps[1].answerability == AnswerabilityOutcome(0.5, 1.0, 4)


def test_answers_are_graded_by_the_metric_that_the_reward_grades_by() -> None:
    pair = Question("where", "city", ("Oslo north",))
    episode, _ = start(pair, reward=Reward({"answerability": 1.0, "exact_match": 0.5}))
    assert play(episode, [add(2)]) == [0.0]
    episode, _ = start(pair)
    assert play(episode, [add(2)]) == [pytest.approx(2 / 3)]


def test_what_only_a_judge_can_grade_is_refused() -> None:
    judged = Question("where", "city", ("Oslo",), metric="longmemeval_judge")
    with pytest.raises(ConfigError, match=r"question 'where' of stream 's' is graded by longmemeval_judge"):
        start(judged)
    start(judged, reward=Reward({"answerability": 1.0, "token_f1": 1.0}))
