"""Trackers that receive the metrics of a run: TensorBoard, and those that accelerate supports."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from memdojo.errors import MissingDependencyError

from ..config.tracker_names import OTHERS, TENSORBOARD

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from ..config.run import TrainConfig


class Tracker(Protocol):
    """Receives the metrics of a run."""

    def log(self, update: int, metrics: Mapping[str, float]) -> None:
        """Take the metrics of an update; all are finite."""
        ...

    def close(self) -> None:
        """Write out what is still held back."""
        ...


class TensorBoardTracker:
    """Writes events for TensorBoard.

    Args:
        folder: For the events.
        purge_step: Hide events from this step on that were written before.

    Raises:
        MissingDependencyError: If tensorboard is not installed.
    """

    def __init__(self, folder: Path, purge_step: int | None = None) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise MissingDependencyError(
                "metrics for TensorBoard need tensorboard, which is not installed: "
                "pip install 'memdojo[train]'"
            ) from error
        self._writer: SummaryWriter = SummaryWriter(folder, purge_step=purge_step)

    def log(self, update: int, metrics: Mapping[str, float]) -> None:
        """Write the metrics of an update."""
        for name, value in metrics.items():
            self._writer.add_scalar(name, value, update)

    def close(self) -> None:
        """Write out the events."""
        self._writer.close()


class AccelerateTracker:
    """A tracker through accelerate, which knows how each of them is spoken to.

    Args:
        name: One of `OTHERS`.
        config: The run's configuration, which the tracker is given.
        run: Its folder.

    Raises:
        MissingDependencyError: If accelerate or the tracker's package is not installed.
    """

    def __init__(self, name: str, config: TrainConfig, run: Path) -> None:
        require_trackers((name,))
        from accelerate import PartialState
        from accelerate.tracking import LOGGER_TYPE_TO_CLASS

        PartialState()  # Without it accelerate's own log refuses to speak.

        # A round is a run of its own within that of all rounds.
        label = config.name if run.name == config.name else f"{run.parent.name}/{run.name}"
        self._tracker = LOGGER_TYPE_TO_CLASS[name](**OTHERS[name](label, run))
        self._tracker.start()
        self._tracker.store_init_configuration(_plain(config.model_dump(mode="json")))

    def log(self, update: int, metrics: Mapping[str, float]) -> None:
        """Log the metrics of an update."""
        self._tracker.log(dict(metrics), step=update)

    def close(self) -> None:
        """Note that the run has ended."""
        self._tracker.finish()


def require_trackers(names: tuple[str, ...]) -> None:
    """Check that all that is needed is installed, before anything is trained.

    Raises:
        MissingDependencyError: With the packages to install.
    """
    for name in names:
        if name == TENSORBOARD:
            continue
        missing = [package for package in ("accelerate", name) if find_spec(package) is None]
        if missing:
            raise MissingDependencyError(
                f"logging.report_to has {name!r}, which needs {' and '.join(missing)}: "
                f"pip install {' '.join(each.replace('_', '-') for each in missing)}"
            )


def open_trackers(config: TrainConfig, run: Path, purge_step: int | None) -> list[Tracker]:
    """Return the trackers of a run, which begin to listen.

    Args:
        config: The run.
        run: Its folder.
        purge_step: The first update that is logged anew, if the run was resumed.

    Raises:
        MissingDependencyError: If something is not installed.
    """
    return [
        TensorBoardTracker(run / TENSORBOARD, purge_step)
        if name == TENSORBOARD
        else AccelerateTracker(name, config, run)
        for name in config.logging.report_to
    ]


def finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics that are finite."""
    return {name: float(value) for name, value in metrics.items() if math.isfinite(value)}


def _plain(tree: Mapping[str, Any], prefix: str = "") -> dict[str, bool | int | float | str]:
    """Return a configuration as trackers take it: dotted names, and texts for what is no single value."""
    plain: dict[str, bool | int | float | str] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            plain |= _plain(value, f"{prefix}{key}.")
        else:
            plain[f"{prefix}{key}"] = value if isinstance(value, bool | int | float | str) else str(value)
    return plain
