from __future__ import annotations

import copy

import pytest
from transformers import PreTrainedTokenizerFast

from memdojo.agents.engines.decoding import ReplyDecoder, opened_at_end


def _with(tokenizer: PreTrainedTokenizerFast, *special: str) -> PreTrainedTokenizerFast:
    other = copy.deepcopy(tokenizer)
    other.add_special_tokens({"additional_special_tokens": list(special)}, replace_extra_special_tokens=False)
    return other


@pytest.mark.parametrize(
    ("marks", "text"),
    [
        (("[THINK]", "[/THINK]"), "[THINK]Rome?[/THINK]Oslo"),
        (("[TOOL_CALLS]", "[ARGS]"), "[TOOL_CALLS]drop[ARGS]{}"),
        (
            ("<|channel|>", "<|message|>", "<|start|>"),
            "<|channel|>analysis<|message|>Rome?<|start|>assistant<|channel|>final<|message|>Oslo",
        ),
        (("<|START_THINKING|>", "<|END_THINKING|>"), "<|START_THINKING|>Rome?<|END_THINKING|>Oslo"),
    ],
)
def test_special_tokens_that_mark_thoughts_and_calls_stay(
    tokenizer: PreTrainedTokenizerFast, marks: tuple[str, ...], text: str
) -> None:
    other = _with(tokenizer, *marks)
    ids = other.encode(f"{text}<end>", add_special_tokens=False)
    assert ReplyDecoder(other).decode(ids).replace(" ", "") == text.replace(" ", "")


def test_other_special_tokens_go(tokenizer: PreTrainedTokenizerFast) -> None:
    ids = tokenizer.encode("Oslo<end>", add_special_tokens=False)
    assert ReplyDecoder(tokenizer).decode(ids).strip() == "Oslo"
    other = _with(tokenizer, "[THINK]", "<|end|>", "<|start|>")
    ids = other.encode("Oslo<|end|><end>", add_special_tokens=False)
    assert ReplyDecoder(other).decode(ids).strip() == "Oslo"


def test_a_prompt_tells_whether_it_opens_a_thought(tokenizer: PreTrainedTokenizerFast) -> None:
    other = _with(tokenizer, "[THINK]")
    ids = other.encode("<start>assistant\n[THINK]", add_special_tokens=False)
    assert opened_at_end(other.decode, ids) == "[THINK]"
    assert opened_at_end(other.decode, ids[:-1]) == ""
