"""`load_policy`: the policy of a run or checkpoint, whatever its kind. Needs torch only when it loads one."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from memdojo.agents.baselines.registry import list_baselines, make_baseline
from memdojo.agents.designs.roles.protocol import Roles
from memdojo.agents.designs.roles.registry import make_roles, roles_settings
from memdojo.agents.designs.running.policy import DesignManager
from memdojo.agents.engines.keys import keys_for_named_hosts
from memdojo.agents.policy import ManagerPolicy
from memdojo.envs.answering import Answerer
from memdojo.envs.memory.retrieval.protocol import Retriever
from memdojo.errors import CheckpointError, ConfigError, MissingDependencyError
from memdojo.registry import load_target

from ..config.name_or_path import named_path
from ..config.policies import POLICY_KINDS

if TYPE_CHECKING:
    from ..config.run import TrainConfig
    from .compact import TrainedOn

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
        config: Of its run, where a run was named; who loads a checkpoint leaves it out.
    """

    path: Path
    task: Task
    policy: Any
    training: TrainedOn
    config: TrainConfig | None = None

    @property
    def kind(self) -> str:
        """`manager`, `retriever` or `answer agent`."""
        return "answer agent" if hasattr(self.policy, "answer") else self.task


def load_policy(path: str | Path, *, trust_run: bool = False) -> Policy:
    """Return the policy of a checkpoint, or of the best (else the newest) checkpoint of a run.

    It acts greedily. Compact or language, manager, retriever or answer agent: what comes is what evaluation,
    `MemoryAgent` and everything else take. The model of a language policy is loaded when it first acts.

    Args:
        path: Folder of a run or a checkpoint.
        trust_run: Whether its engine, and who does the work of a design's roles, may reach addresses and
            paths that the checkpoint names.

    Raises:
        CheckpointError: If there is none, or it is damaged, of a newer version or of other features.
        ConfigError: If its engine or its roles reach outside of it, and it is not trusted.
        ModelError: If its language model cannot be used.
        MissingDependencyError: If it needs a library that is not installed.
    """
    policy: Policy = load_learned(Path(path), trust_run=trust_run).policy
    return policy


def load_learned(path: Path, *, trust_run: bool = False, roles: Roles | None = None) -> Learned:
    """Load what `load_policy` returns, with how it was trained.

    Args:
        path: As for `load_policy`, like `trust_run`.
        trust_run: As there.
        roles: Do the work of a design's roles; None takes who did it in the training.

    Raises:
        CheckpointError: If there is no checkpoint, or it is damaged.
        ConfigError: As `load_policy`.
    """
    from ..runs.folder import CONFIG, RunFolder

    path = path.expanduser()
    if not path.is_dir():
        raise CheckpointError(f"{path} does not exist; give a checkpoint, a run or the name of a baseline.")
    if not (path / CONFIG).is_file():
        return _load_checkpoint(path, None, trust_run=trust_run, roles=roles)
    run = RunFolder.open(path)
    checkpoint = run.best or run.latest
    if checkpoint is None:
        raise CheckpointError(f"the run {path} has no checkpoint yet; train it first.")
    # Where there were rounds, the best checkpoint is that of a run of its own.
    owner = checkpoint.resolve().parent.parent
    if owner != run.path.resolve():
        run = RunFolder.open(owner)
    return _load_checkpoint(checkpoint, run.config, trust_run=trust_run, roles=roles)


def _load_checkpoint(
    folder: Path, config: TrainConfig | None, *, trust_run: bool, roles: Roles | None
) -> Learned:
    from .trust import reached_by_engine, require_trust

    loader = POLICY_KINDS.get(_kind(folder)).loader
    if not loader:
        raise CheckpointError(
            f"{folder} holds a policy of the kind {_kind(folder)!r}, which is registered without a loader."
        )
    if not trust_run:
        require_trust(folder, reached_by_engine(_engine_keys(folder)))
    load: Callable[[Path], Learned] = load_target(loader)
    learned = load(folder)
    if isinstance(learned.policy, DesignManager):
        learned.policy.roles = _roles_of(folder, trust_run=trust_run) if roles is None else roles
    return dataclasses.replace(learned, config=config)


