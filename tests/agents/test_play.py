from collections.abc import Sequence

from builders import make_stream
from memdojo.agents.baselines.registry import make_baseline
from memdojo.agents.baselines.rules import ScriptedRule
from memdojo.agents.play import play_manager, play_memory, play_retrieval
from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.envs.memory.retrieval.retrievers import BM25Retriever
from memdojo.envs.types import Add, Capacity, Question


class EchoAnswerer:
    """Answers with the first retrieved line and remembers how large its batches were."""

    fingerprint = "echo"

    def __init__(self) -> None:
        self.batches: list[int] = []

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        self.batches.append(len(requests))
        return [Answer(request.context[0] if request.context else "nothing") for request in requests]


def make_context(id: str, num_chunks: int) -> StreamContext:
    said = (("Ana", f"fact{index} of {id}") for index in range(num_chunks))
    questions = (
        Question("early", "fact0?", ("x",), evidence=frozenset({"t0"}), ask_after=1),
        Question("late", f"fact{num_chunks - 1}?", ("x",), evidence=frozenset({f"t{num_chunks - 1}"})),
    )
    return StreamContext(make_stream(*said, questions=questions, id=id, group=id))


def test_questions_that_fall_due_together_are_answered_in_one_batch() -> None:
    answerer = EchoAnswerer()
    contexts = [make_context("a", 3), make_context("b", 3), make_context("c", 5)]
    episodes = [ManagerEpisode(each, Capacity(), answerer=answerer) for each in contexts]
    outcomes = play_manager(make_baseline("recency"), episodes, answerer)
    # Three early questions at step 1, two late ones at step 2, one at step 4.
    assert answerer.batches == [3, 2, 1]
    assert [[question.answer for question in outcome.questions] for outcome in outcomes] == [
        ["Ana: fact0 of a", "Ana: fact2 of a"],
        ["Ana: fact0 of b", "Ana: fact2 of b"],
        ["Ana: fact0 of c", "Ana: fact4 of c"],
    ]


def test_episodes_of_different_lengths_all_reach_their_end() -> None:
    episodes = [ManagerEpisode(make_context(str(length), length), Capacity()) for length in (2, 6, 4)]
    outcomes = play_manager(make_baseline("recency"), episodes)
    assert [len(outcome.steps) for outcome in outcomes] == [2, 6, 4]
    assert [outcome.steps[-1].terminal for outcome in outcomes] == [True] * 3
    assert [outcome.stream_id for outcome in outcomes] == ["2", "6", "4"]


def test_an_episode_that_has_ended_already_only_gives_its_outcome() -> None:
    episode = ManagerEpisode(make_context("a", 2), Capacity())
    [first] = play_manager(make_baseline("recency"), [episode])
    assert play_manager(make_baseline("recency"), [episode]) == [first]


def test_a_policy_may_give_several_operations_a_step() -> None:
    episode = ManagerEpisode(make_context("a", 2), Capacity())
    [outcome] = play_manager(ScriptedRule([(Add("x"), Add("y")), ()]), [episode])
    assert [len(step.operations) for step in outcome.steps] == [2, 0]


def test_retrieval_ranks_what_was_said_until_each_question() -> None:
    episodes = [RetrievalEpisode(make_context(id, 4)) for id in ("a", "b")]
    outcomes = play_retrieval(BM25Retriever(), episodes)
    for outcome in outcomes:
        early, late = outcome.questions
        assert early.retrieved[0] == {"t0"}
        assert late.retrieved[0] == {"t3"}


def test_the_memory_is_what_the_store_held_at_each_question_and_nothing_written_later_is_in_it() -> None:
    contexts = [make_context("a", 3), make_context("b", 5)]
    episodes = [ManagerEpisode(each, Capacity(max_entries=2)) for each in contexts]
    first, second = play_memory(make_baseline("recency"), episodes)
    texts = {name: [entry.text for entry in store] for name, store in first.items()}
    # "early" is asked after chunk 1, "late" after the last one; the store holds the two newest.
    assert texts == {
        "early": ["Ana: fact0 of a", "Ana: fact1 of a"],
        "late": ["Ana: fact1 of a", "Ana: fact2 of a"],
    }
    assert [entry.text for entry in second["late"]] == ["Ana: fact3 of b", "Ana: fact4 of b"]
    assert all(episode.ended for episode in episodes)
