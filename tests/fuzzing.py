"""What the fuzz tests share: how many inputs they try, and what models write.

A fuzz test is marked `@pytest.mark.fuzz`, stands beside what it is about and is called `test_MODULE_fuzz.py`.
By default it is quick; `make fuzz` sets MEMDOJO_FUZZ, the number of inputs that each tries. Tests by
Hypothesis follow it by themselves, as long as they set no `max_examples`; others ask `num_inputs`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

INPUTS: int | None = int(os.environ.get("MEMDOJO_FUZZ") or 0) or None
"""How many inputs each fuzz test tries under `make fuzz`; None leaves it to the test."""


def num_inputs(few: int) -> int:
    """Return how many inputs a test tries that draws them itself: `few`, unless `make fuzz` says."""
    return few if INPUTS is None else INPUTS


def all_work(*uses: Callable[[], object]) -> bool:
    """Try each of these ways to use something damaged; True if all work, for the others raise our errors."""
    from memdojo.errors import MemdojoError  # Not before the number of threads is set.

    num_working = 0
    for use in uses:
        with contextlib.suppress(MemdojoError):
            use()
            num_working += 1
    return num_working == len(uses)


_MARKS = (
    *("<think>", "</think>", "<thinking>", "</THINK>", "[THINK]", "[/THINK]", "◁think▷", "◁/think▷"),
    *(
        "<|channel|>analysis<|message|>",
        "<|end|>",
        "<|start|>assistant<|channel|>final<|message|>",
        "<|return|>",
    ),
    *("<|START_THINKING|>", "<|END_THINKING|>", "<answer>", "</answer>", "assistantfinal"),
    *("<tool_call>", "</tool_call>", "[TOOL_CALLS]", "<|python_tag|>", "```json\n", "```"),
)
_PIECES = (
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    "\\",
    ",",
    ":",
    "(",
    ")",
    "\n",
    " ",
    "\t",
    "-",
    "1. ",
    "yes",
    "no",
    "3",
)
_ODD = ("\ud800", "\0", "\u2028", "é", "名", "\u202e", "9" * 5000, "[" * 2000, '{"a":' * 1500)


def completions(words: Sequence[str]) -> st.SearchStrategy[str]:
    """Return replies of models, and what is nearly one: cut off, doubled, run together, with odd characters.

    Args:
        words: Replies, and parts of them, that those who are tested read.
    """
    pieces = st.one_of(
        st.sampled_from(words),
        st.sampled_from(_MARKS),
        st.sampled_from(_PIECES),
        st.sampled_from(_ODD),
        st.text(max_size=8),
    )
    joined = st.lists(pieces, max_size=12).map("".join)
    cut = st.tuples(joined, st.integers(0, 400)).map(lambda both: both[0][: both[1]])
    doubled = st.tuples(pieces, st.integers(2, 40)).map(lambda both: both[0][:80] * both[1])
    return st.one_of(joined, cut, doubled)
