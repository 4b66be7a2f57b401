from dataclasses import replace

import pytest

from builders import make_stream
from memdojo.envs.answering import Answer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.credit import CreditRules
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.memory.analysis import count_tokens
from memdojo.envs.types import Add, Capacity, Delete, PlannedOperation, Question, Update
from memdojo.eval.findings.oracle_measures import PlanMeasures
from memdojo.train.rollouts.memory_figures import mean_figures, memory_figures

TEXTS = ("I live in Oslo", "Nice weather", "I moved to Bergen", "My dog Rex barks", "Rex the dog has died")


STREAM = make_stream(
    *(("Ana", text) for text in TEXTS),
    questions=(
        Question("home", "Where does Ana live?", ("Bergen",), "latest", frozenset({"t2"})),
        Question("town", "Where was Ana before?", ("Oslo",), "first", frozenset({"t1"})),
        Question("dog", "What is the dog called?", (), "gone", frozenset({"t4"}), unanswerable=True),
    ),
    oracle={
        "t0": (PlannedOperation(Add.kind, "Ana: I live in Oslo"),),
        "t2": (PlannedOperation(Update.kind, "Ana: I moved to Bergen", "t0"),),
        "t3": (PlannedOperation(Add.kind, "Ana: My dog Rex barks"),),
        "t4": (PlannedOperation(Delete.kind, target="t3"),),
    },
)
"""Oslo, then Bergen instead; a dog, then none."""


def _played(*, with_plan: bool = True, answer: str | None = None) -> tuple[ManagerEpisode, PlanMeasures]:
    """Keep the turns 0, 2 and 3; every question gets the same answer."""

    class Says:
        fingerprint = "says"

        def answer(self, requests: object) -> list[Answer]:
            return [Answer(answer or "") for _ in requests]  # type: ignore[attr-defined]

    context = StreamContext(STREAM if with_plan else replace(STREAM, oracle={}))
    episode = ManagerEpisode(context, Capacity(9), answerer=None if answer is None else Says())
    for index, text in enumerate(TEXTS):
        episode.step((Add(f"Ana: {text}", (f"t{index}",)),) if index in (0, 2, 3) else ())
    return episode, PlanMeasures(context)


def test_size_growth_and_evidence_of_a_memory() -> None:
    first, second, third = (count_tokens(f"Ana: {TEXTS[index]}") for index in (0, 2, 3))
    figures = memory_figures(*_played(with_plan=False))
    assert figures == {
        "entries": 3.0,
        "tokens": first + second + third,
        "compression": (first + second + third) / sum(count_tokens(f"Ana: {text}") for text in TEXTS),
        # Two of five steps are the first half; two entries came in the other three.
        "growth": pytest.approx((second + third) / 3),
        "tokens_written": first + second + third,
        # Of two questions with an answer one has its evidence, Bergen, in the store.
        "evidence_stored": 0.5,
    }


def test_what_is_outdated_is_measured_where_the_stream_says_what_should_be_done() -> None:
    figures = memory_figures(*_played())
    # Oslo and the dog should be gone and both are there; Oslo stands beside Bergen.
    assert (figures["outdated_kept"], figures["contradictions"]) == (1.0, 1.0)
    assert "stale_answers" not in figures  # Nobody answered.
    # Two questions are about what changed; "Oslo" is the outdated answer to one of them.
    assert memory_figures(*_played(answer="Oslo"))["stale_answers"] == 0.5
    assert memory_figures(*_played(answer="Bergen"))["stale_answers"] == 0.0


def test_questions_that_were_asked_before_they_are_due_are_counted() -> None:
    class Mute:
        fingerprint = "mute"

        def answer(self, requests: object) -> list[Answer]:
            return [Answer("") for _ in requests]  # type: ignore[attr-defined]

    context, credit = StreamContext(STREAM), CreditRules(metric="token_f1", answerability=True)
    episode = ManagerEpisode(context, Capacity(9), answerer=Mute(), credit=credit)
    for index in range(len(TEXTS)):
        # Of three questions, two are about Ana, and all find nothing at first.
        episode.step((Add("Ana is here", (f"t{index}",)),) if index == 1 else ())
    assert memory_figures(episode, PlanMeasures(context))["questions_to_come_asked"] == 3 + 2


def test_a_mean_is_over_the_episodes_that_have_the_figure() -> None:
    assert mean_figures([{"a": 1.0, "b": 4.0}, {"a": 2.0}, {}]) == {"a": 1.5, "b": 4.0}
