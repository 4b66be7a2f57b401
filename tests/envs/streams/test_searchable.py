import dataclasses

from memdojo.envs.streams.searchable import without_terms
from memdojo.envs.types import Chunk, Question, Stream, Turn


def _stream(texts: list[str], question: str, *references: str) -> Stream:
    turns = tuple(Turn(f"t{index}", "Ann", text) for index, text in enumerate(texts))
    return Stream("s", "g", (Chunk(0, turns, "1", None),), (Question("q", question, references),), "mine")


def test_nothing_is_said_of_text_of_any_script_and_of_a_turn_in_twenty_without_terms() -> None:
    assert without_terms(_stream(["我的狗叫雷克斯。", "मेरे कुत्ते", "🎉"], "狗叫什么?", "雷克斯")) == ""
    assert (
        without_terms(_stream(["How are you?", *["I live in Oslo."] * 19], "Where is the home?", "Oslo"))
        == ""
    )


def test_texts_without_terms_are_counted_by_kind() -> None:
    note = without_terms(_stream(["????", "How are you?", "I live in Oslo."], "Who is it?", "A", "Oslo"))
    assert "'s': 2 of 3 turns, 1 of 1 questions, 1 of 2 reference answers consist of stop words" in note


def test_nobody_has_to_find_an_answer_that_is_among_the_options() -> None:
    stream = _stream(["I live in Oslo."], "Where is the box?", "A")
    assert "1 of 1 reference answers" in without_terms(stream)
    task = dataclasses.replace(stream.questions[0], options=("A", "B"))
    assert without_terms(dataclasses.replace(stream, questions=(task,))) == ""
