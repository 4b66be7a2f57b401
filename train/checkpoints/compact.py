"""Checkpoints: folders of safetensors and JSON, written whole or not at all, never pickled.

policy.safetensors   weights of the network, those of the layers of a text encoder that were tuned with it,
                     and what the dialogues looked like that it knows
policy.json          its `PolicySpec`, and the digests of the other files
learner.safetensors  optimiser moments, and a critic that is no part of the policy, where training can go on
state.json           what else the trainer needs to go on
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import safetensors.torch
import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from torch import Tensor, nn

from memdojo.agents.baselines.registry import make_fallback_rule
from memdojo.agents.compact.design import CompactDesign, NetworkDecider, new_design_network
from memdojo.agents.compact.fallback import FallbackManager
from memdojo.agents.compact.familiarity import Familiarity
from memdojo.agents.compact.manager import MANAGER_NETWORKS, CompactManager, new_manager_network
from memdojo.agents.compact.retriever import CompactRetriever, RetrieverNetwork
from memdojo.envs.features.manager import (
    AGED_PAIR_FEATURES,
    PAIR_FEATURES,
    STORE_FEATURES,
    FeatureSettings,
    ManagerFeatures,
)
from memdojo.envs.features.retrieval import RETRIEVAL_FEATURES, RetrievalFeatures
from memdojo.envs.memory.embedders import Embedder, make_tuned_embedder
from memdojo.envs.streams.turn_features import TURN_FEATURES
from memdojo.envs.types import DEFAULT_CORE_TOKENS
from memdojo.errors import CheckpointError, ConfigError, MemdojoError
from memdojo.settings import LARGEST_NUMBER

from ..config.policies import ManagerNetworkName
from ..runs.checkpoint_folders import latest_checkpoint, prune_checkpoints, whole_folder
from .design_spec import DesignSpec
from .digests import POLICY_JSON, STATE_JSON, require_unchanged, seal

FORMAT_VERSION = 1

CompactKind = Literal["manager", "retriever", "design"]
"""What a compact policy can be."""

POLICY_TENSORS, LEARNER_TENSORS = "policy.safetensors", "learner.safetensors"

_ENCODER = "encoder."
"""Begins the names of a text encoder's weights, which may be tuned with a policy."""
_FAMILIARITY = "familiarity."
"""Begins the names of what says which dialogues a policy knows."""

_CRITIC = "critic."
"""Begins the names of the weights of a critic that is no part of the policy."""
_LARGEST_SIZE = 1_000_000
"""More than any size of a policy that can be trained."""
_MOMENTS = frozenset({"step", "exp_avg", "exp_avg_sq"})
"""What Adam keeps of each weight."""
_NEEDED_SETTINGS = frozenset({"params", "lr", "betas", "eps", "weight_decay"})
"""Settings that torch's Adam has had in all versions."""

NetworkT = TypeVar("NetworkT", bound=nn.Module)

__all__ = [
    "FORMAT_VERSION",
    "FallbackSpec",
    "PolicySpec",
    "TrainedOn",
    "TrainingState",
    "design_spec",
    "latest_checkpoint",
    "load_encoder_state",
    "load_network_state",
    "load_policy",
    "load_spec",
    "load_training_state",
    "load_weights",
    "manager_spec",
    "pack_optimizer",
    "prune_checkpoints",
    "read_policy_json",
    "reading_state",
    "require_finite",
    "restore_optimizer",
    "retriever_spec",
    "save_policy",
    "with_encoder",
    "with_familiarity",
    "write_json",
    "write_training_state",
]