def _roles_of(folder: Path, *, trust_run: bool) -> Roles:
    """Return who did the work of roles when a design of a checkpoint was trained.

    Raises:
        ConfigError: If they reach outside of it, and it is not trusted.
    """
    from .compact import load_spec
    from .language import load_language_spec
    from .trust import reached_by_table, require_trust, root_of

    design = (load_language_spec if _kind(folder) == "language" else load_spec)(folder).design
    settings = roles_settings({} if design is None else design.roles)
    if not trust_run:
        root = root_of(folder)
        reached = reached_by_table("design.roles", settings, root)
        require_trust(root, reached, instead="choose other roles (--roles)")
    with keys_for_named_hosts():
        return make_roles(settings)


def _kind(folder: Path) -> str:
    """Return the kind of policy that a checkpoint holds."""
    with _requiring_torch():
        from .compact import read_policy_json
    kind = read_policy_json(folder).get("kind")
    if not isinstance(kind, str) or kind in (*get_args(Task), "design"):
        return "compact"  # Its checkpoints name the task there; and it refuses what is damaged.
    if kind not in POLICY_KINDS:
        raise CheckpointError(
            f"{folder} holds a policy of the kind {kind!r}, which is not registered; install or import the "
            f"package that brings it. Known: {', '.join(sorted(POLICY_KINDS))}."
        )
    return kind


def _engine_keys(folder: Path) -> Mapping[str, Any]:
    """Return the keys that the engine of a checkpoint has for itself; none where there is no engine."""
    with _requiring_torch():
        from .compact import read_policy_json
    keys = read_policy_json(folder).get("engine_settings")
    return keys if isinstance(keys, Mapping) else {}


def load_compact_checkpoint(folder: Path) -> Learned:
    """Load a compact policy, with how it was trained.

    Raises:
        CheckpointError: If the checkpoint is damaged or of other features.
    """
    with _requiring_torch():
        from memdojo.agents.compact.base import use_one_thread

        from .compact import load_policy, load_spec
    use_one_thread()
    spec = load_spec(folder)
    task: Task = "retriever" if spec.kind == "retriever" else "manager"
    return Learned(folder, task, load_policy(folder), spec.training)


def load_language_checkpoint(folder: Path) -> Learned:
    """Load a language policy, with how it was trained; its model is loaded when it first acts.

    Raises:
        CheckpointError: If the checkpoint is damaged.
        ModelError: If its model cannot be used.
    """
    from .language import load_language_policy, load_language_spec

    spec = load_language_spec(folder)
    task: Task = "manager" if spec.task in ("manager", "design") else "retriever"
    return Learned(folder, task, load_language_policy(folder, spec), spec.training)


@contextlib.contextmanager
def _requiring_torch() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError(
            f"a checkpoint needs {error.name}, which is not installed: pip install 'memdojo[deploy]'"
        ) from error


def load_manager(name_or_folder: str, *, trust_run: bool = False) -> ManagerPolicy:
    """Return the manager of that name, or the one that a folder holds.

    Args:
        name_or_folder: A baseline; or a checkpoint, or a run, of which it is the best checkpoint, else the
            newest.
        trust_run: As for `load_policy`.

    Raises:
        UnknownNameError: If there is neither a folder nor a baseline of that name.
        CheckpointError: If the folder holds no usable checkpoint.
        ConfigError: If what it holds is no manager.
    """
    folder = named_path(name_or_folder, "manager baseline", list_baselines())
    if folder is None:
        return make_baseline(name_or_folder)
    policy: ManagerPolicy = load_learned_manager(folder, trust_run=trust_run).policy
    return policy


def load_learned_manager(folder: Path, *, trust_run: bool = False) -> Learned:
    """Load a manager, with how it was trained.

    Raises:
        CheckpointError: If the folder holds no usable checkpoint.
        ConfigError: If what it holds is no manager.
    """
    learned = load_learned(folder, trust_run=trust_run)
    if learned.task != "manager":
        raise ConfigError(f"{learned.path} holds no manager, and one is wanted here.")
    return learned
