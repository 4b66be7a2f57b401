from __future__ import annotations

import asyncio
import dataclasses
import pickle
from collections.abc import Sequence
from datetime import datetime

import pytest

from builders import make_stream
from memdojo.envs.answering import Answer, AnswerRequest, CachedAnswerer, ExtractiveAnswerer
from memdojo.envs.episodes.archive import NO_TIERS, Granularity, TierOrder, Tiers
from memdojo.envs.episodes.base import AnsweredEpisode
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.rules import TRUNK_SEED, EpisodeRules, as_episode, resolve_answerer
from memdojo.envs.memory.retrieval.retrievers import RecencyRetriever, make_retriever
from memdojo.envs.streams.windows import step_window
from memdojo.envs.types import Add, Capacity, MemoryEntry, Question
from memdojo.errors import ConfigError
from memdojo.rewards import Reward, StepOutcome

TEXTS = ("I moved to Boston.", "My dog is called Oscar.", "The weather is fine.", "I bought a red canoe.")

QUESTIONS = (
    Question("dog", "What is the dog called?", ("Oscar",), evidence=frozenset({"t1"}), ask_after=1),
    Question("canoe", "Which colour has the canoe?", ("red",), evidence=frozenset({"t3"})),
    Question("mood", "How is Ann?", ("well",)),
)

ANSWERS = Reward({"token_f1": 1.0})
EVIDENCE = Reward({"evidence_recall": 1.0})


def context() -> StreamContext:
    days = ("day 0", "day 0", "day 1", "day 1")
    stream = make_stream(*TEXTS, questions=QUESTIONS, session=days, time=datetime(2023, 5, 1), daily=True)
    return StreamContext(stream)


class Parrot:
    """Answers with the number of entries that it was given, and counts the questions."""

    fingerprint = "parrot"

    def __init__(self) -> None:
        self.asked = 0

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        self.asked += len(requests)
        return [Answer(str(len(request.context))) for request in requests]


def test_a_manager_writes_into_a_store_of_the_rules_and_is_asked_over_it() -> None:
    rules = EpisodeRules(
        capacity=CapacitySettings(capacity_share=0.5),
        retriever=RecencyRetriever(),
        top_k=1,
        answerer=Parrot(),
    )
    episode = rules.manager(context(), seed=5)
    assert episode.store.capacity == Capacity(2, max_tokens=15)
    episode.step([Add(TEXTS[0], ("t0",)), Add("Of no use.", ("t0",))])
    (question,) = episode.step(()).questions
    assert question.answer == "1"
    assert [hit.entry.text for hit in episode.hits[0]] == ["Of no use."]


def test_the_seed_of_an_episode_is_what_its_policy_draws_from() -> None:
    rules = EpisodeRules()
    draws = [rules.manager(context(), seed=seed).rng.random() for seed in (3, 3, 3 + TRUNK_SEED)]
    assert draws[0] == draws[1] != draws[2]
    assert rules.retrieval(context(), seed=3).rng.random() == draws[0]


def test_the_limits_of_another_stream_can_be_taken() -> None:
    limits = Capacity(max_entries=77)
    assert EpisodeRules().manager(context(), seed=0, capacity=limits).store.capacity == limits


@pytest.mark.parametrize(
    ("reward", "grade"), [(None, None), (EVIDENCE, None), (Reward({"valid_operations": 1.0}), 1.0)]
)
def test_operations_are_graded_where_the_reward_pays_for_it(
    reward: Reward | None, grade: float | None
) -> None:
    episode = EpisodeRules(reward=reward, capacity=CapacitySettings(9)).manager(context(), seed=0)
    (operation,) = episode.step([Add(TEXTS[0], ("t0",))]).operations
    assert operation.valid == grade


def test_a_retriever_is_asked_over_the_archive_of_the_rules() -> None:
    rules = EpisodeRules(granularity=Granularity.SESSION, top_k=1, answerer=Parrot())
    episode = rules.retrieval(context(), seed=0)
    assert [entry.sources for entry in episode.store.entries] == [("t0", "t1")]
    assert episode.step([1, 2]).questions[0].answer == "1"


def test_questions_are_asked_at_tiers_unless_the_reward_compares_no_answers() -> None:
    tiers = Tiers((1, 2), TierOrder.TIME)
    rules = EpisodeRules(top_k=2, tiers=tiers)
    assert rules.retrieval(context(), seed=0).tiers == tiers
    compared = dataclasses.replace(rules, reward=Reward({"marginal_utility": 1.0}))
    assert compared.retrieval(context(), seed=0).tiers == tiers
    assert dataclasses.replace(rules, reward=ANSWERS).retrieval(context(), seed=0).tiers == NO_TIERS


