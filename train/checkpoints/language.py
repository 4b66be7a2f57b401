"""Checkpoints of language policies: a Hugging Face folder that any tool loads, and what memdojo adds to it.

model/               weights (adapters merged in), tokenizer, generation config
adapter/             the adapters alone, where the run trains adapters
policy.json          its `LanguageSpec`, and the digests of the other files
trl/                 what TRL's trainer needs to go on, where it trains
learner.safetensors  optimiser moments and the like, where training can go on from here
state.json           what else the trainer needs to go on
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open

from memdojo.agents.designs.running.policy import DEFAULT_EMBEDDER
from memdojo.agents.engines.models import load_tokenizer
from memdojo.agents.engines.on_demand import EngineOnDemand
from memdojo.agents.engines.registry import ENGINES
from memdojo.agents.engines.settings import EngineSettings
from memdojo.agents.language.design import LanguageDecider, LanguageDesign
from memdojo.agents.language.policies import (
    LanguageAnswerAgent,
    LanguageManager,
    LanguageRetriever,
    PromptEncoder,
)
from memdojo.envs.memory.retrieval.candidates import CandidateOrder
from memdojo.envs.memory.retrieval.retrievers import make_retriever
from memdojo.envs.prompts.registry import make_format
from memdojo.errors import CheckpointError
from memdojo.settings import with_absolute_folders

from ..config.run_kinds import LanguageConfig
from ..runs.checkpoint_folders import whole_folder
from .compact import (
    FORMAT_VERSION,
    TrainedOn,
    TrainingState,
    read_policy_json,
    require_finite,
    write_json,
    write_training_state,
)
from .design_spec import DesignSpec
from .digests import POLICY_JSON, require_unchanged, seal
from .model_folders import MODEL

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from memdojo.agents.language.network import PolicyNetwork

ADAPTER = "adapter"

LanguagePolicy = LanguageManager | LanguageRetriever | LanguageAnswerAgent | LanguageDesign


@dataclass(frozen=True, slots=True)
class LanguageSpec:
    """How the model of a checkpoint is spoken to.

    Attributes:
        task: What it was trained for.
        format: Name of its prompt format.
        max_prompt_tokens, max_response_tokens, max_candidates, prefilter, candidate_order: As in `[policy]`
            of its run.
        turns_per_chunk: Turns that a manager sees at a step.
        related_entries: Entries that a manager sees at a step; None for all.
        engine: Kind of engine that sampled it in training.
        dtype: Precision of that engine.
        engine_settings: The keys of `[engine]` that its kind has beside those of all engines, as JSON.
        design: Whose decisions were learned; None if they are no design's.
        embedder: Of the design.
    """

    task: Literal["manager", "retriever", "answer_agent", "design"]
    format: str
    max_prompt_tokens: int
    max_response_tokens: int
    max_candidates: int
    turns_per_chunk: int = 1
    engine: str = "vllm"
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    training: TrainedOn = field(default_factory=TrainedOn)
    related_entries: int | None = None
    prefilter: str = "bm25"
    candidate_order: CandidateOrder = CandidateOrder.TIME
    engine_settings: dict[str, Any] = field(default_factory=dict)
    design: DesignSpec | None = None
    embedder: str = DEFAULT_EMBEDDER
    kind: Literal["language"] = "language"
    format_version: int = FORMAT_VERSION


def language_spec(config: LanguageConfig, training: TrainedOn) -> LanguageSpec:
    """Return how the model of a run is spoken to."""
    policy = config.policy
    return LanguageSpec(
        config.task,
        policy.format,
        policy.max_prompt_tokens,
        policy.max_response_tokens,
        policy.max_candidates,
        config.streams.turns_per_chunk,
        config.engine.kind,
        config.engine.dtype,
        training,
        related_entries=policy.related_entries,
        prefilter=policy.prefilter,
        candidate_order=CandidateOrder(policy.candidate_order),
        engine_settings=_own_keys(config.engine),
        design=DesignSpec.of(config.design) if config.task == "design" else None,
        embedder=config.design.embedder,
    )


def save_language_policy(
    folder: Path,
    write_model: Callable[[Path], None],
    spec: LanguageSpec,
    training_state: TrainingState | None = None,
) -> None:
    """Write a checkpoint; `folder` appears whole or not at all.

    Args:
        folder: Must not exist yet.
        write_model: Writes `model/` and perhaps `adapter/` into the folder that it is given.
        spec: How the model is spoken to.
        training_state: What it takes to go on from here; without it the checkpoint can only be used.

    Raises:
        CheckpointError: If the folder exists or the file system refuses, as when the disk is full. Other
            checkpoints are as they were.
    """
    try:
        with whole_folder(folder) as temporary:
            write_model(temporary)
            write_json(temporary / POLICY_JSON, dataclasses.asdict(spec))
            if training_state is not None:
                write_training_state(temporary, training_state)
            seal(temporary)
    except OSError as error:
        raise CheckpointError(
            f"the checkpoint {folder} was not written: {error.strerror or error}; nothing else was touched."
        ) from error


def write_model(
    folder: Path,
    network: PolicyNetwork,
    weights: Mapping[str, Tensor],
    tokenizer: PreTrainedTokenizerBase,
    adapters: Mapping[str, Tensor] | None = None,
) -> None:
    """Write `model/`, and `adapter/` if adapters are trained, into a checkpoint that is being made.

    Args:
        folder: The checkpoint.
        network: The policy, for its configuration.
        weights: All of the model's, adapters merged in, from all processes together.
        tokenizer: With its chat template.
        adapters: Their own weights; by default those that the network has.
    """
    model = network.causal_model
    require_finite(folder / MODEL, weights)
    # Tied weights once, as transformers writes and reads them.
    kept = {name: weight for name, weight in weights.items() if name not in model.all_tied_weights_keys}
    model.save_pretrained(folder / MODEL, state_dict=kept)
    tokenizer.save_pretrained(folder / MODEL)
    if network.has_adapters:
        network.model.save_pretrained(str(folder / ADAPTER), state_dict=adapters)


def load_language_spec(folder: str | Path) -> LanguageSpec:
    """Read how the model of a checkpoint is spoken to.

    Raises:
        CheckpointError: If the folder is no checkpoint of a language policy, is damaged or was written by a
            newer version.
    """
    record = read_policy_json(folder)
    try:
        spec = TypeAdapter(LanguageSpec).validate_python(record)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise CheckpointError(f"{Path(folder) / POLICY_JSON} is damaged: {key}: {first['msg']}.") from None
    if (spec.design is None) == (spec.task == "design"):
        raise CheckpointError(
            f"{Path(folder) / POLICY_JSON} is damaged: task is {spec.task!r} and design is {spec.design}."
        )
    return spec


def engine_keys(folder: str | Path, spec: LanguageSpec) -> dict[str, Any]:
    """Return the keys that the engine of a checkpoint has for itself, as its settings take them.

    Args:
        folder: The checkpoint.
        spec: How its model is spoken to, from `load_language_spec`.

    Raises:
        UnknownNameError: If no such kind of engine is registered.
        CheckpointError: If its settings do not take them, as those of another version of its package.
    """
    # As JSON, for a list there may be a tuple and a text may be a path.
    table = json.dumps({"kind": spec.engine, **spec.engine_settings})
    try:
        settings = ENGINES.get(spec.engine).settings.model_validate_json(table)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, ("engine_settings", *first["loc"])))
        raise CheckpointError(
            f"{Path(folder) / POLICY_JSON} does not fit the engine {spec.engine!r}: {key}: {first['msg']}."
        ) from None
    return {key: getattr(settings, key) for key in spec.engine_settings}


def load_language_policy(folder: str | Path, spec: LanguageSpec) -> LanguagePolicy:
    """Build the policy that a checkpoint holds; it acts greedily, and its model is loaded when it first acts.

    Args:
        folder: The checkpoint.
        spec: How its model is spoken to, from `load_language_spec`.

    Raises:
        ModelError: If the model cannot be used.
        UnknownNameError: If its prompt format or its engine is unknown.
        CheckpointError: If its engine has other settings by now, its design other parameters or decisions, or
            its weights are damaged.
    """
    model = str(sound_model(Path(folder)))
    settings = ENGINES.get(spec.engine).settings(
        kind=spec.engine,
        dtype=spec.dtype,
        num_gpus=1 if spec.engine == "vllm" and torch.cuda.is_available() else 0,
        max_context_tokens=spec.max_prompt_tokens + spec.max_response_tokens,
        **engine_keys(folder, spec),
    )
    format: Any = make_format(spec.task, spec.format)
    engine = EngineOnDemand(model, settings)
    encoder = PromptEncoder(load_tokenizer(model), format, spec.max_prompt_tokens)
    if spec.task == "manager":
        return LanguageManager(
            engine,
            encoder,
            max_response_tokens=spec.max_response_tokens,
            turns_per_chunk=spec.turns_per_chunk,
            related_entries=spec.related_entries,
        )
    if spec.task == "retriever":
        return LanguageRetriever(
            engine,
            encoder,
            max_response_tokens=spec.max_response_tokens,
            max_candidates=spec.max_candidates,
            prefilter=make_retriever(spec.prefilter),
            candidate_order=spec.candidate_order,
        )
    if spec.design is not None:
        design, features = spec.design.build_for(folder)
        learned = frozenset(kind.name for kind in features.kinds)
        decider = LanguageDecider(
            engine, encoder, design, learned, max_response_tokens=spec.max_response_tokens
        )
        return LanguageDesign(design, decider, embedder=spec.embedder)
    return LanguageAnswerAgent(engine, encoder, max_response_tokens=spec.max_response_tokens)


def sound_model(folder: Path) -> Path:
    """Return the model's folder of a checkpoint after a look at every weight.

    Raises:
        CheckpointError: If a file is damaged or missing, or a weight is not finite.
    """
    require_unchanged(folder, MODEL, ADAPTER)
    for part in (MODEL, ADAPTER):
        for path in sorted((folder / part).glob("*.safetensors")):
            _require_finite_file(path)
    return folder / MODEL


def _require_finite_file(path: Path) -> None:
    try:
        with safe_open(path, framework="pt") as file:
            # One after the other: all together may be larger than the memory.
            for name in file.keys():  # noqa: SIM118 (it is no mapping)
                require_finite(path, {name: file.get_tensor(name)})
    except (SafetensorError, OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{path} is truncated or damaged: {error}.") from error


def _own_keys(engine: EngineSettings) -> dict[str, Any]:
    # Those of all engines say how a machine serves a model, and are left to that which loads the checkpoint.
    table = with_absolute_folders(engine).model_dump(mode="json")
    return {key: value for key, value in table.items() if key not in EngineSettings.model_fields}
