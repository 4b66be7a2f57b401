"""What the fuzz tests share: how many inputs they try.

A fuzz test is marked `@pytest.mark.fuzz`, stands beside what it is about and is called `test_MODULE_fuzz.py`.
By default it is quick; `make fuzz` sets MEMDOJO_FUZZ, the number of inputs that each tries. Tests by
Hypothesis follow it by themselves, as long as they set no `max_examples`; others ask `num_inputs`.
"""

from __future__ import annotations

import os

INPUTS: int | None = int(os.environ.get("MEMDOJO_FUZZ") or 0) or None
"""How many inputs each fuzz test tries under `make fuzz`; None leaves it to the test."""


def num_inputs(few: int) -> int:
    """Return how many inputs a test tries that draws them itself: `few`, unless `make fuzz` says."""
    return few if INPUTS is None else INPUTS
