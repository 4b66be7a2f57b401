from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import ScriptedChat
from fuzzing import completions
from memdojo.agents.engines.chat import Reply
from memdojo.agents.graders.answerer import ChatAnswerer
from memdojo.agents.graders.judge_formats import read_verdict
from memdojo.envs.answering import AnswerRequest
from memdojo.envs.prompts.thoughts import split_thoughts

WORDS = [
    "yes",
    "no",
    "Yes.",
    "**No**",
    "Mark: 2",
    "3/3",
    "0.5",
    "10",
    "Oslo",
    "The answer is yes",
    "<think>yes</think>",
]


@pytest.mark.fuzz
@given(completions(WORDS), st.booleans())
def test_whatever_a_judge_says_is_a_verdict_or_none(reply: str, is_cut: bool) -> None:
    for metric in ("", "longmemeval_judge", "realmem_judge", "beam_judge"):
        verdict = read_verdict(reply, metric, is_cut=is_cut)
        assert verdict is None or verdict in (0.0, 1 / 3, 0.5, 2 / 3, 1.0)
        if split_thoughts(reply).text.strip() == "" != reply.strip():
            assert verdict is None or not split_thoughts(reply).thought


@pytest.mark.fuzz
@given(completions(WORDS))
def test_no_answer_is_a_thought(said: str) -> None:
    (answer,) = ChatAnswerer(ScriptedChat(lambda asked: Reply(said))).answer([AnswerRequest("Where?", ())])
    assert answer.text is None or answer.text == split_thoughts(said).text.strip()
