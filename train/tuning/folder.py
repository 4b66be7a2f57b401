"""The folder of a search.

config.toml       the configuration that was given, with its ranges
trials.jsonl      the trials: values, scores, seconds
trials/           0001, 0002, ...: a run each, or with several seeds 0001-1, 0001-2, ...
best.toml         the best configuration
best              link to its best checkpoint
parameters.svg    scores against the values of each key
evaluation/       tables and recorded episodes of the final evaluation
"""

from __future__ import annotations

from functools import reduce
from pathlib import Path

from memdojo.errors import ConfigError

from ..config.run import TrainConfig
from ..runs.folder import RunFolder

SAME = (
    "algorithm.num_updates",
    "evaluation.every",
    "evaluation.patience",
    "tune.seeds",
    "tune.early_stopping",
    "tune.ranges",
)
"""Keys that a run may change when it goes on, and a search may not."""


def folder_name(config: TrainConfig) -> str:
    """Return the name of the folder of a search, which leaves that of a run of the configuration free."""
    return f"{config.name}-tune"


def create_search(root: Path, config: TrainConfig, *, overwrite: bool = False) -> RunFolder:
    """Make the folder of a search; see `RunFolder.create`."""
    return RunFolder.create(root, config, overwrite=overwrite, folder=folder_name(config))


def num_trials_before(root: Path, config: TrainConfig) -> int | None:
    """Return how many trials a search of the configuration was to have; None if there was no search."""
    path = root / folder_name(config)
    return RunFolder.open(path).config.tune.trials if path.exists() else None


def resume_search(root: Path, config: TrainConfig) -> RunFolder:
    """Open the folder of a search to go on with it; see `RunFolder.resume`.

    Raises:
        ConfigError: If the configuration differs in what trials depend on.
    """
    name = folder_name(config)
    if (root / name).exists():
        earlier = RunFolder.open(root / name).config
        for key in SAME:
            before, now = (reduce(getattr, key.split("."), each) for each in (earlier, config))
            if before != now:
                raise ConfigError(
                    f"{root / name} was searched with {key} = {before!r} and cannot go on with {now!r}; keep "
                    "the value, or start a new search with another name=."
                )
    return RunFolder.resume(root, config, folder=name)
