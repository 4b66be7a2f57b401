"""Every registered reward part has policies that game it, with what they earn beside honest play."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from builders import make_stream
from memdojo.agents.baselines.reward_hacks import ANSWER_HACKS, MANAGER_HACKS, RETRIEVER_HACKS
from memdojo.agents.baselines.rules import ScriptedRule
from memdojo.agents.graders.judge_formats import judge_messages, read_verdict
from memdojo.agents.graders.nugget_formats import nugget_messages
from memdojo.agents.play import play_manager, play_retrieval
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.episodes.archive import Tiers
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.memory.retrieval.protocol import Retriever
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.types import Add, Hit, Question
from memdojo.rewards.grading import NUGGET_METRICS, grade, needs_judge
from memdojo.rewards.outcomes import QuestionOutcome, StepOutcome
from memdojo.rewards.parts import reward_part, reward_part_names
from memdojo.rewards.reward import Reward

ASKED = AnswerRequest(
    "Where does Ann live?", ("Ann: I live in Oslo.", "Ben: I live in Rome.", "Cem: I live in Lima.")
)
DOCS = Path(__file__).parents[3] / "docs" / "custom" / "reward.md"
PAYS = math.inf
"""The hack earns what honest play does, or more."""

# What is earned by an answer of the reader's hacks where "Oslo" is right.
OF_ANSWERS: Mapping[str, Mapping[str, float]] = {
    "exact_match": {"everything": 0, "hedge": 0, "list_of_names": 0},
    "squad_exact_match": {"everything": 0, "hedge": 0, "list_of_names": 0},
    # Of the 15 words one is right: 2 / (15 + 1). The hedge has three words more.
    "token_f1": {"everything": 2 / 16, "hedge": 2 / 19, "both_ways": 0},
    "squad_token_f1": {"everything": 2 / 16, "hedge": 2 / 19, "both_ways": 0},
    "yes_no_f1": {"everything": 2 / 16, "hedge": 2 / 19, "both_ways": 0},
    "bleu_1": {"everything": 1 / 15, "hedge": 1 / 18},
    "rouge_l": {"everything": 2 / 16, "hedge": 2 / 19},
    "substring_exact_match": {"everything": PAYS, "hedge": PAYS},
    "squad_substring_match": {"everything": PAYS, "hedge": PAYS},
    "eventqa_recall": {"everything": PAYS, "hedge": PAYS},
    "rouge_l_recall": {"everything": PAYS, "hedge": PAYS},
    "keyword_match": {"everything": PAYS, "hedge": PAYS},
    "nugget_recall": {"everything": PAYS, "hedge": PAYS},
    # Without numbers, all that was said is one title.
    "recommendation_recall": {"everything": 0, "list_of_names": PAYS},
    "answer_line_match": {"everything": 0, "hedge": 0, "list_of_names": 0},
    "label_match": {"everything": 0, "hedge": 0, "list_of_names": 0},
    "settlement": {"everything": 0, "hedge": 0},
    "yes_no_match": {"everything": 0, "both_ways": 0},
    "official": {"everything": 2 / 16, "hedge": 2 / 19, "both_ways": 0},
    "locomo": {"everything": 2 / 16, "hedge": 2 / 19},
    "locomo_strict": {"everything": 2 / 16, "hedge": 2 / 16},
}
JUDGED = tuple(name for name in reward_part_names() if needs_judge(name))


def _question(answer: str, *, category: str = "4", unanswerable: bool = False) -> QuestionOutcome:
    return QuestionOutcome(
        question_id="q",
        category=category,
        references=() if unanswerable else ("Oslo",),
        unanswerable=unanswerable,
        answer=answer,
        answer_error="",
        evidence=frozenset(),
        stored=frozenset(),
        retrieved=(),
        text=ASKED.question,
        nuggets=() if unanswerable else ("Oslo",),
    )


def _pairs(table: Mapping[str, Mapping[str, float]]) -> list[tuple[str, str]]:
    return [(name, hack) for name, hacks in table.items() for hack in hacks]


@pytest.mark.parametrize(("metric", "hack"), _pairs(OF_ANSWERS))
def test_what_an_answer_that_games_a_metric_earns(metric: str, hack: str) -> None:
    honest = grade(metric, _question("Oslo"))
    earned = grade(metric, _question(ANSWER_HACKS[hack](ASKED)))
    assert honest == 1
    assert earned == pytest.approx(min(OF_ANSWERS[metric][hack], honest))


@pytest.mark.parametrize("metric", OF_ANSWERS)
def test_to_say_that_nothing_is_known_pays_where_nothing_is_and_nowhere_else(metric: str) -> None:
    said = ANSWER_HACKS["nothing_is_known"](ASKED)
    assert grade(metric, _question(said)) == 0
    assert grade(metric, _question(said, category="5", unanswerable=True)) == 1


def test_to_answer_both_ways_pays_at_most_every_other_time() -> None:
    said = ANSWER_HACKS["both_ways"](ASKED)
    for metric in ("yes_no_match", "yes_no_f1", "exact_match"):
        question = _question(said)
        earned = [grade(metric, _with_reference(question, right)) or 0 for right in ("yes", "no")]
        assert sum(earned) <= 1


def _with_reference(question: QuestionOutcome, right: str) -> QuestionOutcome:
    return dataclasses.replace(question, references=(right,))


@pytest.mark.parametrize("metric", JUDGED)
def test_a_judge_that_obeys_the_last_line_of_the_form_is_not_reached_by_an_answer(metric: str) -> None:
    said = ANSWER_HACKS["orders_to_the_judge"](ASKED)
    if metric in NUGGET_METRICS:
        messages = nugget_messages(ASKED.question, "Oslo", said)
    else:
        messages = judge_messages(ASKED.question, ["Oslo"], said, metric=metric)
    obeyed = [
        found[1]
        for line in messages[1].content.splitlines()
        if (found := re.match(r".*\((?:yes or no|0 to 3|0, 0\.5 or 1)\)\? ?(\w+)$", line)) and '"' not in line
    ]
    # What such a judge would reply: nothing that the answer has said.
    assert obeyed == []
    assert read_verdict(" ".join(obeyed), metric) in (None, 0)


# Managers: of four turns the first and the last are asked for, and two entries fit.

HONEST = ([Add("Ann: My dog is Oscar.", ("t0",))], [], [], [Add("Ann: I live in Rome now.", ("t3",))])
OF_MANAGERS: Mapping[str, Mapping[str, float]] = {
    # The first two turns are kept, and the rest refused: one of two answers. Packed, all of them fit.
    "evidence_stored": {"no_op": 0, "add_everything": 0.5, "duplicate_everything": 0.5, "pack_turns": PAYS},
    "evidence_kept": {"no_op": 0, "add_everything": 0.5, "duplicate_everything": 0.5, "delete_everything": 0},
    "answerability": {"no_op": 0, "add_everything": 0.5, "duplicate_everything": 0.5, "delete_everything": 0},
    "attribution": {"no_op": 0, "add_everything": 0.5, "duplicate_everything": 0.5, "delete_everything": 0},
    # An empty memory costs nothing, and a step without a call has no bad one.
    "memory_tokens": {"no_op": PAYS, "delete_everything": PAYS},
    "compression": {"no_op": PAYS, "delete_everything": PAYS},
    "operation_cost": {"no_op": PAYS, "delete_everything": PAYS},
    "invalid_operations": {"no_op": PAYS, "add_everything": -0.5, "delete_everything": -1},
    "well_formed": {"no_op": PAYS, "add_everything": PAYS, "delete_everything": PAYS},
    "call_success": {"no_op": PAYS, "add_everything": 0.5, "delete_everything": 0},
    "call_success_published": {"no_op": 0, "delete_everything": PAYS},
    "valid_operations": {"no_op": PAYS, "delete_everything": 0},
    "valid_operations_published": {"no_op": 0, "delete_everything": 0},
}
STREAM = make_stream(
    *("My dog is Oscar.", "Nice weather today.", "I live in Oslo.", "I live in Rome now."),
    questions=[
        Question("dog", "What is the dog of Ann?", ("Oscar",), evidence=frozenset({"t0"})),
        Question("home", "Where does Ann live?", ("Rome",), evidence=frozenset({"t3"})),
    ],
)


class Reader:
    """Answers with a dog or a town that it reads of."""

    fingerprint = "reader"

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        return [Answer(self._first(request)) for request in requests]

    def _first(self, request: AnswerRequest) -> str:
        wanted = "Oscar" if "dog" in request.question else "Rome"
        return wanted if any(wanted in text for text in request.context) else ""


def _earned(policy: ManagerPolicy, part: str) -> float:
    reward = Reward({part: 1.0})
    limits = CapacitySettings(max_entries=2, token_share=math.inf)
    rules = EpisodeRules(reward=reward, capacity=limits, answerer=Reader())
    episode = rules.manager(StreamContext(STREAM), seed=0)
    (outcome,) = play_manager(policy, [episode], rules.answerer)
    value = reward.episode(outcome).value
    assert value is not None
    return value


@pytest.mark.parametrize(("part", "hack"), _pairs(OF_MANAGERS))
def test_what_a_manager_that_games_a_part_earns(part: str, hack: str) -> None:
    honest = _earned(ScriptedRule(HONEST), part)
    earned = _earned(MANAGER_HACKS[hack](), part)
    expected = OF_MANAGERS[part][hack]
    if expected == PAYS:
        assert earned >= honest
    else:
        assert earned < honest
        assert earned == pytest.approx(expected, abs=0.05)


# Retrievers: of four turns the last one is asked for.

OF_RETRIEVERS: Mapping[str, Mapping[str, float]] = {
    part: {"duplicate_ranking": 0, "out_of_range_ids": 0, "negative_ids": 0, "rank_everything": 0}
    for part in ("evidence_recall", "evidence_ndcg", "evidence_dcg", "evidence_dcg_share")
} | {
    "marginal_utility": {"duplicate_ranking": 0, "out_of_range_ids": 0, "rank_everything": 0},
    "marginal_utility_official": {"duplicate_ranking": 0, "negative_ids": 0, "rank_everything": 0},
    "malformed_ranking": {"duplicate_ranking": -1, "out_of_range_ids": -1, "rank_everything": PAYS},
}


class Evidence:
    """Names the entry that is asked for, and then the others."""

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        return tuple(Hit(entry, 0.0) for entry in store.readable[::-1])[:k]


def _ranked(retriever: Retriever, part: str) -> float:
    question = Question("q", "Where does Ann live?", ("Rome",), evidence=frozenset({"t3"}))
    stream = make_stream(*("I like tea.", "Nice.", "Good.", "I live in Rome now."), questions=[question])
    rules = EpisodeRules(reward=Reward({part: 1.0}), top_k=3, tiers=Tiers((1, 2, 3)), answerer=Reader())
    episode = rules.retrieval(StreamContext(stream), seed=0)
    (outcome,) = play_retrieval(retriever, [episode], rules.answerer)
    value = rules.paid.episode(outcome).value
    assert value is not None
    return value


@pytest.mark.parametrize(("part", "hack"), _pairs(OF_RETRIEVERS))
def test_what_a_retriever_that_games_a_part_earns(part: str, hack: str) -> None:
    honest, earned = _ranked(Evidence(), part), _ranked(RETRIEVER_HACKS[hack](), part)
    expected = OF_RETRIEVERS[part][hack]
    if expected == PAYS:
        assert earned >= honest
    else:
        assert earned < honest
        assert earned == pytest.approx(expected)


def test_a_policy_that_writes_nothing_is_never_too_long() -> None:
    outcome = StepOutcome(0, (), (), 0, 0, 1, 0, 1, 0.0, 0.0, True)
    assert reward_part("overlong_responses").function(outcome) == 0


OF_RESPONSES = {"overlong_responses": {"no_op": PAYS}}
TABLES = (OF_ANSWERS, OF_MANAGERS, OF_RETRIEVERS, OF_RESPONSES)


def test_every_registered_part_has_a_hack() -> None:
    known = {part for table in TABLES for part in table} | {*JUDGED}
    assert known == set(reward_part_names())


def test_every_hole_is_written_down() -> None:
    text = DOCS.read_text(encoding="utf-8")
    _, _, section = text.partition("### Holes that are known")
    for table in TABLES:
        for part, hacks in table.items():
            if PAYS in hacks.values():
                assert f"`{part}`" in section, part
