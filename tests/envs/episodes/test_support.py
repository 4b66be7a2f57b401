from __future__ import annotations

import re

import pytest

from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.support import CaseSupport, Support
from memdojo.envs.memory.analysis import analyze
from memdojo.envs.streams import load_streams
from memdojo.envs.streams.rendering import render_turn
from memdojo.envs.types import MemoryEntry, Question, Turn


def holds(said: str, question: str, answer: str | tuple[str, ...], entry: str, *others: str) -> bool:
    """Return whether an entry that came from Ann's turn supports a question that needs other turns too."""
    turn = Turn("t", "Ann", said)
    answers = (answer,) if isinstance(answer, str) else answer
    asked = Question("q", question, answers, evidence=frozenset({"t", *others}))
    return Support(asked, turn, render_turn(turn)).holds(entry)


@pytest.mark.parametrize(
    ("said", "question", "answer", "entry"),
    [
        ("I moved to Boston.", "Where did Ann move?", "Boston", "Ann moved to Boston"),
        ("I moved to Boston.", "Where did Ann move?", "Boston", "Ann relocated to Boston"),
        ("I moved to Boston.", "Who moved to Boston?", "Ann", "Ann moved to Boston"),
        # What another question asks may be left out.
        ("My dog is called Rex. My cat is Tom!", "What is Ann's cat called?", "Tom", "Ann's cat: Tom"),
        (
            "I don't miss Oslo, but I live in Rome now.",
            "Where does Ann live?",
            "Rome",
            "Ann lives in Rome now",
        ),
        ("I don't eat fish.", "What does Ann not eat?", "fish", "Ann doesn't eat fish"),
        ("My number is 555-0101 now.", "What is Ann's number?", "555-0101", "Ann's number 555-0101"),
        # Resolved by who wrote it.
        ("I went to the show yesterday.", "When did Ann go?", "7 May", "Ann went to the show on 7 May"),
        # A part of an answer that other turns complete has only its own part to hold; see below.
        ("我的狗叫雷克斯。", "小明的狗叫什么名字?", "雷克斯", "小明的狗叫雷克斯"),
        ("Mi hermana vive en Málaga.", "¿Dónde vive la hermana?", "Málaga", "hermana vive en Malaga"),
        # Who speaks matters where the question says so.
        ("My dog is called Rex.", "What is my dog called?", "Rex", "dog called Rex"),
    ],
)
def test_a_note_from_which_the_question_can_be_answered_supports_it(
    said: str, question: str, answer: str, entry: str
) -> None:
    assert holds(said, question, answer, entry)


@pytest.mark.parametrize(
    ("said", "question", "answer", "entry"),
    [
        # The answer is gone, though three in four of the words are there.
        ("I moved to Boston with Tim.", "Where did Ann move?", "Boston", "Ann moved with Tim"),
        ("My number is 555-0101 now.", "What is Ann's number?", "555-0101", "Ann's number is 555 now"),
        # Whom it is about is gone.
        ("Bob moved to Boston.", "Where did Bob move?", "Boston", "somebody moved to Boston"),
        ("I moved to Boston.", "Where did Ann move?", "Boston", "she moved to Boston"),
        # What it is about is gone.
        ("Rex is my dog, Tom the cat.", "What is the dog called?", "Rex", "Rex, Tom"),
        ("I don't eat fish.", "What does Ann not eat?", "fish", "Ann eats fish"),
        ("I have never been to Rome.", "Has Ann been to Rome?", "No", "Ann has been to Rome"),
        # What the answer follows from is gone.
        ("I went to the show in June.", "When did Ann go?", "2023", "Ann went to the show"),
        ("I read 3 books with Tim.", "Does Ann read?", "Yes", "Ann read books with Tim"),
        ("I read 3 books with Tim.", "Does Ann read?", "Yes", "Ann read 3 books"),
        ("The first half of it. The rest of it.", "What then?", "Rome", "The first half of it."),
    ],
)
def test_words_from_which_the_question_cannot_be_answered_do_not(
    said: str, question: str, answer: str, entry: str
) -> None:
    assert holds(said, question, answer, f"Ann: {said}")
    assert not holds(said, question, answer, entry)


