"""`train`: trains a policy of any kind from its configuration."""

from __future__ import annotations

import errno
from collections.abc import Callable

from memdojo.envs.streams.folder_lock import FolderLock
from memdojo.errors import MemdojoError, MissingDependencyError, RunFolderError, missing_for_language
from memdojo.registry import load_target

from .config.policies import POLICY_KINDS
from .config.run import TrainConfig
from .loop import TrainResult
from .runs.folder import RunFolder
from .runs.progress import Progress

_REFUSALS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR}
"""What a file system says that takes no more, or not from us."""


def train(config: TrainConfig, run: RunFolder, *, resume: bool = False, progress: Progress) -> TrainResult:
    """Train as `config` says and leave metrics and checkpoints in `run`.

    A run that is interrupted saves where it stands; `resume` goes on from the last checkpoint. A compact
    policy then gives the numbers that an uninterrupted run would have given, bit for bit. A language policy
    does if an engine of the kind `transformers` samples it one request at a time.

    Raises:
        LeakError: If training and held-out streams share a group.
        DivergenceError: If the loss or a weight is no longer finite.
        MissingDependencyError: If a library is missing that the kind of policy needs.
        Interrupted: After Ctrl-C, SIGTERM or SIGHUP, once the checkpoint was saved; a `KeyboardInterrupt`.
        EngineError: If more workers died than may be replaced, or Ray cannot be used.
        RunFolderError: If another process has the run's folder in use, or it cannot be written.
    """
    kind = config.policy.kind
    try:
        train_policy: Callable[..., TrainResult] = load_target(POLICY_KINDS.get(kind).trainer)
    except ModuleNotFoundError as error:
        if config.is_language:
            raise missing_for_language(error.name) from error
        raise MissingDependencyError(
            f"policies of the kind {kind!r} need {error.name}, which is not installed."
        ) from error
    with FolderLock(run.path):
        try:
            return train_policy(config, run, resume=resume, progress=progress)
        except OSError as error:
            if isinstance(error, MemdojoError) or error.errno not in _REFUSALS:
                raise
            # Trackers and other libraries write into the folder as well.
            raise RunFolderError(
                f"{error.filename or run.path} cannot be written: {error.strerror}; see to it, and continue "
                "with --resume."
            ) from error