def test_questions_can_be_asked_over_what_a_manager_wrote() -> None:
    entry = MemoryEntry(7, "note", "The dog is Oscar.", None, 0, 0, ("t1",))
    written = {"dog": (entry,), "canoe": (), "mood": ()}
    first, second, _ = EpisodeRules().at_each_question(context(), written=written)
    assert (list(first.store.entries), list(second.store.entries)) == ([entry], [])
    assert EpisodeRules().retrieval(context(), seed=0, written=written).store.entries == (entry,)


def test_an_episode_waits_at_each_question_and_nobody_was_asked_on_the_way() -> None:
    parrot = Parrot()
    starts = EpisodeRules(answerer=parrot).at_each_question(context())
    assert [start.question.id for start in starts if start.question] == ["dog", "canoe", "mood"]
    assert [len(start.store) for start in starts] == [2, 4, 4]
    assert parrot.asked == 0
    assert starts[1].fork(5).step([1, 4]).questions[0].answer == "2"


def test_the_only_step_of_an_episode_is_normalised_by_itself() -> None:
    _, start, last = EpisodeRules().at_each_question(context())
    outcome = as_episode(start.step([4]))
    assert (outcome.step, outcome.num_steps, outcome.terminal) == (0, 1, True)
    assert (outcome.num_questions, outcome.num_evidence_questions) == (1, 1)
    assert EVIDENCE(outcome).value == 1.0
    assert as_episode(last.step(())).num_evidence_questions == 0


def test_the_one_decision_on_a_window_is_an_episode_of_its_own() -> None:
    window = step_window(context().stream, 3, num_turns=2)
    episode = EpisodeRules(capacity=CapacitySettings(9)).manager(StreamContext(window), seed=0)
    for _ in window.chunks[:-1]:
        episode.step(())
    outcome = episode.step([Add(TEXTS[3], ("t3",))])
    # All of its questions are asked at its end, so only the steps before it must not count.
    assert as_episode(outcome) == dataclasses.replace(outcome, step=0, num_steps=1)
    assert (outcome.step, outcome.num_steps) == (2, 3)


class Strict:
    """A judge that finds every answer wrong."""

    async def finish_step(self, episode: AnsweredEpisode, answers: Sequence[Answer]) -> StepOutcome:
        outcome = episode.finish_step(answers)
        graded = tuple(dataclasses.replace(question, verdict=0.0) for question in outcome.questions)
        return dataclasses.replace(outcome, questions=graded)


@pytest.mark.parametrize(("judge", "verdict"), [(None, None), (Strict(), 0.0)])
def test_a_step_is_graded_and_counted_as_the_rules_say(judge: Strict | None, verdict: float | None) -> None:
    rules = EpisodeRules(answerer=Parrot(), judge=judge)

    def finish(*, is_episode: bool) -> StepOutcome:
        episode = rules.at_each_question(context())[1].fork(0)
        requests = episode.begin_step([4])
        return asyncio.run(rules.finish_step(episode, Parrot().answer(requests), is_episode=is_episode))

    alone, within = finish(is_episode=True), finish(is_episode=False)
    assert alone.questions == within.questions
    assert (alone.questions[0].answer, alone.questions[0].verdict) == ("1", verdict)
    assert (alone.num_questions, within.num_questions) == (1, 3)


def test_answers_are_asked_for_only_where_they_are_paid() -> None:
    parrot = Parrot()
    assert resolve_answerer(parrot, EVIDENCE) is None
    assert resolve_answerer(parrot, ANSWERS) is parrot
    default = resolve_answerer(None, ANSWERS)
    assert isinstance(default, CachedAnswerer)
    assert default.fingerprint == ExtractiveAnswerer().fingerprint


def test_rules_without_a_reward_pay_nothing() -> None:
    assert EpisodeRules(reward=ANSWERS).paid == ANSWERS
    with pytest.raises(ConfigError, match="no reward"):
        _ = EpisodeRules().paid


@pytest.mark.parametrize(
    ("rules", "message"), [({"top_k": 0}, "positive"), ({"top_k": 4, "tiers": Tiers((1, 2))}, "rise from 1")]
)
def test_impossible_rules_are_refused(rules: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        EpisodeRules(**rules)  # type: ignore[arg-type]


def test_rules_travel_to_other_processes() -> None:
    rules = EpisodeRules(reward=ANSWERS, retriever=make_retriever("recency"), answerer=ExtractiveAnswerer())
    copy = pickle.loads(pickle.dumps(rules))
    assert copy.reward == ANSWERS
    first, second = (each.manager(context(), seed=1) for each in (rules, copy))
    first.step([Add(TEXTS[1], ("t1",))])
    second.step([Add(TEXTS[1], ("t1",))])
    assert first.step(()) == second.step(())
