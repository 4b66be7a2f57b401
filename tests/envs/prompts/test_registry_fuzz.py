from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import completions, num_inputs
from memdojo.envs.prompts.protocol import (
    AnswerView,
    DecisionOption,
    DecisionView,
    ManagerView,
    RankingView,
    parse_reply,
)
from memdojo.envs.prompts.registry import FORMATS, make_format
from memdojo.envs.prompts.thoughts import Reply, split_thoughts
from memdojo.envs.types import Capacity, Chunk, MemoryEntry, Turn

TIME = datetime(2024, 5, 1, 9)
CHUNK = Chunk(4, (Turn("t9", "Ann", "I live in Oslo.", TIME), Turn("t10", "Bob", "Me too.", TIME)), "s", TIME)
ENTRIES = (
    MemoryEntry(1, "core", "Ann is a nurse.", None, 0, 0, ()),
    *(
        MemoryEntry(id, kind, f"Note {id}", TIME, 0, 0, ())
        for id, kind in ((3, "semantic"), (37, "episodic"))
    ),
)
OPTIONS = tuple(DecisionOption(index, f"Note {index}") for index in range(3))
VIEWS = {
    "manager": ManagerView(CHUNK, ENTRIES, Capacity(), 9),
    "retriever": RankingView("Where?", None, ENTRIES, 3),
    "answer_agent": AnswerView("Where?", None, ENTRIES),
    "design": DecisionView("d", "A design.", "who", "Who leaves.", "Ann: hi", OPTIONS),
}
ALL = [(make_format(task, name), VIEWS[task]) for task in FORMATS for name in FORMATS[task]]
EXAMPLES = [example for format, _ in ALL for example in format.examples]
GIVEN = json.dumps({"memory_type": "semantic", "memory_id": 37})
CALL = f'{{"name": "memory_delete", "arguments": {GIVEN}}}'
WORDS = [
    *EXAMPLES,
    *(
        CALL,
        f"<tool_call>{CALL}</tool_call>",
        f"[TOOL_CALLS]memory_delete[ARGS]{GIVEN}",
        f"<|python_tag|>{CALL}",
    ),
    *("<function=memory_delete>", "<parameter=memory_id>\n37\n</parameter>", "</function>", "memory_delete("),
    *('{"memory": [', '{"id": 3, "event": "DELETE"}', '"memory_id": 3', '"semantic"', "]}"),
    *("ADD ", "UPDATE 3 ", "REPLACE 3,37 ", "DELETE 3", "KEEP a", "DROP 2", "USE 3, 37", "ANSWER ", "1010"),
    *("**Memories:** 1", "**Answer:** Oslo", "<ranking>", "</ranking>", "1,2,3"),
]


@pytest.mark.fuzz
@given(completions(WORDS), st.booleans())
def test_whatever_a_model_writes_is_read(completion: str, is_cut: bool) -> None:
    for format, view in ALL:
        parsed = parse_reply(format, completion, view, is_cut=is_cut)
        # What is decided and said of it can be written to any file.
        repr(parsed.decision).encode()
        "".join(map(str, parsed.errors)).encode()
        assert parse_reply(format, completion, view, is_cut=is_cut) == parsed


@pytest.mark.fuzz
@given(completions(WORDS), st.integers(0, 5))
def test_whatever_a_model_thinks_is_not_read(thought: str, choice: int) -> None:
    if split_thoughts(thought) != Reply(thought):
        return  # It has marks of its own.
    for format, view in ALL:
        reply = format.examples[choice % len(format.examples)]
        for thinking in (f"<think>\n{thought}\n</think>\n\n", f"[THINK]{thought}[/THINK]"):
            if format.name == "memsifter" and "[" in thinking[:1] and "</think>" in reply:
                continue  # By its own rule, the last mark of this kind ends the thoughts.
            parsed, wanted = format.parse(thinking + reply, view), format.parse(reply, view)
            assert parsed.decision == wanted.decision
            assert [error.kind for error in parsed.errors] == [error.kind for error in wanted.errors]


HOSTILE = [
    *(
        "<ranking>",
        "<ranking>1,",
        "[]",
        "[] ",
        "[]\n",
        "{}",
        "{",
        "{\n",
        "[",
        "[\n",
        "[{",
        '{"a":',
        '{"name":',
    ),
    *('{"', '{"\\', '"', "\\", "'", "`", '{"\n', '{"<think>', '{"memory": [{"id": 9', CALL, CALL[:-1] + " "),
    *(
        "<tool_call>",
        "<tool_call>{",
        "<tool_call>[]",
        "</tool_call>",
        "<|python_tag|>",
        "[TOOL_CALLS]",
        "[ARGS]",
    ),
    *("<function=memory_delete>", "<parameter=a>", "</parameter>", '<invoke name="memory_delete">'),
    *(
        "memory_delete",
        "memory_delete(",
        'memory_delete("\n',
        "memory_delete( ",
        "memory_delete:",
        "memory_delete{",
    ),
    *(
        "<think>",
        "</think>",
        "<think></think>",
        "<think><think></think>",
        "<think ",
        "<a_",
        "[THINK]",
        "◁think",
    ),
    *("<|channel|>analysis<|message|>", "<|end|>", "<answer>", "</answer>", "analysisA", "assistantfinal"),
    *("ADD ", "ADD a\n", "UPDATE 1", "REPLACE 1,", "1,", "1 , ", "USE ", "USE 1\n", "ANSWER x\n", "KEEP a\n"),
    *(
        "**Memories:** ",
        "**Answer:**",
        "10",
        " ",
        "\t",
        "\n",
        "\r",
        ",",
        ", ",
        "9",
        "a",
        "é",
        "\u00a0",
        "\ud800",
        "\0",
    ),
]


def _calls(function: Callable[[], Any]) -> int:
    """Return how many functions are called, those of libraries in C as well."""
    num = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal num
        num += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return num


@pytest.mark.parametrize("unit", HOSTILE)
def test_the_work_grows_with_the_length_of_a_completion(unit: str) -> None:
    for format, view in ALL:
        texts = [unit * (size // len(unit)) for size in (1_000, 4_000)]
        short, long = (_calls(partial(format.parse, text, view)) for text in texts)
        assert long <= 4.5 * short + 200, format.name


@pytest.mark.fuzz
@pytest.mark.parametrize("unit", HOSTILE)
def test_texts_of_many_kilobytes_are_read(unit: str) -> None:
    # Where patterns went back and forth in a text, this took minutes for a single one.
    for format, view in ALL:
        format.parse(unit * (num_inputs(10_000) // len(unit)), view)
