from __future__ import annotations

from typing import Literal

import pytest

from memdojo.agents.engines.registry import ENGINES, EngineKind, engine_settings_of, make_engine
from memdojo.agents.engines.scripted_engine import ScriptedEngine
from memdojo.agents.engines.settings import EngineSettings, ServingSettings, TransformersSettings
from memdojo.errors import UnknownNameError


class EchoSettings(EngineSettings):
    kind: Literal["echo"] = "echo"
    times: int = 1


def _make_echo(model: str, settings: EchoSettings) -> ScriptedEngine:
    return ScriptedEngine(lambda prompt_ids: prompt_ids * settings.times)


def test_an_engine_is_made_by_the_kind_of_its_settings() -> None:
    with ENGINES.temporarily("echo", EngineKind(EchoSettings, _make_echo), description="Says it again."):
        engine = make_engine("any", EchoSettings(times=2))
        assert isinstance(engine, ScriptedEngine)
        assert ENGINES.describe()["echo"] == "Says it again."
    with pytest.raises(UnknownNameError, match="unknown engine 'echo'"):
        make_engine("any", EchoSettings())


def test_the_model_of_an_answerer_is_served_as_its_table_says() -> None:
    serving = ServingSettings(num_engines=2, dtype="bfloat16")
    settings = engine_settings_of(serving, "transformers", max_context_tokens=9)
    assert settings == TransformersSettings(num_engines=2, dtype="bfloat16", max_context_tokens=9)
    with pytest.raises(UnknownNameError, match=r"unknown engine 'vlm'.*Did you mean 'vllm'"):
        engine_settings_of(serving, "vlm")
