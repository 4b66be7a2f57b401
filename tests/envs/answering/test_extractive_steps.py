"""How much work the reader has with long texts, in steps instead of seconds."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import FrameType

import pytest

from builders import read_answer
from memdojo.envs.answering.lines import parse_line, size_of_line, size_of_spans, spans_of


def count_steps(run: Callable[[], object]) -> int:
    """Return how many lines of memdojo's code are executed."""
    steps = 0

    def trace(frame: FrameType, event: str, _: object) -> object:
        nonlocal steps
        if "memdojo" not in frame.f_code.co_filename:
            return None
        steps += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return steps


UNITS = [
    *(
        "1 ",
        "boat ",
        "Boat ",
        '"ab" ',
        "don't ",
        "1.",
        ".",
        "boat of ",
        "not after ",
        "took ",
        "the ",
        "live ",
        "[ ",
    ),
    *(
        "I live. ",
        "may 1 ",
        "last may ",
        "a [",
        "Ann: ",
        "two days ago ",
        "x of x of ",
        "a - ",
        "a@",
        "quit my ",
    ),
    *("Ann Lee ", "boat wrong ", "+1 ", "a\n", "Ann's boat ", "my sister Eva. ", "lost my boat "),
]


@pytest.mark.parametrize("unit", UNITS)
def test_a_long_line_takes_steps_in_proportion_to_its_length(unit: str) -> None:
    few, many = (
        count_steps(
            lambda n=n: read_answer("Where does Ann's boat live?", f"[2024-05-01] Ann Lee: {unit * n}")
        )
        for n in (1_200 // len(unit), 4_800 // len(unit))
    )
    assert many <= 4.6 * few


@pytest.mark.parametrize("unit", UNITS)
def test_a_long_question_takes_steps_in_proportion_to_its_length(unit: str) -> None:
    few, many = (
        count_steps(lambda n=n: read_answer(unit * n, "[2024-05-01] Ann Lee: I live in Oslo, Bob."))
        for n in (400 // len(unit), 1_600 // len(unit))
    )
    assert many <= 4.6 * few


@pytest.mark.parametrize("line", ["My sister is Eva {}.", "Eva {} lives in Oslo.", "I live in Oslo {}."])
def test_many_lines_take_steps_in_proportion_to_their_number(line: str) -> None:
    few, many = (
        count_steps(
            lambda n=n: read_answer(
                "Where does Ann's sister live?", *(f"Ann: {line.format(number)}" for number in range(n))
            )
        )
        for n in (25, 100)
    )
    assert many <= 4.6 * few


def deep_size(value: object, seen: set[int]) -> int:
    if id(value) in seen or isinstance(value, type):
        return 0
    seen.add(id(value))
    return sys.getsizeof(value) + sum(deep_size(each, seen) for each in gc.get_referents(value))


@pytest.mark.parametrize(
    "text", ["I moved to Boston with my two cats. ", "1 ", "x of x of ", "Boat, ", "?! ", "Ärger über Öl. "]
)
def test_what_a_cached_line_is_said_to_take_up_is_not_far_below_what_it_takes(text: str) -> None:
    line = parse_line("Ann: " + text * 200)
    assert 0.5 * deep_size(line, set()) <= size_of_line(line)
    for sentence in line.sentences[:5]:
        spans = spans_of(sentence)
        assert 0.5 * deep_size(spans, set()) <= size_of_spans(spans)
