"""The folder of a training run.

config.toml       the resolved configuration
metrics.jsonl     one line per update
tensorboard/      the same for TensorBoard
warm_start/       the policy after the supervised stage, if there was one
trajectories/     episodes of some updates: of managers as an evaluation records them, of language policies
                  also as they were sampled
memory/           what a manager stored of the streams, if questions are asked over that
checkpoints/      step_000010, step_000020, ...
best              link to the checkpoint with the best validation score
evaluation/       tables and recorded episodes of the final evaluation
streams.json      ids and digests of all streams
.lock, .lock.json which process has the folder in use
round-1/          a run of its own, where there are rounds; `best` is then that of the last one
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from memdojo.envs.streams.files import atomic_writer
from memdojo.envs.streams.folder_lock import FolderLock
from memdojo.errors import ConfigError, RunFolderError

from ..config.files import dump_config, load_config_of_run
from ..config.run import TrainConfig
from .checkpoint_folders import (
    BEST,
    CHECKPOINTS,
    checkpoint_folder,
    latest_checkpoint,
    list_checkpoints,
    prune_checkpoints,
    remove_debris,
    remove_folder,
    update_of,
    whole_folder,
)
from .trackers import Tracker, finite, open_trackers

CONFIG, METRICS = "config.toml", "metrics.jsonl"
EVALUATION = "evaluation"
WARM_START, TRAJECTORIES = "warm_start", "trajectories"
ROUND = "round-"
"""How the folders of rounds begin, which are runs themselves."""

CHANGEABLE = (
    "algorithm.num_updates",
    "rollouts.",
    "checkpoints.",
    "logging.",
    "engine.num_",
    "engine.max_",
    "engine.cache_size",
    "learner.num_",
    "learner.sharding",
    "learner.device",
    "learner.micro_batch_tokens",
    "learner.gradient_checkpointing",
    "answerer.num_",
    "answerer.cache_size",
    "answerer.timeout_s",
    "judge.num_",
    "judge.cache_size",
    "judge.timeout_s",
    "evaluation.every",
    "evaluation.patience",
    "evaluation.num_resamples",
    "evaluation.baselines",
    "streams.test",
    "streams.num_test",
    "rounds.num_rounds",
    "tune.",
)
"""Keys (or beginnings of keys) that may change on resume: what was trained so far does not depend on them.

