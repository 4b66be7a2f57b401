from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from memdojo.agents.engines.settings import TransformersSettings, VLLMSettings


def test_a_fingerprint_names_model_precision_and_version() -> None:
    settings = TransformersSettings(dtype="bfloat16")
    assert settings.fingerprint("tiny", 3) == "transformers(model=tiny, dtype=bfloat16, weights=3)"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"max_sequences": 0}, "max_sequences\n.*greater than or equal to 1"),
        ({"num_gpus": -1}, "num_gpus\n.*greater than or equal to 0"),
        ({"seed": -1}, "seed\n.*greater than or equal to 0"),
        ({"max_context_tokens": 1}, "max_context_tokens\n.*greater than or equal to 2"),
        ({"num_threads": 0}, "num_threads\n.*greater than or equal to 1"),
        ({"cache_size": 0.0}, "cache_size\n.*greater than 0"),
        ({"cache_size": 1.5, "num_gpus": 1}, "cache_size\n.*share between 0 and 1 with num_gpus = 1"),
        ({"dtype": "half"}, "dtype\n.*'float32', 'bfloat16' or 'float16'"),
        ({"kind": "transformers"}, "kind\n.*'vllm'"),
    ],
)
def test_what_no_engine_can_do_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        VLLMSettings(**wrong)


def test_a_cache_on_the_cpu_may_have_several_gib() -> None:
    assert VLLMSettings(cache_size=1.5).cache_size == 1.5