@dataclass(frozen=True, slots=True)
class TrainedOn:
    """How a policy was trained, for evaluations that must not meet its training data and for people.

    Attributes:
        config_name: Name of the run.
        streams: Spec of the training streams.
        groups: Groups of the training streams: an evaluation on one of them is refused.
        validation_groups: Groups on which the checkpoint was chosen.
        seed: Of the run.
        algorithm: `ppo` or `grpo`.
        update: How many updates the policy had seen.
        max_entries, capacity_share, token_share: The store that a manager was trained with, or that the
            memory has over which others were asked; at most one of the first two is set.
        top_k: Entries from which questions were answered.
        granularity: What one entry was that a retriever ranked or an answer agent was shown.
        memdojo_version: That wrote the checkpoint.
        memory: Who wrote the memory over which others than managers were asked, as `episode.written_by` says;
            empty where that was all that was said.
        retriever: Who found the entries for a manager's questions, or for an answer agent.
        max_core_tokens: Most tokens of the core block of a manager's store.
        tokenizer: Whose tokens were counted; None where that was by `count_tokens`.
    """

    config_name: str = ""
    streams: str = ""
    groups: tuple[str, ...] = ()
    validation_groups: tuple[str, ...] = ()
    seed: int = 0
    algorithm: str = ""
    update: int = 0
    max_entries: int | None = None
    capacity_share: float | None = None
    top_k: int = 10
    memdojo_version: str = ""
    granularity: Literal["turn", "session"] = "turn"
    memory: str = ""
    retriever: str = "bm25"
    max_core_tokens: int = DEFAULT_CORE_TOKENS
    token_share: float | None = None
    tokenizer: str | None = None


@dataclass(frozen=True, slots=True)
class FallbackSpec:
    """What decides for a manager where a dialogue is unfamiliar to it.

    Attributes:
        rule: Name of the baseline.
        threshold: See `Familiarity`, whose arrays are among the tensors.
    """

    rule: str
    threshold: float


@dataclass(frozen=True, slots=True)
class PolicySpec:
    """Everything but the weights that it takes to build a policy.

    Attributes:
        kind: `manager`, `retriever` or `design`.
        hidden_dim: Width of the hidden layers.
        embedder: Name of the embedder behind similarities.
        feature_names: What the network's inputs meant: a policy must not read other features.
        num_candidates, embedding_inputs: The rest of a manager's `FeatureSettings`.
        num_places: Places of a ranking for which a retriever's critic has a value.
        network: What decides for a manager; those of former versions had one kind only.
        fallback: What decides in a manager's place; None if nothing does.
        design: Whose decisions were learned; None if they are no design's.
    """

    kind: CompactKind
    hidden_dim: int
    embedder: str
    feature_names: tuple[str, ...]
    num_candidates: int = 0
    embedding_inputs: bool = False
    num_places: int = 0
    network: ManagerNetworkName = "joint"
    training: TrainedOn = TrainedOn()
    format_version: int = FORMAT_VERSION
    fallback: FallbackSpec | None = None
    design: DesignSpec | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TrainingState:
    """What it takes to go on training.

    Attributes:
        tensors: Moments of the optimiser and the like, by name.
        state: Anything else, as JSON has it.
    """

    tensors: Mapping[str, Tensor]
    state: Mapping[str, Any]


def manager_spec(
    settings: FeatureSettings, hidden_dim: int, training: TrainedOn, network: ManagerNetworkName = "joint"
) -> PolicySpec:
    """Describe a manager of the current features."""
    return PolicySpec(
        "manager",
        hidden_dim,
        settings.embedder,
        _feature_names("manager", network),
        num_candidates=settings.num_candidates,
        embedding_inputs=settings.embedding_inputs,
        network=network,
        training=training,
    )


def retriever_spec(embedder: str, num_places: int, hidden_dim: int, training: TrainedOn) -> PolicySpec:
    """Describe a retriever of the current features."""
    return PolicySpec(
        "retriever",
        hidden_dim,
        embedder,
        _feature_names("retriever"),
        num_places=num_places,
        training=training,
    )


def design_spec(design: DesignSpec, embedder: str, hidden_dim: int, training: TrainedOn) -> PolicySpec:
    """Describe the learned decisions of a memory design."""
    _, features = design.build()
    return PolicySpec("design", hidden_dim, embedder, features.names, training=training, design=design)


def save_policy(
    folder: str | Path,
    network_state: Mapping[str, Tensor],
    spec: PolicySpec,
    training_state: TrainingState | None = None,
) -> None:
    """Write a checkpoint; `folder` appears whole or not at all.

    Args:
        folder: Must not exist yet.
        network_state: The network's `state_dict()`.
        training_state: What it takes to go on from here; without it the checkpoint can only be used.

    Raises:
        CheckpointError: If the folder exists or the file system refuses, as when the disk is full, or a
            weight is not finite. Other checkpoints are as they were.
    """
    folder = Path(folder)
    try:
        with whole_folder(folder) as temporary:
            _write_tensors(temporary / POLICY_TENSORS, network_state)
            write_json(temporary / POLICY_JSON, dataclasses.asdict(spec))
            if training_state is not None:
                write_training_state(temporary, training_state)
            seal(temporary)
    except OSError as error:
        raise CheckpointError(
            f"the checkpoint {folder} was not written: {error.strerror or error}; nothing else was touched."
        ) from error