def test_any_reference_will_do_and_of_an_answer_from_several_turns_the_part_that_stands_in_this_one() -> None:
    said = "I love pottery and long walks."
    assert holds(said, "What does Ann love?", ("ceramics", "pottery"), "Ann loves pottery, walks")
    hobbies = "painting, camping trips, pottery"
    assert holds(said, "What does Ann love?", hobbies, "Ann loves pottery, walks", "t2")
    assert not holds(said, "What does Ann love?", hobbies, "Ann loves long walks", "t2")


def test_a_long_turn_in_pieces_is_supported_by_the_piece_that_answers() -> None:
    said = " ".join(f"The weather of day {day} was fair and mild." for day in range(50)) + " I live in Oslo."
    assert holds(said, "Where does Ann live?", "Oslo", "Ann: The weather of day 49 was mild. I live in Oslo.")
    assert not holds(said, "Where does Ann live?", "Oslo", "Ann: " + said[:1500])


def _half(text: str) -> str:
    """Return half of the content words, the shortest."""
    words = {analyze(word)[0]: word for word in re.findall(r"\w+", text) if analyze(word)}
    return " ".join(sorted(words.values(), key=len)[: (len(words) + 1) // 2])


def test_half_of_the_words_of_each_turn_keep_no_more_evidence_than_answers() -> None:
    kept = answerable = total = 0
    for stream in load_streams("synthetic:test", num_streams=2, seed=0):
        context = StreamContext(stream)
        for question in stream.questions:
            for turn_id in question.needed_evidence:
                text = context.turn_texts[context.turn_index[turn_id]]
                half = MemoryEntry(1, "fact", _half(text), None, 0, 0, (turn_id,))
                total += 1
                kept += bool(context.evidence_for(question, half))
                stated = set(analyze(question.answers[0])) & set(analyze(text))
                answerable += stated <= set(analyze(half.text))
                whole = MemoryEntry(1, "fact", text, None, 0, 0, (turn_id,))
                assert context.evidence_for(question, whole) == {turn_id}
    assert total > 20
    assert kept <= answerable < total / 2
    assert kept < total / 10


def helps(told: str, task: str, answer: str, entry: str) -> bool:
    """Return whether an entry that came from a report of which so much is known supports a later task."""
    turn = Turn("t0", "Report", told, reports="t0")
    asked = Question("t1", task, (answer,), evidence=frozenset({"t0"}), options=())
    return CaseSupport(asked, turn, render_turn(turn)).holds(entry)


GIVEN = "Sort the red wooden box.\nANSWER: A\nVERDICT: given"
LATER = "Sort the blue wooden box."


@pytest.mark.parametrize(
    "entry",
    [
        f"Report: {GIVEN}",
        "Sort the red wooden box. ANSWER: A VERDICT: given",
        "red box ANSWER: a VERDICT: right",
        "Wooden box: A",
    ],
)
def test_an_entry_helps_that_tells_the_case_or_what_follows_from_it(entry: str) -> None:
    assert helps(GIVEN, LATER, "A", entry)


@pytest.mark.parametrize(
    "entry",
    [
        "Sort the red wooden box. ANSWER: B VERDICT: given",
        "Sort the red wooden box.",
        "Peel the pear. ANSWER: A VERDICT: given",
        "Pears go to A",
    ],
)
def test_an_entry_that_tells_another_case_helps_no_more(entry: str) -> None:
    assert not helps(GIVEN, LATER, "A", entry)


def test_of_a_report_without_the_answer_the_case_counts_whatever_came_of_it() -> None:
    told = "Sort the red wooden box."
    assert helps(told, LATER, "A", f"Report: {told}\nANSWER: B\nVERDICT: wrong")
    assert helps(told, LATER, "A", "wooden box: A")
    assert not helps(told, LATER, "A", f"Report: {told}")
