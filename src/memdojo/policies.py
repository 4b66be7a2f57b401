"""Policies out of runs and checkpoints, whatever they are, and a memory that works with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from memdojo.agents.baselines import list_baselines, list_retriever_baselines
from memdojo.agents.memory_agent import (
    DEFAULT_MANAGER,
    DEFAULT_RETRIEVER,
    DEFAULT_TOP_K,
    SESSION_GAP,
    MemoryAgent,
    now,
)
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.answering import Answerer
from memdojo.envs.memory.retrievers import Retriever, list_retrievers
from memdojo.envs.types import Capacity
from memdojo.errors import CheckpointError, ConfigError, MissingDependencyError, unknown_name

if TYPE_CHECKING:
    from memdojo.train.checkpoints import TrainingRecord
    from memdojo.train.config import TrainConfig

Task = Literal["manager", "retriever"]
Policy = ManagerPolicy | Retriever | Answerer


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """A policy out of a checkpoint.

    Attributes:
        path: The checkpoint.
        task: What it was trained for; an answer agent counts as a retriever.
        policy: A `ManagerPolicy`, a `Retriever`, or an `Answerer` if it is an answer agent.
        training: How it was trained.
        config: Of its run, where a run was named.
    """

    path: Path
    task: Task
    policy: Any
    training: TrainingRecord
    config: TrainConfig | None = None

    @property
    def kind(self) -> str:
        """`manager`, `retriever` or `answer agent`."""
        return "answer agent" if hasattr(self.policy, "answer") else self.task


def load_policy(path: str | Path) -> Policy:
    """Return the policy of a checkpoint, or of the best (else the newest) checkpoint of a run.

    It acts greedily. Compact or language, manager, retriever or answer agent: what comes is what evaluation,
    `MemoryAgent` and everything else take. The model of a language policy is loaded when it first acts.

    Args:
        path: Folder of a run or a checkpoint.

    Raises:
        CheckpointError: If there is none, or it is damaged, of a newer version or of other features.
        ModelError: If its language model cannot be used.
        MissingDependencyError: If it needs a library that is not installed.
    """
    policy: Policy = load_learned(Path(path)).policy
    return policy


def load_learned(path: Path) -> Learned:
    """Load what `load_policy` returns, with how it was trained.

    Raises:
        CheckpointError: If there is no checkpoint, or it is damaged.
    """
    from memdojo.train.runs import CONFIG, RunFolder

    path = path.expanduser()
    if not path.is_dir():
        raise CheckpointError(f"{path} does not exist; give a checkpoint, a run or the name of a baseline.")
    if not (path / CONFIG).is_file():
        return _load_checkpoint(path, None)
    run = RunFolder.open(path)
    checkpoint = run.best or run.latest
    if checkpoint is None:
        raise CheckpointError(f"the run {path} has no checkpoint yet; train it first.")
    # Where there were rounds, the best checkpoint is that of a run of its own.
    owner = checkpoint.resolve().parent.parent
    if owner != run.path.resolve():
        run = RunFolder.open(owner)
    return _load_checkpoint(checkpoint, run.config)


def is_folder(target: str) -> bool:
    """True if a run or a checkpoint is named, and no baseline."""
    return "/" in target or Path(target).is_dir()


def open_memory(
    path: str | Path,
    *,
    manager: ManagerPolicy | str = DEFAULT_MANAGER,
    retriever: Retriever | str | None = None,
    answerer: Answerer | str | None = None,
    max_entries: int | None = None,
    capacity: Capacity | None = None,
    top_k: int | None = None,
    session_gap: timedelta = SESSION_GAP,
    seed: int = 0,
    clock: Callable[[], datetime] = now,
    timeout_s: float = 30.0,
) -> MemoryAgent:
    """Open a memory file with what was trained: a `MemoryAgent` that takes runs and checkpoints by path.

    Args:
        path: The memory file; it is made if there is none.
        manager: Folder of a run or checkpoint, name of a baseline, or a policy.
        retriever: The same; by default the one of the answer agent's training, else of the manager's, else
            BM25.
        answerer: Folder of an answer agent's run or checkpoint, or an answerer; by default the extractive
            reader.
        max_entries: Most entries; short for a `capacity` with just this.
        capacity: Limits of the store; by default those that the file has, and for a new file those with which
            the manager was trained.
        top_k: Entries that are found for a question; by default as many as in the training of the answer
            agent, else of the manager, else 10.
        session_gap: As for `MemoryAgent`, like the next three.
        seed: As there.
        clock: As there.
        timeout_s: As there.

    Raises:
        CheckpointError: If a folder holds no usable checkpoint.
        ConfigError: If a checkpoint is of another kind than is wanted, limits contradict each other, or a
            new file needs limits that the training does not tell.
        MemdojoError: What else `MemoryAgent` raises.
    """
    if capacity is not None and max_entries is not None:
        raise ConfigError("capacity and max_entries are both given; put max_entries into the capacity.")
    writer = _learned(manager, "manager", list_baselines())
    finder = _learned(retriever, "retriever", {*list_retriever_baselines(), *list_retrievers()})
    reader = _learned(answerer, "answer agent", ())
    trained = [each.training for each in (reader, writer) if each is not None]
    if max_entries is not None:
        capacity = _capacity(writer, max_entries)
    elif capacity is None and writer is not None and _is_new(Path(path)):
        capacity = _capacity_of_training(writer)
    if retriever is None:
        retriever = trained[0].retriever if trained else DEFAULT_RETRIEVER
    return MemoryAgent(
        path,
        manager=manager if writer is None else writer.policy,
        retriever=retriever if finder is None else finder.policy,
        answerer=_no_name(answerer) if reader is None else reader.policy,
        capacity=capacity,
        top_k=top_k or (trained[0].top_k if trained else DEFAULT_TOP_K),
        session_gap=session_gap,
        seed=seed,
        clock=clock,
        timeout_s=timeout_s,
    )


def _learned(target: object, kind: str, names: Any) -> Learned | None:
    """Return the checkpoint that is named, if one is."""
    if not isinstance(target, str):
        return None
    if not is_folder(target):
        if target.partition(":")[0] not in names:
            raise unknown_name(f"{kind} or folder", target, names)
        return None
    learned = load_learned(Path(target))
    if learned.kind != kind:
        article = "an" if learned.kind == "answer agent" else "a"
        raise ConfigError(
            f"{target} is {article} {learned.kind}, and was given as the {kind}; give the run of "
            f"{'an' if kind == 'answer agent' else 'a'} {kind}."
        )
    learned.policy.name = learned.training.config_name or learned.policy.name
    return learned


def _no_name(answerer: Answerer | str | None) -> Answerer | None:
    assert not isinstance(answerer, str)  # Every name was found to be a folder, or refused.
    return answerer


def _is_new(path: Path) -> bool:
    path = path.expanduser()
    return not path.exists() or path.stat().st_size == 0


def _capacity_of_training(writer: Learned) -> Capacity | None:
    training = writer.training
    if training.capacity_share is not None:
        raise ConfigError(
            f"{writer.path} was trained with a store of {training.capacity_share:.0%} of a dialogue's turns, "
            "and nobody knows how long a dialogue gets that goes on; give max_entries."
        )
    return _capacity(writer, training.max_entries)


def _capacity(writer: Learned | None, max_entries: int | None) -> Capacity:
    if writer is None or writer.config is None:
        return Capacity(max_entries)
    return Capacity(max_entries, max_core_tokens=writer.config.episode.max_core_tokens)


def _load_checkpoint(folder: Path, config: TrainConfig | None) -> Learned:
    try:
        from memdojo.agents.compact import use_one_thread
        from memdojo.train.checkpoints import load_policy, load_spec, read_policy_json
    except ImportError as error:
        raise MissingDependencyError(
            f"a checkpoint needs {error.name}, which is not installed: pip install 'memdojo[train]'"
        ) from error
    if read_policy_json(folder).get("kind") == "language":
        return _load_language_checkpoint(folder, config)
    use_one_thread()
    spec = load_spec(folder)
    return Learned(folder, spec.kind, load_policy(folder), spec.training, config)


def _load_language_checkpoint(folder: Path, config: TrainConfig | None) -> Learned:
    from memdojo.train.language.checkpoints import load_language_spec
    from memdojo.train.language.policies import load_language_policy

    spec = load_language_spec(folder)
    task: Task = "manager" if spec.task == "manager" else "retriever"
    return Learned(folder, task, load_language_policy(folder, spec), spec.training, config)
