from __future__ import annotations

from typing import Any

import pytest

from memdojo.agents.engines.settings import EngineSettings
from memdojo.errors import UnknownNameError


def test_a_fingerprint_names_model_precision_and_version() -> None:
    settings = EngineSettings(kind="transformers", dtype="bfloat16")
    assert settings.fingerprint("tiny", 3) == "transformers(model=tiny, dtype=bfloat16, weights=3)"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"max_sequences": 0}, "max_sequences is 0"),
        ({"num_gpus": -1}, "num_gpus is -1"),
        ({"seed": -1}, "seed is -1"),
        ({"max_context_tokens": 1}, "max_context_tokens is 1"),
        ({"num_threads": 0}, "num_threads is 0"),
        ({"memory": 0.0}, "memory is 0.0"),
        ({"memory": 1.5, "num_gpus": 1}, "memory is 1.5 with num_gpus = 1"),
    ],
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EngineSettings(**wrong)


def test_unknown_kinds_and_precisions_list_what_there_is() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown engine 'vlm'.*Did you mean 'vllm'"):
        EngineSettings(kind="vlm")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match=r"unknown precision.*bfloat16"):
        EngineSettings(dtype="half")  # type: ignore[arg-type]
