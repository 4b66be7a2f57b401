"""What a checkpoint of a language policy keeps of the engine that sampled it."""

import dataclasses
import json
from pathlib import Path
from typing import Any, Literal

import pytest

from builders import save_language
from memdojo.agents.engines.engine import Engine
from memdojo.agents.engines.registry import ENGINES, EngineKind
from memdojo.agents.engines.scripted_engine import ScriptedEngine
from memdojo.agents.engines.settings import EngineSettings
from memdojo.agents.graders.registry import answering_model
from memdojo.envs.answering import AnswerRequest
from memdojo.envs.memory.retrieval.candidates import CandidateOrder
from memdojo.envs.prompts.tasks import RankingTask
from memdojo.errors import CheckpointError, UnknownNameError
from memdojo.settings import Names
from memdojo.train.checkpoints.compact import POLICY_JSON, TrainedOn
from memdojo.train.checkpoints.design_spec import DesignSpec
from memdojo.train.checkpoints.language import (
    LanguageSpec,
    language_spec,
    load_language_policy,
    load_language_spec,
    save_language_policy,
)
from memdojo.train.checkpoints.model_folders import MODEL
from memdojo.train.config.files import parse_config, parse_table
from memdojo.train.config.run_kinds import LanguageConfig
from memdojo.train.language.setup import make_task


class SpeakingSettings(EngineSettings):
    kind: Literal["speaking"] = "speaking"
    voice: str = "low"
    stops: Names = ()


def _spec(engine: dict[str, Any]) -> LanguageSpec:
    tree = {
        "name": "run",
        "task": "answer_agent",
        "streams": {"train": "synthetic:train"},
        "policy": {"kind": "language", "model": "x/y"},
        "reward": {"token_f1": 1.0},
        "algorithm": {"name": "grpo", "num_updates": 1},
        "engine": engine,
    }
    config = parse_config(tree)
    assert isinstance(config, LanguageConfig)
    return language_spec(config, TrainedOn("run"))


def _save(folder: Path, model: Path, engine: dict[str, Any]) -> LanguageSpec:
    spec = _spec(engine)
    save_language_policy(folder, lambda into: (into / MODEL).symlink_to(model), spec)
    return spec


def test_a_checkpoint_is_sampled_with_the_keys_of_its_engine(
    tmp_path: Path, tiny_language_model: Path
) -> None:
    made: list[Any] = []

    def make(model: str, settings: Any) -> Engine:
        made.append(settings)
        return ScriptedEngine(lambda prompt_ids: (7, 8))

    engine = {"kind": "speaking", "voice": "high", "stops": ["a", "b"], "max_sequences": 9}
    with ENGINES.temporarily("speaking", EngineKind(SpeakingSettings, make)):
        spec = _save(tmp_path / "checkpoint", tiny_language_model, engine)
        loaded = load_language_spec(tmp_path / "checkpoint")
        assert loaded == spec
        # How a machine serves it is not the checkpoint's matter.
        assert loaded.engine_settings == {"voice": "high", "stops": ["a", "b"]}
        policy: Any = load_language_policy(tmp_path / "checkpoint", loaded)
        policy.answer([AnswerRequest("Where is Ann?", ("Ann is in Rome.",))])
        assert [(each.voice, each.stops, each.max_sequences) for each in made] == [("high", ("a", "b"), 64)]
        answerer = parse_table("answerer", {"kind": "policy", "checkpoint": str(tmp_path / "checkpoint")})
        served = answering_model(answerer)
        assert served is not None
        assert served.settings.model_dump(include={"kind", "voice", "stops"}) == {
            "kind": "speaking",
            "voice": "high",
            "stops": ("a", "b"),
        }
    with pytest.raises(UnknownNameError, match="engine 'speaking'"):
        load_language_policy(tmp_path / "checkpoint", loaded)


def test_a_checkpoint_of_before_has_no_keys_of_its_engine(tmp_path: Path, tiny_language_model: Path) -> None:
    spec = _save(tmp_path / "checkpoint", tiny_language_model, {"kind": "transformers"})
    assert spec.engine_settings == {}
    record = json.loads((tmp_path / "checkpoint" / POLICY_JSON).read_text())
    del record["engine_settings"]
    (tmp_path / "checkpoint" / POLICY_JSON).write_text(json.dumps(record))
    assert load_language_spec(tmp_path / "checkpoint") == spec


