"""The experiment trackers that a configuration can name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

PROJECT = "memdojo"
"""The project (or experiment) under which a tracker files runs."""

TENSORBOARD = "tensorboard"
"""Name of TensorBoard among the trackers, and of its folder in a run."""

OTHERS: Mapping[str, Callable[[str, Path], dict[str, Any]]] = MappingProxyType(
    {
        "aim": lambda label, run: {"run_name": label, "logging_dir": str(run.parent)},
        "clearml": lambda label, run: {"run_name": PROJECT, "task_name": label},
        "comet_ml": lambda label, run: {"run_name": PROJECT},
        "dvclive": lambda label, run: {"dir": str(run / "dvclive")},
        "mlflow": lambda label, run: {"experiment_name": PROJECT, "run_name": label},
        "swanlab": lambda label, run: {"run_name": PROJECT, "experiment_name": label},
        "trackio": lambda label, run: {"run_name": PROJECT, "name": label},
        "wandb": lambda label, run: {"run_name": PROJECT, "name": label, "dir": str(run)},
    }
)
"""How each tracker of accelerate takes the run's name and folder; `run_name` is accelerate's word for the
project. Accounts, addresses and all else are the tracker's own environment variables."""

TRACKERS = (TENSORBOARD, *OTHERS)