With a schedule that leads to the end of the run, or stages of it, it does depend on `algorithm.num_updates`.
"""


class RunFolder:
    """A run on the disk; made by `create`, `resume` or `open`.

    A run that was created or resumed is held against other processes until it is closed.

    Attributes:
        path: The folder.
        config: The resolved configuration.
    """

    def __init__(self, path: Path, config: TrainConfig, lock: FolderLock | None = None) -> None:
        self.path = path
        self.config = config
        self._lock = lock
        self._trackers: list[Tracker] | None = None
        self._purge_step: int | None = None

    @classmethod
    def create(
        cls, root: str | Path, config: TrainConfig, *, overwrite: bool = False, folder: str = ""
    ) -> Self:
        """Make the folder `root/config.name` with nothing but the configuration in it.

        Args:
            overwrite: Remove the run that lies there.
            folder: What the folder is called instead.

        Raises:
            RunFolderError: If there is something of that name, another process has it in use, or the file
                system refuses.
        """
        path = Path(root).expanduser() / (folder or config.name)
        if path.exists():
            if not overwrite:
                raise RunFolderError(
                    f"there is something at {path} already; choose another name, such as "
                    f"name={_free_name(path)}, or pass --resume to continue it or --overwrite to start anew."
                )
            if not (path / CONFIG).is_file():
                raise RunFolderError(f"{path} is not a run (it has no {CONFIG}), so it is not overwritten.")
        try:
            if path.exists():
                lock = FolderLock(path)
                try:
                    remove_folder(path)
                finally:
                    lock.release(gone=not path.exists())
            with whole_folder(path) as temporary:
                (temporary / CHECKPOINTS).mkdir()
                (temporary / CONFIG).write_text(dump_config(config), encoding="utf-8")
        except OSError as error:
            raise RunFolderError(f"the run {path} cannot be made: {error.strerror or error}.") from error
        return cls(path, config, FolderLock(path))

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a run to read it.

        Raises:
            RunFolderError: If there is no run.
            ConfigError: If its configuration is damaged.
        """
        path = Path(path).expanduser()
        if not (path / CONFIG).is_file():
            what = "does not exist" if not path.exists() else f"has no {CONFIG}"
            raise RunFolderError(f"{path} is not a run: it {what}.")
        return cls(path, load_config_of_run(path / CONFIG))

    @classmethod
    def resume(cls, root: str | Path, config: TrainConfig, *, folder: str = "") -> Self:
        """Open the run `root/config.name` (or `root/folder`, if given) to go on with it, under `config`.

        Raises:
            RunFolderError: If there is no run to go on with, another process has it in use, or the file
                system refuses.
            ConfigError: If `config` differs from the run's in what its training so far depends on.
        """
        path = Path(root).expanduser() / (folder or config.name)
        if not path.exists():
            raise RunFolderError(f"there is no run at {path} to resume; leave --resume out to start it.")
        earlier = cls.open(path)
        _require_same(path, earlier.config, config)
        lock = FolderLock(path)
        try:
            remove_debris(path / CHECKPOINTS)
            if config != earlier.config:
                with atomic_writer(path / CONFIG) as file:
                    file.write(dump_config(config))
        except BaseException:
            lock.release()
            raise
        return cls(path, config, lock)

    @property
    def best(self) -> Path | None:
        """The checkpoint marked as the best; None if none was."""
        link = self.path / BEST
        return link.resolve() if link.exists() else None

    @property
    def warm_start(self) -> Path:
        """Where the policy lies that a supervised stage made, if the run has one."""
        return self.path / WARM_START

    @property
    def latest(self) -> Path | None:
        """The newest checkpoint; None if there is none."""
        return latest_checkpoint(self.path)

    def checkpoint_folder(self, update: int) -> Path:
        """Return where the checkpoint after `update` updates lies."""
        return checkpoint_folder(self.path, update)

    def mark_best(self, update: int) -> None:
        """Let `best` point to the checkpoint after `update` updates.

        Raises:
            RunFolderError: If there is no such checkpoint, or the file system refuses.
        """
        self.point_best(self.checkpoint_folder(update))

    def point_best(self, folder: Path) -> None:
        """Let `best` point to a checkpoint anywhere below this folder.

        Raises:
            RunFolderError: If there is no such checkpoint, or the file system refuses.
        """
        if not folder.is_dir():
            raise RunFolderError(f"there is no checkpoint {folder} to mark as the best.")
        temporary = self.path / f".{BEST}.{os.getpid()}.tmp"
        try:
            temporary.unlink(missing_ok=True)
            # Relative, so that the run can be moved.
            temporary.symlink_to(folder.resolve().relative_to(self.path.resolve()))
            os.replace(temporary, self.path / BEST)
        except OSError as error:
            raise RunFolderError(
                f"{self.path / BEST} cannot be written: {error.strerror or error}."
            ) from error

    def prune(self, keep: int, updates: Iterable[int] = ()) -> None:
        """Remove all checkpoints but the `keep` newest, the best and those after the given `updates`."""
        best = () if self.best is None else (self.best,)
        prune_checkpoints(self.path, keep, (*best, *map(self.checkpoint_folder, updates)))

    def log(self, update: int, metrics: Mapping[str, float]) -> None:
        """Append the metrics of an update to `metrics.jsonl`, at once on the disk, and tell the trackers.

        What is not finite becomes null in the file and is not sent to trackers.

        Raises:
            RunFolderError: If the line cannot be written; the file is then as it was before.
            MissingDependencyError: If what a tracker needs is not installed.
        """
        logged = finite(metrics)
        self._append(json.dumps({"update": update, **{name: logged.get(name) for name in metrics}}) + "\n")
        if self._trackers is None:
            self._trackers = open_trackers(self.config, self.path, self._purge_step)
        for tracker in self._trackers:
            tracker.log(update, logged)

    def metrics(self) -> list[dict[str, Any]]:
        """Return the lines of `metrics.jsonl`; a last line that was cut off is left out.

        Raises:
            RunFolderError: If another line is damaged, or the file cannot be read.
        """
        return [record for record, _ in self._metric_lines()]

    def rewind(self, update: int) -> None:
        """Forget metrics and checkpoints of later updates than `update`, to go on from there.

        Raises:
            RunFolderError: If a later checkpoint cannot be removed, or a line of the metrics is damaged.
            DataError: If the metrics cannot be rewritten; they are then as they were.
        """
        lines = [line for record, line in self._metric_lines() if record["update"] <= update]
        for folder in list_checkpoints(self.path):
            if update_of(folder) > update:
                try:
                    remove_folder(folder)
                except OSError as error:
                    raise RunFolderError(f"{folder} cannot be removed: {error.strerror or error}.") from error
        with atomic_writer(self.path / METRICS) as file:
            file.writelines(lines)
        self._close_trackers()
        # TensorBoard hides events from this step on that were written before.
        self._purge_step = update + 1

    def remove_if_untrained(self) -> bool:
        """Remove the folder if nothing was ever trained in it; True if it was removed.

        The policy that training began with may have been validated and saved.
        """
        has_rounds = any(self.path.glob(f"{ROUND}*"))
        is_trained = self.latest is not None and update_of(self.latest) > 0
        if is_trained or self._has_metrics() or self.warm_start.is_dir() or has_rounds:
            return False
        self.close()
        try:
            remove_folder(self.path)
        except OSError:
            return False  # It was made by another user, say; that is not why the run has ended.
        return True

    def _has_metrics(self) -> bool:
        """True if there is a line of metrics, beside that of the start."""
        try:
            lines = (self.path / METRICS).read_bytes().splitlines(keepends=True)
            return any(line.endswith(b"\n") and not line.startswith(b'{"update": 0,') for line in lines)
        except FileNotFoundError:
            return False
        except OSError:
            return True  # Something is there.

    def close(self) -> None:
        """Notify the trackers that the run has ended, and let other processes have its folder."""
        self._close_trackers()
        if self._lock is not None:
            self._lock.release()

    def _close_trackers(self) -> None:
        for tracker in self._trackers or ():
            tracker.close()
        self._trackers = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, line: str) -> None:
        path = self.path / METRICS
        size = path.stat().st_size if path.exists() else 0
        try:
            with open(path, "a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            if path.is_file():
                os.truncate(path, size)
            raise RunFolderError(f"{path} cannot be written: {error.strerror or error}.") from error

    def _metric_lines(self) -> Iterator[tuple[dict[str, Any], str]]:
        path = self.path / METRICS
        try:
            lines = path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return
        except OSError as error:
            raise RunFolderError(f"{path} cannot be read: {error.strerror or error}.") from error
        for number, line in enumerate(lines, start=1):
            # A killed process may leave the last line without its end.
            if line.endswith(b"\n"):
                try:
                    text = line.decode("utf-8")
                    record = json.loads(text)
                    if type(record["update"]) is not int:
                        raise TypeError("its update is no whole number")
                except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
                    raise RunFolderError(
                        f"line {number} of {path} is damaged ({type(error).__name__}); remove the line, or "
                        "the file, and the run goes on without these metrics."
                    ) from error
                yield record, text


def _free_name(path: Path) -> str:
    number = 2
    while path.with_name(f"{path.name}-{number}").exists():
        number += 1
    return f"{path.name}-{number}"


def _require_same(path: Path, earlier: TrainConfig, now: TrainConfig) -> None:
    before, after = _flat(earlier.model_dump()), _flat(now.model_dump())
    length = "algorithm.num_updates" if now.depends_on_length else ""
    changeable = tuple(key for key in CHANGEABLE if key != length)
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key) and not key.startswith(changeable):
            raise ConfigError(
                f"{path} was trained with {key} = {before.get(key)!r} and cannot resume with "
                f"{after.get(key)!r}; keep the value, or start a new run with name={_free_name(path)}."
            )


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat
