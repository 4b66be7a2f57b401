from __future__ import annotations

from dataclasses import replace

import pytest

from builders import ScriptedChat
from memdojo.agents.engines.chat import Reply
from memdojo.agents.graders.judge_formats import read_verdict
from memdojo.agents.graders.judging import Judging
from memdojo.agents.graders.nugget_formats import judge_tasks, verdict_of
from memdojo.errors import ConfigError
from memdojo.rewards import QuestionOutcome

QUESTION = QuestionOutcome(
    question_id="q1",
    category="summarization",
    references=("A red boat and a blue car.",),
    unanswerable=False,
    answer="A boat.",
    answer_error="",
    evidence=frozenset(),
    stored=frozenset(),
    retrieved=(),
    text="What did I buy?",
    metric="beam_judge",
    nuggets=("states: a red boat", "states: a blue car"),
)
ORDER = replace(
    QUESTION, category="event_ordering", answer="1. tests\n2. setup", nuggets=("the setup", "the tests")
)


def _judged(question: QuestionOutcome, replies: dict[str, str]) -> tuple[float | None, ScriptedChat]:
    """Return the verdict where the judge says what `replies` has for a part of its prompt."""
    chat = ScriptedChat(lambda asked: Reply(next((replies[part] for part in replies if part in asked), "no")))
    return Judging(chat).grade([question])[0], chat


def test_each_nugget_is_marked_and_the_verdict_is_their_mean() -> None:
    verdict, chat = _judged(QUESTION, {"red boat": "0.5", "blue car": "Mark: 1"})
    assert verdict == 0.75
    assert chat.asked == [
        "Question: What did I buy?\nRequirement: states: a red boat\nAnswer: A boat.\nMark (0, 0.5 or 1)?",
        "Question: What did I buy?\nRequirement: states: a blue car\nAnswer: A boat.\nMark (0, 0.5 or 1)?",
    ]
    assert all("does not deal with the question" in system for system in chat.systems)


def test_the_published_score_counts_no_halves_and_shows_no_question() -> None:
    published = replace(QUESTION, metric="beam_published_judge")
    verdict, chat = _judged(published, {"red boat": "0.5", "blue car": "1"})
    assert verdict == 0.5
    assert not any("What did I buy" in asked for asked in chat.asked)
    assert not any("question" in system for system in chat.systems)


def test_an_order_is_scored_by_the_events_that_the_judge_takes_for_the_same() -> None:
    same = {"First: the setup\nSecond: setup": "yes", "First: the tests\nSecond: tests": "yes"}
    verdict, chat = _judged(ORDER, same)
    assert verdict == 0
    assert len(chat.asked) == 4
    assert _judged(replace(ORDER, answer="setup, tests"), same)[0] == 1
    # A nugget that an item was taken for is not there for a later one.
    twice = replace(ORDER, answer="setup\nsetup again")
    assert _judged(twice, {"First: the setup": "yes"})[0] == pytest.approx(_judged(twice, same)[0])


def test_the_published_order_takes_lines_as_they_are() -> None:
    published = replace(ORDER, metric="beam_published_judge", answer="setup, tests")
    _, chat = _judged(published, {})
    assert [asked.splitlines()[1] for asked in chat.asked] == ["Second: setup, tests"] * 2


def test_a_mark_that_could_not_be_had_leaves_no_verdict() -> None:
    assert _judged(QUESTION, {"red boat": "perhaps", "blue car": "1"})[0] is None
    assert verdict_of(QUESTION, [1.0, None]) is None


def test_a_blank_answer_is_worth_nothing_and_no_model_is_asked() -> None:
    verdict, chat = _judged(replace(QUESTION, answer=" \n"), {})
    assert (verdict, chat.asked) == (0, [])


def test_an_unanswerable_question_is_marked_by_its_nuggets_as_well() -> None:
    unanswerable = replace(QUESTION, unanswerable=True, nuggets=("there is no information about it",))
    assert _judged(unanswerable, {"no information about it": "1"})[0] == 1
    bare = replace(unanswerable, nuggets=(), answer="No information available")
    assert _judged(bare, {})[0] == 1


def test_other_questions_are_asked_about_once() -> None:
    other = replace(QUESTION, metric="judge")
    assert len(judge_tasks(other)) == 1
    assert verdict_of(other, [0.0]) == 0
    with pytest.raises(ConfigError, match="beam_judge marks nuggets and question 'q1' has none"):
        judge_tasks(replace(QUESTION, nuggets=()))


@pytest.mark.parametrize(
    ("reply", "mark", "cut"),
    [
        ("0.5", 0.5, None),
        ("1", 1.0, None),
        ("Mark: 0", 0.0, None),
        ("1.0, it does", 1.0, 1.0),
        ("0,5 because", 0.5, 0.5),
        (".5 of it", 0.5, 0.5),
        ("0. ", 0.0, None),
        ("10", None, None),
        ("0.25", None, None),
        ("2", None, None),
        ("yes", None, None),
        ("It says 1 of", 1.0, None),
        ("<think>1</think>0.5", 0.5, None),
    ],
)
def test_marks_of_nuggets_are_halves(reply: str, mark: float | None, cut: float | None) -> None:
    assert read_verdict(reply, "beam_judge") == mark
    assert read_verdict(reply, "beam_published_judge", is_cut=True) == cut