def load_spec(folder: str | Path) -> PolicySpec:
    """Read what a checkpoint holds without building it.

    Raises:
        CheckpointError: If the folder is no checkpoint, is damaged or was written by a newer version.
    """
    folder = Path(folder)
    record = read_policy_json(folder)
    try:
        spec = TypeAdapter(PolicySpec).validate_python(record)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise CheckpointError(f"{folder / POLICY_JSON} is damaged: {key}: {first['msg']}.") from None
    if (spec.design is None) == (spec.kind == "design"):
        raise CheckpointError(
            f"{folder / POLICY_JSON} is damaged: kind is {spec.kind!r} and design is {spec.design}."
        )
    sizes = {"manager": "num_candidates", "retriever": "num_places"}
    for name, least in (("hidden_dim", 0), *((sizes[kind], 1) for kind in sizes if kind == spec.kind)):
        if not least <= getattr(spec, name) <= _LARGEST_SIZE:
            raise CheckpointError(
                f"{folder / POLICY_JSON} is damaged: {name} is {getattr(spec, name)}, "
                f"and must be at least {least} and at most {_LARGEST_SIZE}."
            )
    return spec


def read_policy_json(folder: str | Path) -> dict[str, Any]:
    """Read the description of a checkpoint's policy, of whatever kind it is.

    Raises:
        CheckpointError: If the folder is no checkpoint, is damaged or was written by a newer version.
    """
    record = _read_json(Path(folder), POLICY_JSON)
    version = record.get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise CheckpointError(
            f"{folder} has checkpoint format {version}, and this memdojo reads up to {FORMAT_VERSION}; "
            "install a newer memdojo."
        )
    return record


def load_policy(folder: str | Path) -> CompactManager | FallbackManager | CompactRetriever | CompactDesign:
    """Build the policy that a checkpoint holds; it acts greedily.

    Raises:
        CheckpointError: If the checkpoint is missing, damaged, of a newer version, of another architecture or
            was trained on other features than this version has.
    """
    folder = Path(folder)
    spec = load_spec(folder)
    if spec.design is not None:
        return _loaded_design(folder, spec, spec.design)
    _require_same_features(folder, spec, _feature_names(spec.kind, spec.network))
    weights, encoder, familiarity = _apart(_read_tensors(folder, POLICY_TENSORS))
    if familiarity and spec.fallback is None:
        raise CheckpointError(
            f"{folder / POLICY_TENSORS} says what the policy knows, and {POLICY_JSON} has no fallback; they "
            "are of two policies."
        )
    if spec.kind == "retriever":
        retriever = _loaded(
            folder,
            weights,
            lambda: RetrieverNetwork(len(RETRIEVAL_FEATURES), spec.num_places, spec.hidden_dim),
        )
        return CompactRetriever(retriever, RetrievalFeatures(spec.embedder))
    features = ManagerFeatures(
        FeatureSettings(
            spec.num_candidates,
            spec.embedder,
            spec.embedding_inputs,
            MANAGER_NETWORKS[spec.network].sees_entry_ages,
        ),
        _embedder(folder, spec, encoder),
    )
    network = _loaded(
        folder, weights, lambda: new_manager_network(features, spec.hidden_dim, 0, spec.network)
    )
    manager = CompactManager(network, features)
    return manager if spec.fallback is None else _with_fallback(folder, manager, spec.fallback, familiarity)


def load_encoder_state(folder: str | Path) -> dict[str, Tensor]:
    """Read the weights of the text encoder's layers that were tuned with a policy; none if none were.

    Raises:
        CheckpointError: If the checkpoint's weights are missing or damaged, or not all finite.
    """
    return _apart(_read_tensors(Path(folder), POLICY_TENSORS)).encoder


