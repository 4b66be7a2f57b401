"""Calls in forms that a tokenizer's own response template describes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from trl.chat_template_utils import gemma4_template, glm4moe_chat_template

from memdojo.agents.engines.engine import Generation, StopReason
from memdojo.agents.language.policies import Prompt, PromptEncoder
from memdojo.agents.language.tiny import CHAT_TEMPLATE, train_tokenizer
from memdojo.agents.language.tool_replies import ToolReplies
from memdojo.envs.prompts.mem_alpha import MemAlphaFormat
from memdojo.envs.prompts.protocol import ManagerView
from memdojo.envs.prompts.tool_calls import in_block, write_call
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Capacity, Chunk, Delete, MemoryEntry, Turn

DELETE = in_block(write_call("memory_delete", {"memory_type": "semantic", "memory_id": 37}))
GLM = (
    "<tool_call>memory_delete\n<arg_key>memory_type</arg_key>\n<arg_value>semantic</arg_value>\n"
    "<arg_key>memory_id</arg_key>\n<arg_value>37</arg_value>\n</tool_call>"
)
GEMMA = '<|tool_call>call:memory_delete{memory_type:<|"|>semantic<|"|>,memory_id:37}<tool_call|>'
WITH_TOOLS = "{% if tools %}{{ tools | tojson }}{% endif %}" + CHAT_TEMPLATE


@pytest.fixture
def tokenizer() -> Any:
    return train_tokenizer(load_streams("synthetic:train", num_streams=20), 1024)


def test_a_template_that_trl_knows_is_used(tokenizer: Any) -> None:
    tokenizer.chat_template = glm4moe_chat_template
    replies = ToolReplies(tokenizer, MemAlphaFormat().tools)
    assert replies.readable(GLM, "<|user|>Hello.<|assistant|>", GLM) == DELETE


def test_a_tokenizer_s_own_template_is_used(tokenizer: Any) -> None:
    tokenizer.response_template = gemma4_template
    replies = ToolReplies(tokenizer, MemAlphaFormat().tools)
    assert replies.readable(GEMMA, "<|turn>model\n", GEMMA) == DELETE


def test_what_can_be_read_anyway_or_by_nobody_is_left_as_it_is(tokenizer: Any) -> None:
    tokenizer.response_template = gemma4_template
    known = ToolReplies(tokenizer, MemAlphaFormat().tools)
    marked = in_block(
        write_call("new_memory_insert", {"memory_type": "core", "content": "</tool_call> ends"})
    )
    for text in (marked, "Nothing to note.", "", GEMMA[:-20], "<tool_call>note it</tool_call>", GEMMA * 1000):
        assert known.readable(text, "<|turn>model\n", text) == text
    del tokenizer.response_template
    assert ToolReplies(tokenizer, MemAlphaFormat().tools).readable(GEMMA, "", GEMMA) == GEMMA


def test_a_policy_s_completion_is_read_by_it_unless_it_was_cut_off(tokenizer: Any) -> None:
    tokenizer.chat_template = WITH_TOOLS
    tokenizer.response_template = {**gemma4_template, "start_anchor_pattern": r"<\|assistant\|>"}
    encoder = PromptEncoder(tokenizer, MemAlphaFormat(), 5000)
    time = datetime(2023, 5, 8)
    entries = (MemoryEntry(37, "semantic", "Ann likes tea", None, 0, 0, ()),)
    view = ManagerView(Chunk(0, (Turn("t1", "Ann", "I moved.", time),), time=time), entries, Capacity(), 0)
    ids = tuple(tokenizer.encode(GEMMA, add_special_tokens=False))
    prompt: Prompt = encoder.encode(view)
    for reason, decision in ((StopReason.END, (Delete(37, "semantic"),)), (StopReason.LENGTH, ())):
        completion = encoder.completion(prompt, Generation(ids, (), reason, 0))
        assert encoder.format.parse(completion, view).decision == decision
