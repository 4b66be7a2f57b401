"""What Memory-R1's reward pays those who game it: exact match, and a bonus of 0.2 for form."""

from __future__ import annotations

import pytest

from memdojo.agents.baselines.registry import list_baselines
from memdojo.agents.baselines.reward_hacks import MANAGER_HACKS, RETRIEVER_HACKS, StuffingAnswerer
from memdojo.agents.baselines.rules import ScriptedRule
from memdojo.agents.play import play_manager, play_retrieval
from memdojo.envs.answering import Answer, Answerer, AnswerRequest
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.envs.types import Add, Capacity, Chunk, Delete, Question, Stream, Turn, Update
from memdojo.rewards.outcomes import EpisodeOutcome
from memdojo.rewards.reward import Reward

REWARD = Reward({"exact_match": 1.0, "well_formed": 0.2})
TURNS = (
    Turn("t0", "Ann", "My dog is Oscar."),
    Turn("t1", "Bob", "Nice weather today."),
    Turn("t2", "Ann", "I live in Oslo."),
    Turn("t3", "Ann", "I live in Rome now."),
)
STREAM = Stream(
    "s",
    "g",
    tuple(Chunk(index, (turn,)) for index, turn in enumerate(TURNS)),
    (
        Question("dog", "What is the dog of Ann?", ("Oscar",), evidence=frozenset({"t0"})),
        Question("home", "Where does Ann live?", ("Rome",), evidence=frozenset({"t3"})),
    ),
)


class FirstName:
    """Answers with the first name of a dog or a town in what was retrieved."""

    fingerprint = "first-name"

    def answer(self, requests: list[AnswerRequest] | tuple[AnswerRequest, ...]) -> list[Answer]:
        return [Answer(self._first(request)) for request in requests]

    def _first(self, request: AnswerRequest) -> str:
        wanted = ("Oscar",) if "dog" in request.question else ("Oslo", "Rome")
        words = [word.strip(".") for text in sorted(request.context) for word in text.split()]
        return next((word for word in words if word in wanted), "")


def _play(name: str, answerer: Answerer | None = None, max_entries: int | None = None) -> EpisodeOutcome:
    chosen = answerer or FirstName()
    episode = ManagerEpisode(StreamContext(STREAM), Capacity(max_entries=max_entries), answerer=chosen)
    (outcome,) = play_manager(MANAGER_HACKS[name](), [episode], chosen)
    return outcome


def _value(outcome: EpisodeOutcome, reward: Reward = REWARD) -> float:
    value = reward.episode(outcome).value
    assert value is not None
    return value


def test_whoever_keeps_what_is_true_earns_everything() -> None:
    script = [
        [Add("Ann: My dog is Oscar.", ("t0",))],
        [],
        [Add("Ann: I live in Oslo.", ("t2",))],
        [Update(2, "Ann: I live in Rome now.", ("t3",))],
    ]
    episode = ManagerEpisode(StreamContext(STREAM), Capacity(), answerer=FirstName())
    (outcome,) = play_manager(ScriptedRule(script), [episode], FirstName())
    # Both answers are right, and all four steps have form: 1 + 0.2.
    assert _value(outcome) == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("hack", "value"),
    [
        # Nothing is remembered: no answer is right. Form alone pays 0.2.
        ("no_op", 0.2),
        # The dog is known. Of the two towns the first one that was said comes first: half the answers.
        ("add_everything", 0.5 + 0.2),
        ("duplicate_everything", 0.5 + 0.2),
        # The ids that it names do not exist. That is refused, but it has form.
        ("delete_everything", 0.2),
    ],
)
def test_what_a_manager_that_games_the_reward_earns(hack: str, value: float) -> None:
    assert _value(_play(hack)) == pytest.approx(value)


def test_a_price_of_memory_and_of_refusals_tells_the_hacks_apart() -> None:
    reward = Reward({"exact_match": 1.0, "memory_tokens": 0.2, "invalid_operations": 0.2})
    assert _value(_play("no_op"), reward) == 0
    # The store is the stream, then twice the stream.
    assert _value(_play("add_everything"), reward) == pytest.approx(0.5 - 0.2)
    assert _value(_play("duplicate_everything"), reward) == pytest.approx(0.5 - 0.4)
    # Each of the four steps has one refused DELETE.
    assert _value(_play("delete_everything"), reward) == pytest.approx(-0.2)


def test_a_full_store_takes_nothing_from_whoever_adds_everything() -> None:
    operations = _play("add_everything", max_entries=1).operations
    assert [operation.applied for operation in operations] == [True, False, False, False]


def test_delete_everything_empties_what_others_wrote_and_then_names_what_is_not_there() -> None:
    episode = ManagerEpisode(StreamContext(STREAM), Capacity())
    episode.step([Add("Ann: My dog is Oscar.", ("t0",)), Add("Bob: Nice.", ("t1",))])
    policy = MANAGER_HACKS["delete_everything"]()
    assert policy.act([episode]) == [(Delete(1), Delete(2))]
    episode.step(policy.act([episode])[0])
    assert len(episode.store) == 0
    assert policy.act([episode]) == [(Delete(3),)]


def test_a_reader_that_says_everything_is_paid_by_containment_and_not_by_exact_match() -> None:
    outcome = _play("add_everything", StuffingAnswerer())
    assert _value(outcome, Reward({"exact_match": 1.0})) == 0
    # "Oscar" and "Rome" are in what it says: this metric cannot see the rest.
    assert _value(outcome, Reward({"substring_exact_match": 1.0})) == 1
    # About "Where does Ann live?" BM25 finds the three turns of Ann: 4 + 4 + 5 words, after the answerer's
    # normalisation 1 of them right. For each question F1 is 2 / (words said + 1).
    answers = [question.answer or "" for question in outcome.questions]
    expected = [2 / (len(answer.split()) + 1) for answer in answers]
    assert all(len(answer.split()) >= 12 for answer in answers)
    assert _value(outcome, Reward({"token_f1": 1.0})) == pytest.approx(sum(expected) / 2)


@pytest.mark.parametrize("hack", ["duplicate_ranking", "out_of_range_ids"])
def test_a_retriever_that_names_an_entry_twice_or_none_earns_nothing(hack: str) -> None:
    episode = RetrievalEpisode(StreamContext(STREAM), top_k=3, answerer=FirstName())
    (outcome,) = play_retrieval(RETRIEVER_HACKS[hack](), [episode], FirstName())
    assert all(operation.malformed for operation in outcome.operations)
    assert len(outcome.operations) == 2
    assert all(question.retrieved == () for question in outcome.questions)
    # Neither the answers, which are given from nothing, nor the form, nor the ranking pays.
    assert _value(outcome, Reward({"exact_match": 1.0, "well_formed": 0.2, "evidence_ndcg": 1.0})) == 0


def test_hacks_are_no_baselines() -> None:
    assert set(MANAGER_HACKS) & set(list_baselines()) == {"no_op"}
