from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from memdojo.envs.streams.registry import load_streams

OPTIONS: dict[str, Any] = {"num_sessions": 1, "turns_per_session": 12, "num_facts": 4, "num_questions": 3}
"""A small stream: twelve turns, three questions."""


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    """Return the tokenizer of tiny models, trained on a few streams."""
    from memdojo.agents.language.tiny import train_tokenizer

    return train_tokenizer(load_streams("synthetic:train", num_streams=20), 1024)


@pytest.fixture(scope="session")
def model(tiny_language_model: Path) -> str:
    """The smallest language model, as `policy.model` names it."""
    return str(tiny_language_model)
