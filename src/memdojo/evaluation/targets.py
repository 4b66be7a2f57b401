"""What is evaluated: policies out of checkpoints and runs, baselines by name, and policies as objects."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from memdojo.agents.baselines.registry import (
    NamedRetriever,
    list_baselines,
    list_retriever_baselines,
    make_baseline,
    make_retriever_baseline,
)
from memdojo.agents.designs.registry import DESIGNS, is_combination
from memdojo.agents.designs.roles.protocol import Roles
from memdojo.agents.designs.roles.rules import RuleRoles
from memdojo.agents.designs.running.policy import DesignManager, with_roles
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.answering import Answerer
from memdojo.envs.memory.retrieval.protocol import Retriever
from memdojo.envs.memory.retrieval.retrievers import list_retrievers, make_retriever
from memdojo.envs.streams.files import sha256_of
from memdojo.envs.streams.splits import shared_groups
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError, LeakError, unknown_name
from memdojo.train.checkpoints.loading import Learned, Task, load_learned
from memdojo.train.checkpoints.trust import reached_by_name, root_of
from memdojo.train.config.name_or_path import is_name, named_path

ALL = "all"
"""Names all baselines at once, but the memory designs."""
ALL_DESIGNS = "designs"
"""Names all memory designs at once, each by its own rule."""

Target = str | Path | ManagerPolicy | NamedRetriever | Retriever | Answerer
"""A folder, a name, or a policy; an answerer is an answer agent, which BM25 searches for."""


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """The policies to evaluate.

    Attributes:
        task: The task of all of them.
        learned: Policies loaded from checkpoints.
        baselines: Names of baselines.
        objects: Policies that were given as such.
        folders: Where the learned ones were looked for, as it was given.
        roles: Do the work of roles of all memory designs; None leaves each with its own: a design out of a
            checkpoint with those of its training, one by name with rules.
    """

    task: Task
    learned: tuple[Learned, ...]
    baselines: tuple[str, ...]
    objects: tuple[ManagerPolicy, ...] | tuple[NamedRetriever, ...] = ()
    folders: tuple[Path, ...] = ()
    roles: Roles | None = None

    def managers(self) -> list[ManagerPolicy]:
        """Build all policies of a task `manager`: the learned ones, the objects, the baselines."""
        policies: list[ManagerPolicy] = []
        for name, learned in zip(_distinct_names(self.learned), self.learned, strict=True):
            learned.policy.name = name
            policies.append(learned.policy)
        objects = cast(tuple[ManagerPolicy, ...], self.objects)
        policies += [*objects, *map(make_baseline, self.baselines)]
        return policies if self.roles is None else [with_roles(policy, self.roles) for policy in policies]

    def policies(self) -> list[ManagerPolicy] | list[NamedRetriever]:
        """Build all policies of the task, whichever it is."""
        return self.managers() if self.task == "manager" else self.retrievers()

    def name_of(self, target: str) -> str:
        """Return the name of the policy out of a folder that is evaluated; any other text is a name."""
        if is_name(target, [*list_baselines(), *_retriever_names()]):
            return target
        names = dict(zip(self.folders, _distinct_names(self.learned), strict=False))
        return names.get(Path(target).expanduser(), target)

    def fingerprints(self) -> dict[str, str]:
        """Return what tells policies from others of their name, by it; recorded episodes carry it.

        Of a checkpoint that is its digest, and of a design whose roles a model plays the roles' fingerprint.
        """
        names = _distinct_names(self.learned)
        found = {name: _digest(each.path) for name, each in zip(names, self.learned, strict=True)}
        for manager in self.managers() if self.task == "manager" else ():
            if isinstance(manager, DesignManager) and manager.roles.fingerprint != RuleRoles.fingerprint:
                found[manager.name] = found.get(manager.name, "") + manager.roles.fingerprint
        return found

    @property
    def has_design(self) -> bool:
        """True if a memory design is among them."""
        policies = [*(each.policy for each in self.learned), *self.objects]
        named = any(name in DESIGNS or is_combination(name) for name in self.baselines)
        return named or any(isinstance(policy, DesignManager) for policy in policies)

    def retrievers(self) -> list[NamedRetriever]:
        """Build all retrievers of a task `retriever`, in the order of `managers`."""
        names = _distinct_names(self.learned)
        learned = [as_retriever(each, name) for name, each in zip(names, self.learned, strict=True)]
        objects = cast(tuple[NamedRetriever, ...], self.objects)
        return [*learned, *objects, *map(make_retriever_baseline, self.baselines)]


def find_targets(
    targets: Sequence[Target],
    task: Task | None = None,
    *,
    trust_run: bool = False,
    roles: Roles | None = None,
) -> Targets:
    """Resolve names, folders and objects to the policies to evaluate.

    Args:
        targets: Names of baselines, `all` for every baseline but the memory designs, or `designs` for those;
            `karma+scm` for a design that writes as one and reads as another;
            folders of checkpoints or runs; policies. A registered name, of a manager or a retriever, wins
            over a folder of that name.
        task: The task asked for; None takes that of the checkpoints and policies, or `manager` if there are
            none.
        trust_run: As for `memdojo.load_policy`.
        roles: As `Targets` has them.

    Raises:
        ConfigError: If targets are of different tasks, or of another than `task`, or as `load_policy`; or if
            there are roles and no memory design.
        UnknownNameError: If a target is neither a name nor a folder.
        CheckpointError: If a folder holds no usable checkpoint.
    """
    names, folders, objects = _sorted_out(targets)
    learned = [load_learned(folder, trust_run=trust_run, roles=roles) for folder in folders]
    found: list[tuple[str, Task]] = [(str(each.path), each.task) for each in learned]
    found += [(repr(each.name), _task_of(each)) for each in objects]
    for what, its_task in found:
        if its_task != (task or found[0][1]):
            raise ConfigError(
                f"{what} is a {its_task} and {'the task is' if task else f'{found[0][0]} is'} a "
                f"{task or found[0][1]}; evaluate one task at a time."
            )
    chosen: Task = task or (found[0][1] if found else "manager")
    several: dict[str, list[str]] = {ALL: list(list_retriever_baselines())}
    if chosen == "manager":
        rules = [name for name in list_baselines() if name not in DESIGNS]
        several = {ALL: rules, ALL_DESIGNS: sorted(DESIGNS)}
    named = [name for name in names if name not in several]
    names = named + [name for group in several if group in names for name in several[group]]
    for name in dict.fromkeys(names):
        _require_baseline(name, chosen)
    baselines = tuple(dict.fromkeys(names))
    chosen_targets = Targets(
        chosen, tuple(learned), baselines, cast(Any, tuple(objects)), tuple(folders), roles
    )
    if roles is not None and not chosen_targets.has_design:
        raise ConfigError(
            f"roles are to be played by {roles.fingerprint} (--roles), and no memory design is among the "
            "targets; name one (memdojo designs lists them), or leave the roles out."
        )
    return chosen_targets


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


def find_retriever(
    target: str | Path | Retriever | NamedRetriever, *, trust_run: bool = False
) -> NamedRetriever:
    """Return the retriever that a name stands for, a folder holds, or an object is.

    Args:
        target: The name, folder or object.
        trust_run: As for `memdojo.load_policy`.

    Raises:
        UnknownNameError: If it is neither a name nor a folder.
        CheckpointError: If the folder holds no usable checkpoint.
        ConfigError: If it holds no retriever.
    """
    if isinstance(target, NamedRetriever):
        return target
    if not isinstance(target, str | Path):
        return NamedRetriever.of(_name_of(target), target)
    folder = named_path(target, "retriever", _retriever_names())
    if folder is None:
        return make_retriever_baseline(str(target))
    learned = load_learned(folder, trust_run=trust_run)
    return as_retriever(learned, learned.training.config_name or "compact")


def reached_by_training(
    learned: Sequence[Learned], *, retriever: bool = True, memory: bool = True, tokenizer: bool = True
) -> list[str]:
    """Return what the trainings of policies name outside of their runs, as `key = value`.

    Args:
        learned: Policies loaded from checkpoints.
        retriever: Whether the retriever of their training is used.
        memory: Whether the memory is that which their training names.
        tokenizer: Whether tokens are counted as in their training.
    """
    reached = []
    for each in learned:
        root = root_of(each.path)
        if retriever and each.task == "manager":
            reached += reached_by_name("retriever", each.training.retriever, _retriever_names(), root)
        if tokenizer:
            reached += reached_by_name("tokenizer", each.training.tokenizer, (), root)
        if memory and each.task != "manager":
            reached += reached_by_name("memory", each.training.memory, list_baselines(), root)
    return reached


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
            notes.append(f"{each.path} was chosen by its score on {len(shared)} of these groups.")
    return notes


def _sorted_out(
    targets: Sequence[Target],
) -> tuple[list[str], list[Path], list[ManagerPolicy | NamedRetriever]]:
    """Return names, folders, and policies."""
    known = {ALL, ALL_DESIGNS, *list_baselines(), *_retriever_names()}
    names: list[str] = []
    folders: list[Path] = []
    objects: list[ManagerPolicy | NamedRetriever] = []
    for target in targets:
        if not isinstance(target, str | Path):
            objects.append(_as_policy(target))
        elif isinstance(target, str) and is_combination(target):
            names.append(target)
        elif (folder := named_path(target, "checkpoint, run or baseline", known)) is not None:
            folders.append(folder)
        else:
            names.append(str(target))
    return names, folders, objects


def _as_policy(target: Any) -> ManagerPolicy | NamedRetriever:
    if isinstance(target, NamedRetriever) or hasattr(target, "act"):
        return cast(ManagerPolicy | NamedRetriever, target)
    if hasattr(target, "search"):
        return NamedRetriever.of(_name_of(target), target)
    if hasattr(target, "answer"):
        return NamedRetriever.of(_name_of(target), make_retriever("bm25"), target)
    raise ConfigError(
        f"{target!r} is nothing that can be evaluated; give a name, a folder, a manager, a retriever or an "
        "answer agent."
    )


def _task_of(policy: ManagerPolicy | NamedRetriever) -> Task:
    return "retriever" if isinstance(policy, NamedRetriever) else "manager"


def _name_of(policy: object) -> str:
    return str(getattr(policy, "name", type(policy).__name__))


def _retriever_names() -> set[str]:
    return {*list_retriever_baselines(), *list_retrievers()}


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder)}\0{sha256_of(path)}\0".encode())
    return digest.hexdigest()


def _require_baseline(name: str, task: Task) -> None:
    managers, retrievers = list_baselines(), _retriever_names()
    if task == "retriever" and not is_name(name, retrievers):
        raise unknown_name("retriever baseline", name, retrievers)
    if task == "manager" and name not in managers and not is_combination(name):
        if is_name(name, retrievers):
            raise ConfigError(
                f"{name!r} is a retriever; set the task to retriever (--task retriever) to evaluate it."
            )
        raise unknown_name("manager baseline", name, managers)


def _distinct_names(learned: Sequence[Learned]) -> list[str]:
    """Return the names of the runs, with the path where several are called the same."""
    names = [each.training.config_name or "compact" for each in learned]
    known = {*list_baselines(), *list_retriever_baselines()}
    return [
        f"{name} ({each.path})" if names.count(name) > 1 or name in known else name
        for name, each in zip(names, learned, strict=True)
    ]
