"""What a policy thinks aloud before it acts."""

from __future__ import annotations

import gymnasium
import pytest

import memdojo  # noqa: F401  # It registers the environments.
from builders import make_stream
from memdojo.envs.prompts.registry import make_format
from memdojo.envs.types import Question

REPLIES = {
    "memory_r1": (
        '{"memory": [{"event": "ADD", "text": "Bob lives in Rome"}]}',
        '<think>\nIs entry 1 outdated? {"memory": [{"id": 1, "event": "DELETE"}]} would be wrong, the '
        'form is {id, event}.\n</think>\n{"memory": [{"event": "ADD", "text": "Ann lives in Oslo"}]}',
    ),
    "plain": (
        "ADD Bob lives in Rome",
        "<think>\nIs entry 1 outdated?\nDELETE 1\nwould be wrong.\n</think>\nADD Ann lives in Oslo",
    ),
    "mem_alpha": (
        'new_memory_insert("semantic", "Bob lives in Rome")',
        'memory_delete("semantic", 1)? No.\n</think>\n{"name": "new_memory_insert", "arguments": '
        '{"memory_type": "semantic", "content": "Ann lives in Oslo"}}',
    ),
}


@pytest.mark.parametrize("name", REPLIES)
def test_what_a_manager_rejects_in_its_thoughts_is_not_done(name: str) -> None:
    question = Question("q", "Where does Bob live?", ("Rome",), "", frozenset({"t0"}))
    stream = make_stream(("Bob", "I live in Rome."), ("Ann", "I moved to Oslo."), questions=[question])
    env = gymnasium.make(
        "memdojo/MemoryManager-v0",
        streams=[stream],
        prompt_format=make_format("manager", name),
        capacity_share=float("inf"),
        reward={"token_f1": 1.0},
    )
    env.reset(seed=0)
    first, second = REPLIES[name]
    env.step(first)
    _, reward, *_, info = env.step(second)
    assert (info["num_entries"], len(info["malformed"]), info["statuses"]) == (2, 0, ("applied",))
    assert (info["questions"][0].answer, reward) == ("Rome", 1.0)