def with_encoder(network_state: Mapping[str, Tensor], encoder: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of a network and of tuned layers as a checkpoint has them."""
    return {**network_state, **{_ENCODER + name: value for name, value in encoder.items()}}


def with_familiarity(
    policy_state: Mapping[str, Tensor], spec: PolicySpec, familiarity: Familiarity, rule: str
) -> tuple[dict[str, Tensor], PolicySpec]:
    """Return the tensors and the spec of a manager that falls back on a rule."""
    arrays = {"references": familiarity.references, "spread": familiarity.spread}
    tensors = {_FAMILIARITY + name: torch.from_numpy(array) for name, array in arrays.items()}
    fallback = FallbackSpec(rule, familiarity.threshold)
    return {**policy_state, **tensors}, dataclasses.replace(spec, fallback=fallback)


def load_weights(folder: Path, network: nn.Module) -> None:
    """Give a network the weights of a checkpoint.

    Raises:
        CheckpointError: If they are missing, damaged, not all finite or of another architecture.
    """
    weights = load_network_state(folder)
    _require_architecture(folder, weights, network)
    network.load_state_dict(weights)


def load_network_state(folder: str | Path) -> dict[str, Tensor]:
    """Read the weights of a checkpoint's network by their names.

    Raises:
        CheckpointError: If they are missing or damaged, or not all finite.
    """
    return _apart(_read_tensors(Path(folder), POLICY_TENSORS)).network


def write_training_state(folder: Path, state: TrainingState) -> None:
    """Write what it takes to go on training into a checkpoint that is being made."""
    _write_tensors(folder / LEARNER_TENSORS, state.tensors)
    write_json(folder / STATE_JSON, state.state)


def read_state(folder: str | Path) -> dict[str, Any]:
    """Read what else than tensors it takes to go on training.

    Raises:
        CheckpointError: If it is missing or damaged.
    """
    record = _read_json(Path(folder), STATE_JSON)
    require_unchanged(Path(folder), STATE_JSON)
    return record


@contextlib.contextmanager
def reading_state(folder: Path) -> Iterator[None]:
    """Say that a checkpoint is damaged if what `read_state` returned is not what it must be.

    Raises:
        CheckpointError: In place of the error that shows it.
    """
    try:
        yield
    except CheckpointError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise CheckpointError(
            f"{folder / STATE_JSON} is damaged: {type(error).__name__}: {error}; use an earlier checkpoint."
        ) from error


def load_training_state(folder: str | Path) -> TrainingState:
    """Read what it takes to go on training.

    Raises:
        CheckpointError: If it is missing or damaged.
    """
    folder = Path(folder)
    return TrainingState(_read_tensors(folder, LEARNER_TENSORS), read_state(folder))


def pack_optimizer(optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """Return an optimiser's state as named tensors and as JSON, for a `TrainingState`."""
    state = optimizer.state_dict()
    tensors = {
        f"{parameter}.{name}": value
        for parameter, moments in state["state"].items()
        for name, value in moments.items()
    }
    return tensors, state["param_groups"]


def restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], groups: list[dict[str, Any]]
) -> None:
    """Set an optimiser to what `pack_optimizer` returned, bit for bit.

    Raises:
        CheckpointError: If the state is of other parameters or of another optimiser.
    """
    _require_same_groups(optimizer, groups)
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    moments: dict[int, dict[str, Tensor]] = {}
    try:
        for key, value in tensors.items():
            parameter, _, name = key.partition(".")
            if value.shape != (torch.Size() if name == "step" else parameters[int(parameter)].shape):
                raise ValueError(f"{key} has the shape {tuple(value.shape)}")
            moments.setdefault(int(parameter), {})[name] = value
        if not all(names.keys() >= _MOMENTS for names in moments.values()):
            raise ValueError(f"a weight has not all of {', '.join(sorted(_MOMENTS))}")
        optimizer.load_state_dict({"state": moments, "param_groups": groups})
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise CheckpointError(f"the optimiser's state does not fit this network: {error}.") from error


def pack_critic(critic: nn.Module) -> dict[str, Tensor]:
    """Return the weights of a critic that is no part of the policy, for a `TrainingState`."""
    return {_CRITIC + name: value for name, value in critic.state_dict().items()}


