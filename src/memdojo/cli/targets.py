"""The targets of an evaluation by name: a checkpoint, a run, a baseline."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from memdojo.agents.baselines.registry import (
    NamedRetriever,
    list_baselines,
    list_retriever_baselines,
    make_baseline,
    make_retriever_baseline,
)
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.memory.retrieval.retrievers import list_retrievers, make_retriever
from memdojo.envs.streams.files import sha256_of
from memdojo.envs.streams.splits import shared_groups
from memdojo.errors import ConfigError, LeakError, unknown_name
from memdojo.train.checkpoints.loading import Learned, Task, is_folder, load_learned

if TYPE_CHECKING:
    from memdojo.envs.types import Stream

ALL = "all"
"""Names all baselines at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What is to be evaluated: policies out of checkpoints, and names of baselines."""

    task: Task
    learned: tuple[Learned, ...]
    baselines: tuple[str, ...]

    def managers(self) -> list[ManagerPolicy]:
        """Build all policies of a task `manager`, the learned ones first."""
        policies: list[ManagerPolicy] = []
        for name, learned in zip(_distinct_names(self.learned), self.learned, strict=True):
            learned.policy.name = name
            policies.append(learned.policy)
        return [*policies, *map(make_baseline, self.baselines)]

    def policies(self) -> list[ManagerPolicy] | list[NamedRetriever]:
        """Build all policies of the task, whichever it is."""
        return self.managers() if self.task == "manager" else self.retrievers()

    def fingerprints(self) -> dict[str, str]:
        """Return a digest of each checkpoint by the name of its policy; recorded episodes carry it."""
        names = _distinct_names(self.learned)
        return {name: _digest(each.path) for name, each in zip(names, self.learned, strict=True)}

    def retrievers(self) -> list[NamedRetriever]:
        """Build all retrievers of a task `retriever`, the learned ones first."""
        names = _distinct_names(self.learned)
        learned = [as_retriever(each, name) for name, each in zip(names, self.learned, strict=True)]
        return [*learned, *map(make_retriever_baseline, self.baselines)]


def find_targets(targets: Sequence[str], task: Task | None) -> Targets:
    """Resolve what was typed.

    Args:
        targets: Folders of checkpoints or runs, names of baselines, or `all` for every baseline.
        task: What was asked for; None takes that of the checkpoints, or `manager` where there is none.

    Raises:
        ConfigError: If checkpoints are of different tasks, or of another than `task`.
        UnknownNameError: If a target is neither a folder nor a baseline.
        CheckpointError: If a folder holds no usable checkpoint.
    """
    learned = [load_learned(Path(target)) for target in targets if is_folder(target)]
    for each in learned:
        if each.task != (task or learned[0].task):
            raise ConfigError(
                f"{each.path} is a {each.task} and {'the task is' if task else f'{learned[0].path} is'} a "
                f"{task or learned[0].task}; evaluate one task at a time."
            )
    chosen: Task = learned[0].task if learned else task or "manager"
    names = [target for target in targets if not is_folder(target)]
    if ALL in names:
        known = list_baselines() if chosen == "manager" else list_retriever_baselines()
        names = [*(name for name in names if name != ALL), *(name for name in known if name not in names)]
    for name in names:
        _require_baseline(name, chosen)
    return Targets(chosen, tuple(learned), tuple(dict.fromkeys(names)))


def as_retriever(learned: Learned, name: str) -> NamedRetriever:
    """Name a retriever out of a checkpoint; an answer agent answers from what its retriever finds.

    Raises:
        ConfigError: If it is a manager.
    """
    if learned.task != "retriever":
        raise ConfigError(f"{learned.path} is a {learned.task}; a retriever is wanted here.")
    if hasattr(learned.policy, "answer"):
        return NamedRetriever.of(name, make_retriever(learned.training.retriever), learned.policy)
    return NamedRetriever.of(name, learned.policy)


def find_retriever(target: str) -> NamedRetriever:
    """Return the retriever that a folder holds or a name stands for."""
    if is_folder(target):
        learned = load_learned(Path(target))
        return as_retriever(learned, learned.training.config_name or "compact")
    return make_retriever_baseline(target)


def require_held_out(learned: Sequence[Learned], streams: Sequence[Stream]) -> list[str]:
    """Refuse streams of groups that a policy was trained on.

    Returns:
        A sentence for each policy whose checkpoint was chosen on some of the groups.

    Raises:
        LeakError: With the names of the groups.
    """
    groups = {stream.group for stream in streams}
    notes = []
    for each in learned:
        if shared := shared_groups(groups, each.training.groups):
            raise LeakError(
                f"{each.path} was trained on the groups {', '.join(map(repr, shared))} of these "
                "streams; evaluate it on others."
            )
        if shared := shared_groups(groups, each.training.validation_groups):
            notes.append(f"note: {each.path} was chosen by its score on {len(shared)} of these groups.")
    return notes


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder)}\0{sha256_of(path)}\0".encode())
    return digest.hexdigest()


def _require_baseline(name: str, task: Task) -> None:
    managers, retrievers = list_baselines(), {*list_retriever_baselines(), *list_retrievers()}
    if task == "retriever" and name.partition(":")[0] not in retrievers:
        raise unknown_name("retriever baseline", name, retrievers)
    if task == "manager" and name not in managers:
        if name.partition(":")[0] in retrievers:
            raise ConfigError(f"{name!r} is a retriever; pass --task retriever to evaluate retrievers.")
        raise unknown_name("checkpoint, run or baseline", name, {*managers, ALL})


def _distinct_names(learned: Sequence[Learned]) -> list[str]:
    """Return the names of the runs, with the path where several are called the same."""
    names = [each.training.config_name or "compact" for each in learned]
    known = {*list_baselines(), *list_retriever_baselines()}
    return [
        f"{name} ({each.path})" if names.count(name) > 1 or name in known else name
        for name, each in zip(names, learned, strict=True)
    ]