def test_an_engine_that_has_other_keys_by_now_is_told(tmp_path: Path, tiny_language_model: Path) -> None:
    class OtherSettings(EngineSettings):
        kind: Literal["speaking"] = "speaking"

    def make(model: str, settings: Any) -> Engine:
        raise AssertionError

    folder = tmp_path / "checkpoint"
    with ENGINES.temporarily("speaking", EngineKind(SpeakingSettings, make)):
        spec = _save(folder, tiny_language_model, {"kind": "speaking", "voice": "high"})
    with (
        ENGINES.temporarily("speaking", EngineKind(OtherSettings, make)),
        pytest.raises(CheckpointError, match=r"does not fit the engine 'speaking': engine_settings\.voice"),
    ):
        load_language_policy(folder, spec)


def test_a_retriever_goes_on_to_see_its_candidates_in_the_order_of_its_training(
    tmp_path: Path, tiny_language_model: Path
) -> None:
    config = parse_config(
        {
            "name": "run",
            "task": "retriever",
            "streams": {"train": "synthetic:train"},
            "policy": {"kind": "language", "model": "x/y", "candidate_order": "prefilter"},
            "reward": {"evidence_recall": 1.0},
            "algorithm": {"name": "grpo", "num_updates": 1},
        }
    )
    assert isinstance(config, LanguageConfig)
    task = make_task(config)
    assert isinstance(task, RankingTask)
    assert task.order is CandidateOrder.PREFILTER
    folder = tmp_path / "checkpoint"
    spec = language_spec(config, TrainedOn("run"))
    save_language_policy(folder, lambda into: (into / MODEL).symlink_to(tiny_language_model), spec)
    assert load_language_spec(folder).candidate_order is CandidateOrder.PREFILTER
    record = json.loads((folder / POLICY_JSON).read_text())
    # As a checkpoint of before has it.
    del record["candidate_order"]
    (folder / POLICY_JSON).write_text(json.dumps(record))
    assert load_language_spec(folder).candidate_order is CandidateOrder.TIME


def test_the_decisions_of_a_design_are_kept_with_its_parameters(
    tmp_path: Path, tiny_language_model: Path
) -> None:
    folder = Path(save_language(tmp_path / "checkpoint", tiny_language_model, "design"))
    spec = load_language_spec(folder)
    assert spec.design == DesignSpec("sirllm", {"num_first": 1}, ("leave",))
    policy: Any = load_language_policy(folder, spec)
    assert (policy.design.name, policy.design.num_first) == ("sirllm", 1)
    assert policy.embedder.name.startswith("hashed_ngrams")
    gone = dataclasses.replace(spec, design=DesignSpec("sirllm", {}, ("stay",)))
    with pytest.raises(CheckpointError, match="unknown decision of 'sirllm' 'stay'"):
        load_language_policy(folder, gone)
    record = json.loads((folder / POLICY_JSON).read_text())
    for change in ({"design": None}, {"task": "manager"}):
        (folder / POLICY_JSON).write_text(json.dumps(record | change))
        with pytest.raises(CheckpointError, match="is damaged: task is"):
            load_language_spec(folder)


def test_a_run_of_a_design_says_what_was_learned() -> None:
    tree = {
        "name": "run",
        "task": "design",
        "design": {"name": "re_me", "learn": ["store"], "embedder": "hashed_ngrams"},
        "streams": {"train": "synthetic:train"},
        "policy": {"kind": "language", "model": "x/y"},
        "reward": {"token_f1": 1.0},
        "algorithm": {"name": "ppo", "num_updates": 1},
    }
    config = parse_config(tree)
    assert isinstance(config, LanguageConfig)
    spec = language_spec(config, TrainedOn("run"))
    assert (spec.task, spec.embedder) == ("design", "hashed_ngrams")
    assert spec.design == DesignSpec("re_me", {}, ("store",), {"kind": "rules"})