def restore_critic(critic: nn.Module, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give a critic the weights that `pack_critic` returned, and return the other tensors.

    Raises:
        CheckpointError: If they are missing or of another critic.
    """
    weights = {name: value for name, value in tensors.items() if name.startswith(_CRITIC)}
    try:
        critic.load_state_dict({name.removeprefix(_CRITIC): value for name, value in weights.items()})
    except RuntimeError as error:
        raise CheckpointError(f"the critic's weights do not fit this run: {error}") from error
    return {name: value for name, value in tensors.items() if name not in weights}


def _require_same_groups(optimizer: torch.optim.Optimizer, groups: object) -> None:
    expected = optimizer.state_dict()["param_groups"]
    fits = isinstance(groups, list) and len(groups) == len(expected)
    if not fits or not all(map(_is_like, groups, expected)):  # type: ignore[call-overload]
        raise CheckpointError(
            "the optimiser's state does not fit this network: its settings are not those of "
            f"{type(optimizer).__name__} for it."
        )


def _is_like(group: object, expected: dict[str, Any]) -> bool:
    """True if a group has settings of the same kinds; what only a newer torch has may be missing."""
    if (
        not isinstance(group, dict)
        or not _NEEDED_SETTINGS & expected.keys() <= group.keys() <= expected.keys()
    ):
        return False
    return group["params"] == expected["params"] and all(
        _is_setting(group[key], expected[key]) for key in group.keys() - {"params"}
    )


def _is_setting(value: object, expected: object) -> bool:
    if isinstance(expected, list | tuple):
        # The betas, which are shares.
        shares = isinstance(value, list) and len(value) == len(expected) and all(map(_is_number, value))
        return shares and all(each < 1 for each in value)  # type: ignore[attr-defined]
    return _is_number(value) if _is_number(expected) else value == expected


def _is_number(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= LARGEST_NUMBER  # type: ignore[operator]


def _feature_names(kind: str, network: ManagerNetworkName = "joint") -> tuple[str, ...]:
    if kind == "retriever":
        return RETRIEVAL_FEATURES
    pairs = AGED_PAIR_FEATURES if MANAGER_NETWORKS[network].sees_entry_ages else PAIR_FEATURES
    return (*TURN_FEATURES, *pairs, *STORE_FEATURES)


def _loaded_design(folder: Path, spec: PolicySpec, of: DesignSpec) -> CompactDesign:
    design, features = of.build_for(folder)
    _require_same_features(folder, spec, features.names)
    weights = load_network_state(folder)
    network = _loaded(folder, weights, lambda: new_design_network(features, spec.hidden_dim, 0))
    return CompactDesign(design, NetworkDecider(network, features), embedder=_embedder(folder, spec, {}))


def _require_same_features(folder: Path, spec: PolicySpec, known: tuple[str, ...]) -> None:
    if spec.feature_names == known:
        return
    gone = sorted(set(spec.feature_names) - set(known))
    new = sorted(set(known) - set(spec.feature_names))
    changes = [
        f"{what} {', '.join(names)}" for what, names in (("without", gone), ("with the new", new)) if names
    ]
    written_by = spec.training.memdojo_version or "another version"
    raise CheckpointError(
        f"{folder} was trained on other features than this memdojo has "
        f"({'; '.join(changes) or 'another order'}); use memdojo {written_by} or train again."
    )


class _Parts(NamedTuple):
    """The tensors of a policy: what `with_encoder` and `with_familiarity` put together."""

    network: dict[str, Tensor]
    encoder: dict[str, Tensor]
    familiarity: dict[str, Tensor]


def _apart(tensors: Mapping[str, Tensor]) -> _Parts:
    parts = _Parts({}, {}, {})
    for name, value in tensors.items():
        for prefix, part in (
            (_ENCODER, parts.encoder),
            (_FAMILIARITY, parts.familiarity),
            ("", parts.network),
        ):
            if name.startswith(prefix):
                part[name.removeprefix(prefix)] = value
                break
    return parts


def _with_fallback(
    folder: Path, manager: CompactManager, fallback: FallbackSpec, tensors: Mapping[str, Tensor]
) -> FallbackManager:
    """Return a manager with the rule that decides in its place where it should not.

    Raises:
        CheckpointError: If the tensors are no `Familiarity`, or the rule is none that can decide here.
    """
    num_features = len(TURN_FEATURES)
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    num_references = tensors["references"].shape[:1].numel() if "references" in tensors else 0
    wanted = {"references": (num_references, num_features), "spread": (num_features,)}
    if shapes != wanted or not num_references:
        raise CheckpointError(
            f"{folder / POLICY_TENSORS} is damaged: of what the policy knows it has {shapes or 'nothing'}, "
            f"and should have references of shape (R, {num_features}) and a spread of ({num_features},)."
        )
    references, spread = (tensors[name].float().numpy() for name in ("references", "spread"))
    if not (spread > 0).all():
        raise CheckpointError(
            f"{folder / POLICY_TENSORS} is damaged: a spread of {spread.min()} is not above 0."
        )
    if not 0 <= fallback.threshold <= LARGEST_NUMBER:
        raise CheckpointError(
            f"{folder / POLICY_JSON} is damaged: fallback.threshold is {fallback.threshold}, and must be at "
            "least 0."
        )
    try:
        rule = make_fallback_rule(fallback.rule)
    except MemdojoError as error:
        raise CheckpointError(f"{folder} falls back on a rule that cannot be used: {error}") from None
    return FallbackManager(manager, Familiarity(references, spread, fallback.threshold), rule)


def _embedder(folder: Path, spec: PolicySpec, encoder: Mapping[str, Tensor]) -> Embedder:
    """Return the embedder of a checkpoint's policy, with the layers that were tuned."""
    try:
        return make_tuned_embedder(spec.embedder, encoder)
    except (ValueError, ConfigError) as error:
        if not encoder:
            raise
        raise CheckpointError(
            f"the tuned layers in {folder / POLICY_TENSORS} do not fit the encoder of {POLICY_JSON}: {error}."
        ) from None


def _loaded(folder: Path, weights: Mapping[str, Tensor], build: Callable[[], NetworkT]) -> NetworkT:
    """Build a network with the weights of a checkpoint."""
    try:
        # Without memory: a damaged description may ask for any size.
        with torch.device("meta"):
            sketch = build()
    except (RuntimeError, ValueError, TypeError, OverflowError) as error:
        raise CheckpointError(f"{folder / POLICY_JSON} is damaged: no network is of its sizes.") from error
    _require_architecture(folder, weights, sketch)
    network = build()
    network.load_state_dict(weights)
    return network


def _require_architecture(folder: Path, weights: Mapping[str, Tensor], network: nn.Module) -> None:
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise CheckpointError(
                f"{folder} is of another architecture: {name} has shape {found.get(name, 'none')} and should "
                f"have {expected.get(name, 'none')}; {POLICY_TENSORS} and {POLICY_JSON} are of two policies."
            )


def _write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    require_finite(path, tensors)
    # A tensor must own its memory and lie in one piece to be written.
    own = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
    path.write_bytes(safetensors.torch.save(own))


def require_finite(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Refuse tensors that no training can have meant.

    Raises:
        CheckpointError: With the name of the first one that has a NaN or an infinity.
    """
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise CheckpointError(
                f"{path} has numbers that are not finite, first in {name}; use an earlier checkpoint, or "
                "train again with a lower algorithm.learning_rate."
            )


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record as JSON that people can read."""
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _read_tensors(folder: Path, name: str) -> dict[str, Tensor]:
    data = _read_bytes(folder, name)
    require_unchanged(folder, name)
    try:
        tensors = safetensors.torch.load(data)
    except (SafetensorError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{folder / name} is truncated or damaged: {error}.") from error
    require_finite(folder / name, tensors)
    return tensors


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    try:
        record = json.loads(_read_bytes(folder, name))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{folder / name} is truncated or damaged: {error}.") from error
    if not isinstance(record, dict):
        raise CheckpointError(f"{folder / name} is damaged: it holds no JSON object.")
    return record


def _read_bytes(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        what = f"has no {name}" if folder.is_dir() else "does not exist"
        raise CheckpointError(f"{folder} is not a checkpoint: it {what}.") from None
    except OSError as error:
        raise CheckpointError(f"{folder / name} cannot be read: {error.strerror or error}.") from error
