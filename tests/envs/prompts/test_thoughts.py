from __future__ import annotations

import re

import pytest

from memdojo.envs.prompts.thoughts import Reply, closing_mark, opened_thought, split_thoughts

WRAPPED = {
    "Qwen and DeepSeek": "<think>\nNo: it is Tom.\n</think>\n\nRex",
    "a template that opens it": "No: it is Tom.\n</think>\n\nRex",
    "the same without line breaks": "No: it is Tom.</think>Rex",
    "in capitals": "<THINK>No: it is Tom.</THINK>Rex",
    "with attributes": '<thinking budget="low">No: it is Tom.</thinking>Rex',
    "another name": "<thought>No: it is Tom.</thought>Rex",
    "reasoning": "<reasoning>No: it is Tom.</reasoning>Rex",
    "reflection": "<reflection>No: it is Tom.</reflection>Rex",
    "closed by another name": "<think>No: it is Tom.</thinking>Rex",
    "several words": "<chain_of_thought>No: it is Tom.</chain_of_thought>Rex",
    "analysis": "<analysis>No: it is Tom.</analysis>Rex",
    "between bars": "<|thinking_start|>No: it is Tom.<|thinking_end|>Rex",
    "between bars with a slash": "<|think|>No: it is Tom.<|/think|>Rex",
    "escaped": "&lt;think&gt;No: it is Tom.&lt;/think&gt;Rex",
    "Seed": "<seed:think>No: it is Tom.</seed:think>Rex",
    "MiniMax": "<mm:think>No: it is Tom.</mm:think>Rex",
    "Magistral": "[THINK]No: it is Tom.[/THINK]Rex",
    "Kimi": "◁think▷No: it is Tom.◁/think▷Rex",
    "Cohere": "<|START_THINKING|>No: it is Tom.<|END_THINKING|><|START_RESPONSE|>Rex<|END_RESPONSE|>",
    "OpenThinker": "<|begin_of_thought|>No: it is Tom.<|end_of_thought|><|begin_of_solution|>Rex"
    "<|end_of_solution|>",
    "Gemma": "<|channel>thought\nNo: it is Tom.<channel|>Rex",
    "gpt-oss": "<|channel|>analysis<|message|>No: it is Tom.<|end|><|start|>assistant<|channel|>final"
    "<|message|>Rex<|return|>",
    "gpt-oss whose marks were dropped": "analysisNo: it is Tom.assistantfinalRex",
    "R1-Zero": "<think>No: it is Tom.</think><answer>Rex</answer>",
    "nested": "<think>No: <think>it is</think> Tom.</think>Rex",
    "behind the reply": "Rex\n<think>No: it is Tom.</think>",
    "in the middle of a line": "<think>No: it is</think>Rex<think>Tom.</think>",
}


@pytest.mark.parametrize("form", WRAPPED, ids=WRAPPED)
def test_the_marks_of_each_family_part_thought_and_reply(form: str) -> None:
    reply = split_thoughts(WRAPPED[form])
    assert reply.text.strip() == "Rex"
    assert " ".join(reply.thought.split()) == "No: it is Tom."
    assert not reply.is_cut


@pytest.mark.parametrize(
    "text",
    [
        "<think>",
        "<think>\nNo: it is Tom",
        "[THINK]No: it is Tom",
        "<|channel|>analysis<|message|>No: it is Tom",
        "analysisNo: it is Tom",
        "◁think▷No",
        "<think>No</think>\n<think>it is Tom",
        "<think>\n<think>No",
    ],
)
def test_a_thought_without_an_end_is_followed_by_nothing(text: str) -> None:
    reply = split_thoughts(text)
    assert (reply.text.strip(), reply.is_cut) == ("", True)
    assert "<think>" not in reply.thought


def test_what_stands_before_a_thought_that_was_cut_off_is_left() -> None:
    assert split_thoughts("Rex\n<think>\nor Tom") == Reply("Rex\n", "or Tom", True)
    # It ends the line, as it does where a thought follows.
    assert split_thoughts("Well: <think>\nor Tom") == Reply("Well: ", "or Tom", True)


def test_where_too_many_marks_open_a_thought_it_ends_at_the_first_that_closes() -> None:
    text = "<think>Ann hates <think> tags</think>Rex\n<think>Tom?</think>"
    assert split_thoughts(text) == Reply("Rex\n", "Ann hates  tags\nTom?")


@pytest.mark.parametrize(
    "text",
    [
        "Rex",
        "",
        "Ann hates <think> tags",
        'Ann writes "</think>" and `<think>`.',
        '{"text": "Ann hates </think> tags"}',
        'Sure: [{"text": "<think>\\nboth</think>"}]',
        "<parameter=text>\nAnn hates </think> tags\n</parameter>",
        "<think/>Rex",
        "<thinkers>Rex</thinkers>",
        "Rex<|end|>",
        "I think it is Rex",
        "[think] Rex",
    ],
)
def test_a_text_that_only_speaks_of_marks_is_left_as_it_is(text: str) -> None:
    assert split_thoughts(text) == Reply(text)


def test_lines_that_write_a_text_may_have_marks_as_words() -> None:
    writes = re.compile("ADD ")
    text = "ADD Ann hates <think> and </think> tags\nADD Ann loves <think>"
    assert split_thoughts(text, writes) == Reply(text)
    # At the end of a line a mark closes a thought, and one that touches a word opens one.
    assert split_thoughts("ADD a is wrong. </think>\nADD b", writes).text == "\nADD b"
    assert split_thoughts("ADD b <think>or a?</think>", writes).text == "ADD b "


def test_drafts_are_thought_and_marks_in_what_follows_are_text() -> None:
    reply = split_thoughts('Is it {"a": "Tom"}?\n</think>\n{"a": "Ann hates </think> tags"}')
    assert reply == Reply('\n{"a": "Ann hates </think> tags"}', 'Is it {"a": "Tom"}?')


@pytest.mark.parametrize("opening", ["<think>", "[THINK]", "◁think▷", "<seed:think>", "<|START_THINKING|>"])
def test_a_mark_that_opens_has_one_that_closes(opening: str) -> None:
    assert split_thoughts(f"{opening}Tom?{closing_mark(opening)}Rex") == Reply("Rex", "Tom?")


def test_a_prompt_may_end_within_a_thought() -> None:
    assert opened_thought("<|im_start|>assistant\n<think>\n") == "<think>"
    assert opened_thought("<|assistant|>[THINK]") == "[THINK]"
    assert opened_thought("<|im_start|>assistant\n<think>\n\n</think>\n\n") == ""
    assert opened_thought("Ann: what is <think>?<|im_start|>assistant\n") == ""
    assert opened_thought("") == ""
